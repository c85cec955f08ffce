"""Defines the local side of a transfer: a Source to upload from, and a Sink to download into."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from git_annex_remote_pyshare.errors import ContentChanged, PyshareError, SourceChanged

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["ByteRange", "Condition", "LocalPath", "Progress", "Sink", "Source"]

Progress = Callable[[int], None]
"""Called with the number of bytes transferred, counted from the start of the object; may raise to stop the transfer."""

LocalPath = bytes | str

BLOCK = 1 << 20
"""Bytes read or written at once; with eight jobs, the buffers stay far below 64 MiB."""

SMALL = 1 << 20
"""An object of at most this many bytes is downloaded into a temporary file and renamed. git-annex watches a file that
is written in place to hash it during the download; for a small file that costs more time than it saves."""


def in_words(count: int) -> str:
    """A number of bytes in readable form: `1.5 GiB`."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004  # the factor between two units
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def local_path(text: str) -> LocalPath:
    """The bytes of the path that git-annex sent as `text`, independent of the encoding of the locale."""
    return text if os.name == "nt" else text.encode("utf-8", "surrogateescape")


class Condition(NamedTuple):
    """What must be under a name when a write replaces, renames or removes it; without arguments: no file."""

    content: str = ""
    """The content identifier of the only version that may go; empty if there must be no file."""
    version: str = ""
    """What the service calls that version in a request: an entity tag or a revision. Empty if it has no name for it."""


class Source:
    """A local file to store; you can open it at any offset, as often as you need, and get its size and digests.

    Args:
        path: The file; it must not change while it is being stored.
        digests: Hex digests that are known without reading the file (algorithm → digest).
        is_replaced: Whether other content will be stored under the same name, so that no cache on the way to a reader
            may keep this one.
        condition: What must be under the name until this file is there; None if anything may be replaced. Only
            backends with the ability `WritesConditionally` look at it.

    Raises:
        SourceChanged: The file does not exist or cannot be read.
    """

    def __init__(
        self,
        path: LocalPath,
        digests: Mapping[str, str] | None = None,
        *,
        is_replaced: bool = False,
        condition: Condition | None = None,
    ) -> None:
        self.path = path
        self.is_replaced = is_replaced
        self.condition = condition
        self._digests = dict(digests or {})
        try:
            self.size = os.stat(path).st_size
        except OSError as error:
            raise SourceChanged(f"cannot read {os.fsdecode(path)}: {error.strerror}") from error

    @contextmanager
    def open(self, offset: int = 0) -> Iterator[BinaryIO]:
        """Open the file for reading, from byte `offset`.

        Raises:
            SourceChanged: The file is gone, or its size has changed.
        """
        try:
            file = open(self.path, "rb", buffering=0)  # noqa: SIM115  # closed by the with below
        except OSError as error:
            raise SourceChanged(f"cannot read {os.fsdecode(self.path)}: {error.strerror}") from error
        with file:
            if os.fstat(file.fileno()).st_size != self.size:
                raise SourceChanged(f"{os.fsdecode(self.path)} changed while it was being stored")
            file.seek(offset)
            yield file

    def stamp(self) -> tuple[int, int]:
        """Size in bytes and time of the last change in nanoseconds; both stay the same until the file is changed.

        Raises:
            SourceChanged: The file is gone.
        """
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise SourceChanged(f"cannot read {os.fsdecode(self.path)}: {error.strerror}") from error
        return found.st_size, found.st_mtime_ns

    def digest(self, algorithm: str) -> str:
        """The hex digest of the whole file; if it is not known, reads the file once to compute it."""
        if algorithm not in self._digests:
            hasher = hashlib.new(algorithm, usedforsecurity=False)
            with self.open() as file:
                while block := file.read(BLOCK):
                    hasher.update(block)
            self._digests[algorithm] = hasher.hexdigest()
        return self._digests[algorithm]

    def known(self, algorithm: str) -> str:
        """The hex digest of the whole file; empty if it is not known without reading the file."""
        return self._digests.get(algorithm, "")

    def learn(self, algorithm: str, digest: str) -> None:
        """Record a hex digest of the whole file that a backend computed itself; `digest` then returns it."""
        self._digests[algorithm] = digest


class Incoming(NamedTuple):
    """What a store says about the object that it is sending."""

    total: int | None
    """Bytes of the whole object; None if the store does not report it."""
    version: str
    """The store's identifier of this version; empty if it has none."""


