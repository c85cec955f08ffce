"""The interface to a store's folders, with names of one segment only, so that no link leads out of the store.

Other users may write to the store: a link in place of a folder counts as an attack. `Held` keeps a descriptor of the
folder if the system supports that; otherwise `PathFolder` uses its path.
"""

import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.directory.errors import as_text
from git_annex_remote_pyshare.errors import PermissionDenied
from git_annex_remote_pyshare.safe_text import command

if TYPE_CHECKING:
    from typing_extensions import Self


_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}
"""Error codes of file systems (FAT, SMB, FUSE) on which a file has only one name."""


class LinkInStore(PermissionDenied):
    """A link is in place of a folder of the store."""

    def __init__(self, path: bytes) -> None:
        super().__init__(
            f"{as_text(path)} is a link, and links inside a store are not followed, since they can lead out of it",
            remedy=f"Put the folder itself in its place. See where it leads: {command('ls', '-ld', as_text(path))}",
        )


class Folder(ABC):
    """An open folder; a context manager that closes it. Names are single segments, and the last one is never followed.

    All methods but `close` raise OSError, as the system calls of their names do.
    """

    __slots__ = ("path",)

    path: bytes
    """For error texts."""

    def __init__(self, path: bytes) -> None:
        self.path = path

    @classmethod
    @abstractmethod
    def at(cls, path: bytes) -> "Folder":
        """Open the store's own folder. The user has chosen its path, so links in it are followed.

        Raises:
            FileNotFoundError, NotADirectoryError: The folder does not exist.
        """

    @abstractmethod
    def close(self) -> None:
        """Close it, once."""

    @abstractmethod
    def reopen(self) -> "Folder":
        """Open the same folder again."""

    @abstractmethod
    def enter(self, name: bytes) -> "Folder":
        """Open the folder `name` in this one.

        Raises:
            FileNotFoundError, NotADirectoryError: The folder does not exist.
            LinkInStore: It is a link.
        """

    @abstractmethod
    def make(self, name: bytes, mode: int) -> "Folder":
        """Make and open the folder `name` with the permissions `mode`; an existing one keeps its own.

        Raises:
            LinkInStore: It is a link.
        """

    @abstractmethod
    def mode(self) -> int:
        """The folder's permissions."""

    @abstractmethod
    def lstat(self, name: bytes) -> os.stat_result:
        """The status of a file or folder, without following a link."""

    @abstractmethod
    def open(self, name: bytes, flags: int) -> int:
        """Open the file and return its descriptor; the umask applies to a new file."""

    @abstractmethod
    def protect(self, name: bytes, descriptor: int, mode: int) -> None:
        """Set the permissions `mode` of the file `name`, which this process created and has open as `descriptor`."""

    @abstractmethod
    def unlock(self, name: bytes) -> None:
        """Remove the write protection that keeps `name` from being replaced or removed.

        git-annex's directory remote protects a key's own folder, which has the key's name; Windows protects the file.
        """

    @abstractmethod
    def rename(self, name: bytes, to: "Self", new: bytes) -> None:
        """Move the file into a folder of the same class, replacing an existing file."""

    @abstractmethod
    def link(self, name: bytes, to: "Self", new: bytes) -> None:
        """Give the file a second name, in a folder of the same class; raises FileExistsError if that is taken."""

    def rename_new(self, name: bytes, to: "Self", new: bytes) -> None:
        """Move the file to a name that nothing has.

        Raises:
            FileExistsError: Something has the name. Where the file system has no second names, only a look says so.
        """
        try:
            self.link(name, to, new)
        except (OSError, NotImplementedError) as error:
            if isinstance(error, OSError) and error.errno not in _NO_LINKS:
                raise
            with suppress(FileNotFoundError):
                to.lstat(new)
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new) from error
            self.rename(name, to, new)
        else:
            self.unlink(name)

    @abstractmethod
    def unlink(self, name: bytes) -> None:
        """Remove the file."""

    @abstractmethod
    def rmdir(self, name: bytes) -> None:
        """Remove the empty folder."""

    @abstractmethod
    def entries(self) -> Iterator["os.DirEntry[str] | os.DirEntry[bytes]"]:
        """The folder's files and folders."""

    @abstractmethod
    def sync(self) -> None:
        """Make the folder's entries survive a power cut, if the system can sync a folder."""

    def open_below(self, names: Sequence[bytes]) -> "Folder":
        """Open a folder below this one; raises as `enter` does."""
        return self._walk(names, lambda folder, name: folder.enter(name))

    def make_below(self, names: Sequence[bytes]) -> "Folder":
        """Open a folder below this one. Missing folders are made with this folder's permissions.

        In a folder that several users write to, one user's umask must not lock out the others.
        """
        return self._walk(names, self._enter_or_make)

    def _walk(self, names: Sequence[bytes], step: "Callable[[Folder, bytes], Folder]") -> "Folder":
        if not names:
            return self.reopen()
        folder = step(self, names[0])
        for name in names[1:]:
            with folder:
                inner = step(folder, name)
            folder = inner
        return folder

    def _enter_or_make(self, folder: "Folder", name: bytes) -> "Folder":
        try:
            return folder.enter(name)
        except FileNotFoundError:
            return folder.make(name, self.mode())

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()
