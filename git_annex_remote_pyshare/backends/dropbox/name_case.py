"""Names in Dropbox: refuses invalid ones, and tells apart those that differ in case only.

Two names that differ in case only have one path in Dropbox. `layout=shard` gives keys that differ in case only
different paths. Other layouts, which other programs define, do not always; there the case of the stored name, which
Dropbox preserves, shows which key an object belongs to.

Sources: https://help.dropbox.com/organize/file-names, and rclone's documentation of Dropbox ("Restricted filename
characters").
"""

from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from git_annex_remote_pyshare.backends.base import encode_name
from git_annex_remote_pyshare.errors import BadName
from git_annex_remote_pyshare.safe_text import one_line

MAX_LENGTH = 255
"""UTF-16 code units of one segment."""

IGNORED = frozenset({"desktop.ini", "thumbs.db", ".ds_store", "icon\r", ".dropbox", ".dropbox.attr"})
"""Names that Dropbox reserves, in any case."""

_REFUSED = frozenset("\\\x7f")

_CASE_SAFE = frozenset({"", "shard"})
"""Layouts that give two keys two paths, even if the keys differ in case only."""


def checked(name: str) -> str:
    """The name, if Dropbox can store it.

    Raises:
        BadName: It cannot, or the name is invalid.
    """
    encode_name(name)
    for segment in name.split("/"):
        if why := _why_invalid(segment):
            raise BadName(f"Dropbox cannot store an object of this name: {why}", detail=name)
    return name


def _why_invalid(segment: str) -> str:
    """Why a segment is invalid, or an empty string."""
    try:
        length = len(segment.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        return "it is not UTF-8"
    if length > MAX_LENGTH:
        return f"a part of it has {length} characters, and {MAX_LENGTH} are allowed"
    if segment.endswith(" "):
        return "a part of it ends with a space"
    if not _REFUSED.isdisjoint(segment):
        return "it contains a backslash or a DEL character"
    return f"Dropbox reserves the name {segment}" if segment.lower() in IGNORED else ""


def composed(name: str) -> str:
    """The name of a file of a tree, if Dropbox keeps it as it is.

    Raises:
        BadName: Dropbox would change it, to the composed form of Unicode (NFC), or cannot store it.
    """
    if normalize("NFC", checked(name)) != name:
        raise BadName(
            "Dropbox would change the accents in this name to their composed form (Unicode's NFC), and then not find"
            " the file under its own name",
            remedy="Rename the file in your dataset, with accents as they are usually typed.",
            detail=name,
        )
    return name


class NameCase:
    """How one layout handles names that differ in case only.

    Args:
        layout: The setting; empty for the default.
    """

    def __init__(self, layout: str) -> None:
        self.matters = layout not in _CASE_SAFE
        """Whether two keys can have one path."""

    def fits(self, found: Mapping[str, Any], path: str) -> bool:
        """Whether the metadata found at a path have the path's name, including its case."""
        name = path.rpartition("/")[2]
        # Dropbox may have normalized the characters that were sent.
        return not self.matters or normalize("NFC", str(found.get("name", name))) == normalize("NFC", name)

    def check(self, found: Mapping[str, Any], path: str, doing: str) -> None:
        """Raise BadName if another key's object is at the path; the text starts with `doing`."""
        if not self.fits(found, path):
            raise BadName(
                f"{doing}: another file is there under a name that differs in upper and lower case only, which"
                " Dropbox treats as the same name",
                remedy="A remote with layout=shard can store both.",
                detail=str(found["name"]),
            )


class TreeNames(NameCase):
    """How a tree handles such names: the second one is refused, also if only the names of folders differ.

    Args:
        folder: Path of the store's folder, which users may type with other case than Dropbox has.
    """

    def __init__(self, folder: str) -> None:
        super().__init__("")
        self.matters = True
        self._start = len(folder)

    def fits(self, found: Mapping[str, Any], path: str) -> bool:
        """Whether the metadata found at a path have the path's spelling, from the store's folder on."""
        return super().fits(found, path) and str(found.get("path_display", path))[self._start :] == path[self._start :]

    def check(self, found: Mapping[str, Any], path: str, doing: str) -> None:
        """See `NameCase.check`."""
        if not self.fits(found, path):
            shown = str(found.get("path_display", found["name"]))[self._start :].strip("/")
            raise BadName(
                f"{doing}: Dropbox has {one_line(shown)} there, and treats names that differ in upper and lower case"
                " only as the same",
                remedy="Rename one of the two files or folders.",
                detail=path,
            )
