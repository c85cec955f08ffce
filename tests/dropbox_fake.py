"""A fake Dropbox for tests: fixtures that run it, and what a program's environment must hold to reach it.

It answers for Dropbox's real host names behind a CONNECT proxy, so that no program needs to know that it is a fake.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest
import trustme
from dropbox_fake_accounts import Account, Login
from dropbox_fake_server import Server
from dropbox_fake_service import FakeDropbox


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


@pytest.fixture(scope="session")
def dropbox_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Trusted by whoever has the fake's environment."""
    ca = trustme.CA()
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return Authority(ca, file)


@pytest.fixture
def fake_dropbox(dropbox_authority: Authority) -> Iterator[RunningDropbox]:
    """A fake Dropbox of the test's own, with one app and nobody in it."""
    with served(FakeDropbox(), dropbox_authority) as running:
        yield running


@pytest.fixture
def dropbox_alice(fake_dropbox: RunningDropbox) -> Account:
    """Somebody with a Dropbox."""
    return fake_dropbox.service.person("Alice")


@pytest.fixture
def dropbox_here(fake_dropbox: RunningDropbox, monkeypatch: pytest.MonkeyPatch) -> RunningDropbox:
    """The fake as this very process's Dropbox."""
    for name, value in fake_dropbox.environment.items():
        monkeypatch.setenv(name, value)
    return fake_dropbox


def _environment(proxy: str, authorities: Path) -> dict[str, str]:
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy)
    direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1")
    # requests, OpenSSL, curl, and the TLS of Haskell, which git-annex has.
    names = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "SYSTEM_CERTIFICATE_PATH")
    return {**proxies, **direct, **dict.fromkeys(names, str(authorities))}
