"""Tells a store by its marker from the empty mount point of a disk and from another store, and says what to type."""

import hashlib
import os
import re
import stat
from contextlib import suppress

from git_annex_remote_pyshare.backends import ownership
from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.directory.errors import as_text, convert_errors
from git_annex_remote_pyshare.backends.directory.folder import Folder
from git_annex_remote_pyshare.backends.directory.objects import find, move_into_place
from git_annex_remote_pyshare.backends.directory.temporary import FOLDER, temporary
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import BadSetting, NotAStore, PyshareError, Unreachable
from git_annex_remote_pyshare.safe_text import command

MARKER = b".pyshare-store"

_TEXT = b"This folder is a store of git-annex-remote-pyshare; without this file it is taken for an unmounted disk.\n"
_OWNER = re.compile(rb"^remote ([^\s]+)\n", re.MULTILINE)
"""The line with the remote's UUID, which markers of version 1.0 lack. A line without a line end is incomplete."""

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_LONGEST = 4096


class Marker:
    """The marker file of one store, with the UUID of its remote.

    Args:
        root: The store's path.
        place: Provides the remote's UUID and this clone's options.
    """

    def __init__(self, root: bytes, place: StoreConfig) -> None:
        self._root = root
        self._place = place
        self._missing = MissingStore(root, place)
        self._seen: tuple[int, ...] = ()
        """Identifies the last valid marker, so that it is read only once."""

    def require(self, root: Folder) -> None:
        """Raise unless the open folder is this remote's store: only then a missing object counts as absent.

        Raises:
            Unreachable: It has no marker; not retryable.
            NotAStore: It is another remote's store.

        A tree has no marker, since people read it: there the user answers for the disk.
        """
        if self._place.is_tree:
            return
        with convert_errors("look for", self._path):
            try:
                found = root.lstat(MARKER)
            except FileNotFoundError as error:
                raise self._missing.of_marker(MARKER) from error
            if not stat.S_ISREG(found.st_mode):
                raise self._missing.of_marker(MARKER)
            seen = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
            if seen == self._seen:
                return
            owner = self._owner(root)
        if owner and self._uuid and owner != self._uuid:
            raise self._missing.of_another(owner)
        self._seen = seen

    def holds_history(self, root: Folder) -> bool:
        """Whether git has pushed a dataset's history into this tree, for this remote: then it is its store.

        git-annex keeps the history below `.git`, where no checkout can write. The folder of a real git repository never
        counts: its files are not a store's.
        """
        if not self._uuid or find(root, [b".git", b"HEAD"]):
            return False
        # The second one is what there is while a push replaces the first.
        return any(find(root, _below_git(f"GITMANIFEST--{self._uuid}{suffix}")) for suffix in ("", ".bak"))

    def write(self, root: Folder) -> tuple[str, ...]:
        """Write the marker with the remote's UUID into the open folder; returns notices for the user. Idempotent.

        A marker of version 1.0, which has no UUID, is replaced by one with this remote's.

        Raises:
            BadSetting: The place belongs to another remote.
            PyshareError: The marker cannot be written.
        """
        with convert_errors("look for", self._path):
            is_there = self._is_in(root)
        with convert_errors("write", self._path), suppress(FileExistsError):
            if not is_there:
                self._write_new(root)
                self._remember_making()
                return ()
        with convert_errors("look for", self._path):
            owner = self._owner(root)
        if owner == self._uuid or not self._uuid:
            return ()
        if not owner:
            with suppress(PyshareError):  # a read-only user can use the store as well
                self._replace(root)
            return ()
        if not self._place.clone.get(options.TAKE_OVER):
            raise ownership.belongs_to(self._place, as_text(self._root), owner)
        self._replace(root)
        return (ownership.taken_over(as_text(self._root), owner),)

    @property
    def _path(self) -> bytes:
        return os.path.join(self._root, MARKER)

    @property
    def _uuid(self) -> str:
        """The remote's UUID: passed to `initialize`, later read from git config."""
        return self._place.uuid or self._place.clone.remote_uuid

    @property
    def _text(self) -> bytes:
        return _TEXT + (f"remote {self._uuid}\n".encode() if self._uuid else b"")

    def _is_in(self, root: Folder) -> bool:
        with suppress(FileNotFoundError):
            root.lstat(MARKER)
            return True
        return False

    def _owner(self, root: Folder) -> str:
        """The UUID in the marker; empty if it has none, or if this user may not read it."""
        try:
            descriptor = root.open(MARKER, _READ)
        except PermissionError:
            return ""
        try:
            found = _OWNER.search(os.read(descriptor, _LONGEST))
        finally:
            os.close(descriptor)
        return found[1].decode("ascii", "backslashreplace") if found else ""

    def _write_new(self, root: Folder) -> None:
        """Write a new marker; raises FileExistsError if one exists."""
        descriptor = root.open(MARKER, _NEW)
        with os.fdopen(descriptor, "wb") as file:
            file.write(self._text)
            file.flush()
            with suppress(PermissionError):
                root.protect(MARKER, descriptor, self._mode(root))
            os.fsync(descriptor)
        root.sync()

    def _replace(self, root: Folder) -> None:
        """Replace the marker atomically."""
        unique = os.urandom(16).hex().encode()
        with (
            convert_errors("write", self._path),
            root.make_below([FOLDER]) as folder,
            temporary(folder, unique, unique) as draft,
        ):
            draft.file.write(self._text)
            draft.finish(self._mode(root))
            move_into_place(root, draft, [MARKER])

    def _mode(self, root: Folder) -> int:
        """The marker's permissions: everyone who may read the store may read the marker, whatever this user's umask."""
        return stat.S_IWUSR | (root.mode() & 0o444)

    def _remember_making(self) -> None:
        if self._place.clone.git_dir and self._place.clone.remote:
            self._place.clone.set_option(options.MADE, "true")


