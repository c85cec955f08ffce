"""The marker that tells a store from the empty folder that remains where a disk was mounted."""

import os
from contextlib import suppress

from git_annex_remote_pyshare.backends.directory.faults import faults, shown
from git_annex_remote_pyshare.errors import BadSetting, Unreachable

MARKER = b".pyshare-store"

_TEXT = b"This folder is a store of git-annex-remote-pyshare; without this file it is taken for an unmounted disk.\n"


class Marker:
    """The marker file of one store.

    Args:
        root: The store's folder.
        remote: The remote's name in this clone, for the command in error texts; may be empty.
    """

    def __init__(self, root: bytes, remote: str) -> None:
        self._root = root
        self._remote = remote
        self._path = os.path.join(root, MARKER)

    def is_there(self) -> bool:
        """Whether the store is there, as far as can be seen now."""
        with suppress(OSError):
            os.stat(self._path)
            return True
        return False

    def require(self) -> None:
        """Raise unless the store is there: then what it does not hold is really absent.

        Raises:
            Unreachable: The folder is gone, or is not the store. Waiting does not help.
        """
        with faults("look for", self._path):
            try:
                os.stat(self._path)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise self._missing() from error

    def leave(self) -> None:
        """Make the folder, if it is new, and leave the marker in it. Idempotent.

        Raises:
            BadSetting: The folder's parent is not there, or the path is a file.
        """
        if self.is_there():
            return
        if not os.path.isdir(self._root):
            self._make_folder()
        with faults("write", self._path), suppress(FileExistsError), open(self._path, "xb") as file:
            file.write(_TEXT)
            file.flush()
            os.fsync(file.fileno())

    def _make_folder(self) -> None:
        with faults("make", self._root):
            try:
                os.mkdir(self._root)
            except FileExistsError as error:
                raise BadSetting(f"{shown(self._root)} is not a folder", remedy="Give a folder as url=") from error
            except (FileNotFoundError, NotADirectoryError) as error:
                raise self._no_parent() from error

    def _no_parent(self) -> BadSetting:
        return BadSetting(
            f"{shown(self._root)} cannot be made, since the folder above it is not there",
            remedy=f"Mount its disk if it is on one, else type: mkdir -p {self._quoted()}",
        )

    def _missing(self) -> Unreachable:
        if os.path.isdir(self._root):
            return Unreachable(
                f"{shown(self._root)} has no file {MARKER.decode()}, so it may be the empty place of an unmounted disk",
                remedy=f"Mount the disk; if this is the right folder, type: {self._enable()}",
                passing=False,
            )
        return Unreachable(
            f"the folder {shown(self._root)} is not there",
            remedy=f"Mount its disk; if it is to be made anew, type: mkdir -p {self._quoted()} && {self._enable()}",
            passing=False,
        )

    def _enable(self) -> str:
        from shlex import quote  # noqa: PLC0415  # as below

        # The dataset may have chosen the remote's name, and the user will paste this into a shell.
        return f"git annex enableremote {quote(self._remote or 'NAME')}"

    def _quoted(self) -> str:
        from shlex import quote  # noqa: PLC0415  # only an error text needs it

        return quote(shown(self._root))
