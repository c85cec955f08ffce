"""The directory backend: the contract's verbs as system calls."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from git_annex_remote_pyshare.backends.base import Backend, Entry, Established, Place, Quota, Receipt, Stat
from git_annex_remote_pyshare.backends.directory.copying import copy
from git_annex_remote_pyshare.backends.directory.faults import LOCAL_DISK_FULL, faults, shown
from git_annex_remote_pyshare.backends.directory.folders import (
    make_folder,
    move_into_place,
    path_of_name,
    remove,
)
from git_annex_remote_pyshare.backends.directory.marker import MARKER, Marker
from git_annex_remote_pyshare.backends.directory.temporary import FOLDER, temporary
from git_annex_remote_pyshare.backends.directory.url import path_of
from git_annex_remote_pyshare.errors import NotFound, PyshareError, SourceChanged, Unreachable
from git_annex_remote_pyshare.transfer import Progress, Sink, Source

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""An object is a file in the store: a link could lead out of it, and opening a pipe could wait for ever."""


_OWN = frozenset((FOLDER.decode(), MARKER.decode()))


class DirectoryBackend(Backend):
    """A folder. Besides the verbs it Establishes, Locates, Measures and Mounts.

    Paths are bytes, so that any name works in any locale (on Windows Python takes such bytes for UTF-8).
    """

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._root = path_of(place.url).encode("utf-8", "surrogateescape")
        self._marker = Marker(self._root, place.clone.remote)

    def stat(self, name: str) -> Stat | None:
        path = path_of_name(self._root, name)
        with faults("look for", path):
            try:
                found = os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                found = None
        if found is None or not stat.S_ISREG(found.st_mode):
            self._marker.require()
            return None
        return Stat(found.st_size)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        path = path_of_name(self._root, name)
        with faults("read", path), self._reading(path) as reader:
            found = os.fstat(reader.fileno())
            size, validator = found.st_size, _validator(found)
            offset = sink.size if sink.size <= size and sink.fits(validator) else 0
            reader.seek(offset)
            with _on_this_machine(sink), sink.writing(offset, size, validator) as writer:
                done = copy(reader, writer, size, progress, offset)
        if done != size:
            raise Unreachable(f"{shown(path)} changed while it was being read")

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        path = path_of_name(self._root, name)
        self._marker.require()
        folder = os.path.join(self._root, FOLDER)
        with faults("write", path), source.open() as reader:
            make_folder(self._root, folder)
            with temporary(*self._temporary_paths(folder, name)) as written:
                if copy(reader, written.file, source.size, progress) != source.size:
                    raise SourceChanged(f"{shown(source.path)} changed while it was being stored")
                written.finish()
                move_into_place(self._root, written.path, path)
        return Receipt(size=source.size)

    def delete(self, name: str) -> None:
        path = path_of_name(self._root, name)
        self._marker.require()
        with faults("remove", path):
            remove(path)

    def list(self, folder: str = "") -> Iterator[Entry]:
        top = path_of_name(self._root, folder) if folder else self._root
        self._marker.require()
        with faults("list", top):
            yield from _walk(top, f"{folder}/" if folder else "")

    def establish(self) -> Established:
        """Make the folder if its parent is there, and leave the marker."""
        self._marker.leave()
        return Established()

    def available(self) -> bool:
        """Whether the folder and its marker are there."""
        return self._marker.is_there()

    def quota(self) -> Quota:
        """Of the whole file system."""
        from shutil import disk_usage  # noqa: PLC0415  # costs as much as all of this backend

        with faults("measure the room in", self._root):
            total, _, free = disk_usage(self._root)
        return Quota(total - free, free)

    def locate(self, name: str) -> str:
        """The object's path."""
        return path_of_name(self._root, name).decode("utf-8", "surrogateescape")

    @contextmanager
    def _reading(self, path: bytes) -> Iterator[BinaryIO]:
        """The object, open and unbuffered."""
        number = None
        with suppress(FileNotFoundError, NotADirectoryError):
            number = _open_object(path)
        if number is None:
            self._marker.require()
            raise NotFound(f"{shown(path)} is not there")
        with os.fdopen(number, "rb", buffering=0) as file:
            yield file

    def _temporary_paths(self, folder: bytes, name: str) -> tuple[bytes, bytes]:
        """The path in `folder` that this clone always uses for `name`, and one that nobody else uses.

        The first keeps killed attempts from piling up; another clone must not touch it.
        """
        unique = os.path.join(folder, os.urandom(16).hex().encode())
        clone = self.place.clone.id
        if not clone:
            return unique, unique
        digest = hashlib.md5(f"{clone} {name}".encode("utf-8", "surrogateescape"), usedforsecurity=False)
        return os.path.join(folder, digest.hexdigest().encode()), unique


@contextmanager
def _on_this_machine(sink: Sink) -> Iterator[None]:
    """Reading fills no disk: where one is full, or may not be written, it is the one that the sink is on."""
    try:
        yield
    except OSError as error:
        if error.errno not in LOCAL_DISK_FULL:
            raise
        raise PyshareError(
            f"cannot write {shown(sink.path)}: {error.strerror}",
            remedy="Make room on this machine, then try again.",
        ) from error


def _open_object(path: bytes) -> int | None:
    """A descriptor of the file at `path`; None where something else than a file is there."""
    try:
        number = os.open(path, _READ)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    if stat.S_ISREG(os.fstat(number).st_mode):
        return number
    os.close(number)
    return None


def _validator(found: os.stat_result) -> str:
    """Of an object as it is now. Without its inode: FAT's, and those of many network folders, change at each mount."""
    return f"{found.st_mtime_ns} {found.st_size}"


def _walk(folder: bytes, prefix: str) -> Iterator[Entry]:
    """The objects below `folder`, whose name in the store is `prefix`; what vanishes meanwhile is left out."""
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            name = prefix + entry.name.decode("utf-8", "surrogateescape")
            if name in _OWN:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, f"{name}/")
            elif entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    yield Entry(name, entry.stat(follow_symlinks=False).st_size)
