"""Names in Dropbox: refuses those that it cannot store, and tells apart those that it takes for the same.

Two names that differ in case only have one path in Dropbox. `layout=shard` gives the keys of such objects different
paths. Other layouts, which other programs define, do not always; there the case that Dropbox has kept of an object's
name shows which key it belongs to.

Sources: https://help.dropbox.com/organize/file-names, and rclone's documentation of Dropbox ("Restricted filename
characters").
"""

from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from git_annex_remote_pyshare.backends.base import encode_name
from git_annex_remote_pyshare.errors import BadName

MAX_LENGTH = 255
"""Characters of one segment, counted as UTF-16 does."""

IGNORED = frozenset({"desktop.ini", "thumbs.db", ".ds_store", "icon\r", ".dropbox", ".dropbox.attr"})
"""Names that Dropbox keeps for itself, in any case."""

_REFUSED = frozenset("\\\x7f")


def checked(name: str) -> str:
    """The name, if Dropbox can hold it.

    Raises:
        BadName: It cannot, or it is no legal name.
    """
    encode_name(name)
    for segment in name.split("/"):
        if why := _why_invalid(segment):
            raise BadName(f"Dropbox cannot store an object of this name: {why}", detail=name)
    return name


def _why_invalid(segment: str) -> str:
    """What is wrong with a segment, or an empty string."""
    try:
        length = len(segment.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        return "it is not UTF-8"
    if length > MAX_LENGTH:
        return f"a part of it has {length} characters, and {MAX_LENGTH} are allowed"
    if segment.endswith(" "):
        return "a part of it ends with a space"
    if not _REFUSED.isdisjoint(segment):
        return "it has a backslash or a DEL"
    return f"Dropbox reserves the name {segment}" if segment.lower() in IGNORED else ""


_CASE_SAFE = {"", "shard"}


class NameCase:
    """How names are told apart in one layout.

    Args:
        layout: The setting; empty for the default.
    """

    def __init__(self, layout: str) -> None:
        self.matters = layout not in _CASE_SAFE
        """Whether two keys can have one path."""

    def fits(self, found: Mapping[str, Any], path: str) -> bool:
        """Whether what was found at a path, as its metadata says, is spelt as the path."""
        name = path.rpartition("/")[2]
        # Dropbox may have composed the characters that were sent.
        return not self.matters or normalize("NFC", str(found.get("name", name))) == normalize("NFC", name)

    def check(self, found: Mapping[str, Any], path: str, doing: str) -> None:
        """Raise BadName where another key's object is at the path; `doing` begins the text."""
        if not self.fits(found, path):
            raise BadName(
                f"{doing}: another file is there under a name that differs in upper and lower case only, which Dropbox"
                " takes for the same",
                remedy="A remote with layout=shard can store both.",
                detail=str(found["name"]),
            )
