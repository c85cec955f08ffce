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
from typing import cast

import pytest
import trustme
from support.davkit import backend, quiet
from support.fakes.dav import ScriptedDAV
from support.fakes.s3 import ScriptedS3
from support.logins import Cloud, serving
from support.marks import LONG
from support.s3kit import ALICE, clone
from support.s3kit import backend as s3_backend
from support.scripted import Rule, answer

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client, Reply
from git_annex_remote_pyshare.backends.dropbox.errors import refusal_of
from git_annex_remote_pyshare.backends.dropbox.listing import entries
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.backends.webdav import capabilities, nextcloud, propfind
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.backends.webdav.capabilities import Capabilities
from git_annex_remote_pyshare.backends.webdav.verify_login import check
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import NotAStore, PyshareError, Unreachable
from git_annex_remote_pyshare.transfer import Sink
from git_annex_remote_pyshare.transport import bounds
from git_annex_remote_pyshare.transport.bounds import number
from git_annex_remote_pyshare.transport.errors import retry_after

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


def s3_at(url: str) -> Backend:
    settings = parse({"url": "s3://dav", "endpoint": url.removesuffix("/dav"), "region": "x"})
    return S3Backend(StoreConfig(settings["url"], settings, clone(), lambda: ALICE))


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


def test_nested_json_without_end_is_no_answer_of_a_cloud(dav: ScriptedDAV) -> None:
    nested = b'{"ocs": ' + b"[" * 500_000
    dav.script(Rule("GET", answer(200, nested), times=-1))
    store = backend(f"{dav.url}/remote.php/dav/files/bob/share")
    assert capabilities.fetch(store.client, "") == Capabilities()
    with pytest.raises(NotAStore, match="not a response from Nextcloud"):
        store.share()
    store.close()


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
        with pytest.raises(Unreachable, match="interim responses without end"):
            store.stat("KEY")
        store.close()
        with pytest.raises(Unreachable, match="interim responses without end"):
            web.ask("GET", url)


def test_a_few_interim_answers_are_none_of_our_business(alone: Path) -> None:
    proper = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    with babbling(_CONTINUE * 3 + proper, lambda: iter([])) as url:
        store = backend(f"{url}/dav")
        assert store.stat("KEY") is None
        store.close()
        assert web.ask("GET", url).status_code == 404


@pytest.mark.timeout(60)
def test_a_trailer_without_end_is_a_failure(alone: Path) -> None:
    head = b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    with babbling(head, lambda: (b"X: y\r\n" * 1000 for _ in count())) as url:
        store = backend(f"{url}/dav")
        with pytest.raises(Unreachable, match="a trailer without end"):
            store.get("KEY", Sink("nowhere"), quiet)
        store.close()
        with pytest.raises(Unreachable, match="a trailer without end"):
            web.ask("GET", url)


def test_a_trailer_is_none_of_our_business(alone: Path) -> None:
    body = b"4\r\nbody\r\n0\r\nX: y\r\nZ: y\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with babbling(head, lambda: iter([body])) as url:
        assert web.ask("GET", url).content == b"body"


# Numbers and times


@pytest.mark.parametrize("text", ["", "²", "٣", "-1", "+1", "1.5", "1_0", "0x1", "9" * 5000, "1 2", None])
def test_what_is_no_number_is_none(text: str | None) -> None:
    assert number(text) is None


@pytest.mark.parametrize(("text", "value"), [("0", 0), (" 7 ", 7), ("007", 7), (str(2**63 - 1), 2**63 - 1)])
def test_what_is_a_number_is_one(text: str, value: int) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["²", "9" * 5000, "Mon, ² Nov 2026 00:00:00 GMT", "Mon, 99 Nov 99999 99:99:99 GMT", ",", "a b c"]
)
def test_a_time_to_wait_that_is_none_is_ignored(text: str) -> None:
    assert retry_after({"Retry-After": text}) is None


@pytest.mark.parametrize("header", ["Content-Length", "Content-Range", "Retry-After", "Date", "Last-Modified"])
@pytest.mark.parametrize("value", [b"\xb2", b"bytes \xb2-\xb2/\xb2", b"9" * 5000, b"bytes 0-1/" + b"9" * 5000])
@pytest.mark.parametrize("status", [b"200 OK", b"206 Partial Content", b"503 Busy"])
@pytest.mark.parametrize("opened", [backend, s3_at], ids=["webdav", "s3"])
def test_a_header_that_is_no_number_is_an_answer_or_an_error_of_ours(
    header: str, value: bytes, status: bytes, opened: Callable[[str], Backend], tmp_path: Path
) -> None:
    head = b"HTTP/1.1 %s\r\n%s: %s\r\nETag: x\r\nConnection: close\r\n\r\n" % (status, header.encode(), value)
    with babbling(head, lambda: iter([b"content"])) as url:
        store = opened(f"{url}/dav")
        with suppress(PyshareError):
            store.stat("KEY")
        with suppress(PyshareError):
            store.get("KEY", Sink(str(tmp_path / "back")), quiet)
        (tmp_path / "part").write_bytes(b"con")
        with suppress(PyshareError):
            store.get("KEY", Sink(str(tmp_path / "part")), quiet)
        store.close()


