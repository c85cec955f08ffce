"""The WebDAV backend on real servers: Apache, rclone, WsgiDAV, nginx, sabre/dav."""

import socket
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote
from uuid import uuid4

import pytest
from support.davkit import backend, fetched, quiet, source
from support.servers import Server

from git_annex_remote_pyshare.backends.base import Entry, Stat
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.backends.webdav.server_features import ATOMIC, PLAIN, UNKNOWN, ServerFeatures
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadName, Busy, Cancelled, FolderInTheWay, NotFound, PermissionDenied
from git_annex_remote_pyshare.transfer import Progress, Source

SERVERS = ["apache_server", "apache_digest_server", "rclone_server", "wsgidav_server", "nginx_server", "sabre_server"]

AWKWARD = [
    "plain",
    "per%cent %41",
    "hash#equals=plus+and&",
    "question?semicolon;",
    "quote\"'<>|\\:*~",
    "dots..",
    ".hidden",
    " blank ",
    "ü NFC, ü NFD",
    "𝄞 beyond the BMP",
    "K" * 240,
]


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    made: Server = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def store(server: Server) -> Iterator[WebDAVBackend]:
    """A store in a folder that nobody has made yet, two levels below what the server has."""
    made = backend(f"{server.url}/{uuid4().hex}/some store", Credential(server.user, server.password, "test"))
    yield made
    made.close()


@pytest.mark.parametrize("size", [0, 1, 10_000, (1 << 20) + 1, 3_000_000])
def test_what_was_put_is_got(store: WebDAVBackend, tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    store.put("a/KEY", source(tmp_path, content), quiet)
    assert store.stat("a/KEY") in (Stat(size), Stat(None))
    assert fetched(store, "a/KEY", tmp_path / "back") == content


def test_nothing_is_there_before_a_store_and_after_a_delete(store: WebDAVBackend, tmp_path: Path) -> None:
    assert store.stat("a/KEY") is None
    store.delete("a/KEY")
    with pytest.raises(NotFound):
        fetched(store, "a/KEY", tmp_path / "back")
    store.put("a/KEY", source(tmp_path), quiet)
    store.delete("a/KEY")
    assert store.stat("a/KEY") is None
    assert list(store.list()) == []


def test_a_folder_is_no_object(store: WebDAVBackend, tmp_path: Path) -> None:
    store.put("a/KEY", source(tmp_path), quiet)
    assert store.stat("a") is None
    with pytest.raises(NotFound):
        fetched(store, "a", tmp_path / "back")


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_come_back_wd15(
    request: pytest.FixtureRequest, server: Server, store: WebDAVBackend, tmp_path: Path, name: str
) -> None:
    if "?" in name and server == request.getfixturevalue("wsgidav_server"):
        with pytest.raises(BadName, match="changes names"):
            store.put(name, source(tmp_path), quiet)
        assert _files_under(server, store) == []
        return
    store.put(name, source(tmp_path, name.encode()), quiet)
    assert fetched(store, name, tmp_path / "back") == name.encode()
    is_hidden = name.startswith(".") and server == request.getfixturevalue("nginx_server")
    assert list(store.list()) == ([] if is_hidden else [Entry(name, len(name.encode()))])
    store.delete(name)
    assert store.stat(name) is None


def test_an_object_is_replaced_also_by_a_shorter_one_wd23(store: WebDAVBackend, tmp_path: Path) -> None:
    for content in (b"first and long", b"second"):
        store.put("a/KEY", source(tmp_path, content), quiet)
        assert fetched(store, "a/KEY", tmp_path / "back") == content
    assert list(store.list("a")) == [Entry("a/KEY", 6)]


@pytest.mark.parametrize("there", [0, 1, 999_999, 2_000_000, 2_000_001], ids=lambda there: f"WD11-{there}")
def test_a_retrieval_goes_on_where_the_file_ends(store: WebDAVBackend, tmp_path: Path, there: int) -> None:
    content = b"0123456789" * 200_000
    store.put("KEY", source(tmp_path, content), quiet)
    (tmp_path / "back").write_bytes((content + b"x")[:there])
    assert fetched(store, "KEY", tmp_path / "back") == content


def test_a_whole_tree_is_listed(store: WebDAVBackend, tmp_path: Path) -> None:
    for name in ("x", "a/y", "a/b/z", "a b/z"):
        store.put(name, source(tmp_path), quiet)
    assert {entry.name for entry in store.list()} == {"x", "a/y", "a/b/z", "a b/z"}
    assert {entry.name for entry in store.list("a")} == {"a/y", "a/b/z"}
    assert list(store.list("nowhere")) == []


def test_a_wrong_password_is_told_wd26_wd38(server: Server, tmp_path: Path) -> None:
    store = backend(server.url, Credential(server.user, "wrong", "pyshare login"))
    with pytest.raises(PermissionDenied, match=r"login of bob from pyshare login.*pyshare login http.*app password"):
        store.stat("KEY")
    store.close()


def test_without_a_login_the_error_says_how_to_get_one(server: Server) -> None:
    store = backend(server.url)
    with pytest.raises(PermissionDenied, match=f"needs a login. Type: pyshare login {server.url}"):
        store.stat("KEY")
    store.close()


def test_an_interrupted_store_leaves_nothing_visible_and_no_litter_that_grows_wd22(
    server: Server, store: WebDAVBackend, tmp_path: Path
) -> None:
    """Being stopped is the hardest case: nobody has the time to clean up."""
    store.put("a/OTHER", source(tmp_path), quiet)

    def stop(_done: int) -> None:
        raise Cancelled("git-annex has gone")

    for _ in range(3):
        with pytest.raises(Cancelled):
            _put_when_unlocked(store, source(tmp_path, b"x" * 3_000_000), stop)
    assert store.stat("a/KEY") is None
    assert [entry.name for entry in store.list()] == ["a/OTHER"]
    _put_when_unlocked(store, source(tmp_path, b"y" * 3_000_000), quiet)
    assert fetched(store, "a/KEY", tmp_path / "back") == b"y" * 3_000_000
    # Apache removes its own temporary files once it has noticed that a connection broke off.
    end = time.monotonic() + 20
    while len(_files_under(server, store)) != 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert {path.name for path in _files_under(server, store)} == {"KEY", "OTHER"}


def _put_when_unlocked(store: WebDAVBackend, content: Source, progress: Progress) -> None:
    """As the retry layer does: rclone says 423 until it has noticed that the last attempt broke off."""
    for wait in range(100):
        with suppress(Busy):
            store.put("a/KEY", content, progress)
            return
        time.sleep(wait / 100)
    pytest.fail("locked for ever")


def _files_under(server: Server, store: WebDAVBackend) -> list[Path]:
    folder = server.folder / unquote(store.place.url.removeprefix(f"{server.url}/"))
    return [path for path in folder.rglob("*") if path.is_file() and ".DAV" not in path.parts]


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("apache_server", ATOMIC),
        ("nginx_server", ATOMIC),
        ("rclone_server", PLAIN),
        ("sabre_server", UNKNOWN),  # though nginx is in front of it
    ],
)
def test_the_table_tells_real_servers_apart(
    request: pytest.FixtureRequest, name: str, features: ServerFeatures, tmp_path: Path
) -> None:
    server: Server = request.getfixturevalue(name)
    store = backend(f"{server.url}/{uuid4().hex}", Credential(server.user, server.password, "test"))
    store.put("a/KEY", source(tmp_path), quiet)
    assert store.client.features == features
    store.close()


