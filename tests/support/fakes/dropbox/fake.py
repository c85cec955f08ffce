"""A fake Dropbox for tests: running it, and what a program's environment must hold to reach it.

It answers for Dropbox's real host names behind a CONNECT proxy, so that no program needs to know that it is a fake.
The fixtures are in dropbox_places.py. `running.service` (dropbox_fake_service.py) has people, knobs and records; what a
test scripts is in dropbox_fake_script.py; `Home(folder, "Alice", **running.with_login(login))` is a whole program's way
to it. Arguments and answers are checked by the official SDK's validators, which come from Dropbox's specification.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import trustme
from dropbox import Dropbox

from support.fakes.dropbox.accounts import Login
from support.fakes.dropbox.server import Server
from support.fakes.dropbox.service import FakeDropbox


class Authority(NamedTuple):
    """Who issues the fake's certificate."""

    ca: trustme.CA
    file: Path
    """Its own certificate, as PEM."""


class RunningDropbox(NamedTuple):
    """A fake Dropbox that is running."""

    service: FakeDropbox
    environment: Mapping[str, str]
    """Environment variables by which a program reaches it, and nothing else but this machine."""
    proxy: str
    """The URL of the proxy."""
    authorities: Path

    def with_login(self, login: Login) -> dict[str, str]:
        """The environment with a login for machines."""
        account = {"DROPBOX_REFRESH_TOKEN": login.refresh, "DROPBOX_APP_KEY": login.app.key}
        return {**self.environment, **account}


@contextmanager
def served(service: FakeDropbox, authority: Authority) -> Iterator[RunningDropbox]:
    """Run the fake; a bug of its own that shows meanwhile is an AssertionError at the end."""
    with Server(service, authority.ca) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield RunningDropbox(service, _environment(server.url, authority.file), server.url, authority.file)
        finally:
            service.ended.set()
            server.shutdown()
            server.hang_up()
            thread.join()
    assert not server.bugs, "\n".join(server.bugs)


def sdk_of(login: Login) -> Dropbox:
    """The unmodified SDK with an access token; it tries nothing again."""
    return Dropbox(login.access, max_retries_on_error=0, max_retries_on_rate_limit=0)


def _environment(proxy: str, authorities: Path) -> dict[str, str]:
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy)
    direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1")
    # requests, OpenSSL, curl, and the TLS of Haskell, which git-annex has.
    names = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "SYSTEM_CERTIFICATE_PATH")
    return {**proxies, **direct, **dict.fromkeys(names, str(authorities))}
