"""How deep one key's request goes: our own functions on the stack when the first byte leaves for the server."""

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

from git_annex_remote_pyshare.annex.remote import PyshareRemote
from git_annex_remote_pyshare.annex.session import Session
from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.store.open import wrap

PACKAGE = "git_annex_remote_pyshare."
KEY = "MD5E-s7--9a0364b9e99bb480dd25e1f0284c8555"


class OneStore(Session):
    """A session whose store is given."""

    def __init__(self, store: Backend) -> None:
        super().__init__()
        self._given = store

    def settings(self, _annex: object) -> dict[str, str]:
        return {"layout": "flat"}

    def store(self, _annex: object) -> Backend:
        return self._given


class Quiet:
    """git-annex, which hears of nothing."""

    def progress(self, done: int) -> None:
        """Bytes that are done."""


def walk(request: Callable[[], object]) -> list[str]:
    """Our own functions on the stack when the first byte of a request leaves, outermost first.

    Args:
        request: Sends one request or more, in the calling thread.
    """
    deepest: list[str] = []

    def look(frame: FrameType, event: str, what: Any) -> None:
        if event == "c_call" and not deepest and getattr(what, "__name__", "") in {"send", "sendall"}:
            found: FrameType | None = frame
            while found is not None:
                module = str(found.f_globals.get("__name__", ""))
                if module.startswith(PACKAGE):
                    deepest.insert(0, f"{module.removeprefix(PACKAGE)}.{found.f_code.co_name}")
                found = found.f_back

    sys.setprofile(look)
    try:
        request()
    finally:
        sys.setprofile(None)
    return deepest


def walks(store: Backend, folder: Path) -> dict[str, list[str]]:
    """The walk of each request of one key, on a connection that is warm."""
    wrapped = wrap(store, Event())
    remote = PyshareRemote(Quiet(), OneStore(wrapped))
    source, target = folder / "source", folder / "target"
    source.write_bytes(b"content")
    remote.transfer_store(KEY, str(source))  # the login, the region and the folder are known from now on
    found = {
        "store": walk(lambda: remote.transfer_store(KEY, str(source))),
        "get": walk(lambda: remote.transfer_retrieve(KEY, str(target))),
        "presence": walk(lambda: remote.checkpresent(KEY)),
    }
    wrapped.close()
    return found
