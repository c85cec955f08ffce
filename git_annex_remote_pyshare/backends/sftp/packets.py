"""Packs and unpacks packets of SFTP version 3 (draft-ietf-secsh-filexfer-02), which all servers speak.

What a server sends is not trusted: each field is checked against the end of its packet.
"""

import stat
import struct
from enum import IntEnum
from typing import NamedTuple

VERSION = 3

MOST = 256 << 10
"""Most bytes of a packet; OpenSSH has the same limit. Larger ones are not read into memory."""


class Kind(IntEnum):
    """The first byte of a packet."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    RMDIR = 15
    STAT = 17
    RENAME = 18
    EXTENDED = 200
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED_REPLY = 201


class Code(IntEnum):
    """The codes of a STATUS."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    OP_UNSUPPORTED = 8


class Flag(IntEnum):
    """How to open a file."""

    READ = 1
    WRITE = 2
    CREATE = 8
    NEW = 32
    """Together with CREATE: fail if the name is taken, also by a link."""


NO_ATTRIBUTES = struct.pack(">I", 0)

_SIZE, _OWNER, _PERMISSIONS, _TIMES, _EXTENDED = 1, 2, 4, 8, 0x80000000
_MOST_EXTENDED = 64

_TYPES = {b"d": stat.S_IFDIR, b"-": stat.S_IFREG, b"l": stat.S_IFLNK}
"""First letters of the lines of `ls -l`."""


class Garbled(Exception):
    """A packet has another form than the protocol says."""


class Attributes(NamedTuple):
    """What a server reports about a file; None for what it does not report."""

    size: int | None = None
    """Bytes."""
    owner: tuple[int, int] | None = None
    permissions: int | None = None
    """With the type of the file, as in `st_mode`; some servers leave the type out."""
    changed: int | None = None
    """Seconds since 1970."""

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, or a server that does not tell calls it something with a size."""
        kind = stat.S_IFMT(self.permissions or 0)
        return stat.S_ISREG(kind) if kind else self.size is not None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.permissions or 0)

    def with_type(self, line: bytes) -> "Attributes":
        """The same with the type of the file, from the line for people if only that tells it.

        Args:
            line: What the server shows of the file in a listing, as `ls -l` does.
        """
        if stat.S_IFMT(self.permissions or 0) or not (kind := _TYPES.get(line[:1])):
            return self
        return self._replace(permissions=kind | (self.permissions or 0))

    @property
    def version(self) -> str:
        """Identifies the version of a file as well as the protocol allows: by its time and size."""
        return f"{self.changed} {self.size}"


class Fields:
    """Reads the fields of a packet, one after the other.

    Args:
        body: The packet behind its kind and id.
    """

    def __init__(self, body: bytes | memoryview) -> None:
        self._body = memoryview(body)
        self._at = 0

    def number(self) -> int:
        """An unsigned number of 32 bits; raises Garbled at the end of the packet, as all methods do."""
        return int.from_bytes(self._take(4), "big")

    def long(self) -> int:
        """An unsigned number of 64 bits."""
        return int.from_bytes(self._take(8), "big")

    def text(self) -> bytes:
        """A string of bytes."""
        return bytes(self._take(self.number()))

    def rest(self) -> memoryview:
        """A string of bytes that is the rest of the packet, without a copy of it."""
        size = self.number()
        if size != len(self._body) - self._at:
            raise Garbled("a string is longer or shorter than its packet")
        return self._take(size)

    @property
    def has_more(self) -> bool:
        """Whether there are more fields."""
        return self._at < len(self._body)

    def attributes(self) -> Attributes:
        """The attributes of a file."""
        flags = self.number()
        size = self.long() if flags & _SIZE else None
        owner = (self.number(), self.number()) if flags & _OWNER else None
        permissions = self.number() if flags & _PERMISSIONS else None
        times = (self.number(), self.number()) if flags & _TIMES else None
        if flags & _EXTENDED:
            count = self.number()
            if count > _MOST_EXTENDED:
                raise Garbled("a file has too many attributes")
            for _ in range(2 * count):
                self.text()
        return Attributes(size, owner, permissions, times[1] if times else None)

    def _take(self, size: int) -> memoryview:
        end = self._at + size
        if end > len(self._body):
            raise Garbled("a packet ends in the middle of a field")
        taken = self._body[self._at : end]
        self._at = end
        return taken


def number(value: int) -> bytes:
    """A field with a number of 32 bits."""
    return struct.pack(">I", value)


def long(value: int) -> bytes:
    """A field with a number of 64 bits."""
    return struct.pack(">Q", value)


def text(value: bytes) -> bytes:
    """A field with a string."""
    return struct.pack(">I", len(value)) + value


def packet(kind: int, *fields: bytes) -> bytes:
    """A packet; its second field is the id of the request, except in INIT and VERSION."""
    return b"".join((struct.pack(">IB", 1 + sum(map(len, fields)), kind), *fields))
