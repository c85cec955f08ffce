"""Parses keys: the size and hash of their content, and the key to which a chunk belongs.

git-annex's keys are `BACKEND[-s<size>][-m<mtime>][-S<chunk size>-C<chunk number>]--<name>`
(https://git-annex.branchable.com/internals/key_format/). All is read from the text; no program is asked.
"""

from collections.abc import Mapping

_ENCRYPTED = "GPGHMAC"
_UNSTABLE = (_ENCRYPTED, "URL", "VURL")
"""Backends whose objects may have another size than the key: encrypted ones, and what a web page held once."""

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
"""Backend without its E → hashlib's name and the length of the hex digest."""

_OTHER_HASHES = ("SKEIN", "BLAKE2")
"""How backends begin that git-annex checks and hashlib knows not at all, or not in all sizes."""


def expected_size(key: str) -> int | None:
    """Bytes of the object stored under `key`, a chunk's for the key of a chunk; None where the key does not say."""
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
    # An empty content has one chunk, which is empty.
    return min(chunk, size - start) if 0 <= start < size or numbers["C"] == 1 else None


def is_checked(key: str) -> bool:
    """Whether git-annex holds the content of `key` itself against a hash; of encrypted objects it has none."""
    backend = key.partition("-")[0]
    return backend.removesuffix("E") in _HASHES or backend.startswith(_OTHER_HASHES)


def is_whole(key: str) -> bool:
    """Whether the object of `key` is a content as people know it: no chunk of one, and not encrypted."""
    return not key.startswith(_ENCRYPTED) and without_chunk(key) == key


def digests(key: str) -> Mapping[str, str]:
    """Hex digests of the content that the key names (algorithm as hashlib calls it → digest).

    Empty for keys of chunks, whose content is a part of what the hash was made from, and for backends without a
    hash, or with one that hashlib lacks.
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
    """The key whose content `key` is a chunk of; `key` itself when it is none."""
    head, separator, name = key.partition("--")
    # The chunk's fields come last, and no other field or backend's name has a dash before a capital.
    whole, _, _ = head.partition("-S")
    return whole + separator + name if separator else key
