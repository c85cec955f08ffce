"""Identifies the versions of files on a WebDAV server, for an import: their size and entity tag, or time.

No If-Match for a download: Apache refuses it for a file of the last second (its tag is then weak), and nginx, rclone
and lighttpd ignore it or know no tags in a listing. What a response says of itself, and a second look when it has
arrived, prove the same on every server.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from git_annex_remote_pyshare.backends.abilities import YOUNG
from git_annex_remote_pyshare.backends.base import Content, is_importable
from git_annex_remote_pyshare.backends.ownership import MARK
from git_annex_remote_pyshare.backends.webdav import propfind
from git_annex_remote_pyshare.backends.webdav.client import Client
from git_annex_remote_pyshare.backends.webdav.propfind import Resource
from git_annex_remote_pyshare.backends.webdav.temporary import is_temporary
from git_annex_remote_pyshare.backends.webdav.url import in_path
from git_annex_remote_pyshare.errors import NotAStore, NotFound, Unreachable
from git_annex_remote_pyshare.transport.bounds import Listing, moment
from git_annex_remote_pyshare.transport.response import HTTPResponse

_PLAIN = re.compile(r"[!-~]{1,200}")
"""An entity tag that can be a content identifier as it is."""

_YOUNG = 2.0
"""Seconds within which another edit of a file may leave it the same time."""


def listed(client: Client, folder: str, add: Callable[[Content], None]) -> list[str]:
    """The versions of the files in one folder; returns the names of its subfolders. See `ListsContents`.

    Args:
        client: Sends the request.
        folder: A name; empty for the store's folder.
        add: Called for each file.
    """
    below = []
    own, resources = _own(client, folder)
    for resource in resources:
        if resource.is_gone:
            raise Unreachable(
                f"{client.doing('list the files')}: the server lists a file and says that it is not there",
                remedy="Import again.",
                retryable=False,
                detail=resource.path,
            )
        if resource.path == own.path:
            continue
        last = resource.path.removeprefix(f"{own.path}/")
        if last == resource.path or "/" in last or last in {"", ".", ".."} or "\0" in last:
            # It may stand for a file of this folder, and git-annex takes a file that is not listed for removed.
            raise NotAStore(
                f"{client.doing('list the files')}: the list of a folder has something that is not in the folder",
                remedy="",
                detail=resource.path,
            )
        name = f"{folder}/{last}" if folder else last
        if not is_importable(last):
            add(Content(name, 0, ""))
        elif resource.is_folder:
            below.append(name)
        elif is_temporary(name):
            add(Content(name, 0, "", is_temporary=True))
        elif name != MARK:
            add(version(client, name, resource))
    return below


def _own(client: Client, folder: str) -> tuple[Resource, Iterable[Resource]]:
    """The folder itself as the server lists it, which most servers do first, and all other resources.

    Its path may differ from that of the request, behind a proxy.
    """
    path = f"{in_path(folder)}/" if folder else ""
    resources = propfind.versions(client, path, "1")
    first = next(resources, None)
    if first is None or first.is_gone:
        raise _gone(client, folder)
    requested = unquote(client.base_path.rstrip("/"), errors="surrogateescape") + (f"/{folder}" if folder else "")
    if first.path != requested:
        counting, rest = Listing(str(client.doing("list the files"))), []
        for resource in resources:
            counting.count_name()
            rest.append(resource)
        if found := next((each for each in rest if each.path == requested), None):
            return _folder(client, folder, found), [first, *rest]
        resources = iter(rest)
    return _folder(client, folder, first), resources


def _folder(client: Client, folder: str, found: Resource) -> Resource:
    if not found.is_folder:
        raise _gone(client, folder)
    return found


def content_of(client: Client, name: str) -> Content | None:
    """The version of a file that the server has now; None if there is none."""
    resource = next(propfind.versions(client, in_path(name), "0"), None)
    if resource is None or resource.is_gone or resource.is_folder:
        return None
    return version(client, name, resource)._replace(version=resource.tag)


def ids_of(content: Content) -> tuple[str, str]:
    """The content identifiers that this version may have been listed with."""
    old = content.id.removesuffix(YOUNG)
    return old, old + YOUNG


def is_of(response: HTTPResponse, size: int | None, wanted: str) -> bool:
    """Whether a response says that its body is the wanted version; a server may give other tags here than in a list."""
    tag, changed = response.headers.get("ETag", ""), moment(response.headers.get("Last-Modified"))
    told = {_of_tag(size, tag)} if tag else set()
    if changed is not None:
        told.add(_of_time(size, changed))
    return wanted.removesuffix(YOUNG) in told


def version(client: Client, name: str, resource: Resource) -> Content:
    """The version that a PROPFIND shows."""
    if resource.size is None or not (resource.tag or resource.modified is not None):
        raise Unreachable(
            f"{client.doing('list the files')}: the server does not say how large a file is, or when it changed",
            remedy="",
            retryable=False,
            detail=name,
        )
    size, changed = resource.size, resource.modified or 0.0
    known = _of_tag(size, resource.tag) if resource.tag else _of_time(size, changed)
    return Content(name, resource.size, known + (YOUNG if _is_young(resource) else ""))


def _of_tag(size: int | None, tag: str) -> str:
    """The identifier of a tag. Apache calls a tag weak for a second or two, and then the same tag strong."""
    text = tag.strip().removeprefix("W/").strip('"')
    shown = text if _PLAIN.fullmatch(text) else hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{size}-{shown}"


def _of_time(size: int | None, changed: float) -> str:
    return f"{size}-time-{changed:.0f}"


def _is_young(resource: Resource) -> bool:
    """Whether an edit after the listing may leave the identifier as it is: it tells the second, which has not passed.

    Tags of nginx and WsgiDAV are made of the second; those of other servers are finer, or count versions.
    """
    changed = resource.modified
    if changed is None or (resource.answered is not None and resource.answered - changed >= _YOUNG):
        return False
    second = f"{int(changed)}|{int(changed):x}"
    return not resource.tag or re.search(rf"(?<![0-9a-f])(?:{second})(?![0-9a-f.])", resource.tag) is not None


def _gone(client: Client, folder: str) -> Exception:
    if not folder:
        return NotFound(f"{client.doing('list the files')}: the folder is not there")
    return Unreachable(
        f"{client.doing('list the files')}: a folder was renamed or removed while it was being listed",
        remedy="Import again.",
        retryable=False,
    )
