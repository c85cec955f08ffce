"""What real servers make of conditions: an edit since the look is kept, and a file that stayed as it was goes."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from support.davkit import backend, quiet, source
from support.servers import Server

from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import ContentChanged
from git_annex_remote_pyshare.transfer import Condition, Source

NAME, OTHER = "a/paper.txt", "a/other.txt"


@pytest.fixture(
    params=[
        "apache_server",
        "rclone_server",
        "wsgidav_server",
        "nginx_server",
        "sabre_server",
        "sabre_tags_server",
    ]
)
def server(request: pytest.FixtureRequest) -> Server:
    made: Server = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def store(server: Server) -> Iterator[WebDAVBackend]:
    """A tree of this test alone."""
    keys = backend(f"{server.url}/{uuid4().hex}", Credential(server.user, server.password, "test"))
    made = WebDAVBackend(keys.place._replace(is_tree=True))
    yield made
    made.close()


def _seen(store: WebDAVBackend, name: str) -> Condition:
    found = store.content_of(name)
    return Condition(found.id.removesuffix("-young"), found.version) if found else Condition()


def _source(folder: Path, content: bytes, condition: Condition) -> Source:
    made = source(folder, content, content.decode())
    made.condition = condition
    return made


def test_what_changed_since_the_look_is_kept(store: WebDAVBackend, tmp_path: Path) -> None:
    store.put(NAME, source(tmp_path, b"first"), quiet)
    nothing, first = _seen(store, OTHER), _seen(store, NAME)
    for name in (NAME, OTHER):
        store.put(name, source(tmp_path, b"their words"), quiet)

    with pytest.raises(ContentChanged):
        store.delete_if(NAME, first)
    with pytest.raises(ContentChanged):
        store.put(NAME, _source(tmp_path, b"ours", first), quiet)
    with pytest.raises(ContentChanged):
        store.put(OTHER, _source(tmp_path, b"ours", nothing), quiet)
    with pytest.raises(ContentChanged):
        store.move_if(NAME, OTHER, None, nothing)

    assert {each.name: each.size for each in store.list()} == dict.fromkeys((NAME, OTHER), len(b"their words"))


def test_a_file_that_was_written_a_moment_ago_is_replaced_and_removed(store: WebDAVBackend, tmp_path: Path) -> None:
    store.put(NAME, _source(tmp_path, b"first", Condition()), quiet)
    store.put(NAME, _source(tmp_path, b"second", _seen(store, NAME)), quiet)
    store.put(OTHER, _source(tmp_path, b"third", Condition()), quiet)
    store.move_if(NAME, OTHER, _seen(store, NAME), _seen(store, OTHER))
    assert [each.size for each in store.list()] == [len(b"second")]
    store.delete_if(OTHER, _seen(store, OTHER))
    assert list(store.list()) == []


def test_only_a_server_that_is_known_to_compare_versions_is_relied_on(
    store: WebDAVBackend, tmp_path: Path, request: pytest.FixtureRequest, server: Server
) -> None:
    store.put(NAME, source(tmp_path, b"first"), quiet)
    _seen(store, NAME)
    assert bool(store.unconditional()) is all(
        server != request.getfixturevalue(name) for name in ("apache_server", "wsgidav_server")
    )
