"""Tells a store by its marker from the empty mount point of a disk and from another store, and says what to type."""

import os
import re
import stat
from contextlib import suppress

from git_annex_remote_pyshare.backends import ownership
from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.directory.errors import faults, shown
from git_annex_remote_pyshare.backends.directory.folder import Folder
from git_annex_remote_pyshare.backends.directory.objects import move_into_place
from git_annex_remote_pyshare.backends.directory.temporary import FOLDER, temporary
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import BadSetting, NotAStore, PyshareError, Unreachable
from git_annex_remote_pyshare.safe_text import command

MARKER = b".pyshare-store"

_TEXT = b"This folder is a store of git-annex-remote-pyshare; without this file it is taken for an unmounted disk.\n"
_OWNER = re.compile(rb"^remote ([^\s]+)\n", re.MULTILINE)
"""The line with the remote's UUID, which the markers of version 1.0 do not have. A line without its end was cut."""

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_LONGEST = 4096


class Marker:
    """The marker file of one store, and whose store it says that it is.

    Args:
        root: The store's path.
        place: Has the remote's UUID, and this clone's words about it.
    """

    def __init__(self, root: bytes, place: StoreConfig) -> None:
        self._root = root
        self._place = place
        self._absence = Absence(root, place)
        self._seen: tuple[int, ...] = ()
        """What identifies the marker that was read and found in order last, so that it is read once only."""

    def require(self, root: Folder) -> None:
        """Raise unless the open folder is this remote's store: then what it does not hold is really absent.

        Raises:
            Unreachable: It has no marker. Waiting does not help.
            NotAStore: It is another remote's store.
        """
        with faults("look for", self._path):
            try:
                found = root.look(MARKER)
            except FileNotFoundError as error:
                raise self._absence.of_marker(MARKER) from error
            if not stat.S_ISREG(found.st_mode):
                raise self._absence.of_marker(MARKER)
            seen = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
            if seen == self._seen:
                return
            owner = self._owner(root)
        if owner and self._uuid and owner != self._uuid:
            raise self._absence.of_another(owner)
        self._seen = seen

    def leave(self, root: Folder) -> tuple[str, ...]:
        """Leave the marker, with the remote's UUID, in the open folder; what the user should know of that. Idempotent.

        A marker of version 1.0, which has no UUID, gets this remote's.

        Raises:
            BadSetting: The place belongs to another remote.
            PyshareError: The marker cannot be written.
        """
        with faults("look for", self._path):
            is_there = self._is_in(root)
        with faults("write", self._path), suppress(FileExistsError):
            if not is_there:
                self._write_new(root)
                self._remember_making()
                return ()
        with faults("look for", self._path):
            owner = self._owner(root)
        if owner == self._uuid or not self._uuid:
            return ()
        if not owner:
            with suppress(PyshareError):  # who may only read there uses the store all the same
                self._replace(root)
            return ()
        if not self._place.clone.get(options.TAKE_OVER):
            raise ownership.belongs_to(self._place, shown(self._root), owner)
        self._replace(root)
        return (ownership.taken_over(shown(self._root), owner),)

    @property
    def _path(self) -> bytes:
        return os.path.join(self._root, MARKER)

    @property
    def _uuid(self) -> str:
        """The remote's: told to `initialize`; when that is over, it is in git config."""
        return self._place.uuid or self._place.clone.remote_uuid

    @property
    def _text(self) -> bytes:
        return _TEXT + (f"remote {self._uuid}\n".encode() if self._uuid else b"")

    def _is_in(self, root: Folder) -> bool:
        with suppress(FileNotFoundError):
            root.look(MARKER)
            return True
        return False

    def _owner(self, root: Folder) -> str:
        """The UUID in the marker; empty where it has none, or may not be read by this user."""
        try:
            number = root.open(MARKER, _READ)
        except PermissionError:
            return ""
        try:
            found = _OWNER.search(os.read(number, _LONGEST))
        finally:
            os.close(number)
        return found[1].decode("ascii", "backslashreplace") if found else ""

    def _write_new(self, root: Folder) -> None:
        """Raises FileExistsError where a marker is there already."""
        number = root.open(MARKER, _NEW)
        with os.fdopen(number, "wb") as file:
            file.write(self._text)
            file.flush()
            with suppress(PermissionError):
                root.protect(MARKER, number, self._mode(root))
            os.fsync(number)
        root.sync()

    def _replace(self, root: Folder) -> None:
        """Write it anew without a moment in which there is none."""
        unique = os.urandom(16).hex().encode()
        with faults("write", self._path), root.make_way([FOLDER]) as folder, temporary(folder, unique, unique) as draft:
            draft.file.write(self._text)
            draft.finish(self._mode(root))
            move_into_place(root, draft, [MARKER])

    def _mode(self, root: Folder) -> int:
        """All who may read in the store have to read whose it is, whatever this user's umask."""
        return stat.S_IWUSR | (root.mode() & 0o444)

    def _remember_making(self) -> None:
        if self._place.clone.git_dir and self._place.clone.remote:
            self._place.clone.set_option(options.MADE, "true")


class Absence:
    """The errors of one store that is not there.

    Args:
        root: The store's path.
        place: Says whose clone this is, and what the remote's name is in it.
    """

    def __init__(self, root: bytes, place: StoreConfig) -> None:
        self._root = root
        self._place = place

    def of_folder(self) -> Unreachable:
        """The folder itself is not there."""
        anew = f"To make an empty store in its place, type: {command('mkdir', '-p', shown(self._root))}"
        return Unreachable(
            f"the folder {shown(self._root)} is not there",
            remedy=f"Mount its disk. {f'{anew} && {self._enable()}' if self._is_maker else self._elsewhere()}",
            retryable=False,
        )

    def of_marker(self, marker: bytes) -> Unreachable:
        """The folder has no marker."""
        right = f"Is this the right folder? Type: {self._enable()}"
        return Unreachable(
            f"{shown(self._root)} has no file {shown(marker)}, so it may be the empty place of an unmounted disk",
            remedy=f"Mount the disk. {right if self._is_maker or self._place.trusted() else self._elsewhere()}",
            retryable=False,
        )

    def of_another(self, owner: str) -> NotAStore:
        """The folder is the store of the remote `owner`."""
        return NotAStore(
            f"{shown(self._root)} belongs to another remote, {owner}",
            remedy=f"Is another disk mounted there? Mount this remote's own. {self._elsewhere()}",
        )

    def of_parent(self) -> BadSetting:
        """The folder cannot be made."""
        above = shown(os.path.dirname(self._root))
        return BadSetting(
            f"{shown(self._root)} cannot be made, since the folder above it is not there",
            remedy=f"Mount its disk if it is on one, else type: {command('mkdir', '-p', above)}",
        )

    @property
    def _is_maker(self) -> bool:
        return self._place.clone.get(options.MADE)

    def _elsewhere(self) -> str:
        name = self._place.clone.remote or "NAME"
        layout = self._place.settings.get("layout")
        settings = ("type=external", "externaltype=pyshare", *([f"layout={layout}"] if layout else []), "url=PATH")
        line = command("git", "annex", "initremote", f"{name}-here", f"--sameas={name}", *settings)
        return f"Is it elsewhere on this machine? Type: {line}"

    def _enable(self) -> str:
        return command("git", "annex", "enableremote", self._place.clone.remote or "NAME")
