"""What a server sends has an end for us, and no number of it is anything but a number."""

import gzip
import socket
import ssl
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import Thread

import pytest
import trustme
from davkit import backend
from logins import Cloud, serving

from git_annex_remote_pyshare.credentials import nextcloud, web
from git_annex_remote_pyshare.credentials.check import check
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import NotAStore, Unreachable

BOB = Credential("bob", "pass word", "pyshare login")
MIB = 1 << 20


@contextmanager
def babbling(head: bytes, blocks: Callable[[], Iterator[bytes]]) -> Iterator[str]:
    """A server that answers each connection with `head` and what `blocks` gives, as long as somebody listens."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            for block in blocks():
                connection.sendall(block)

    def serve() -> None:
        with suppress(OSError):
            while True:
                Thread(target=talk, args=[listener.accept()[0]], daemon=True).start()

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    """What the block allocates at once stays below so many bytes."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit, f"{peak / MIB:.0f} MiB"


def endless() -> Iterator[bytes]:
    return (b"x" * 65536 for _ in count())


# Logins


def test_a_login_does_not_read_a_body_without_end(alone: Path) -> None:
    head = b"HTTP/1.1 207 Multi-Status\r\nConnection: close\r\n\r\n"
    with babbling(head, endless) as url, memory_below(16 * MIB):
        check(f"{url}/dav", BOB)
        assert nextcloud.find_server(url) is None


def test_a_login_does_not_unpack_what_is_far_larger_than_it_looks(alone: Path) -> None:
    bomb = gzip.compress(bytes(256 * MIB))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with babbling(head, lambda: iter([bomb])) as url, memory_below(32 * MIB):
        assert len(web.ask("GET", url).content) == web.MOST


def test_a_login_asks_for_nothing_compressed(cloud: Cloud) -> None:
    assert web.session_of(web.Bearer()).headers["Accept-Encoding"] == "identity"
    assert nextcloud.find_server(cloud.base) == cloud.base


def test_nested_json_without_end_is_no_cloud(alone: Path) -> None:
    body = b"[" * 500_000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    with babbling(head, lambda: iter([body])) as url:
        assert nextcloud.find_server(url) is None


def test_a_login_does_not_go_from_https_to_http_on_the_same_port(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, server = trustme.CA(), Cloud()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.replies["PROPFIND", "/dav/"] = (301, {"Location": f"http://{server.host}/dav/"})
    for _ in serving(server):
        with pytest.raises(NotAStore, match="without encryption"):
            check(f"https://{server.host}/dav", BOB)


# Interim answers

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.timeout(60)
def test_interim_answers_without_end_are_a_failure(alone: Path) -> None:
    with babbling(b"", lambda: (_CONTINUE * 1000 for _ in count())) as url:
        store = backend(f"{url}/dav")
        with pytest.raises(Unreachable, match="interim answers without end"):
            store.stat("KEY")
        store.close()
        with pytest.raises(Unreachable, match="interim answers without end"):
            web.ask("GET", url)


def test_a_few_interim_answers_are_none_of_our_business(alone: Path) -> None:
    proper = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    with babbling(_CONTINUE * 3 + proper, lambda: iter([])) as url:
        store = backend(f"{url}/dav")
        assert store.stat("KEY") is None
        store.close()
        assert web.ask("GET", url).status_code == 404
