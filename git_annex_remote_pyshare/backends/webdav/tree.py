"""Renames files and removes empty folders, for a store that holds a tree."""

from http import HTTPStatus

from git_annex_remote_pyshare.backends.webdav import propfind
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.download import stat
from git_annex_remote_pyshare.backends.webdav.folders import Folders
from git_annex_remote_pyshare.backends.webdav.temporary import is_success, is_temporary
from git_annex_remote_pyshare.backends.webdav.url import in_path
from git_annex_remote_pyshare.errors import BadName, Busy, NotFound, PyshareError

_RENAME = "rename the file"
_REMOVE = "remove the folder"
_REMOVED = {200, 204, 404, 410}


def move(client: Client, folders: Folders, source: str, target: str) -> None:
    """See `Moves.move`.

    Never sends `Overwrite: T`: Go's WebDAV server (rclone) first removes the target, then looks for the source
    (golang.org/x/net/webdav, moveFiles). So a repeated MOVE would destroy what the first one has moved, and may be the
    only copy. What is really to be replaced is removed by a request of its own, once the source was seen.

    Servers refuse a MOVE of a missing source, and one into a missing folder, with the same codes (rclone: 403 for both;
    Apache: 500 for the second), so after a refusal the source is looked for.
    """
    _refuse_unmovable(client, target)
    old, new = in_path(source), in_path(target)
    folder = new.rpartition("/")[0]
    if folder and not folders.seen(folder):
        folders.make(folder)
    seen = folders.seen(folder)
    refusal = _try(client, old, new) if old != new else None
    if refusal is None and old != new:
        return
    if stat(client, old, _RENAME) is None:
        raise NotFound(f"{client.doing(_RENAME)}: the server does not have it") from refusal
    if refusal is None:  # it has this name already
        return
    if isinstance(refusal, _Taken):
        _remove(client, new)
    elif refusal.retryable:
        raise refusal
    else:
        folders.make(folder, seen)  # another clone may have removed the folder
    if refusal := _try(client, old, new):
        raise refusal


class _Taken(Busy):
    """Something is at the new name."""


def _try(client: Client, old: str, new: str) -> PyshareError | None:
    """Send one MOVE; returns the server's refusal, or None after a success."""
    request = Request("MOVE", old, _RENAME, {"Overwrite": "F"}, destination=new)
    with client.send(request) as response:
        if is_success(response):
            return None
        if response.status == HTTPStatus.PRECONDITION_FAILED:
            return _Taken(f"{client.doing(_RENAME)}: another file has its new name")
        return client.failure(request, response)


def _remove(client: Client, path: str) -> None:
    request = Request("DELETE", path, _RENAME)
    with client.send(request) as response:
        if response.status not in _REMOVED:
            raise client.failure(request, response)


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
