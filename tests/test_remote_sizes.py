"""A retrieve that brings more than the key says, with a remote whose store will not end."""

from pathlib import Path
from typing import Any

import pytest

from git_annex_remote_pyshare.errors import Corrupt
from git_annex_remote_pyshare.remote import PyshareRemote
from git_annex_remote_pyshare.session import Session
from git_annex_remote_pyshare.testing.memory import MemoryBackend
from git_annex_remote_pyshare.transfer import Progress, Sink


class Endless(MemoryBackend):
    """Sends blocks of 1000 bytes until somebody stops it."""

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        del name
        with sink.writing() as file:
            for number in range(1, 1001):
                file.write(b"x" * 1000)
                progress(number * 1000)


class EndlessSession(Session):
    def settings(self, annex: Any) -> dict[str, str]:
        del annex
        return {"layout": "flat"}

    def store(self, annex: Any) -> Endless:
        del annex
        return Endless()


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
