"""Maps keys to object names. pyshare computes them, since asking git-annex for hash folders costs a round trip."""

import hashlib
import re
from collections.abc import Callable, Mapping

from git_annex_remote_pyshare.annex.keys import without_chunk
from git_annex_remote_pyshare.backends.base import encode_name
from git_annex_remote_pyshare.errors import BadName

LONGEST = 240
"""Longest name in `shard`, in bytes: file systems allow 255, Nextcloud 250, and some servers add a temporary suffix."""

_ESCAPED_WHOLE = "%-"
_HASHED = "%~"
"""Prefixes that escaped text never has, since a `%` in the key becomes `%25`."""

_CANONICAL = re.compile(r"[A-Z0-9_]+(-s[0-9]+)?(-m[0-9]+)?(-S[0-9]+-C[0-9]+)?")
"""The part of a key before the `--`, as git-annex writes it. No two of these differ only in case."""

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_.,~!#$&'()+=@[]^`{}")
_ESCAPES = {byte: f"%{byte:02X}" for byte in range(256) if byte not in _PLAIN}

_UNFINISHED = (".part", ".filepart")
"""Suffixes that Nextcloud reserves for its own unfinished uploads; it refuses them with status 400."""

_MIXED = "0123456789zqjxkmvwgpfZQJXKMVWGPF"
"""The 32 digits of git-annex's `hashdirmixed` (Annex/DirHashes.hs)."""


def name_of(layout: str, key: str) -> str:
    """The name of the object that holds the content of `key`.

    Args:
        layout: One of LAYOUTS.
        key: The key as git-annex writes it, with surrogate escapes for bytes that are not UTF-8.
    """
    return LAYOUTS[layout](key)


def escape(text: str) -> str:
    """`text` in lowercase ASCII, with %XX for each byte that some server refuses or changes.

    Some file systems treat upper and lower case, or the composed and decomposed form of a Unicode character, as the
    same name. So capital letters and all bytes beyond ASCII become %XX. Percent-decoding (RFC 3986 §2.1) restores the
    text.
    """
    escaped = text.encode("utf-8", "surrogateescape").decode("latin-1").translate(_ESCAPES)
    if escaped.endswith((".", *_UNFINISHED)):
        stem, _, ending = escaped.rpartition(".")
        return f"{stem}%2E{ending}"
    return escaped


def is_of_key(name: str) -> bool:
    """Whether an object's name is one that a layout may give to a git-annex key of any dataset."""
    for segment in name.split("/"):  # a key itself may contain a slash
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
    """The unchanged key, as other programs store it; escaped only if it is not a valid name."""
    try:
        encode_name(key)
    except BadName:
        return _ESCAPED_WHOLE + escape(key)
    return _ESCAPED_WHOLE + escape(key) if key.startswith(_ESCAPED_WHOLE) else key


def _hash(key: str) -> str:
    return hashlib.md5(key.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _hashdir_lower(key: str) -> str:
    """git-annex's `hashdirlower`; chunks are in the folder of the whole content."""
    digest = _hash(without_chunk(key))
    return f"{digest[:3]}/{digest[3:6]}/"


def _hashdir_mixed(key: str) -> str:
    """git-annex's `hashdirmixed`: four digits of 5 bits, from bits 0, 6, 12 and 18 of the MD5's first four bytes."""
    word = int.from_bytes(bytes.fromhex(_hash(without_chunk(key))[:8]), "little")
    first, second, third, fourth = (_MIXED[word >> shift & 31] for shift in (0, 6, 12, 18))
    return f"{second}{first}/{fourth}{third}/"


def _keyfile(key: str) -> str:
    """The file name that git-annex gives to the key (Annex/Locations.hs, keyFile); it never contains a slash."""
    return key.replace("&", "&a").replace("%", "&s").replace(":", "&c").replace("/", "%")


def branch_path(key: str) -> str:
    """The path of a key's files in the git-annex branch, without their suffix such as `.log`."""
    return _hashdir_lower(key) + _keyfile(key)


def local_paths(key: str) -> tuple[str, str]:
    """Where git-annex keeps the content of `key`, below `annex/objects`: in most clones the first, else the second."""
    file = _keyfile(key)
    return f"{_hashdir_mixed(key)}{file}/{file}", f"{_hashdir_lower(key)}{file}/{file}"


def key_of_file(file: str) -> str:
    """The key that git-annex gave this file name to; the inverse of its `keyFile` (Annex/Locations.hs)."""
    return file.replace("%", "/").replace("&c", ":").replace("&s", "%").replace("&a", "&")


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
"""Layout → function that maps a key to a name. git-annex-remote-rclone and `rclone gitannex` use `flat` (which they
call `nodir`) to `frankencase`; git-annex's own remotes use `annex-…`."""
