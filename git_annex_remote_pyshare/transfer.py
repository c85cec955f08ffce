"""Defines the local ends of a transfer: a Source to upload from, a Sink to download into."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from typing import TYPE_CHECKING, BinaryIO

from git_annex_remote_pyshare.errors import PyshareError, SourceChanged

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["LocalPath", "Progress", "Sink", "Source"]

Progress = Callable[[int], None]
"""Called with the number of bytes of the object that are done, counted from its start; may raise to stop."""

LocalPath = bytes | str

BLOCK = 1 << 20
"""How much is read or written at once, in bytes: with eight jobs the buffers stay far below 64 MiB."""

SMALL = 1 << 20
"""Up to this many bytes an object comes down beside its file and is renamed into it. git-annex watches a file
that is written in place in order to hash it meanwhile; for a small one that costs more than it saves."""


def in_words(count: int) -> str:
    """A number of bytes as people read it: `1.5 GiB`."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004  # what the units count in
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def local_path(text: str) -> LocalPath:
    """The path that git-annex means by `text`, byte for byte, whatever the locale's encoding is."""
    return text if os.name == "nt" else text.encode("utf-8", "surrogateescape")


class Source:
    """A local file to be stored: knows its size, opens at any offset as often as needed, and hashes itself.

    Args:
        path: The file; it must not change while it is stored.
        digests: Hex digests that are known without reading the file (algorithm name → digest).

    Raises:
        SourceChanged: The file is not there.
    """

    def __init__(self, path: LocalPath, digests: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._digests = dict(digests or {})
        try:
            self.size = os.stat(path).st_size
        except OSError as error:
            raise SourceChanged(f"cannot read {os.fsdecode(path)}: {error.strerror}") from error

    @contextmanager
    def open(self, offset: int = 0) -> Iterator[BinaryIO]:
        """The file's bytes from `offset` on.

        Raises:
            SourceChanged: The file has gone, or has another size than at the beginning.
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
        """Size in bytes and time of the last change in ns: the same as long as the file is not written to.

        Raises:
            SourceChanged: The file has gone.
        """
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise SourceChanged(f"cannot read {os.fsdecode(self.path)}: {error.strerror}") from error
        return found.st_size, found.st_mtime_ns

    def digest(self, algorithm: str) -> str:
        """The hex digest of the whole file: the known one, else computed once by reading it."""
        if algorithm not in self._digests:
            hasher = hashlib.new(algorithm, usedforsecurity=False)
            with self.open() as file:
                while block := file.read(BLOCK):
                    hasher.update(block)
            self._digests[algorithm] = hasher.hexdigest()
        return self._digests[algorithm]

    def known(self, algorithm: str) -> str:
        """The hex digest of the whole file if it is known without reading it, else an empty string."""
        return self._digests.get(algorithm, "")

    def learn(self, algorithm: str, digest: str) -> None:
        """Remember the hex digest of the whole file that a backend computed in its own way, for `digest` to know."""
        self._digests[algorithm] = digest


class PartialFile:
    """A local file that may hold the beginning of an object, with a record of the object's version.

    This class keeps the record in memory; that of the resume layer also keeps it for a later process.

    Args:
        path: The file.
        version: What the server called the version; empty when it is unknown.
    """

    def __init__(self, path: LocalPath, version: str = "") -> None:
        self.path = path
        self._version = version

    @property
    def version(self) -> str:
        """What the server called the version whose bytes the file holds; empty when it is unknown."""
        return self._version

    def record(self, version: str) -> None:
        """From now on the file, which is there, holds a beginning of this version; empty for an unknown one."""
        self._version = version


class Sink:
    """The local file for a downloaded object, filled from front to back.

    A partial file of an earlier attempt stays, so `size` is the offset at which to resume, and `fits` says whether the
    partial file is of the same version. Objects up to SMALL bytes whose file is not there yet come down beside it
    and are renamed into it; others grow in place.

    Args:
        path: The file.
        is_checked: Whether git-annex verifies the key's checksum, so that a partial file of unknown version may be
            resumed.
        partial: The record of what the file holds; one of the sink's own if None.
    """

    def __init__(self, path: LocalPath, *, is_checked: bool = True, partial: PartialFile | None = None) -> None:
        self.path = path
        self.partial = partial or PartialFile(path)
        self._is_checked = is_checked

    def with_record(self, partial: PartialFile) -> "Sink":
        """The same file, with `partial` as its record."""
        return Sink(self.path, is_checked=self._is_checked, partial=partial)

    @property
    def validator(self) -> str:
        """What the server called the version of the object whose bytes the file holds; empty when it is unknown."""
        return self.partial.version

    @property
    def size(self) -> int:
        """Bytes that are there already; 0 without a file."""
        try:
            return os.stat(self.path).st_size
        except FileNotFoundError:
            return 0

    def fits(self, validator: str) -> bool:
        """Whether what is there may be a beginning of the version that the server calls `validator`.

        The mark of HTTP's weak tags makes no difference (RFC 9110 §8.8.3.2): Apache calls weak what was stored in the
        last second, and strong after that.
        """
        if not validator:
            return True  # this server never tells
        known = self.validator
        if not known:
            return self._is_checked  # it may have come from another store
        return known.removeprefix("W/") == validator.removeprefix("W/")

    @contextmanager
    def writing(self, offset: int = 0, total: int | None = None, validator: str = "") -> Iterator[BinaryIO]:
        """An unbuffered file whose next written byte is the object's byte `offset`; what was behind is cut off.

        Args:
            offset: At most `size`; above 0 only where the validator `fits`.
            total: Size of the whole object in bytes, where it is known.
            validator: What the server calls this version of the object, where it tells: an entity tag, a revision.

        After an exception inside the block a file written in place keeps what came, for the next attempt.

        Raises:
            PyshareError: The file cannot be opened or written; also from a write inside the block.
        """
        if total is not None and total <= SMALL and not os.path.lexists(self.path):
            with self._beside() as file:
                yield file
            return
        with _LocalFile(self.path, offset) as file:
            # Between the last old byte and the first new one, so that a process that dies at any moment leaves no wrong
            # record. Bytes that stay keep their record, if they have one.
            if not offset:
                self.partial.record(validator)
            yield file

    @contextmanager
    def _beside(self) -> Iterator[BinaryIO]:
        folder, name = os.path.split(os.fsencode(self.path))
        # One name for one file: what a killed process leaves behind is overwritten by the next attempt.
        temporary = os.path.join(folder, b"pyshare-" + hashlib.md5(name, usedforsecurity=False).hexdigest().encode())
        try:
            with _LocalFile(temporary) as file:
                yield file
            with _on_this_machine(self.path):
                os.replace(temporary, os.fsencode(self.path))
        except BaseException:  # whatever ended the transfer, a small object comes again from its beginning
            with suppress(OSError):
                os.unlink(temporary)
            raise


class _LocalFile(FileIO):
    """Writes whole blocks, and tells its failures as this machine's own: to others they look like the network's."""

    def __init__(self, path: LocalPath, offset: int = 0) -> None:
        self._shown = path
        with _on_this_machine(path):
            super().__init__(path, "r+b" if offset else "wb")
            if offset:
                self.seek(offset)
                self.truncate()

    def write(self, block: "ReadableBuffer", /) -> int:
        """Write all of `block`, also where the system takes it in pieces."""
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
