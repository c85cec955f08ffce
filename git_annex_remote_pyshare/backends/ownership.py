"""Marks a store as belonging to one remote, when its owner runs `initremote`, and checks that mark.

Two remotes in one place would remove each other's objects of the same content. The mark is read and written only while
a place is made ready, so it costs no request per key. A place without a mark is one that an older version made, or
another program; it is used as before.
"""

import re
from collections.abc import Callable, Iterable

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.registry import spec_of
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import BadSetting, PyshareError
from git_annex_remote_pyshare.safe_text import command

MARK = ".pyshare-store"
"""Name of the mark at the top of a store. No key begins with a dot, so no layout gives an object this name."""

LONGEST = 1024
"""Bytes of a mark that are read."""

_UUID = re.compile(rb"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_OURS = b"git-annex-remote-pyshare"


def mark_of(uuid: str) -> bytes:
    """The content of the mark of the remote with this UUID."""
    return f"This folder is a store of {_OURS.decode()}.\nIt belongs to the remote {uuid}\n".encode()


def owner_in(mark: bytes) -> str:
    """The UUID of the remote that left the mark; empty where it names none, or is no mark of ours."""
    found = _UUID.search(mark) if _OURS in mark else _UUID.fullmatch(mark.strip())
    return found[0].decode() if found else ""


def claim(
    place: StoreConfig, shown: str, read: Callable[[], bytes], write: Callable[[bytes], object]
) -> tuple[str, ...]:
    """Mark a place as the remote's own.

    Args:
        place: Where the store is; without a UUID nothing is done.
        shown: How error texts call it.
        read: Gives the mark that is there; empty for none.
        write: Leaves the mark.

    Returns:
        What the owner should know of that.

    Raises:
        BadSetting: The place is another remote's.
        PyshareError: The place cannot be asked or written to.
    """
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
        what: As for all errors.
        words: The command that takes it over, with the settings that the backend knows.
    """

    def __init__(self, what: str, words: tuple[str, ...]) -> None:
        self.words = words
        line = command(*words)
        super().__init__(what, remedy=f"Give url= a folder of its own, or, to take over what is there, type: {line}")

    def in_initremote(self, more: Iterable[str]) -> "Owned":
        """The same for the owner who makes the remote, with the settings that only git-annex knows."""
        return Owned(self.what, (*self.words, *more))

    def in_enableremote(self, name: str) -> "Owned":
        """The same for a remote that is made already, whose settings git-annex has written down."""
        return Owned(self.what, (*self.words[: self.words.index("initremote")], "enableremote", name))


def belongs_to(place: StoreConfig, shown: str, owner: str) -> Owned:
    """The refusal of a place that another remote has marked."""
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
    """What the owner hears of a place that another remote had marked."""
    return f"{shown} belonged to the remote {owner}, and was taken over"


def unmarked(shown: str) -> str:
    """What the owner hears where the mark cannot be read or written."""
    return f"{shown} cannot be marked as this remote's place: the server forbids it to this login"


def unchecked(server: str, error: PyshareError) -> str:
    """What the owner hears where no answer came.

    Args:
        server: The server's host, or the service's name.
        error: What came instead of an answer.
    """
    return f"{server} cannot be reached, so nothing was checked ({error.what}). Is it spelt right in url=?"


def without_login(place: StoreConfig) -> str:
    """What the owner hears where the server needs a login and there is none."""
    return f"no login for {place.url}, so nothing was checked and nothing can be stored yet. {place.advice()}".rstrip()
