"""Accesses folders by their paths, for Windows, which has no calls relative to an open folder.

Each step checks that no link is in the path. A link created between that check and the step itself is followed: on
Windows, allow only people whom you trust to write to the store.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.directory.folder import Folder, LinkInStore

if TYPE_CHECKING:
    from typing_extensions import Self

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_READ = os.O_RDONLY | _NOFOLLOW | getattr(os, "O_DIRECTORY", 0)


class PathFolder(Folder):
    """The folder at `path`, whose true path, without any link or junction, is `real`."""

    __slots__ = ("_real",)

    def __init__(self, path: bytes, real: bytes) -> None:
        super().__init__(path)
        self._real = real

    @classmethod
    def at(cls, path: bytes) -> "PathFolder":
        """See `Folder.at`."""
        _require_folder(os.stat(path), path)
        return cls(path, os.path.realpath(path))

    def close(self) -> None:
        """Does nothing: no descriptor is open."""

    def reopen(self) -> "PathFolder":
        return PathFolder(self.path, self._real)

    def enter(self, name: bytes) -> "PathFolder":
        path = self._step(name)
        _require_folder(os.lstat(path), path)
        return PathFolder(path, os.path.join(self._real, name))

    def make(self, name: bytes, mode: int) -> "PathFolder":
        try:
            os.mkdir(self._step(name))
        except FileExistsError:
            return self.enter(name)
        made = self.enter(name)
        with suppress(PermissionError), made.readable() as descriptor:
            if descriptor is not None and os.fstat(descriptor).st_uid == os.geteuid():
                os.fchmod(descriptor, mode)
        self.sync()
        return made

    def mode(self) -> int:
        return stat.S_IMODE(os.stat(self.checked_path()).st_mode)

    def lstat(self, name: bytes) -> os.stat_result:
        return os.lstat(os.path.join(self.checked_path(), name))

    def open(self, name: bytes, flags: int) -> int:
        path = os.path.join(self.checked_path(), name)
        with suppress(FileNotFoundError):
            # O_EXCL never follows a link; the open below then fails with EEXIST.
            if not flags & os.O_EXCL and _is_link_or_mount(path):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        return os.open(path, flags | _NOFOLLOW, 0o666)

    def protect(self, name: bytes, descriptor: int, mode: int) -> None:
        if os.name != "nt":
            os.fchmod(descriptor, mode)
        elif os.path.samestat(os.fstat(descriptor), self.lstat(name)):
            os.chmod(os.path.join(self.path, name), mode)

    def unlock(self, name: bytes) -> None:
        if os.name == "nt":
            with suppress(FileNotFoundError):
                os.chmod(os.path.join(self.checked_path(), name), stat.S_IWRITE)
        elif os.path.basename(self.path) == name:
            with self.readable() as descriptor:
                if descriptor is not None:
                    os.fchmod(descriptor, stat.S_IMODE(os.fstat(descriptor).st_mode) | stat.S_IWUSR)

    def rename(self, name: bytes, to: "Self", new: bytes) -> None:
        os.replace(os.path.join(self.checked_path(), name), os.path.join(to.checked_path(), new))

    def link(self, name: bytes, to: "Self", new: bytes) -> None:
        os.link(os.path.join(self.checked_path(), name), os.path.join(to.checked_path(), new))

    def unlink(self, name: bytes) -> None:
        os.unlink(os.path.join(self.checked_path(), name))

    def rmdir(self, name: bytes) -> None:
        os.rmdir(os.path.join(self.checked_path(), name))

    def entries(self) -> "Iterator[os.DirEntry[str] | os.DirEntry[bytes]]":
        with os.scandir(self.checked_path()) as found:
            yield from found

    def sync(self) -> None:
        with self.readable() as descriptor:
            if descriptor is not None:
                with suppress(OSError):  # some file systems cannot sync folders
                    os.fsync(descriptor)

    def checked_path(self) -> bytes:
        """The path, after checking that it still leads to the folder that was entered."""
        if not _same(os.path.realpath(self.path), self._real):
            raise LinkInStore(self.path)
        return self.path

    def _step(self, name: bytes) -> bytes:
        path = os.path.join(self.checked_path(), name)
        with suppress(FileNotFoundError):
            if _is_link_or_mount(path):
                raise LinkInStore(path)
        return path

    @contextmanager
    def readable(self) -> Iterator[int | None]:
        """A descriptor of the folder; None on Windows, which has none for folders."""
        if os.name == "nt":
            yield None
            return
        descriptor = os.open(self.checked_path(), _READ)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _require_folder(found: os.stat_result, path: bytes) -> None:
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)


def _is_link_or_mount(path: bytes) -> bool:
    """Whether the path is a link or, on Windows, a junction or a mounted volume.

    `st_reparse_tag` exists on Windows only; files that a sync program keeps in the cloud have other tags.
    """
    found = os.lstat(path)
    tag = getattr(found, "st_reparse_tag", 0)
    return stat.S_ISLNK(found.st_mode) or bool(tag and tag == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None))


def _same(path: bytes, other: bytes) -> bool:
    return os.path.normcase(path) == os.path.normcase(other)
