"""Lists what is in a folder, with all folders in it."""

from collections.abc import Iterator, Mapping
from typing import Any

from git_annex_remote_pyshare.backends.base import Entry
from git_annex_remote_pyshare.backends.dropbox.api import Call, Client
from git_annex_remote_pyshare.backends.dropbox.url import Address
from git_annex_remote_pyshare.errors import Busy

_LIST = "files/list_folder"
_CONTINUE = "files/list_folder/continue"
_RESTARTS = 3


def listed(client: Client, address: Address, folder: str) -> Iterator[Entry]:
    """All objects below a folder of the store; see `Backend.list`.

    Names are compared in lower case and told as Dropbox shows them, which may spell folders as somebody else first
    did: on this service that is the same name.
    """
    top = address.path_of(folder) if folder else address.folder
    below = f"{address.folder}/"
    for entry in _entries(client, top, f"list {folder or 'the objects'}"):
        if entry.get(".tag") == "file" and entry.get("is_downloadable", True):
            yield Entry(str(entry["path_display"])[len(below) :], entry["size"])


def _entries(client: Client, path: str, what: str) -> Iterator[Mapping[str, Any]]:
    """What Dropbox lists, each once, although a listing may have to begin again (cursor `reset`)."""
    told: set[str] = set()
    for _ in range(_RESTARTS):
        for page in _pages(client, path, what):
            if page.get("reset"):
                break
            for entry in page.get("entries", ()):
                if entry["path_lower"] not in told:
                    told.add(entry["path_lower"])
                    yield entry
        else:
            return
    raise Busy(f"{client.doing(what)}: Dropbox's listing does not hold still")


def _pages(client: Client, path: str, what: str) -> Iterator[Mapping[str, Any]]:
    """The answers, one after another; the last one is `{"reset": True}` if all is to be listed once more."""
    arg = {"path": path, "recursive": True, "include_non_downloadable_files": False}
    page = client.rpc(Call(_LIST, arg, what, ("path/not_found", "path/not_folder")))
    if page.tag:
        return
    yield page.result
    while page.result.get("has_more"):
        page = client.rpc(Call(_CONTINUE, {"cursor": page.result["cursor"]}, what, ("reset", "path/not_found")))
        yield {"reset": True} if page.tag == "reset" else page.result
        if page.tag:
            return
