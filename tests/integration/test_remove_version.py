"""Services that compare the version at the very moment of the removal: a change after our last look is kept there."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from support.marks import LONG
from support.s3_servers import S3Server
from support.servers import Server

from git_annex_remote_pyshare.backends.base import Backend, CanInitialize, ListsContents, RemovesVersions, StoreConfig
from git_annex_remote_pyshare.backends.dropbox import listing
from git_annex_remote_pyshare.backends.registry import make, parse
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.backends.webdav import contents
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import ContentChanged
from git_annex_remote_pyshare.testing.files import Desk
from git_annex_remote_pyshare.testing.memory import place

pytest_plugins = ["support.dropbox_stores"]

NAME = "GITMANIFEST--6b1f2f0e-7d5b-4c53-9c1e-0f3f8f6f1d2a"
LOOKS = {"webdav": (contents, "version"), "s3": (S3Backend, "content_of"), "dropbox": (listing, "content_of")}
"""The last look at an object before it is removed."""


@pytest.fixture(params=["apache_server", "moto_server", "dropbox", pytest.param("wsgidav_server", marks=LONG)])
def store(request: pytest.FixtureRequest) -> Backend:
    """A new store on this service."""
    if request.param == "dropbox":
        made: Backend = request.getfixturevalue("box")
        return made
    server = request.getfixturevalue(request.param)
    made = make(in_bucket(server) if isinstance(server, S3Server) else in_folder(server))
    made.call(CanInitialize, lambda able: able.initialize())
    return made


def in_folder(server: Server) -> StoreConfig:
    login = Credential(server.user, server.password, "environment")
    return place(f"{server.url}/{uuid4().hex}")._replace(credential=lambda: login)


def in_bucket(server: S3Server) -> StoreConfig:
    login = Credential(server.access_key, server.secret_key, "environment")
    settings = parse({"url": f"s3://annex-{uuid4().hex}/folder", "endpoint": server.endpoint, "region": "us-east-1"})
    return StoreConfig(settings["url"], settings, place().clone, lambda: login, trusted=lambda: True, uuid=str(uuid4()))


def after_look(store: Backend, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something between our look at the object and its removal."""
    kind = next(each for each in LOOKS if f".{each}." in type(store).__module__)
    where, name = LOOKS[kind]
    look = getattr(where, name)

    def looked(*arguments: Any) -> Any:
        found = look(*arguments)
        monkeypatch.undo()
        act()
        return found

    monkeypatch.setattr(where, name, looked)


def grow_old(store: Backend, request: pytest.FixtureRequest) -> None:
    """Leave the first second behind, in which Apache gives a file a weak tag, and compares none."""
    where = request.node.callspec.params["store"]
    if where.endswith("_server") and store.place.url.startswith("http"):
        folder = request.getfixturevalue(where).folder / store.place.url.rpartition("/")[2]
        os.utime(folder / NAME, (1_700_000_000, 1_700_000_000))


def test_a_change_between_the_look_and_the_removal_is_kept(
    store: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    desk = Desk(tmp_path)
    desk.put(store, NAME, b"content")
    grow_old(store, request)
    seen = store.call(ListsContents, lambda able: able.content_of(NAME))
    assert seen is not None
    after_look(store, monkeypatch, lambda: desk.put(store, NAME, b"another"))
    with pytest.raises(ContentChanged):
        store.call(RemovesVersions, lambda able: able.remove_version(NAME, seen.id))
    stat = store.stat(NAME)
    assert stat is not None
    assert stat.size == len(b"another")
    store.close()
