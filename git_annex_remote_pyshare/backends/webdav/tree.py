"""Renames files and removes empty folders, for a store that holds a tree."""

from git_annex_remote_pyshare.backends.webdav import propfind
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.download import stat
from git_annex_remote_pyshare.backends.webdav.folders import Folders
from git_annex_remote_pyshare.backends.webdav.temporary import Move, TargetExists, is_temporary
from git_annex_remote_pyshare.backends.webdav.temporary import move as move_object
from git_annex_remote_pyshare.backends.webdav.url import in_path
from git_annex_remote_pyshare.errors import BadName, NotFound, PyshareError

_RENAME = "rename the file"
_REMOVE = "remove the folder"
_REMOVED = {200, 204, 404, 410}


def move(client: Client, folders: Folders, source: str, target: str) -> None:
    """See `Moves.move`.

    Go's WebDAV server (rclone) first removes the target, then looks for the source. So the first MOVE must not replace
    anything, and a second one that may is sent only while the source is there: the target may be the only copy.

    Servers refuse a MOVE of a missing source, and one into a missing folder, with the same codes (rclone: 403 for both;
    Apache: 500 for the second), so after a refusal the source is looked for.
    """
    _refuse_unmovable(client, target)
    old, new = in_path(source), in_path(target)
    folder = new.rpartition("/")[0]
    if folder and not folders.seen(folder):
        folders.make(folder)
    seen = folders.seen(folder)
    wanted = Move(old, new, None, _RENAME, overwrite=False)
    try:
        move_object(client, wanted, _nothing)
    except PyshareError as error:
        if stat(client, old, _RENAME) is None:
            raise NotFound(f"{client.doing(_RENAME)}: the server does not have it") from error
        if error.retryable:
            raise
        if not isinstance(error, TargetExists):
            folders.make(folder, seen)  # another clone may have removed the folder
        move_object(client, wanted._replace(overwrite=True), _nothing)


def remove_folder(client: Client, folders: Folders, name: str) -> None:
    """See `RemovesFolders.remove_folder`."""
    path = in_path(name)
    for resource in propfind.children(client, f"{path}/"):
        if resource.is_folder or not is_temporary(resource.path):
            return
    folders.forget(path)
    request = Request("DELETE", f"{path}/", _REMOVE)
    with client.send(request) as response:
        if response.status not in _REMOVED:
            raise client.failure(request, response)


def _refuse_unmovable(client: Client, name: str) -> None:
    unmovable = client.features.unmovable
    if not set(name).isdisjoint(unmovable):
        raise BadName(f"{client.doing(_RENAME)}: this server changes names that contain one of {unmovable} in a MOVE")


def _nothing() -> None:
    """A rename has no progress to report."""