# Listings


def _things(*things: str) -> bytes:
    body = "".join(things)
    return f'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">{body}</d:multistatus>'.encode()


def _thing(href: str, inside: str = "") -> str:
    return (
        f"<d:response><d:href>{href}</d:href><d:propstat><d:prop><d:resourcetype>{inside}</d:resourcetype>"
        "<d:getcontentlength>7</d:getcontentlength></d:prop></d:propstat></d:response>"
    )


FOLDER = "<d:collection/>"


@pytest.mark.parametrize("bad", ["..", ".", "%2e%2e", "%00", "%0d%0a", "a%0Ab", "x" * 2000, "http://[/x", "%2e%2e%2fx"])
@pytest.mark.parametrize("inside", ["", FOLDER])
def test_one_bad_name_is_left_out_of_a_listing(dav: ScriptedDAV, store: WebDAVBackend, bad: str, inside: str) -> None:
    href = bad if bad.startswith("http") else f"/dav/{bad}"
    body = _things(_thing("/dav/", FOLDER), _thing("/dav/KEY"), _thing(href, inside), _thing("/dav/LAST"))
    dav.script(Rule("PROPFIND", answer(207, body), times=-1))
    assert [entry.name for entry in store.list()] == ["KEY", "LAST"]


@pytest.mark.parametrize("bad", ["%00", "%0d%0a"])
def test_one_bad_name_does_not_keep_cleanup_from_the_others(dav: ScriptedDAV, bad: str) -> None:
    store = backend(f"{dav.url}/remote.php/dav/files/bob/share")
    chunking = store._chunking
    chunking._known_capabilities = Capabilities()
    there = [f"{chunking._prefix}{name}" for name in ("new-1", f"new-{bad}", "new-2")]
    uploads = _things(*(_thing(f"/remote.php/dav/uploads/bob/{name}", FOLDER) for name in ("", *there)))
    chunks = _things(_thing("/remote.php/dav/uploads/bob/x/", FOLDER))
    dav.script(Rule("PROPFIND", answer(207, uploads)), Rule("PROPFIND", answer(207, chunks), times=-1))
    assert [one.id for one in store.unfinished()] == [there[0], there[2]]
    store.close()


def test_numbers_in_a_multistatus_are_numbers_or_nothing(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    body = _things(_thing("/dav/KEY").replace(">7<", ">²<"))
    dav.script(
        Rule(
            "PROPFIND",
            answer(207, body.replace(b"</d:response>", "<d:status>HTTP/1.1 ²</d:status></d:response>".encode())),
        )
    )
    assert propfind.stat(store.client, "KEY", "look") == propfind.Resource("/dav/KEY", is_folder=False, size=None)


def test_a_listing_of_a_folder_has_an_end(
    dav: ScriptedDAV, store: WebDAVBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds.Listing.__init__, "__defaults__", (1000,))
    head = b"HTTP/1.1 207 Multi-Status\r\nConnection: close\r\n\r\n"

    def things() -> Iterator[bytes]:
        yield _things(_thing("/dav/", FOLDER)).removesuffix(b"</d:multistatus>")
        for index in count():
            yield _thing(f"/dav/KEY{index}").encode()

    with babbling(head, things) as url:
        endless = backend(f"{url}/dav")
        with pytest.raises(NotAStore, match="names more than 1000 things"):
            list(endless.list())
        endless.close()


@pytest.mark.parametrize("width", [1, 2])
def test_folders_within_folders_have_an_end(
    dav: ScriptedDAV, store: WebDAVBackend, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(bounds, "_SPARE", 100)
    dav.decide = lambda seen: answer(
        207,
        _things(_thing(seen.target, FOLDER), *(_thing(f"{seen.target}{name}/", FOLDER) for name in range(width))),
    )
    with pytest.raises(NotAStore, match=r"nested more than 64 deep|responses contained only 0 objects"):
        list(store.list())
    assert len(dav.requests) < 200


def _page(keys: int, inside: str = "", token: str = "") -> bytes:
    contents = "".join(f"<Contents><Key>pre/K{index}</Key><Size>7</Size>{inside}</Contents>" for index in range(keys))
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return f"<ListBucketResult>{more}{contents}</ListBucketResult>".encode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(_page(1, "<a/>" * 4_100_000), id="wide", marks=LONG),
        pytest.param(b"<ListBucketResult>" + b"<a>" * 5_500_000, id="deep"),
        pytest.param(b"<ListBucketResult>" + b"<Contents/>" * 1_500_000 + b"</ListBucketResult>", id="many"),
    ],
)
def test_a_page_of_s3_takes_no_more_memory_than_promised(scripted_s3: ScriptedS3, body: bytes) -> None:
    scripted_s3.script(Rule("GET", answer(200, body), times=-1))
    store = s3_backend(scripted_s3)
    with memory_below(64 * MIB), pytest.raises(NotAStore, match="the response is not a ListBucketResult"):
        list(store.list())
    store.close()


