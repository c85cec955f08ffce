"""Listings of the fake Dropbox: pages, cursors that go on with later changes, and folders behind a shared link."""

from typing import Any, NamedTuple

from support.fakes.dropbox import sharing
from support.fakes.dropbox.accounts import Caller
from support.fakes.dropbox.answers import Problem, Refused, as_error, bad_input, tagged, wrapped
from support.fakes.dropbox.paths import Spot, below, existing, gone, tagged_entry
from support.fakes.dropbox.tree import File

_EVERY_LEVEL = 1 << 20


class Cursor(NamedTuple):
    """Where a listing goes on."""

    folder: Spot
    depth: int
    left: list[dict[str, Any]]
    """Entries of the first listing that were not sent yet."""
    log: int
    """Changes of the namespace that are in the listing."""
    page: int


def list_folder(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    recursive = arg.get("recursive", False)
    folder = _folder(caller, arg)
    if arg.get("shared_link") and recursive:
        raise bad_input("files/list_folder", "recursive: not supported for shared links")
    depth = _EVERY_LEVEL if recursive else 1
    found = [tagged_entry(*each) for each in below(folder, depth) if _is_wanted(arg, each[1])]
    if recursive and folder.path:
        entry = folder.entry
        assert entry
        found.insert(0, tagged_entry(folder, entry))
    page = arg.get("limit") or caller.service.page
    return _page(caller, Cursor(folder, depth, found, len(folder.tree.log), page))


def list_folder_continue(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    cursor = caller.service.table("cursors").get(arg["cursor"])
    if cursor is None:
        raise Refused(as_error(tagged("reset")))
    if not cursor.left:
        cursor = _with_changes(cursor)
    return _page(caller, cursor)


def _page(caller: Caller, cursor: Cursor) -> dict[str, Any]:
    number = caller.service.new_name("cursor")
    rest = cursor._replace(left=cursor.left[cursor.page :])
    caller.service.table("cursors")[number] = rest
    has_more = bool(rest.left) or rest.log < len(rest.folder.tree.log)
    return {"entries": cursor.left[: cursor.page], "cursor": number, "has_more": has_more}


def _with_changes(cursor: Cursor) -> Cursor:
    """What changed in the folder's own namespace since."""
    tree, start = cursor.folder.tree, f"{cursor.folder.path.lower()}/"
    entries = []
    for path in dict.fromkeys(tree.log[cursor.log :]):
        if path.startswith(start) and path[len(start) :].count("/") < cursor.depth:
            entry = tree.entries.get(path)
            seen = Spot(tree, path, cursor.folder.before)
            entries.append(tagged_entry(seen, entry) if entry else gone((seen.before or "") + path))
    return cursor._replace(left=entries, log=len(tree.log))


def _folder(caller: Caller, arg: dict[str, Any]) -> Spot:
    """The folder that is to be listed, in the caller's Dropbox or behind a link."""
    try:
        spot = _spot(caller, arg)
    except Problem as problem:
        raise Refused(as_error(wrapped("path", problem.error))) from None
    if isinstance(spot.entry, File):
        raise Refused(as_error(tagged("path", "not_folder")))
    return spot


def _spot(caller: Caller, arg: dict[str, Any]) -> Spot:
    link = arg.get("shared_link")
    if link:
        return sharing.inside(caller, link["url"], arg["path"], link.get("password", ""))
    if not caller.has_account:
        raise bad_input("files/list_folder", "shared_link: missing required field")
    return existing(caller, arg["path"])[0]


def _is_wanted(arg: dict[str, Any], entry: Any) -> bool:
    return not isinstance(entry, File) or entry.is_downloadable or bool(arg.get("include_non_downloadable_files", True))