class ByteRange(NamedTuple):
    """A part of one version of an object."""

    version: str
    """The store's identifier of the version."""
    start: int
    """Offset of the part, in bytes."""
    size: int
    """Bytes of the part, at least 1."""
    total: int
    """Bytes of the whole object."""


class PartialFile:
    """A local file that may hold the start of an object, with a record of the object's version.

    This class keeps the record in memory; the subclass in the resume layer also keeps it for a later process.

    Args:
        path: The file.
        version: The server's identifier of the version; empty if unknown.
    """

    def __init__(self, path: LocalPath, version: str = "") -> None:
        self.path = path
        self._version = version

    @property
    def version(self) -> str:
        """The server's identifier of the version in the file; empty if unknown."""
        return self._version

    def record(self, version: str) -> None:
        """Record that the file, which exists, holds the start of this version; empty if unknown."""
        self._version = version


class Sink:
    """The local file for a downloaded object, written from start to end.

    The partial file of an earlier attempt is kept: `size` is the offset at which to resume, and `fits` says whether the
    partial file is of the same version. If there is no file yet, an object of at most SMALL bytes is downloaded into
    a temporary file and renamed; others are written in place.

    Args:
        path: The file.
        is_checked: Whether git-annex verifies the checksum of the key, so that you may resume a partial file of unknown
            version.
        partial: The record of what the file holds; if None, a new one in memory.
    """

    is_wanted = True
    """Whether git-annex waits for the object. If not, a store must not do anything for it that costs more than the
    download itself, such as restoring it from an archive."""

    def __init__(self, path: LocalPath, *, is_checked: bool = True, partial: PartialFile | None = None) -> None:
        self.path = path
        self.partial = partial or PartialFile(path)
        self.incoming: Incoming | None = None
        """What the store says about the object; None until its first byte is about to be written."""
        self._is_checked = is_checked

    content: str = ""
    """The content identifier of the only version that the sink accepts; empty if it accepts any."""

    def require(self, *content: str) -> None:
        """Raise ContentChanged if the sink does not accept this version.

        Args:
            content: The content identifiers that the version may have been listed with.
        """
        if self.content and self.content not in content:
            raise ContentChanged("the file changed since it was listed")

    def with_record(self, partial: PartialFile) -> "Sink":
        """The same file, with `partial` as its record."""
        return Sink(self.path, is_checked=self._is_checked, partial=partial)

    @property
    def validator(self) -> str:
        """The server's identifier of the object's version in the file; empty if unknown."""
        return self.partial.version

    @property
    def size(self) -> int:
        """Size of the file in bytes; 0 if there is none."""
        try:
            return os.stat(self.path).st_size
        except FileNotFoundError:
            return 0

    def fits(self, validator: str) -> bool:
        """Whether the file may hold the start of the version that the server identifies by `validator`.

        The prefix of weak entity tags is ignored (RFC 9110 §8.8.3.2): Apache gives an object a weak tag for the first
        second after it is stored, and a strong one after that.
        """
        if not validator:
            return True  # this server has no identifiers
        known = self.validator
        if not known:
            return self._is_checked  # the file may come from another store
        return known.removeprefix("W/") == validator.removeprefix("W/")

    @contextmanager
    def writing(self, offset: int = 0, total: int | None = None, validator: str = "") -> Iterator[BinaryIO]:
        """Open the file unbuffered, to write from byte `offset` of the object; truncates the file there.

        Args:
            offset: In bytes; at most `size`, and above 0 only if the validator `fits`.
            total: Size of the whole object in bytes, if known.
            validator: The server's identifier of this version of the object, such as an entity tag; empty if unknown.

        After an exception inside the block, a file written in place keeps its bytes for the next attempt.

        Raises:
            PyshareError: The file cannot be opened or written; a write inside the block raises it, too.
        """
        self.incoming = Incoming(total, validator)
        if total is not None and total <= SMALL and not os.path.lexists(self.path):
            with self._beside() as file:
                yield file
            return
        with _LocalFile(self.path, offset) as file:
            # After truncating and before the first new byte, so that a process that dies at any moment leaves no wrong
            # record. Bytes that are kept also keep their record.
            if not offset:
                self.partial.record(validator)
            yield file

    def take(self, path: LocalPath) -> bool:
        """Make another file this one by renaming it: the whole object, which arrived earlier.

        Returns False, and leaves `path` as it is, if this file exists already or is on another file system.
        """
        if os.path.lexists(self.path):
            return False
        try:
            os.rename(path, self.path)
        except OSError:
            return False
        return True

    @contextmanager
    def _beside(self) -> Iterator[BinaryIO]:
        folder, name = os.path.split(os.fsencode(self.path))
        # The same name for each attempt, so that it overwrites what a killed process has left behind.
        temporary = os.path.join(folder, b"pyshare-" + hashlib.md5(name, usedforsecurity=False).hexdigest().encode())
        try:
            with _LocalFile(temporary) as file:
                yield file
            with _on_this_machine(self.path):
                os.replace(temporary, os.fsencode(self.path))
        except BaseException:  # a small object is always downloaded again from its start
            with suppress(OSError):
                os.unlink(temporary)
            raise


