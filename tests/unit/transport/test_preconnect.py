"""Jobs that wait until the login is known to be right connect meanwhile; no connection is wasted or left open."""

import select
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any
from unittest.mock import Mock

import pytest
import trustme
from support.davkit import BOB, lazy
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule, served

from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.backends.lazy import Lazy
from git_annex_remote_pyshare.backends.webdav.lazy import LazyWebDAV
from git_annex_remote_pyshare.errors import BadSetting, Unreachable
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place
from git_annex_remote_pyshare.transport.preconnect import Preconnector

JOBS = 8


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
        store = lazy(f"http://127.0.0.1:{listener.getsockname()[1]}/dav", BOB)
        asked = [jobs.submit(store.stat, "KEY") for _ in range(JOBS)]
        coming = [accepted.enter_context(listener.accept()[0]) for _ in range(JOBS)]
        asking, _, _ = select.select(coming, [], [], 10)
        assert len(asking) == 1
    assert all(isinstance(job.exception(), Unreachable) for job in wait(asked).done)
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
def store(dav: ScriptedDAV) -> Iterator[LazyWebDAV]:
    made = lazy(f"{dav.url}/dav", BOB)
    yield made
    made.close()


def test_connections_opened_ahead_are_the_ones_that_are_used(
    dav: ScriptedDAV, store: LazyWebDAV, monkeypatch: pytest.MonkeyPatch
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


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield listening


def url_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}/dav"


def connect(ahead: Preconnector, listener: socket.socket, count: int) -> list[socket.socket]:
    """Have so many jobs connect ahead; the server's ends, in the order of theirs."""
    accepted = []
    for _ in range(count):
        job = Thread(target=ahead.connect, args=[url_of(listener)])
        job.start()
        accepted.append(listener.accept()[0])
        job.join()
    return accepted


def test_one_that_the_server_has_closed_is_dropped_and_the_rest_ends_with_the_store(listener: socket.socket) -> None:
    ahead, server = Preconnector(), listener.getsockname()
    theirs = connect(ahead, listener, 3)
    theirs[0].close()
    taken = ahead.take(server)
    assert taken is not None
    assert taken.getsockname() == theirs[1].getpeername()
    assert ahead.take(("other.example.org", 443)) is None
    ahead.close()
    assert ahead.take(server) is None
    assert theirs[2].recv(1) == b""
    for end in (taken, *theirs):
        end.close()


def test_who_needs_one_waits_for_one_that_is_being_connected_but_not_for_one_that_somebody_else_will_have(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, server = Preconnector(), listener.getsockname()
    connecting, go_on = Event(), Event()
    create = socket.create_connection

    def slowly(*arguments: Any) -> socket.socket:
        connecting.set()
        assert go_on.wait(10)
        return create(*arguments)

    monkeypatch.setattr(socket, "create_connection", slowly)
    with ThreadPoolExecutor() as jobs:
        jobs.submit(ahead.connect, url_of(listener))
        assert connecting.wait(10)
        takers = {jobs.submit(ahead.take, server) for _ in range(2)}
        (other,), (patient,) = wait(takers, timeout=10, return_when=FIRST_COMPLETED)
        assert other.result() is None
        go_on.set()
        taken = patient.result(10)
    assert taken is not None
    taken.close()


def test_after_the_end_nobody_connects_and_what_cannot_be_connected_keeps_nobody_waiting(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, server, url = Preconnector(), listener.getsockname(), url_of(listener)
    create = socket.create_connection

    def meanwhile_closed(*arguments: Any) -> socket.socket:
        ahead.close()
        return create(*arguments)

    monkeypatch.setattr(socket, "create_connection", meanwhile_closed)
    (late,) = connect(ahead, listener, 1)
    assert late.recv(1) == b""
    ahead.connect(url)
    assert ahead.take(server) is None
    late.close()
    listener.close()
    refused = Preconnector()
    refused.connect(url)
    assert refused.take(server) is None


def test_a_job_connects_ahead_once_and_not_past_a_proxy(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, server = Preconnector(), listener.getsockname()
    ahead.connect(url_of(listener))
    ahead.connect(url_of(listener))
    assert ahead._unclaimed[server] == 1
    ahead.close()
    monkeypatch.setenv("http_proxy", "http://proxy.example.org:3128")
    behind_proxy = Preconnector()
    behind_proxy.connect(url_of(listener))
    assert behind_proxy.take(server) is None


@pytest.mark.parametrize(
    "url",
    ["", "http://[foo]/dav", "https://m\u00fcller.example/", "http://host./", "http://[fe80::1%25lo]/", "ftp://x/"],
)
def test_an_odd_host_is_left_to_the_request(url: str) -> None:
    ahead = Preconnector()
    ahead.connect(url)
    ahead.connect_meanwhile(url)
    assert ahead._unclaimed == {}


def test_one_that_waited_too_long_is_not_used(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = Preconnector()
    (theirs,) = connect(ahead, listener, 1)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 60)
    assert ahead.take(listener.getsockname()) is None
    assert theirs.recv(1) == b""
    theirs.close()


def test_who_waited_for_a_server_that_does_not_answer_does_not_wait_again(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def silent(*_arguments: Any) -> None:
        calls.append("connect")
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", silent)
    store = lazy(url_of(listener), BOB)
    with pytest.raises(Unreachable, match="no response"):
        store.stat("KEY")
    assert calls == ["connect"]
    store.close()


def test_where_no_thread_can_be_started_the_request_connects_itself(
    dav: ScriptedDAV, store: LazyWebDAV, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr("git_annex_remote_pyshare.transport.preconnect.Thread", lambda **_arguments: Mock(start=refuse))
        assert store.stat("KEY") is None
    assert len(dav.requests) == 1


def test_a_store_that_cannot_be_opened_connects_once_and_leaves_nothing_open(listener: socket.socket) -> None:
    store = lazy(url_of(listener), BOB, put="sideways")
    for _ in range(3):
        with pytest.raises(BadSetting, match="sideways"):
            store.stat("KEY")
    theirs, _ = listener.accept()
    assert theirs.recv(1) == b""
    theirs.close()
    listener.settimeout(0.2)
    with pytest.raises(TimeoutError):
        listener.accept()


class Slow(Lazy):
    """A backend whose library takes its time to be imported."""

    url = ""

    @property
    def server(self) -> str:
        return self.url

    def make(self) -> Backend:
        time.sleep(0.3)
        return MemoryBackend(self.place)


def test_all_jobs_connect_while_one_of_them_imports(listener: socket.socket) -> None:
    store = Slow(place())
    store.url = url_of(listener)
    together = Barrier(JOBS)

    def job(_number: int) -> object:
        together.wait()
        return store.stat("KEY")

    with ThreadPoolExecutor(JOBS) as jobs:
        asked = [jobs.submit(job, number) for number in range(JOBS)]
        accepted = [listener.accept()[0] for _ in range(JOBS)]
        assert not any(each.done() for each in asked)
    store.preconnector.close()
    for end in accepted:
        end.close()