def test_a_page_of_s3_has_one_bad_size_and_is_listed(scripted_s3: ScriptedS3) -> None:
    scripted_s3.script(Rule("GET", answer(200, _page(2).replace(b">7<", ">²<".encode(), 1))))
    store = s3_backend(scripted_s3)
    assert [entry.size for entry in store.list()] == [None, 7]
    store.close()


def test_pages_of_s3_without_keys_have_an_end(scripted_s3: ScriptedS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "_SPARE", 20)
    tokens = count()
    scripted_s3.decide = lambda _seen: answer(200, _page(0, token=f"T{next(tokens)}"))
    store = s3_backend(scripted_s3)
    with pytest.raises(NotAStore, match="21 responses contained only 0 objects"):
        list(store.list())
    store.close()


def test_keys_of_s3_have_an_end(scripted_s3: ScriptedS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds.Listing.__init__, "__defaults__", (1000,))
    tokens = count()
    scripted_s3.decide = lambda _seen: answer(200, _page(100, token=f"T{next(tokens)}"))
    store = s3_backend(scripted_s3)
    with pytest.raises(NotAStore, match="names more than 1000 things"):
        list(store.list())
    store.close()


def test_an_encoding_that_nobody_knows_is_no_page(
    scripted_s3: ScriptedS3, dav: ScriptedDAV, store: WebDAVBackend
) -> None:
    head = b'<?xml version="1.0" encoding="klingon"?>'
    scripted_s3.script(Rule("GET", answer(200, head + _page(1))))
    bucket = s3_backend(scripted_s3)
    with pytest.raises(NotAStore):
        list(bucket.list())
    bucket.close()
    dav.script(Rule("PROPFIND", answer(207, head + b"<multistatus/>")))
    with pytest.raises(NotAStore):
        list(store.list())


# Clocks


@pytest.mark.parametrize(
    ("hours", "is_followed"), [(20, True), (-20, True), (30, False), (-30, False), (24 * 365 * 7, False)]
)
def test_a_servers_clock_is_followed_by_a_day_at_most(
    scripted_s3: ScriptedS3, hours: int, *, is_followed: bool
) -> None:
    scripted_s3.skew = 3600.0 * hours
    store = s3_backend(scripted_s3)
    if is_followed:
        assert store.stat("KEY") is None
    else:
        with pytest.raises(PyshareError, match="clock"):
            store.stat("KEY")
        assert len({seen.headers["x-amz-date"][:8] for seen in scripted_s3.requests}) == 1, (
            "nothing is signed for another day"
        )
    store.close()


# Space on this machine


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("", 100_000_000), ("nonsense", 100_000_000), ("0", 0), ("5", 5), ("100 megabytes", 100_000_000)),
        *(("1 gigabyte", 10**9), ("1.5 GiB", 3 << 29), ("2gibibytes", 2 << 30), ("500MB", 500_000_000)),
        *(("10 kB", 10_000), ("10k", 10_000), ("1 tb", 10**12), ("12 bytes", 12), ("12B", 12), ("1 MiB", MIB)),
    ],
)
def test_the_reserve_is_read_as_git_annex_writes_it(text: str, size: int) -> None:
    made = LocalConfig()
    made.__dict__["config"] = {"annex.diskreserve": text}
    assert made.disk_reserve == size


# Dropbox


class _EndlessDropbox:
    """Answers each request for a page of a listing as if there were more; `names` gives the names of one."""

    def __init__(self, names: Callable[[], list[str]]) -> None:
        self._names = names

    def rpc(self, _call: Call) -> Reply:
        page = [{".tag": "file", "name": name, "path_lower": name, "size": 7} for name in self._names()]
        return Reply({"entries": page, "cursor": "more", "has_more": True})

    def doing(self, what: str) -> str:
        return f"cannot {what} in dropbox:/x"


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (list, "21 responses contained only 0 objects"),
        (lambda: ["a"] * 100, "names more than 1000 things"),
    ],
)
def test_a_listing_of_dropbox_has_an_end(
    names: Callable[[], list[str]], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "_SPARE", 20)
    monkeypatch.setattr(bounds.Listing.__init__, "__defaults__", (1000,))
    with pytest.raises(NotAStore, match=why):
        list(entries(cast("Client", _EndlessDropbox(names)), {}, "list the objects"))


def test_an_answer_of_dropbox_without_end_of_nesting_or_digits_is_none() -> None:
    nested = b"[" * 500_000
    assert refusal_of(400, {}, nested).tag == ""
    assert refusal_of(429, {}, b'{"error": {".tag": "x", "retry_after": 1%s}}' % (b"0" * 400)).retry_after is None