class FreshSink(Sink):
    """A sink that keeps nothing of an earlier process, and writes behind the first bytes of the file.

    For an object whose content changes under the same name, and for one chunk of a content. Only attempts of this
    process may resume, and only if the server identifies the version.

    Args:
        path: The file; what it has behind `begin` is removed.
        begin: Bytes at the start of the file that stay, and are not part of the object.

    Raises:
        PyshareError: The file cannot be written.
    """

    def __init__(self, path: LocalPath, begin: int = 0) -> None:
        super().__init__(path, is_checked=False)
        self._begin = begin
        with _on_this_machine(path), suppress(FileNotFoundError):
            os.truncate(path, begin)

    def with_record(self, _partial: PartialFile) -> "FreshSink":
        """The same sink: what it has of the object is never kept for a later process."""
        return self

    @property
    def size(self) -> int:
        """Bytes of the object in the file."""
        return max(0, super().size - self._begin)

    def fits(self, validator: str) -> bool:
        """Whether the file holds the start of this version for sure: never if the server does not identify it."""
        return bool(validator) and super().fits(validator)

    @contextmanager
    def writing(self, offset: int = 0, total: int | None = None, validator: str = "") -> Iterator[BinaryIO]:
        """As in `Sink`, behind the bytes that stay."""
        if not self._begin:
            with super().writing(offset, total, validator) as file:
                yield file
            return
        self.incoming = Incoming(total, validator)
        with _LocalFile(self.path, self._begin + offset) as file:
            if not offset:
                self.partial.record(validator)
            yield file


class ExactSink(Sink):
    """A sink that accepts one version of the object only; a partial file of an unknown version is not resumed.

    Args:
        path: The file.
        content: The content identifier of that version.
        partial: As for Sink.
    """

    def __init__(self, path: LocalPath, content: str, partial: PartialFile | None = None) -> None:
        super().__init__(path, is_checked=False, partial=partial)
        self.content = content

    def with_record(self, partial: PartialFile) -> "ExactSink":
        """The same file, with `partial` as its record."""
        return ExactSink(self.path, self.content, partial)

    def empty(self) -> None:
        """Remove what the file has: it is of another version, or of two."""
        with _on_this_machine(self.path), suppress(FileNotFoundError):
            os.truncate(self.path, 0)


class AheadSink(Sink):
    """A private file for a small object that git-annex will probably ask for; nothing in it is resumed.

    Args:
        path: The file, which does not exist yet.
    """

    is_wanted = False

    @contextmanager
    def writing(self, offset: int = 0, _total: int | None = None, _validator: str = "") -> Iterator[BinaryIO]:
        """As in `Sink`, but always in place: git-annex does not watch this file."""
        with _LocalFile(self.path, offset) as file:
            yield file


class _LocalFile(FileIO):
    """Writes whole blocks, and reports failures as this machine's: an OSError would look like a network failure."""

    def __init__(self, path: LocalPath, offset: int = 0) -> None:
        self._shown = path
        with _on_this_machine(path):
            super().__init__(path, "r+b" if offset else "wb")
            if offset:
                self.seek(offset)
                self.truncate()

    def write(self, block: "ReadableBuffer", /) -> int:
        """Write all of `block`, even if the system accepts it only in pieces."""
        rest = memoryview(block)
        with _on_this_machine(self._shown):
            while rest:
                rest = rest[super().write(rest) :]
        return len(memoryview(block))


@contextmanager
def _on_this_machine(path: LocalPath) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PyshareError(f"cannot write {os.fsdecode(path)} on this machine: {error.strerror}") from error
