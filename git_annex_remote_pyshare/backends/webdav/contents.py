"""Identifies the versions of files on a WebDAV server, for an import: their size and entity tag, or time.

No If-Match for a download: Apache refuses it for a file of the last second (its tag is then weak), and nginx, rclone
and lighttpd ignore it or know no tags in a listing. What a response says of itself, and a second look when it has
arrived, prove the same on every server.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from git_annex_remote_pyshare.backends.base import Content, is_importable
from git_annex_remote_pyshare.backends.ownership import MARK
from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
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

_MICRO, _NANO = 10**6, 10**9
"""In a second: mod_dav's tags count microseconds, and those of rclone nanoseconds (golang.org/x/net/webdav)."""

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


def is_of(name: str, response: HTTPResponse, size: int | None, wanted: str) -> bool:
    """Whether a response says that its body is the wanted version; a server may give other tags here than in a list."""
    tag, changed = response.headers.get("ETag", ""), moment(response.headers.get("Last-Modified"))
    told = {_id_of(name, size, tag, changed)} if tag else set()
    if changed is not None:
        told.add(_id_of(name, size, "", changed))
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
    known = _id_of(name, resource.size, resource.tag, resource.modified)
    return Content(name, resource.size, known + (YOUNG if _is_young(resource) else ""))


def _id_of(name: str, size: int | None, tag: str, changed: float | None) -> str:
    """The identifier of a version, by its tag or else by its time.

    Two files may have the same size and second, above all those that were unpacked or copied together. So the name is a
    part of an identifier that tells no more.
    """
    known = f"{size}-{_shown(tag)}" if tag else f"{size}-time-{changed or 0:.0f}"
    return known if tag and not _tells_only_second(tag, changed) else f"{known}-{_digest(name)[:16]}"


def _shown(tag: str) -> str:
    """The text of a tag. Apache calls a tag weak for a second or two, and then the same tag strong."""
    text = tag.strip().removeprefix("W/").strip('"')
    return text if _PLAIN.fullmatch(text) else _digest(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _tells_only_second(tag: str, changed: float | None) -> bool:
    """Whether a tag tells the second of the last change and nothing finer, as a file of an archive has its time."""
    if changed is None:
        return False
    second = int(changed)
    return _names_second(tag, second) or any(f"{second * unit:x}" in tag for unit in (_MICRO, _NANO))


def _names_second(tag: str, second: int) -> bool:
    return re.search(rf"(?<![0-9a-f])(?:{second}|{second:x})(?![0-9a-f.])", tag) is not None


def _is_young(resource: Resource) -> bool:
    """Whether an edit after the listing may leave the identifier as it is: it tells the second, which has not passed.

    Tags of nginx and WsgiDAV are made of the second; those of other servers are finer, or count versions.
    """
    changed = resource.modified
    if changed is None or (resource.answered is not None and resource.answered - changed >= _YOUNG):
        return False
    return not resource.tag or _names_second(resource.tag, int(changed))


def _gone(client: Client, folder: str) -> Exception:
    if not folder:
        return NotFound(f"{client.doing('list the files')}: the folder is not there")
    return Unreachable(
        f"{client.doing('list the files')}: a folder was renamed or removed while it was being listed",
        remedy="Import again.",
        retryable=False,
    )
