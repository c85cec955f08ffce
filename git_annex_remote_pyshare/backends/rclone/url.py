"""Parses `rclone:NAME:/folder`: the name of a remote in the user's rclone configuration, and a folder there.

rclone itself accepts far more in place of the name: a list of options that start programs or read local files, and
remotes that are made up on the spot (`:local:/etc`). A dataset must not choose these, so the name has to match rclone's
own pattern of plain names, and pyshare always builds the address itself.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied
from git_annex_remote_pyshare.safe_text import command, is_invisible

SCHEME = "rclone:"

_NAME = re.compile(r"[\w.+@]+(?:[ -]+[\w.+@-]+)*")
"""A name of a remote, as rclone defines it (fs/fspath/path.go, remoteNameReString)."""

_SHORTEST = 2
"""Signs of a name: on Windows, one letter is a drive."""


class Target(NamedTuple):
    """A folder of one of the user's rclone remotes."""

    name: str
    folder: str
    """As the user wrote it: some services distinguish `/folder` from `folder`. Without a slash at its end."""

    @property
    def fs(self) -> str:
        """The folder as rclone calls it."""
        return f"{self.name}:{self.folder}"

    @property
    def shown(self) -> str:
        """The folder in texts for the user."""
        return f"{SCHEME}{self.fs}"


def parse(text: str) -> Target:
    """The target in a URL, or in the value of `pyshare-rclone`.

    Raises:
        BadSetting: It is not the name of a remote and a folder.
    """
    rest = text[len(SCHEME) :] if text[: len(SCHEME)].lower() == SCHEME else text
    name, _, folder = rest.partition(":")
    if not _NAME.fullmatch(name) or len(name) < _SHORTEST:
        raise BadSetting(
            f"{text} does not name a remote of rclone",
            remedy="Give rclone:NAME:/FOLDER, where NAME is one of those that this lists: rclone listremotes",
        )
    if ".." in folder.split("/") or is_invisible(folder) or "\\" in folder:
        raise BadSetting(f"the folder in {text} is not valid", remedy="Give one without .. and backslashes.")
    return Target(name, folder.rstrip("/") or folder[:1])


def check(settings: Mapping[str, str]) -> None:
    """Refuse a URL that is not `rclone:NAME:/folder`, as `parse` does."""
    if not parse(settings["url"]).folder.strip("/"):
        shown = parse(settings["url"])
        raise BadSetting(
            f"{settings['url']} names no folder",
            remedy=f"Give one, e.g. {command(f'url={SCHEME}{shown.name}:/annex')}",
        )


def account_of(settings: Mapping[str, str]) -> Account:
    """What the user accepts: the remote's name and the folder, since the remote is an account of the user's own."""
    target = parse(settings["url"])
    kind = settings.get("rclonetype", "")
    words = (f"{SCHEME}{target.name}", *([f"rclonetype={kind}"] if kind else []))
    return Account(target.shown, words=words, is_whole=True)


def accepted(place: StoreConfig) -> Target:
    """The folder that the user of this clone stands behind.

    Raises:
        PermissionDenied: The settings come from a dataset, and the user has not accepted them.
        BadSetting: The value of `pyshare-rclone` is not valid.
    """
    if own := place.clone.get(options.RCLONE):
        return parse(own)
    target = parse(place.url)
    if not place.trusted():
        raise PermissionDenied(
            f"the dataset asks for {target.folder} in the account that rclone calls {target.name},"
            " and you have not accepted that yet",
            remedy=f"If you trust it, type: {place.acceptance() or allowance(place, target)}",
        )
    return target


def allowance(place: StoreConfig, target: Target) -> str:
    """The command that lets this clone use a folder of one of its own remotes for the dataset's."""
    return command("git", "config", f"remote.{place.clone.remote or 'NAME'}.{options.RCLONE.name}", target.fs)
