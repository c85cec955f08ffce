"""Reads what rclone says about an object: untrusted input, since it repeats what the service says."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from git_annex_remote_pyshare.errors import Unreachable

_DIGESTS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
"""rclone's hashes that hashlib knows by the same name → hex digits."""

_PARTIAL = re.compile(r".*\.[0-9a-f]{8}\.partial", re.DOTALL)
"""What rclone calls an object that it has not stored completely."""


class Item(NamedTuple):
    """A file or folder."""

    name: str
    """The last segment of its name."""
    size: int | None
    is_folder: bool
    digests: Mapping[str, str]
    """Hex digests (hashlib's name of the algorithm → digest)."""
    version: str
    """Identifies this version: its size, time, and what else the service knows of it."""

    @property
    def is_partial(self) -> bool:
        """Whether this is what a killed process has left of an upload."""
        return not self.is_folder and bool(_PARTIAL.fullmatch(self.name))


def item_of(answer: object) -> Item:
    """The item in an answer of rclone.

    Raises:
        Unreachable: The answer is not one.
    """
    if not isinstance(answer, dict):
        raise Unreachable("rclone answered something that is no file")
    name, size, time = answer.get("Name"), answer.get("Size"), answer.get("ModTime", "")
    if not isinstance(name, str) or type(size) is not int or not isinstance(time, str):
        raise Unreachable("rclone answered something that is no file")
    hashes = _hashes(answer.get("Hashes"))
    facts = (str(size), time, str(answer.get("ID", "")), *(f"{kind}:{value}" for kind, value in sorted(hashes.items())))
    digests = {kind: hashes[kind] for kind, digits in _DIGESTS.items() if len(hashes.get(kind, "")) == digits}
    is_folder = bool(answer.get("IsDir"))
    return Item(name, size if size >= 0 else None, is_folder, digests, " ".join(filter(None, facts)))


def _hashes(found: Any) -> Mapping[str, str]:
    """The hashes; a service that has none for an object gives an empty text."""
    if not isinstance(found, dict):
        return {}
    return {str(kind): value.lower() for kind, value in found.items() if isinstance(value, str) and value}
