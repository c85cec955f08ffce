"""Parses keys: the size and hash of their content, and the key that a chunk belongs to.

git-annex's keys are `BACKEND[-s<size>][-m<mtime>][-S<chunk size>-C<chunk number>]--<name>`
(https://git-annex.branchable.com/internals/key_format/). The functions only parse the text; they run no program.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

OF_GIT = "GIT--"
"""Start of the key of a file that is in git itself; the name of its blob follows."""

_ENCRYPTED = "GPGHMAC"
_UNSTABLE = (_ENCRYPTED, "URL", "VURL")
"""Key backends whose objects may differ in size from the key: encrypted objects, and downloads from the web."""

_HASHES: Mapping[str, tuple[str, int]] = {
    "MD5": ("md5", 32),
    "SHA1": ("sha1", 40),
    "SHA224": ("sha224", 56),
    "SHA256": ("sha256", 64),
    "SHA384": ("sha384", 96),
    "SHA512": ("sha512", 128),
    "SHA3_224": ("sha3_224", 56),
    "SHA3_256": ("sha3_256", 64),
    "SHA3_384": ("sha3_384", 96),
    "SHA3_512": ("sha3_512", 128),
    "BLAKE2B512": ("blake2b", 128),
    "BLAKE2S256": ("blake2s", 64),
}
"""Key backend without its E → name in hashlib, and number of hex digits."""

_MANIFEST = "GITMANIFEST"
_OF_REPOSITORY = (_MANIFEST, "GITBUNDLE")
"""Key backends of a git repository that is pushed into the store, for `annex::` addresses: bundles of commits, and the
list of them (git-annex documentation, "git-remote-annex"; Backend/GitRemoteAnnex.hs)."""

_OTHER_HASHES = ("SKEIN", "BLAKE2")
"""Prefixes of key backends that git-annex can check, but hashlib lacks completely or in some sizes."""


_NUMBER = re.compile(r"[0-9]{1,20}")
"""A key of a stranger can name a size that is too long for `int`."""
_CHUNK = re.compile(r"(.+)-S([1-9][0-9]{0,17})-C([1-9][0-9]{0,17})")
"""The part before the `--` of the key of a chunk."""


def expected_size(key: str) -> int | None:
    """The size in bytes of the object of `key` (of the chunk, if it is a chunk's key); None if the key has no size."""
    head, _, _ = key.partition("--")
    backend, *fields = head.split("-")
    if backend.startswith(_UNSTABLE):
        return None
    numbers = {field[:1]: int(field[1:]) for field in fields if field.isascii() and field[1:].isdecimal()}
    size = numbers.get("s")
    if size is None or "C" not in numbers:
        return size
    chunk = numbers.get("S", 0)
    start = (numbers["C"] - 1) * chunk
    # Empty content has one chunk, which is empty.
    return min(chunk, size - start) if 0 <= start < size or numbers["C"] == 1 else None


def size_in_report(report: Mapping[str, object]) -> int | None:
    """The size in bytes of an object that git-annex reports as JSON; None if git-annex does not know it.

    Args:
        report: One object of e.g. `git annex find --json`: `bytesize` is a number as text, or `unknown`.
    """
    text = str(report.get("bytesize") or "")
    return int(text) if _NUMBER.fullmatch(text) else None


def is_checked(key: str) -> bool:
    """Whether git-annex checks the content of `key` against a hash; encrypted objects have no hash."""
    backend = key.partition("-")[0]
    return backend.removesuffix("E") in _HASHES or backend.startswith(_OTHER_HASHES)


def is_whole(key: str) -> bool:
    """Whether the object of `key` is a complete, readable file: neither a chunk nor encrypted."""
    return not key.startswith(_ENCRYPTED) and without_chunk(key) == key


def is_of_repository(key: str) -> bool:
    """Whether `key` is a part of a git repository that is pushed into the store, or a chunk of one."""
    return key.startswith(_OF_REPOSITORY)


def is_replaced(key: str) -> bool:
    """Whether the content of `key` changes: each push replaces the list of bundles, with and without `.bak`."""
    return key.startswith(_MANIFEST)


class ChunkField(NamedTuple):
    """What the key of a chunk says about it."""

    key: str
    """The key of the whole content."""
    size: int
    """Bytes of each chunk but the last."""
    number: int
    """From 1."""


def chunk_field(key: str) -> ChunkField | None:
    """What `key` says if it is the key of a chunk, else None."""
    head, _, name = key.partition("--")
    match = _CHUNK.fullmatch(head)
    return ChunkField(f"{match[1]}--{name}", int(match[2]), int(match[3])) if match else None


def chunk_of(key: str, size: int, number: int) -> str:
    """The key of one chunk of `key`.

    Args:
        key: The key of the whole content.
        size: Bytes of each chunk but the last.
        number: From 1.
    """
    head, _, name = key.partition("--")
    return f"{head}-S{size}-C{number}--{name}"


def digests(key: str) -> Mapping[str, str]:
    """The hash of the content, as the key states it: name of the algorithm in hashlib → hex digest.

    Empty for the key of a chunk, since the hash is that of the whole content, and for key backends without a hash or
    with one that hashlib lacks.
    """
    head, _, name = key.partition("--")
    backend, _, fields = head.partition("-")
    if backend.endswith("E"):
        backend, name = backend[:-1], name.partition(".")[0]
    algorithm, length = _HASHES.get(backend, ("", 0))
    if not length or "-C" in f"-{fields}" or len(name) != length or name.strip("0123456789abcdef"):
        return {}
    return {algorithm: name}


def without_chunk(key: str) -> str:
    """The key of the whole content if `key` is the key of a chunk, else `key` itself."""
    head, separator, name = key.partition("--")
    # The chunk's fields come last; nothing else in a key's head has a dash before a capital letter.
    whole, _, _ = head.partition("-S")
    return whole + separator + name if separator else key
