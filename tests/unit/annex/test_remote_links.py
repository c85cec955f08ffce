"""A store whose object gets a URL: what git-annex and the user hear when there is none."""

from pathlib import Path

from support.waiting import Waiting
from support.walks import OneStore

from git_annex_remote_pyshare.annex.remote import PyshareRemote
from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.errors import Busy, PermissionDenied
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.faults import Fail, Faults, LoseReply
from git_annex_remote_pyshare.testing.memory import MemoryBackend

KEY = "MD5E-s7--9a0364b9e99bb480dd25e1f0284c8555"


class Publishing(MemoryBackend):
    """Gives each object a URL."""

    def is_publishing(self) -> bool:
        return True

    def publish(self, name: str) -> str:
        with self._met("publish"):
            return f"https://example.org/{name}"

    def has_published(self, name: str, url: str) -> bool:
        return url.endswith(name)


class Annex:
    """The part of git-annex that a store needs."""

    def __init__(self) -> None:
        self.urls: list[tuple[str, str]] = []
        self.notes: list[str] = []

    def progress(self, done: int) -> None:
        del done

    def seturlpresent(self, key: str, url: str) -> None:
        self.urls.append((key, url))

    def info(self, note: str) -> None:
        self.notes.append(note)


def stored(faults: Faults, time: Waiting, tmp_path: Path) -> tuple[Annex, Backend]:
    (tmp_path / "file").write_bytes(b"content")
    annex, store = Annex(), wrap(Publishing(faults=faults), time, clock=time.clock)
    PyshareRemote(annex, OneStore(store)).transfer_store(KEY, str(tmp_path / "file"))
    return annex, store


def test_a_link_that_the_server_gives_late_is_noted(faults: Faults, time: Waiting, tmp_path: Path) -> None:
    faults.next("publish", Fail(Busy("too many requests", retry_after=3)), LoseReply())
    annex, _ = stored(faults, time, tmp_path)
    assert annex.urls == [(KEY, f"https://example.org/{KEY}")]
    assert annex.notes == []
    assert faults.calls("put") == 1


def test_a_link_that_is_refused_does_not_fail_the_store(faults: Faults, time: Waiting, tmp_path: Path) -> None:
    faults.always("publish", Fail(PermissionDenied("you may not make links", remedy="Ask your team's admin.")))
    annex, store = stored(faults, time, tmp_path)
    assert store.stat(KEY) is not None
    assert annex.urls == []
    again = f"git annex drop --from NAME --key {KEY}; git annex copy --to NAME --key {KEY}"
    (note,) = annex.notes
    assert note.startswith("the file is stored, but has no link: you may not make links. Ask your team's admin. ")
    assert note.endswith(f" To store it again with one, type: {again}")


def test_a_server_that_never_gives_a_link_does_not_fail_the_store(
    faults: Faults, time: Waiting, tmp_path: Path
) -> None:
    faults.always("publish", Fail(Busy("too many requests", retry_after=100)))
    annex, _ = stored(faults, time, tmp_path)
    (note,) = annex.notes
    assert note.startswith("the file is stored, but has no link: too many requests (tried ")
