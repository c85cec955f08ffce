"""Answers what git-annex asks before a remote has settings, without the modules that a store needs.

`initremote`, `enableremote` and an autoenable start up to four processes one after the other, and wait for each. Three
of them get a single question, and the answer is the same for all stores.
"""

from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from annexremote import Master

    from git_annex_remote_pyshare.annex.session import Session


class Remotes:
    """The remotes of all jobs of one process; the session that they share is made when the first one needs it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._session: Session | None = None
        self._is_stopped = False

    def make(self, annex: "Master") -> "EarlyRemote":
        """The remote of a job."""
        return EarlyRemote(lambda: self._full(annex))

    def stop(self) -> None:
        """Stop all requests in progress, and those that begin later."""
        with self._lock:
            self._is_stopped = True
            if self._session is not None:
                self._session.stop()

    def _full(self, annex: "Master") -> Any:
        from git_annex_remote_pyshare.annex.import_ import ImportRemote  # noqa: PLC0415  # not before it is needed

        return ImportRemote(annex, self._shared())

    def _shared(self) -> "Session":
        with self._lock:
            if self._session is None:
                from git_annex_remote_pyshare.annex.session import Session  # noqa: PLC0415  # as above

                self._session = Session()
                if self._is_stopped:
                    self._session.stop()
            return self._session


class EarlyRemote:
    """A job's remote; the part that needs a store is made at the first request for it.

    Args:
        make: Makes that part.
    """

    def __init__(self, make: "Callable[[], Any]") -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        """All methods that are not below are those of the store's remote."""
        return getattr(self._of_store, name)

    @cached_property
    def _of_store(self) -> Any:
        return self._make()

    def replied(self) -> None:
        """Do what git-annex need not wait for: only the store's part has such work."""
        if "_of_store" in vars(self):
            self._of_store.replied()

    def listconfigs(self) -> "Mapping[str, str]":
        """The settings that `git annex initremote` accepts: name → help text."""
        from git_annex_remote_pyshare.backends import registry  # noqa: PLC0415  # this request alone needs it

        return {setting.name: setting.help for setting in registry.all_settings()}

    def exportsupported(self) -> bool:
        """Whether `exporttree=yes` is possible; the kind of store decides at `initremote`."""
        return True

    def importsupported(self) -> bool:
        """Whether `importtree=yes` is possible; the kind of store decides at `initremote`."""
        return True
