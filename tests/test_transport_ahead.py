"""Jobs that wait until the login is known to be right connect meanwhile; no connection is wasted or left open."""

import select
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest
import trustme
from davkit import BOB, backend
from scripted import Play, Rule, served
from scripted_dav import ScriptedDAV

from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.errors import Unreachable
from git_annex_remote_pyshare.transport.ahead import Ahead

JOBS = 8
SERVER = ("dav.example.org", 443)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_jobs_that_wait_for_the_first_answer_connect_meanwhile_wd26() -> None:
    """The server accepts and says nothing; only one request may be sent, but all eight jobs come."""
    # Left in the opposite order: what was accepted is closed, nobody else is let in, and so all jobs end.
    with ThreadPoolExecutor(JOBS) as jobs, socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as accepted:
        listener.settimeout(10)
        store = backend(f"http://127.0.0.1:{listener.getsockname()[1]}/dav", BOB)
        asked = [jobs.submit(store.stat, "KEY") for _ in range(JOBS)]
        coming = [accepted.enter_context(listener.accept()[0]) for _ in range(JOBS)]
        asking, _, _ = select.select(coming, [], [], 10)
        assert len(asking) == 1
    assert {type(job.exception()) for job in wait(asked).done} == {Unreachable}
    store.close()


@pytest.fixture(params=["http", "https"])
def dav(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedDAV]:
    context = None
    if request.param == "https":
        authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with served(ScriptedDAV(), context) as server:
        server.login = (BOB.user, BOB.secret)
        yield server


@pytest.fixture
def store(dav: ScriptedDAV) -> Iterator[WebDAVBackend]:
    made = backend(f"{dav.url}/dav", BOB)
    yield made
    made.close()


def test_connections_opened_ahead_are_the_ones_that_are_used(
    dav: ScriptedDAV, store: WebDAVBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    connect = socket.socket.connect

    def counted(connecting: socket.socket, address: tuple[str, int]) -> None:
        opened.append(address)
        connect(connecting, address)

    monkeypatch.setattr(socket.socket, "connect", counted)
    dav.script(Rule("HEAD", Play(wait=0.3)))
    together = Barrier(JOBS)

    def job(_number: int) -> object:
        together.wait()
        return store.stat("KEY")

    with ThreadPoolExecutor(JOBS) as jobs:
        assert list(jobs.map(job, range(JOBS))) == [None] * JOBS
    assert 1 < len(opened) <= JOBS
    assert len(dav.requests) == JOBS


def test_one_that_the_server_has_closed_is_dropped_and_the_rest_ends_with_the_store() -> None:
    ahead = Ahead()
    pairs = [socket.socketpair() for _ in range(3)]
    for ours, _ in pairs:
        ahead.add(SERVER, ours)
    pairs[2][1].close()
    assert ahead.take(SERVER) is pairs[1][0]
    assert ahead.take(("other.example.org", 443)) is None
    ahead.close()
    assert ahead.take(SERVER) is None
    assert [ours.fileno() == -1 for ours, _ in pairs] == [True, False, True]
    for pair in pairs:
        for end in pair:
            end.close()
