"""Accesses folders by descriptors: opening one follows no link.

If other users rename or link folders in the meantime, each step still acts in the folder that was opened.
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

_ROOT = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)
"""Linux's O_PATH needs neither permission to read the folder nor a response from a network drive's server."""

_FOLDER = _ROOT | getattr(os, "O_NOFOLLOW", 0)
_READ = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)

_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF}
"""Error codes of file systems (FUSE, SMB) that cannot sync folders."""

CAN_HOLD = (
    {os.open, os.stat, os.mkdir, os.rename, os.unlink, os.rmdir} <= os.supports_dir_fd
    and os.scandir in os.supports_fd
    and hasattr(os, "O_DIRECTORY")
    and hasattr(os, "O_NOFOLLOW")
)
"""Whether this system has the calls that `Held` needs: they are in POSIX.1-2008, Windows lacks them."""


class Held(Folder):
    """A folder held by the descriptor `descriptor`."""

    __slots__ = ("descriptor",)

    def __init__(self, path: bytes, descriptor: int) -> None:
        super().__init__(path)
        self.descriptor = descriptor

    @classmethod
    def at(cls, path: bytes) -> "Held":
        """See `Folder.at`. The dot triggers an automounter, which O_PATH alone does not (Linux, open(2))."""
        return cls(path, os.open(path + b"/.", _ROOT))

    def close(self) -> None:
        os.close(self.descriptor)

    def reopen(self) -> "Held":
        return Held(self.path, os.open(b".", _FOLDER, dir_fd=self.descriptor))

    def enter(self, name: bytes) -> "Held":
        try:
            descriptor = os.open(name, _FOLDER, dir_fd=self.descriptor)
        except OSError as error:
            # The code for a link depends on the system: ENOTDIR, ELOOP, EMLINK, EFTYPE.
            if not isinstance(error, FileNotFoundError) and self._is_link(name):
                raise LinkInStore(self.path + b"/" + name) from error
            raise
        return Held(self.path + b"/" + name, descriptor)

    def make(self, name: bytes, mode: int) -> "Held":
        try:
            os.mkdir(name, dir_fd=self.descriptor)
        except FileExistsError:
            return self.enter(name)
        made = self.enter(name)
        try:
            made.open_up(mode)
            self.sync()
        except BaseException:  # no other code closes the descriptor
            made.close()
            raise
        return made

    def mode(self) -> int:
        return stat.S_IMODE(os.stat(b".", dir_fd=self.descriptor).st_mode)

    def lstat(self, name: bytes) -> os.stat_result:
        return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)

    def open(self, name: bytes, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW, 0o666, dir_fd=self.descriptor)

    def protect(self, name: bytes, descriptor: int, mode: int) -> None:  # noqa: ARG002  # another user may have replaced it
        os.fchmod(descriptor, mode)

    def unlock(self, name: bytes) -> None:
        if os.path.basename(self.path) == name:
            with self._readable() as descriptor:
                os.fchmod(descriptor, stat.S_IMODE(os.fstat(descriptor).st_mode) | stat.S_IWUSR)

    def rename(self, name: bytes, to: "Self", new: bytes) -> None:
        os.rename(name, new, src_dir_fd=self.descriptor, dst_dir_fd=to.descriptor)

    def link(self, name: bytes, to: "Self", new: bytes) -> None:
        os.link(name, new, src_dir_fd=self.descriptor, dst_dir_fd=to.descriptor, follow_symlinks=False)

    def unlink(self, name: bytes) -> None:
        os.unlink(name, dir_fd=self.descriptor)

    def rmdir(self, name: bytes) -> None:
        os.rmdir(name, dir_fd=self.descriptor)

    def entries(self) -> "Iterator[os.DirEntry[str] | os.DirEntry[bytes]]":
        with self._readable() as descriptor, os.scandir(descriptor) as found:
            yield from found

    def sync(self) -> None:
        with self._readable() as descriptor:
            try:
                os.fsync(descriptor)
            except OSError as error:
                if error.errno not in _NO_SYNC:
                    raise

    @contextmanager
    def _readable(self) -> Iterator[int]:
        """A readable descriptor of the same folder; an O_PATH descriptor is not readable."""
        descriptor = os.open(b".", _READ, dir_fd=self.descriptor)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def open_up(self, mode: int) -> None:
        """Set the permissions of the folder just made, unless it turns out to be another user's."""
        with self._readable() as descriptor, suppress(PermissionError):
            if os.fstat(descriptor).st_uid == os.geteuid():
                os.fchmod(descriptor, mode)

    def _is_link(self, name: bytes) -> bool:
        with suppress(OSError):
            return stat.S_ISLNK(self.lstat(name).st_mode)
        return False