def test_apache_keeps_the_old_object_when_a_store_breaks_off(apache_server: Server, tmp_path: Path) -> None:
    """What the table says of it, seen: a body that ends early changes nothing, and no leftover is listed."""
    folder = f"/{uuid4().hex}"
    store = backend(apache_server.url + folder, Credential(apache_server.user, apache_server.password, "test"))
    store.put("KEY", source(tmp_path, b"old"), quiet)
    login = b64encode(f"{apache_server.user}:{apache_server.password}".encode())
    host, port = apache_server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(
            b"PUT %s/KEY HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Length: 9\r\n\r\nhalf"
            % (folder.encode(), login)
        )
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(4096):
            pass
    assert fetched(store, "KEY", tmp_path / "back") == b"old"
    assert list(store.list()) == [Entry("KEY", 3)]
    store.close()


def test_a_folder_of_other_people_is_neither_removed_nor_replaced_by_a_file_of_a_tree(
    server: Server, store: WebDAVBackend, tmp_path: Path
) -> None:
    tree = WebDAVBackend(store.place._replace(is_tree=True))
    for name in ("a file", "taken/theirs", "gone/theirs", "new place/x"):
        tree.put(name, source(tmp_path, name.encode()), quiet)
    for _ in range(2):  # also when the server is known
        tree.delete("gone")
        with pytest.raises(FolderInTheWay, match="taken is a folder"):
            tree.put("taken", source(tmp_path), quiet)
        with pytest.raises(FolderInTheWay, match="taken is a folder"):
            tree.move("a file", "taken")
    with suppress(BadName):  # Apache says that no file has a slash at its end
        tree.remove_folder("a file")
    assert _names_under(server, store) == ["a file", "gone/theirs", "new place/x", "taken/theirs"]
    tree.put("new place/x", source(tmp_path, b"another"), quiet)
    tree.move("a file", "new place/x")
    assert fetched(tree, "new place/x", tmp_path / "back") == b"a file"
    tree.delete("new place/x")
    tree.delete("new place/x")
    assert _names_under(server, store) == ["gone/theirs", "taken/theirs"]
    tree.close()


def _names_under(server: Server, store: WebDAVBackend) -> list[str]:
    found = _files_under(server, store)
    return sorted(str(path).partition("/some store/")[2] for path in found if path.name != ".pyshare-store")
