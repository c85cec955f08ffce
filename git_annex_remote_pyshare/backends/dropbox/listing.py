"""Lists the objects in a folder."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from git_annex_remote_pyshare.backends.base import Content, Entry
from git_annex_remote_pyshare.backends.dropbox import errors
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.backends.dropbox.url import Address
from git_annex_remote_pyshare.backends.ownership import MARK
from git_annex_remote_pyshare.errors import Busy
from git_annex_remote_pyshare.transport.bounds import Listing

_LIST = "files/list_folder"
_CONTINUE = "files/list_folder/continue"
_NOTHING = ("path/not_found", "path/not_folder", "path/shared_link_not_found")
_PAGE = ("entries", "cursor", "has_more")
_RESTARTS = 3
_HASH = re.compile("[0-9a-f]{64}")


def listed(client: Client, address: Address, folder: str) -> Iterator[Entry]:
    """All objects below a folder of the store; see `Backend.list`.

    Names have the case that Dropbox shows, and folders the case of their creation; case makes no difference.
    """
    top = address.path_of(folder) if folder else address.folder
    arg = {"path": top, "recursive": True, "include_non_downloadable_files": False}
    for entry in entries(client, arg, "list the files"):
        if entry.get(".tag") == "file":
            name = str(entry["path_display"])[len(address.folder) + 1 :]
            if name != MARK:
                yield Entry(name, entry["size"])


def contents(client: Client, address: Address, cursor: str, add: Callable[[Content], None]) -> list[str]:
    """The versions of the files of one page; see `ListsContents.list_contents`."""
    what = "list the files"
    arg = {"path": address.folder, "recursive": True, "include_non_downloadable_files": True}
    first = Call(_LIST, arg, what, (), _PAGE)
    page = client.rpc(Call(_CONTINUE, {"cursor": cursor}, what, ("reset",), _PAGE) if cursor else first)
    if page.tag:
        return [""]
    for entry in page.result["entries"]:
        if entry.get(".tag") == "file":
            name = str(entry["path_display"])[len(address.folder) + 1 :]
            if name != MARK:
                add(content_of(client, name, entry))
    return [page.result["cursor"]] if page.result.get("has_more") else []


def content_of(client: Client, name: str, entry: Mapping[str, Any]) -> Content:
    """The version of a file by its metadata; its content hash is the same after a move, copy or restore."""
    if not entry.get("is_downloadable", True):
        return Content(name, 0, "")
    if not _HASH.fullmatch(str(entry.get("content_hash", ""))) or not isinstance(entry.get("size"), int):
        raise errors.not_dropbox(client.doing("list the files"))
    return Content(name, entry["size"], entry["content_hash"])


def entries(client: Client, arg: Mapping[str, Any], what: str) -> Iterator[Mapping[str, Any]]:
    """The entries that Dropbox lists, each once, even if the listing must restart (cursor `reset`).

    Args:
        client: Sends the requests.
        arg: The argument of files/list_folder.
        what: For error texts.
    """
    seen: set[str] = set()
    listing = Listing(client.doing(what))
    for _ in range(_RESTARTS):
        for page in _pages(client, arg, what):
            if page is None:
                break
            listing.count_request()
            for entry in page["entries"]:
                # An entry behind a link has no path, but such a listing is of a single folder.
                key = entry.get("path_lower") or entry["name"]
                listing.count_name()
                listing.count_object()
                if key not in seen and entry.get("is_downloadable", True):
                    seen.add(key)
                    yield entry
        else:
            return
    raise Busy(f"{client.doing(what)}: Dropbox restarted the listing too often, because the folder keeps changing")


def _pages(client: Client, arg: Mapping[str, Any], what: str) -> Iterator[Mapping[str, Any] | None]:
    """The pages in turn; None if the listing must restart."""
    page = client.rpc(Call(_LIST, arg, what, _NOTHING, _PAGE))
    while not page.tag:
        yield page.result
        if not page.result.get("has_more"):
            return
        page = client.rpc(Call(_CONTINUE, {"cursor": page.result["cursor"]}, what, ("reset", *_NOTHING), _PAGE))
    if page.tag == "reset":
        yield None
