"""A folder of a store as the backend uses it, with names of one segment only, so that no link leads out of the store.

Other people may write to the store: to the backend a link that lies where a folder is expected is an attack. A folder
is `Held` by a descriptor where the system can do that, and else found by its path (`PathFolder`).
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.directory.errors import shown
from git_annex_remote_pyshare.errors import PermissionDenied
from git_annex_remote_pyshare.safe_text import command

if TYPE_CHECKING:
    from typing_extensions import Self


class LinkInStore(PermissionDenied):
    """A link lies where a folder of the store is expected."""

    def __init__(self, path: bytes) -> None:
        super().__init__(
            f"{shown(path)} is a link, and links inside a store are not followed, since they can lead out of it",
            remedy=f"Put the folder itself in its place. See where the link leads: {command('ls', '-ld', shown(path))}",
        )


class Folder(ABC):
    """An open folder; a context manager that closes it. Names are single segments, and the last one is never followed.

    All methods but `close` raise OSError, as the system calls of their names do.
    """

    __slots__ = ("path",)

    path: bytes
    """For texts to people."""

    def __init__(self, path: bytes) -> None:
        self.path = path

    @classmethod
    @abstractmethod
    def at(cls, path: bytes) -> "Folder":
        """The store's own folder. The user has chosen its path, so links in it are followed.

        Raises:
            FileNotFoundError, NotADirectoryError: There is no such folder.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of it, once."""

    @abstractmethod
    def again(self) -> "Folder":
        """The same folder, opened once more."""

    @abstractmethod
    def enter(self, name: bytes) -> "Folder":
        """The folder `name` in this one.

        Raises:
            FileNotFoundError, NotADirectoryError: There is no such folder.
            LinkInStore: It is a link.
        """

    @abstractmethod
    def make(self, name: bytes, mode: int) -> "Folder":
        """The folder `name`, made with the permissions `mode`. One that is there already keeps its own.

        Raises:
            LinkInStore: A link is there.
        """

    @abstractmethod
    def mode(self) -> int:
        """The folder's permissions."""

    @abstractmethod
    def look(self, name: bytes) -> os.stat_result:
        """What lies there."""

    @abstractmethod
    def open(self, name: bytes, flags: int) -> int:
        """A descriptor of the file; a new one may be read and written by those whom the umask lets."""

    @abstractmethod
    def protect(self, name: bytes, number: int, mode: int) -> None:
        """Give the file `name`, which this process has made and has open as `number`, the permissions `mode`."""

    @abstractmethod
    def unlock(self, name: bytes) -> None:
        """Lift the write protection that keeps `name` from being replaced or removed.

        git-annex's directory remote protects a key's own folder, which has the key's name, and Windows the file.
        """

    @abstractmethod
    def rename(self, name: bytes, to: "Self", new: bytes) -> None:
        """Move the file into a folder of the same kind, replacing what is there."""

    @abstractmethod
    def unlink(self, name: bytes) -> None:
        """Remove the file."""

    @abstractmethod
    def rmdir(self, name: bytes) -> None:
        """Remove the empty folder."""

    @abstractmethod
    def entries(self) -> Iterator["os.DirEntry[str] | os.DirEntry[bytes]"]:
        """What lies in the folder."""

    @abstractmethod
    def sync(self) -> None:
        """Make the folder's entries survive a power cut, where the system lets a folder be synced."""

    def reach(self, names: Sequence[bytes]) -> "Folder":
        """The folder below this one; raises as `enter` does."""
        return self._walk(names, lambda folder, name: folder.enter(name))

    def make_way(self, names: Sequence[bytes]) -> "Folder":
        """The folder below this one. Those that are missing are made, as open to other users as this one is.

        A folder that many people may write to is no use to them if the first one's umask closes what is made in it.
        """
        return self._walk(names, self._enter_or_make)

    def _walk(self, names: Sequence[bytes], step: "Callable[[Folder, bytes], Folder]") -> "Folder":
        if not names:
            return self.again()
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
