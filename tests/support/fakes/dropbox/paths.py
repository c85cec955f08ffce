"""Which namespace and which path in it a caller's path means, and how entries look to that caller."""

from typing import Any, NamedTuple

from support.fakes.dropbox.accounts import Caller
from support.fakes.dropbox.answers import Problem
from support.fakes.dropbox.tree import Entry, File, Folder, Tree


class Spot(NamedTuple):
    """A path in a namespace, whether or not anything is there."""

    tree: Tree
    path: str
    """Within the namespace; empty for its root."""
    before: str | None
    """The path at which the caller sees the namespace; None if it is not mounted."""

    @property
    def entry(self) -> Entry | None:
        """What is there now."""
        if not self.path:
            return Folder(f"id:root{self.tree.number}", "")
        return self.tree.entries.get(self.path.lower())


def at(caller: Caller, path: str) -> Spot:
    """The place that a path means: `/a/b`, `ns:1/a/b`, or `id:x` of something that is there.

    Raises:
        Problem: not_found, malformed_path.
    """
    if path.startswith("id:"):
        return _by_id(caller.root, path)
    tree, before = caller.root, ""
    if path.startswith("ns:"):
        number, _, rest = path[3:].partition("/")
        known = caller.namespace(number)
        if known is None:
            raise Problem("not_found")
        tree, path = known, f"/{rest}" if rest else ""
        return _through_mounts(Spot(tree, path, _mounted_at(caller.root, tree)))
    if path.endswith("/") or "//" in path:
        raise Problem("malformed_path")
    return _through_mounts(Spot(tree, path, before))


def existing(caller: Caller, path: str) -> tuple[Spot, Entry]:
    """A place and what is there.

    Raises:
        Problem: not_found, malformed_path.
    """
    spot = at(caller, path)
    entry = spot.entry
    if entry is None:
        raise Problem("not_found")
    return spot, entry


def file_at(caller: Caller, path: str) -> tuple[Spot, File]:
    """A file, also by `rev:`.

    Raises:
        Problem: not_found, not_file, malformed_path.
    """
    if path.startswith("rev:"):
        return _by_rev(caller.root, path[4:])
    spot, entry = existing(caller, path)
    if isinstance(entry, Folder):
        raise Problem("not_file")
    return spot, entry


def described(spot: Spot, entry: Entry) -> dict[str, Any]:
    """An entry's metadata without the tag; paths are left out where the caller cannot see it by a path."""
    answer: dict[str, Any] = {"name": (entry.path or spot.before or "").rpartition("/")[2], "id": entry.id}
    if spot.tree.is_shared:
        answer["sharing_info"] = _sharing(spot.tree, entry)
    if spot.before is not None:
        shown = spot.before + entry.path
        answer.update(path_display=shown, path_lower=shown.lower())
    if isinstance(entry, Folder):
        return {**answer, **_mounted(spot)}
    more = {
        "client_modified": entry.client_modified,
        "server_modified": entry.server_modified,
        "rev": entry.rev,
        "size": len(entry.content),
        "is_downloadable": entry.is_downloadable,
        "content_hash": entry.content_hash,
    }
    if not entry.is_downloadable:
        more["export_info"] = {"export_as": "pdf"}
    return {**answer, **more}


def _mounted(spot: Spot) -> dict[str, Any]:
    """What the folder of another namespace says besides: the namespace's id, and the name that it has here."""
    if spot.path or not spot.before:
        return {}
    sharing = {"read_only": False, "shared_folder_id": spot.tree.number}
    return {"name": spot.before.rpartition("/")[2], "sharing_info": sharing}


def tagged_entry(spot: Spot, entry: Entry) -> dict[str, Any]:
    """An entry's metadata where a file or a folder may be."""
    return {".tag": "file" if isinstance(entry, File) else "folder", **described(spot, entry)}


def below(spot: Spot, depth: int) -> list[tuple[Spot, Entry]]:
    """What is below a folder, that many levels deep, also in mounted namespaces; sorted by path."""
    start = f"{spot.path.lower()}/"
    found = []
    for lower, entry in sorted(spot.tree.entries.items()):
        if not lower.startswith(start) or lower[len(start) :].count("/") >= depth:
            continue
        found.append((Spot(spot.tree, entry.path, spot.before), entry))
        if lower in spot.tree.mounts:
            before = None if spot.before is None else spot.before + entry.path
            found += below(Spot(spot.tree.mounts[lower], "", before), depth - lower[len(start) :].count("/") - 1)
    return found


def gone(path: str) -> dict[str, Any]:
    """The metadata of something that was deleted."""
    shown = {"name": path.rpartition("/")[2], "path_lower": path.lower(), "path_display": path}
    return {".tag": "deleted", **shown}


def _sharing(tree: Tree, entry: Entry) -> dict[str, Any]:
    """Which shared folder an entry is, or is in."""
    return {"read_only": False, "parent_shared_folder_id" if entry.path else "shared_folder_id": tree.number}


def _through_mounts(spot: Spot) -> Spot:
    for lower, tree in spot.tree.mounts.items():
        if f"{spot.path.lower()}/".startswith(f"{lower}/"):
            before = None if spot.before is None else spot.before + spot.tree.entries[lower].path
            return _through_mounts(Spot(tree, spot.path[len(lower) :], before))
    return spot


def _mounted_at(root: Tree, wanted: Tree) -> str | None:
    if root is wanted:
        return ""
    for lower, tree in root.mounts.items():
        inner = _mounted_at(tree, wanted)
        if inner is not None:
            return root.entries[lower].path + inner
    return None


def _by_id(root: Tree, wanted: str) -> Spot:
    for tree in root.everything():
        for entry in tree.entries.values():
            if entry.id == wanted:
                return Spot(tree, entry.path, _mounted_at(root, tree))
    raise Problem("not_found")


def _by_rev(root: Tree, rev: str) -> tuple[Spot, File]:
    for tree in root.everything():
        known = tree.revisions.get(rev)
        if known:
            return Spot(tree, known.path, _mounted_at(root, tree)), known
    raise Problem("not_found")
