"""Maps keys to names of objects: computed here, since git-annex's hash folders would cost a round trip."""

import hashlib
import re
from collections.abc import Callable, Mapping

from git_annex_remote_pyshare.annex.keys import without_chunk
from git_annex_remote_pyshare.backends.base import encode_name
from git_annex_remote_pyshare.errors import BadName

LONGEST = 240
"""Bytes of a name in `shard`: file systems take 255, Nextcloud 250, and some servers add to it while they write."""

_ESCAPED_WHOLE = "%-"
_HASHED = "%~"
"""Beginnings that no escaped text has, since a `%` of the key becomes `%25`."""

_CANONICAL = re.compile(r"[A-Z0-9_]+(-s[0-9]+)?(-m[0-9]+)?(-S[0-9]+-C[0-9]+)?")
"""What git-annex writes before the `--`. No two of these differ only in case."""

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_.,~!#$&'()+=@[]^`{}")
_ESCAPES = {byte: f"%{byte:02X}" for byte in range(256) if byte not in _PLAIN}

_UNFINISHED = (".part", ".filepart")
"""Endings that Nextcloud keeps for its own unfinished uploads and refuses with 400."""

_MIXED = "0123456789zqjxkmvwgpfZQJXKMVWGPF"
"""git-annex's 32 digits of `hashdirmixed` (Annex/DirHashes.hs)."""


def name_of(layout: str, key: str) -> str:
    """The name under which the store keeps `key`'s content.

    Args:
        layout: One of LAYOUTS.
        key: As git-annex writes it; bytes that are not UTF-8 are surrogate escapes.
    """
    return LAYOUTS[layout](key)


def escape(text: str) -> str:
    """`text` with everything as %XX that some server refuses, folds or composes: then ASCII without capitals.

    Case, and a Unicode character's composed and decomposed form, are the same name on some file systems, so
    capitals and all bytes beyond ASCII are written as %XX. Percent-decoding (RFC 3986 §2.1) gives the text back.
    """
    escaped = text.encode("utf-8", "surrogateescape").decode("latin-1").translate(_ESCAPES)
    if escaped.endswith((".", *_UNFINISHED)):
        stem, _, ending = escaped.rpartition(".")
        return f"{stem}%2E{ending}"
    return escaped


def is_of_key(name: str) -> bool:
    """Whether an object's name is one that a layout may give to a key of git-annex, of any dataset."""
    for segment in name.split("/"):  # a key may hold a slash itself
        head, separator, _ = segment.partition("--")
        if (separator and _CANONICAL.fullmatch(head)) or segment.startswith((_ESCAPED_WHOLE, _HASHED)):
            return True
    return False


def _shard(key: str) -> str:
    folder = _hash(key)[0]
    name = f"{folder}/{_segment(key)}"
    if len(name) <= LONGEST:
        return name
    return f"{folder}/{_HASHED}{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()}"


def _segment(key: str) -> str:
    head, separator, name = key.partition("--")
    if separator and _CANONICAL.fullmatch(head):
        return head + separator + escape(name)
    return _ESCAPED_WHOLE + escape(key)


def _raw(key: str) -> str:
    """The key as it is, as other programs store it; escaped only where it would not be a legal name."""
    try:
        encode_name(key)
    except BadName:
        return _ESCAPED_WHOLE + escape(key)
    return _ESCAPED_WHOLE + escape(key) if key.startswith(_ESCAPED_WHOLE) else key


def _hash(key: str) -> str:
    return hashlib.md5(key.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _hashdir_lower(key: str) -> str:
    """git-annex's `hashdirlower`; the chunks of a content share its folder."""
    digest = _hash(without_chunk(key))
    return f"{digest[:3]}/{digest[3:6]}/"


def _hashdir_mixed(key: str) -> str:
    """git-annex's `hashdirmixed`: four of its digits, made from every sixth bit on of the MD5's first four bytes."""
    word = int.from_bytes(bytes.fromhex(_hash(without_chunk(key))[:8]), "little")
    first, second, third, fourth = (_MIXED[word >> shift & 31] for shift in (0, 6, 12, 18))
    return f"{second}{first}/{fourth}{third}/"


def _keyfile(key: str) -> str:
    """The key as git-annex names its file (Annex/Locations.hs, keyFile): one segment, whatever the key has."""
    return key.replace("&", "&a").replace("%", "&s").replace(":", "&c").replace("/", "%")


def branch_path(key: str) -> str:
    """Beginning of the paths under which the git-annex branch keeps what it knows of a key; `.log` or so follows."""
    return _hashdir_lower(key) + _keyfile(key)


def _lower(key: str) -> str:
    return _hashdir_lower(key) + _raw(key)


def _directory(key: str) -> str:
    return f"{_hashdir_lower(key)}{_raw(key)}/{_raw(key)}"


def _mixed(key: str) -> str:
    return _hashdir_mixed(key) + _raw(key)


def _frankencase(key: str) -> str:
    return _hashdir_mixed(key).lower() + _raw(key)


def _annex(key: str) -> str:
    return f"{_hashdir_lower(key)}{_keyfile(key)}/{_keyfile(key)}"


LAYOUTS: Mapping[str, Callable[[str], str]] = {
    "shard": _shard,
    "flat": _raw,
    "lower": _lower,
    "directory": _directory,
    "mixed": _mixed,
    "frankencase": _frankencase,
    "annex-directory": _annex,
    "annex-webdav": _annex,
    "annex-s3": _raw,
}
"""Layout → its function from key to name. `flat` to `frankencase` are git-annex-remote-rclone's (its `nodir` is
`flat`) and `rclone gitannex`'s, `annex-…` those of git-annex's own remotes."""
