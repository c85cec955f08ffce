"""Renames files and removes empty folders, for a store that holds a tree."""

import hashlib
import secrets
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import unquote

from git_annex_remote_pyshare.backends.webdav import in_the_way, propfind
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.conditions import are_compared, headers_of, require
from git_annex_remote_pyshare.backends.webdav.download import stat
from git_annex_remote_pyshare.backends.webdav.folders import Folders
from git_annex_remote_pyshare.backends.webdav.temporary import is_success, is_temporary
from git_annex_remote_pyshare.backends.webdav.url import in_path
from git_annex_remote_pyshare.errors import BadName, Busy, ContentChanged, NotFound, PyshareError
from git_annex_remote_pyshare.transfer import Condition

_RENAME = "rename the file"
_REMOVE = "remove the folder"
_REMOVED = {200, 204, 404, 410}


def move(
    client: Client,
    folders: Folders,
    source: str,
    target: str,
    moved: Condition | None = None,
    replaced: Condition | None = None,
) -> None:
    """See `Moves.move` and `WritesConditionally.move_if`.

    Never sends `Overwrite: T`: Go's WebDAV server (rclone) first removes the target, then looks for the source
    (golang.org/x/net/webdav, moveFiles). So a repeated MOVE would destroy what the first one has moved, and may be the
    only copy. What is really to be replaced is moved aside once the source was seen, and removed last.

    Servers refuse a MOVE of a missing source, and one into a missing folder, with the same codes (rclone: 403 for both;
    Apache: 500 for the second), so after a refusal the source is looked for.
    """
    _refuse_unmovable(client, target)
    old, new = in_path(source), in_path(target)
    folder = new.rpartition("/")[0]
    if folder and not folders.seen(folder):
        folders.make(folder)
    seen = folders.seen(folder)
    headers = headers_of(client, old, moved)
    refusal = _try(client, old, new, headers) if old != new else None
    if refusal is None and old != new:
        return
    if stat(client, old, _RENAME) is None:
        if _alike(old) == _alike(new) and old != new and stat(client, _away(new), _RENAME) is not None:
            _come_back(client, old, new)
            return
        raise NotFound(f"{client.doing(_RENAME)}: the server does not have it") from refusal
    if refusal is None:  # it has this name already
        return
    if isinstance(refusal, _Taken):
        if replaced == Condition() or (headers and not in_the_way.is_file(client, new, _RENAME)):
            raise ContentChanged(f"{client.doing(_RENAME)}: one of its names was changed a moment ago") from refusal
        _replace(client, old, new, headers_of(client, new, replaced))
        return
    if refusal.retryable:
        raise refusal
    folders.make(folder, seen)  # another clone may have removed the folder
    if refusal := _try(client, old, new, headers):
        in_the_way.explain(client, new, _RENAME)
        raise refusal


class _Taken(Busy):
    """Something is at the new name."""


def _replace(client: Client, old: str, new: str, headers: Mapping[str, str] = MappingProxyType({})) -> None:
    """Rename onto an existing file, which is moved aside and goes last; raises FolderInTheWay for a folder.

    The headers are those of a condition that the existing file must meet.
    """
    if not in_the_way.is_file(client, new, _RENAME):
        _require(_try(client, old, new))
        return
    if _alike(old) == _alike(new):
        _respell(client, old, new)
        return
    aside = _beside(new, secrets.token_hex(16))
    refusal = _try(client, new, aside, headers)
    if headers and isinstance(refusal, _Taken):  # no other file can have that name
        raise ContentChanged(f"{client.doing(_RENAME)}: another file of its new name was changed a moment ago")
    _require(refusal)
    if refusal := _try(client, old, new):
        _require(_try(client, aside, new))
        raise refusal
    with suppress(PyshareError):
        in_the_way.delete_file(client, aside, _RENAME)


def _respell(client: Client, old: str, new: str) -> None:
    """Rename over a third name, since the server may take both names for one: then a DELETE removes the only copy."""
    away = _away(new)
    _require(_try(client, old, away))
    _come_back(client, old, new)


def _come_back(client: Client, old: str, new: str) -> None:
    """The second half of `_respell`; also after an earlier attempt that got no further than the first."""
    away = _away(new)
    refusal = _try(client, away, new)
    if isinstance(refusal, _Taken):  # the server takes them for two names
        _replace(client, away, new)
    elif refusal is not None:
        _try(client, away, old)
        raise refusal


def _alike(path: str) -> str:
    """The same for all names that a server may take for one."""
    name = unquote(path, errors="surrogateescape")
    return "/".join(segment.rstrip(" .") for segment in unicodedata.normalize("NFKC", name).casefold().split("/"))


def _away(path: str) -> str:
    """The third name of a rename, always the same, since it may have the only copy if the process is killed."""
    return _beside(path, hashlib.sha256(_alike(path).encode("utf-8", "surrogateescape")).hexdigest()[:32])


def _beside(path: str, end: str) -> str:
    """A name in the same folder that no other file has; unlike a temporary one, it is never removed unseen."""
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}.pyshare-{end}"


def _require(refusal: PyshareError | None) -> None:
    if refusal is not None:
        raise refusal


def _try(client: Client, old: str, new: str, headers: Mapping[str, str] = MappingProxyType({})) -> PyshareError | None:
    """Send one MOVE, with more headers; returns the server's refusal, or None after a success."""
    request = Request("MOVE", old, _RENAME, {"Overwrite": "F", **headers}, destination=new)
    with client.send(request) as response:
        if is_success(response):
            return None
        if response.status == HTTPStatus.PRECONDITION_FAILED:
            return _Taken(f"{client.doing(_RENAME)}: another file has its new name")
        return client.failure(request, response)


def delete_if(client: Client, name: str, condition: Condition) -> None:
    """See `WritesConditionally.delete_if`. A condition that is met says that it is a file, and no folder."""
    if not are_compared(client):
        require(client, name, condition)
    path = in_path(name)
    request = Request("DELETE", path, "remove the file", {"Depth": "0", **headers_of(client, path, condition)})
    with client.send(request) as response:
        if response.status in _REMOVED:
            return
        if response.status != HTTPStatus.BAD_REQUEST:
            raise client.failure(request, response)
    require(client, name, condition)
    headers = {header: value for header, value in request.headers.items() if header != "Depth"}
    request = request._replace(headers=headers)
    with client.send(request) as response:
        if response.status not in _REMOVED:
            raise client.failure(request, response)


def remove_folder(client: Client, folders: Folders, name: str) -> None:
    """See `RemovesFolders.remove_folder`.

    nginx keeps every folder: its list does not show files that begin with a dot, and its DELETE removes them.
    """
    path = in_path(name)
    resources = propfind.versions(client, f"{path}/", "1")
    own = next(resources, None)
    if own is not None and not own.is_folder:
        return  # another person has put a file there: some servers take no notice of the slash, and would delete it
    if any(resource.is_folder or not is_temporary(resource.path) for resource in resources):
        return
    if client.hides_dots:
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
