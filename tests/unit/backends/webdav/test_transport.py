"""Time limits, certificates, proxies, connections: what lies below WebDAV."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from support.davkit import BOB, backend, fetched, quiet, source
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule, answer, served
from support.servers import free_port

from git_annex_remote_pyshare.backends.base import Stat
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import (
    BadSetting,
    NotAStore,
    NotReached,
    PermissionDenied,
    PyshareError,
    Unreachable,
)
from git_annex_remote_pyshare.transport.connection import IDLE, Connections, _TimedConnection

PROXY_VARIABLES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*PROXY_VARIABLES, "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"]:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[ScriptedDAV]:
    """A server with a certificate for localhost that no system trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with served(ScriptedDAV(), context) as dav:
        yield dav


# Connections


def test_one_job_uses_one_connection(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    for number in range(5):
        store.put(f"b/KEY{number}", source(tmp_path), quiet)
        store.stat(f"b/KEY{number}")
        fetched(store, f"b/KEY{number}", tmp_path / f"back{number}")
        store.delete(f"b/OTHER{number}")
    assert _connections(store) == 1


def test_eight_jobs_use_eight_connections_at_most(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    with ThreadPoolExecutor(8) as jobs:
        list(jobs.map(lambda number: store.stat(f"KEY{number}"), range(64)))
    assert _connections(store) <= 8


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.script(Rule("HEAD", Play(headers={"Connection": "close"})))
    assert [store.stat("KEY") for _ in range(3)] == [None] * 3


def test_closing_twice_is_fine(store: WebDAVBackend) -> None:
    store.close()
    store.stat("KEY")
    store.close()
    store.close()


def _connections(store: WebDAVBackend) -> int:
    pools = store.client._connections._pools.values()
    return sum(pool.num_connections for pool in pools)


# Time limits


def test_a_slow_answer_is_waited_for_as_long_as_something_moves_wd35(dav: ScriptedDAV, tmp_path: Path) -> None:
    """The whole takes longer than the limit, no pause does."""
    store = backend(f"{dav.url}/dav", timeout="0.5")
    dav.objects["/dav/KEY"] = b"x" * 10
    dav.script(Rule("GET", Play(drip=0.1)))
    assert fetched(store, "KEY", tmp_path / "back") == b"x" * 10
    store.close()


def test_the_servers_thoughts_after_a_body_are_not_counted_as_silence_wd35(dav: ScriptedDAV, tmp_path: Path) -> None:
    store = backend(f"{dav.url}/dav", timeout="0.2", put="direct")
    dav.script(Rule("PUT", Play(wait=0.5)))
    store.put("KEY", source(tmp_path), quiet)
    assert dav.objects == {"/dav/KEY": b"content"}
    store.close()


@pytest.mark.parametrize("method", ["HEAD", "GET"], ids=lambda method: f"WD35-{method}")
def test_silence_ends_and_may_pass_wd35(dav: ScriptedDAV, tmp_path: Path, method: str) -> None:
    store = backend(f"{dav.url}/dav", timeout="0.2")
    dav.objects["/dav/KEY"] = b"x" * 10
    dav.script(Rule("HEAD", Play(wait=60)), Rule("GET", Play(drip=60)))
    verbs: dict[str, Callable[[], object]] = {
        "HEAD": lambda: store.stat("KEY"),
        "GET": lambda: fetched(store, "KEY", tmp_path / "back"),
    }
    with pytest.raises(Unreachable, match="nothing moved") as raised:
        verbs[method]()
    assert raised.value.retryable
    store.close()


def test_the_time_limit_while_sending_is_for_each_bit_that_goes_out_wd35() -> None:
    class Trickle:
        """A socket that takes three bytes at once."""

        def __init__(self) -> None:
            self.taken = b""
            self.limits: list[float] = []

        def settimeout(self, limit: float) -> None:
            self.limits.append(limit)

        def send(self, data: memoryview) -> int:
            self.taken += data[:3]
            return len(data[:3])

    connection, trickle = _TimedConnection("cloud.example.org"), Trickle()
    connection.sock = trickle
    connection.send(b"0123456789")
    assert (trickle.taken, trickle.limits) == (b"0123456789", [IDLE])


def test_a_server_that_takes_nothing_more_ends_too_wd35(tmp_path: Path) -> None:
    """The time limit while sending is for silence, and there is one."""
    with _deaf_server() as url:
        store = backend(url, timeout="0.3", put="direct")
        store._uploads._folders.found("")  # or the folder would be asked for first
        with pytest.raises(Unreachable):
            store.put("KEY", source(tmp_path, b"x" * 32_000_000), quiet)
        store.close()


@pytest.mark.parametrize(("timeout", "idle"), [("", 60), ("300", 60), ("20", 20), ("0.5", 0.5), ("1500", 300)])
def test_silence_on_one_connection_ends_before_the_whole_does_and_a_patient_clone_waits_longer_wd35(
    timeout: str, idle: float
) -> None:
    clone = LocalConfig(remote="cloud")
    clone.__dict__["config"] = {"remote.cloud.pyshare-timeout": timeout}
    assert Connections(clone).idle == idle


@contextmanager
def _deaf_server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_time_limit_that_is_none_is_refused(dav: ScriptedDAV) -> None:
    with pytest.raises(BadSetting, match=r"remote\.cloud\.pyshare-timeout"):
        backend(dav.url, timeout="soon").stat("KEY")


# Nobody there


def test_nobody_listening_may_pass_and_is_never_absent() -> None:
    store = backend(f"http://127.0.0.1:{free_port()}/dav")
    with pytest.raises(NotReached, match="no connection") as raised:
        store.stat("KEY")
    assert raised.value.retryable
    assert "0x" not in str(raised.value)


def test_an_unknown_host_is_told() -> None:
    store = backend("http://nowhere.invalid/dav")
    with pytest.raises(NotReached, match="no such host"):
        store.stat("KEY")


def test_an_earlier_attempt_s_error_is_not_in_the_text_of_a_later_one(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.script(Rule("HEAD", Play(lost=True), times=2))
    with pytest.raises(Unreachable) as first:
        store.stat("KEY")
    first.value.__cause__ = first.value.__context__ = None  # as where another job's failure is passed on
    try:
        raise first.value
    except Unreachable:
        with pytest.raises(Unreachable) as raised:
            store.stat("KEY")
    assert str(raised.value).count("the connection broke") == 1
    assert "Remote end closed" in str(raised.value)


@pytest.mark.parametrize("play", [Play(reset=True), Play(lost=True)], ids=["reset", "lost"])
def test_a_broken_connection_may_pass(dav: ScriptedDAV, store: WebDAVBackend, play: Play) -> None:
    dav.script(Rule("HEAD", play))
    with pytest.raises(Unreachable) as raised:
        store.stat("KEY")
    assert raised.value.retryable
    assert store.stat("KEY") is None


# Certificates


def test_a_certificate_that_nobody_trusts_is_final_and_names_the_option_wd37(secure: ScriptedDAV) -> None:
    store = backend(secure.url)
    with pytest.raises(
        Unreachable, match=r"cannot be trusted \(.+\)\. .*git config remote\.cloud\.pyshare-ca FILE"
    ) as it:
        store.stat("KEY")
    assert not it.value.retryable
    assert secure.requests == []
    store.close()


def test_a_certificate_for_another_name_is_final_wd37(authority: trustme.CA, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example.org").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with served(ScriptedDAV(), context) as dav:
        store = backend(dav.url, ca=str(tmp_path / "ca.pem"))
        with pytest.raises(Unreachable, match=r"cannot be trusted \(.*localhost") as raised:
            store.stat("KEY")
        assert not raised.value.retryable
        store.close()


def test_the_clones_own_ca_is_trusted_wd37(secure: ScriptedDAV, authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    secure.login = (BOB.user, BOB.secret)
    store = backend(secure.url, BOB, ca=str(tmp_path / "ca.pem"))
    content = b"x" * 3_000_000
    store.put("b/KEY", source(tmp_path, content), quiet)
    assert fetched(store, "b/KEY", tmp_path / "back") == content
    store.close()


def test_the_environments_ca_is_trusted_wd37(
    secure: ScriptedDAV, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    store = backend(secure.url)
    assert store.stat("KEY") is None
    store.close()


def test_a_client_certificate_is_shown(authority: trustme.CA, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("bob@example.org").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "bob.pem"))
    with served(ScriptedDAV(), context) as dav:
        store = backend(dav.url, ca=str(tmp_path / "ca.pem"), cert=str(tmp_path / "bob.pem"))
        assert store.stat("KEY") is None
        store.close()


def test_a_ca_file_that_is_not_there_is_named(secure: ScriptedDAV, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"nowhere\.pem: No such file"):
        backend(secure.url, ca=str(tmp_path / "nowhere.pem")).stat("KEY")


def test_https_to_a_plain_server_is_explained(dav: ScriptedDAV) -> None:
    store = backend(dav.url.replace("http:", "https:"))
    with pytest.raises(Unreachable, match="Is it an http:// address") as raised:
        store.stat("KEY")
    assert not raised.value.retryable


def test_a_redirect_from_https_to_http_is_refused_wd14(
    secure: ScriptedDAV, dav: ScriptedDAV, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    secure.script(Rule("HEAD", answer(301, Location=f"{dav.url}/KEY")))
    store = backend(secure.url, ca=str(tmp_path / "ca.pem"))
    with pytest.raises(NotAStore, match="without encryption"):
        store.stat("KEY")
    assert dav.requests == []
    store.close()


# Proxies


class _Proxy:
    """Takes requests for any server, as an http proxy does, and passes them to nobody."""

    def __init__(self, status: bytes) -> None:
        self.asked: list[bytes] = []
        self._status = status
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                head = connection.recv(65536)
                if not head:
                    return
                self.asked.append(head)
                connection.sendall(b"HTTP/1.1 " + self._status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def close(self) -> None:
        host, _, port = self.address.partition(":")
        socket.create_connection((host, int(port))).close()
        self._thread.join()
        self._listener.close()


@contextmanager
def _proxy(status: bytes) -> Iterator[_Proxy]:
    proxy = _Proxy(status)
    try:
        yield proxy
    finally:
        proxy.close()


def test_the_environments_proxy_is_used_with_its_login_wd29(monkeypatch: pytest.MonkeyPatch) -> None:
    with _proxy(b"404 Not Found") as proxy:
        monkeypatch.setenv("http_proxy", f"http://al:p%40ss@{proxy.address}")
        store = backend("http://cloud.example.org/dav")
        assert store.stat("KEY") is None
        store.close()
    [head] = proxy.asked
    assert head.startswith(b"HEAD http://cloud.example.org/dav/KEY HTTP/1.1\r\n")
    assert b"proxy-authorization: basic yww6cebzcw==" in head.lower()


def test_a_proxy_that_wants_a_login_is_not_the_server_wd29(monkeypatch: pytest.MonkeyPatch) -> None:
    with _proxy(b"407 Proxy Authentication Required") as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        store = backend("http://cloud.example.org/dav")
        with pytest.raises(PermissionDenied, match="the proxy needs a login"):
            store.stat("KEY")
        store.close()


def test_https_through_a_proxy_that_refuses_is_unknown_wd29(monkeypatch: pytest.MonkeyPatch) -> None:
    with _proxy(b"403 Forbidden") as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy.address}")
        store = backend("https://cloud.example.org/dav")
        with pytest.raises(PyshareError, match="proxy"):
            store.stat("KEY")
        store.close()
    assert proxy.asked[0].startswith(b"CONNECT cloud.example.org:443 ")


def test_no_proxy_is_used_where_the_environment_says_so(dav: ScriptedDAV, monkeypatch: pytest.MonkeyPatch) -> None:
    dav.objects["/dav/KEY"] = b"content"
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    store = backend(f"{dav.url}/dav")
    assert store.stat("KEY") == Stat(7)
    store.close()


def test_a_socks_proxy_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1080")
    with pytest.raises(BadSetting, match="socks5 proxy"):
        backend("http://cloud.example.org/dav").stat("KEY")