def _below_git(key: str) -> list[bytes]:
    """Where git-annex keeps a key beside the files of a tree (Annex/Locations.hs: exportAnnexObjectLocation)."""
    name, digest = key.encode(), hashlib.md5(key.encode(), usedforsecurity=False).hexdigest().encode()
    return [b".git", b"annex", b"objects", digest[:3], digest[3:6], name, name]


class MissingStore:
    """The errors for a store that is missing.

    Args:
        root: The store's path.
        place: Provides the remote's name and this clone's options.
    """

    def __init__(self, root: bytes, place: StoreConfig) -> None:
        self._root = root
        self._place = place

    def of_folder(self) -> Unreachable:
        """The folder does not exist."""
        anew = f"To make an empty store in its place, type: {command('mkdir', '-p', as_text(self._root))}"
        return Unreachable(
            f"the folder {as_text(self._root)} is not there",
            remedy=f"Mount its disk. {f'{anew} && {self._enable()}' if self._is_maker else self._elsewhere()}",
            retryable=False,
        )

    def of_marker(self, marker: bytes) -> Unreachable:
        """The folder has no marker."""
        right = f"Is this the right folder? Type: {self._enable()}"
        return Unreachable(
            f"{as_text(self._root)} has no file {as_text(marker)}, so it may be the empty place of an unmounted disk",
            remedy=f"Mount the disk. {right if self._is_maker or self._place.trusted() else self._elsewhere()}",
            retryable=False,
        )

    def of_another(self, owner: str) -> NotAStore:
        """The folder is the store of the remote `owner`."""
        return NotAStore(
            f"{as_text(self._root)} belongs to another remote, {owner}",
            remedy=f"Is another disk mounted there? Mount this remote's own. {self._elsewhere()}",
        )

    def of_parent(self) -> BadSetting:
        """The folder cannot be made."""
        above = as_text(os.path.dirname(self._root))
        return BadSetting(
            f"{as_text(self._root)} cannot be made, since the folder above it is not there",
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
