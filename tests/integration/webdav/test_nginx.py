"""What nginx does not show and does not compare: people's files are kept all the same."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from support.davkit import backend, quiet, source
from support.servers import Server

from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.backends.webdav.in_the_way import FileInTheWay
from git_annex_remote_pyshare.credentials.credential import Credential


@pytest.fixture
def tree(nginx_server: Server) -> Iterator[WebDAVBackend]:
    """A tree on nginx."""
    login = Credential(nginx_server.user, nginx_server.password, "test")
    keys = backend(f"{nginx_server.url}/{uuid4().hex}", login)
    made = WebDAVBackend(keys.place._replace(is_tree=True))
    yield made
    made.close()


def _folder(server: Server, tree: WebDAVBackend) -> Path:
    return server.folder / tree.place.url.rpartition("/")[2]


def test_a_folder_stays_since_a_file_in_it_may_be_hidden(
    tree: WebDAVBackend, nginx_server: Server, tmp_path: Path
) -> None:
    tree.put("docs/ours.txt", source(tmp_path), quiet)
    (_folder(nginx_server, tree) / "docs/.theirs").write_bytes(b"theirs")
    tree.delete("docs/ours.txt")

    tree.remove_folder("docs")

    assert (_folder(nginx_server, tree) / "docs/.theirs").read_bytes() == b"theirs"


def test_what_the_list_leaves_out_is_said_and_found_by_its_name(tree: WebDAVBackend, tmp_path: Path) -> None:
    names = ["a/file", "a/.hidden", ".folder/file"]
    for name in names:
        tree.put(name, source(tmp_path), quiet)
    listed: list[str] = []
    assert tree.list_contents("", lambda each: listed.append(each.name)) == ["a"]
    tree.list_contents("a", lambda each: listed.append(each.name))

    assert listed == ["a/file"]
    assert tree.hidden(names) == names[1:]
    assert [bool(tree.content_of(name)) for name in [*names, "a/.nothing"]] == [True, True, True, False]


def test_a_store_below_a_file_fails_at_once(tree: WebDAVBackend, tmp_path: Path) -> None:
    """nginx answers as if its disk were broken, which would be tried again for minutes."""
    tree.put("docs", source(tmp_path), quiet)
    for name in ("docs/ours.txt", "docs/deep/ours.txt"):
        with pytest.raises(FileInTheWay, match="docs is a file on the server") as refused:
            tree.put(name, source(tmp_path), quiet)
        assert not refused.value.retryable
