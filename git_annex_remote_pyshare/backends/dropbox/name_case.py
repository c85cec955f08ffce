"""Tells apart the objects of keys that differ in case only, which have one path in Dropbox.

`shard` gives such keys different paths. Other layouts, which other programs have made up, do not always; there the
spelling that Dropbox has kept of an object's name says which key it is of.
"""

from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from git_annex_remote_pyshare.errors import BadName

_UNMISTAKABLE = {"", "shard"}


class Spelling:
    """How names are told apart in one layout.

    Args:
        layout: The setting; empty for the default.
    """

    def __init__(self, layout: str) -> None:
        self.matters = layout not in _UNMISTAKABLE
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
