"""Why a store is not there, and what to type: a friend may have its disk elsewhere, its owner may make it anew."""

import os

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.directory.errors import shown
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import BadSetting, NotAStore, Unreachable
from git_annex_remote_pyshare.safe_text import command


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
