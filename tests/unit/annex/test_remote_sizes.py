"""A retrieve that brings more than the key says, with a remote whose store will not end."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from git_annex_remote_pyshare.annex.remote import PyshareRemote
from git_annex_remote_pyshare.annex.session import Session
from git_annex_remote_pyshare.errors import Corrupt, PyshareError
from git_annex_remote_pyshare.testing.memory import MemoryBackend
from git_annex_remote_pyshare.transfer import Progress, Sink


class Endless(MemoryBackend):
    """Sends blocks of 1000 bytes until somebody stops it."""

    block = 1000

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        del name
        with sink.writing() as file:
            for number in range(1, 1001):
                file.write(b"x" * self.block)
                progress(number * self.block)


class EndlessSession(Session):
    def __init__(self, store: Endless | None = None) -> None:
        super().__init__()
        self._endless = store or Endless()

    def settings(self, annex: Any) -> dict[str, str]:
        del annex
        return {"layout": "flat"}

    def store(self, annex: Any) -> Endless:
        del annex
        return self._endless


class Annex:
    """git-annex as far as a retrieve needs it."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def progress(self, done: int) -> None:
        self.told.append(done)


def test_a_body_that_goes_on_behind_the_keys_size_is_stopped_and_not_kept(tmp_path: Path) -> None:
    annex = Annex()
    remote = PyshareRemote(annex, EndlessSession())
    with pytest.raises(Corrupt, match="3000 bytes instead of 2500"):
        remote.transfer_retrieve("SHA256E-s2500--0", str(tmp_path / "file"))
    assert annex.told == [1000, 2000]
    assert (tmp_path / "file").read_bytes() == b""


ENCRYPTED = "GPGHMACSHA1--c9cd3ba4d5b1b0c2a7e7a4b2b5b6f6a0"
"""Nobody knows its size but the server."""


class Disk(NamedTuple):
    free: int


def test_a_body_without_end_of_an_encrypted_key_leaves_the_disk_its_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Disk((300 << 20) - file.stat().st_size))
    store = Endless()
    store.block = 1 << 20
    store.place.clone.__dict__["config"] = {"annex.diskreserve": "100 MiB"}
    with pytest.raises(
        PyshareError, match=r"less than annex\.diskreserve \(100\.0 MiB\), and the server does not stop"
    ):
        PyshareRemote(Annex(), EndlessSession(store)).transfer_retrieve(ENCRYPTED, str(file))
    assert file.read_bytes() == b"", "what came fills the disk no longer"


def test_an_object_of_unknown_size_that_the_disk_has_space_for_comes_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Disk(200 << 20))
    store = Endless()
    store.block = 1 << 16
    PyshareRemote(Annex(), EndlessSession(store)).transfer_retrieve(ENCRYPTED, str(tmp_path / "file"))
    assert (tmp_path / "file").stat().st_size == 1000 << 16


def test_what_git_annex_has_found_space_for_is_not_doubted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Disk(0))
    PyshareRemote(Annex(), EndlessSession()).transfer_retrieve("SHA256E-s1000000--0", str(tmp_path / "file"))
