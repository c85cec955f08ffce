"""Prepares a Dropbox folder at initremote: finds out whose Dropbox it is in, and marks it as this remote's own.

The namespace is found once, by the store's owner, so that no other account's folder is ever taken for the store.
Source: https://www.dropbox.com/developers/reference/path-root-header-modes.
"""

from collections.abc import Mapping
from typing import Any

from git_annex_remote_pyshare.backends import ownership
from git_annex_remote_pyshare.backends.base import Initialized, StoreConfig
from git_annex_remote_pyshare.backends.dropbox.auth import PathRoot
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.errors import BadSetting, NotFound, PermissionDenied, PyshareError

_WHAT = "find out whose Dropbox it is"
_NOWHERE = "/.pyshare-is-not-here"
_NOTHING = ("path/not_found", "path/not_file")


def settle(client: Client, folder: str) -> Initialized:
    """The settings that say where `folder` is.

    Args:
        client: The owner's, without a namespace so far.
        folder: Path of the store's folder as its owner sees it.
    """
    account = client.rpc(Call("users/get_current_account", None, _WHAT, requires=("root_info",))).result
    info = account["root_info"]
    root, home = str(info["root_namespace_id"]), str(info["home_namespace_id"])
    if shared := _shared_folder(client, folder):
        return shared
    if root == home:
        return Initialized({"namespace": f"root:{root}"})
    first = "/".join(folder.split("/")[:2])
    return Initialized({"namespace": _of_member(client, first, root, home)})


def _shared_folder(client: Client, folder: str) -> Initialized | None:
    """The shared folder that the store is in, if any: each member has it at another path, but with the same id."""
    segments = folder.split("/")[1:]
    for depth in range(1, len(segments) + 1):
        found = _stat(client, "/" + "/".join(segments[:depth]))
        if not found:
            return None
        if number := found.get("sharing_info", {}).get("shared_folder_id"):
            url = "dropbox:/" + "/".join(segments[depth:])
            note = f"{folder} is in the shared folder {found['name']}, so the remote has url={url} namespace={number}"
            return Initialized({"namespace": str(number), "url": url}, (f"{note} for all its members",))
    return None


def _of_member(client: Client, first: str, root: str, home: str) -> str:
    """A team member's namespace: the home, unless only the team's space has the first folder of the path."""
    at_home = not first or bool(_stat(client, first))
    there = root if not at_home and _can_reach(client, root, first) else home
    # An app with access to its own folder only has no other namespace, not even the home that contains it.
    return there if _can_reach(client, there, first or _NOWHERE) is not None else f"root:{root}"


def _can_reach(client: Client, namespace: str, path: str) -> bool | None:
    """Whether the namespace has a file or folder at a path; None if the login has no access to the namespace."""
    client.root = PathRoot(namespace)
    try:
        return bool(_stat(client, path))
    except PermissionDenied:
        return None


def _stat(client: Client, path: str) -> Mapping[str, Any]:
    """The metadata of a path; empty if there is no file or folder."""
    reply = client.rpc(Call("files/get_metadata", {"path": path}, _WHAT, _NOTHING, (".tag",)))
    return {} if reply.tag else reply.result


def claim(place: StoreConfig, client: Client, folder: str) -> tuple[str, ...]:
    """Mark the store's folder, which Dropbox creates if needed; returns notes for the owner.

    Args:
        place: The store's configuration.
        client: Sends the requests, in the store's namespace.
        folder: Path of the store's folder there.

    Raises:
        BadSetting: The folder belongs to another remote.
        PyshareError: There is no response.
    """
    path = f"{folder}/{ownership.MARK}"
    try:
        return ownership.claim(place, place.url, lambda: _read(client, path), lambda mark: _write(client, path, mark))
    except PyshareError as error:
        if error.retryable or isinstance(error, BadSetting):
            raise
        return (ownership.unmarked(place.url),)


def _read(client: Client, path: str) -> bytes:
    try:
        with client.download(Call("files/download", {"path": path}, "check whose folder it is", _NOTHING)) as response:
            return response.read(ownership.LONGEST) if response else b""
    except NotFound:
        return b""


def _write(client: Client, path: str, mark: bytes) -> None:
    where = {"path": path, "mode": "overwrite", "autorename": False, "mute": True, "strict_conflict": False}
    client.upload(Call("files/upload", where, "mark the folder as this remote's", requires=("size",)), mark)
