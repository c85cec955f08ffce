"""Marks a store as belonging to one remote when its owner runs `initremote`, and checks that mark.

Two remotes in one place would remove each other's objects with the same content. The mark is read and written only when
a place is prepared, so it needs no request per key. A place without a mark comes from an older version or another
program; pyshare uses it as before.
"""

import re
from collections.abc import Callable, Iterable

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.registry import spec_of
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import BadSetting, PyshareError
from git_annex_remote_pyshare.safe_text import command

MARK = ".pyshare-store"
"""Name of the mark in the top folder of a store. No key begins with a dot, so no object has this name in any layout."""

LONGEST = 1024
"""Number of bytes to read of a mark."""

_UUID = re.compile(rb"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_OURS = b"git-annex-remote-pyshare"


def mark_of(uuid: str) -> bytes:
    """The content of the mark for the remote with this UUID."""
    return f"This folder is a store of {_OURS.decode()}.\nIt belongs to the remote {uuid}\n".encode()


def owner_in(mark: bytes) -> str:
    """The UUID of the remote in the mark; empty if it has none, or is not a mark of pyshare."""
    found = _UUID.search(mark) if _OURS in mark else _UUID.fullmatch(mark.strip())
    return found[0].decode() if found else ""


def claim(
    place: StoreConfig, shown: str, read: Callable[[], bytes], write: Callable[[bytes], object]
) -> tuple[str, ...]:
    """Mark a place as belonging to the remote.

    Args:
        place: Where the store is; without a UUID this does nothing.
        shown: Name of the place in error texts.
        read: Returns the existing mark; empty if there is none.
        write: Writes the mark.

    Returns:
        Notes for the owner, one line each.

    Raises:
        BadSetting: The place belongs to another remote.
        PyshareError: The mark cannot be read or written.
    """
    if place.is_tree:  # people read it, and two remotes of one tree are no harm to each other
        return ()
    owner = owner_in(read()) if place.uuid else ""
    if owner == place.uuid:
        return ()
    if owner and not place.clone.get(options.TAKE_OVER):
        raise belongs_to(place, shown, owner)
    write(mark_of(place.uuid))
    return (taken_over(shown, owner),) if owner else ()


class Owned(BadSetting):
    """The place belongs to another remote.

    Args:
        what: As for PyshareError.
        words: The command that takes over the place, with the settings that the backend knows.
    """

    def __init__(self, what: str, words: tuple[str, ...]) -> None:
        self.words = words
        line = command(*words)
        super().__init__(what, remedy=f"Give url= a folder of its own, or, to take over what is there, type: {line}")

    def in_initremote(self, more: Iterable[str]) -> "Owned":
        """The same error for `initremote`, with the settings that only git-annex knows."""
        return Owned(self.what, (*self.words, *more))

    def in_enableremote(self, name: str) -> "Owned":
        """The same error for a remote that exists, since git-annex has stored its settings."""
        return Owned(self.what, (*self.words[: self.words.index("initremote")], "enableremote", name))


def belongs_to(place: StoreConfig, shown: str, owner: str) -> Owned:
    """The error for a place that another remote has marked."""
    name = place.clone.remote or "NAME"
    settings = {**place.settings, "url": place.url}
    if settings.get("layout") == spec_of(place.url).layout:
        del settings["layout"]
    given = (f"{key}={value}" for key, value in settings.items() if value)
    words = ("git", "-c", f"remote.{name}.{options.TAKE_OVER.name}=true", "annex", "initremote", name)
    return Owned(
        f"{shown} belongs to another remote, {owner}",
        (*words, "type=external", "externaltype=pyshare", *given),
    )


def taken_over(shown: str, owner: str) -> str:
    """The note for the owner after taking over a place from another remote."""
    return f"{shown} belonged to the remote {owner}, and was taken over"


def unmarked(shown: str) -> str:
    """The note for the owner if the mark cannot be read or written."""
    return f"{shown} cannot be marked as this remote's place: the server forbids it to this login"


def unchecked(server: str, error: PyshareError) -> str:
    """The note for the owner if the server does not respond.

    Args:
        server: Host of the server, or name of the service.
        error: The error instead of a response.
    """
    return f"{server} cannot be reached, so nothing was checked ({error.what}). Is it spelt right in url=?"


def without_login(place: StoreConfig) -> str:
    """The note for the owner if the server needs a login and there is none."""
    return f"no login for {place.url}, so nothing was checked and nothing can be stored yet. {place.advice()}".rstrip()
