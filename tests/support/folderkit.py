"""Stores in folders for tests of the directory backend, and what is stored there."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.directory import temporary
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.transfer import Sink, Source

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such thing")
NAME = "a/SHA256E-s5--00.txt"


UUID = "11111111-2222-3333-4444-555555555555"


def place_at(folder: Path | str, **config: str) -> StoreConfig:
    """A store at `folder` as the remote `lab` of its owner's clone, with more git config of the remote."""
    clone = LocalConfig(remote="lab")
    options = {"pyshare-made": "true", "annex-uuid": UUID} | {name.replace("_", "-"): config[name] for name in config}
    clone.__dict__["config"] = {f"remote.lab.{name}": value for name, value in options.items()} | {"annex.uuid": "c10e"}
    return StoreConfig(str(folder), {}, clone, lambda: None, trusted=lambda: True)


def backend_at(folder: Path | str, clone_id: str = "c10e") -> DirectoryBackend:
    place = place_at(folder)
    place.clone.__dict__["config"]["annex.uuid"] = clone_id
    return DirectoryBackend(place)


def established(folder: Path) -> DirectoryBackend:
    store = backend_at(folder)
    store.initialize()
    return store


def sources_in(folder: Path) -> Callable[[bytes], Source]:
    """Makes a source with the given content, always the same file."""

    def make(content: bytes) -> Source:
        path = folder / "source"
        path.write_bytes(content)
        return Source(os.fsencode(path))

    return make


def quiet(_done: int) -> None:
    """Progress that nobody watches."""


def content_of(store: DirectoryBackend, name: str, into: Path) -> bytes:
    store.get(name, Sink(os.fsencode(into)), quiet)
    return into.read_bytes()


def leftovers(folder: Path) -> list[str]:
    """What unfinished stores have left."""
    return os.listdir(folder / os.fsdecode(temporary.FOLDER))
