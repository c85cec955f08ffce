"""What `pyshare init` asks and finds out about a remote of rclone, before there is a store in it."""

from collections.abc import Mapping

from git_annex_remote_pyshare.backends.offer import Found, Settings
from git_annex_remote_pyshare.backends.rclone.login import remotes
from git_annex_remote_pyshare.backends.rclone.url import SCHEME, parse
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command

_ABOVE: Mapping[str, str] = {
    "smb": "share",
    "azurefiles": "share",
    "azureblob": "container",
    "s3": "bucket",
    "b2": "bucket",
    "google cloud storage": "bucket",
    "swift": "container",
    "seafile": "library",
}
"""Types of remotes whose folders are inside of something that pyshare does not make → what that is."""


def read(text: str) -> Settings:
    """The settings that a remote means, with or without a folder: what rclone itself calls it, `NAME:/folder`."""
    url = text if text[: len(SCHEME)].lower() == SCHEME else f"{SCHEME}{text}"
    return {"url": url if ":" in url[len(SCHEME) :] else f"{url}:"}


def look(settings: Settings) -> Found:
    """What rclone knows about the remote: whether it is configured, and as what.

    Raises:
        BadSetting: The remote is of another type than `rclonetype` says, or rclone is not installed.
        PermissionDenied: rclone cannot read its configuration.
    """
    target = parse(settings["url"])
    wanted = settings.get("rclonetype", "")
    needs_folder = not target.folder.strip("/")
    if not (needs_folder or wanted):
        return Found(has_links=False, wants_login=False)
    kind = remotes().get(target.name, "")
    if kind and wanted and kind != wanted:
        raise BadSetting(
            f"the remote {target.name} in your rclone is of the type {kind}, and not {wanted}",
            remedy=f"Choose another name. To see all, type: {command('rclone', 'listremotes', '--long')}",
        )
    above = _ABOVE.get(kind or wanted, "")
    return Found(needs_folder=needs_folder, above=above, has_links=False, wants_login=not kind)


def propose(kind: str, name: str) -> str:
    """The first remote of a type that is configured; otherwise a name for a new one.

    Args:
        kind: The type.
        name: The usual name of such a remote.

    Raises:
        BadSetting: rclone is not installed.
        PermissionDenied: rclone cannot read its configuration.
    """
    known = remotes()
    mine = (each for each, its in known.items() if its == kind)
    free = (each for each in (name, *(f"{name}{number}" for number in range(2, len(known) + 3))) if each not in known)
    return next(mine, "") or next(free)
