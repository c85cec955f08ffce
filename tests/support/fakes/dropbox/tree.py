"""A namespace of the fake Dropbox: files and folders by their lower-case path, and other namespaces mounted in it."""

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any, NamedTuple

from support.fakes.dropbox.answers import Problem

BLOCK = 4 * 1024 * 1024
"""Bytes of a block of a content hash; parts of concurrent sessions are multiples of it."""

_LONGEST = 255
_IGNORED = {"desktop.ini", "thumbs.db", ".ds_store", "icon\r", ".dropbox", ".dropbox.attr"}
_numbers = itertools.count(1)


class File(NamedTuple):
    """A revision of a file."""

    id: str
    path: str
    """Within its namespace, as it was first written."""
    content: bytes
    content_hash: str
    rev: str
    client_modified: str
    server_modified: str
    is_downloadable: bool = True


class Folder(NamedTuple):
    """A folder, or the place where another namespace is mounted."""

    id: str
    path: str


Entry = File | Folder


class Write(NamedTuple):
    """A file to be written: what an upload's CommitInfo says."""

    path: str
    content: bytes
    content_hash: str
    now: str
    """The server's time, as the API writes it."""
    info: Mapping[str, Any]

    @property
    def mode(self) -> str:
        mode = self.info.get("mode", "add")
        return str(mode if isinstance(mode, str) else mode[".tag"])

    @property
    def is_strict(self) -> bool:
        return bool(self.info.get("strict_conflict"))


class Tree:
    """A namespace."""

    def __init__(self) -> None:
        self.number = str(3_000_000 + next(_numbers))
        """Its id."""
        self.is_shared = False
        """Whether it is a shared folder."""
        self.entries: dict[str, Entry] = {}
        """By lower-case path."""
        self.mounts: dict[str, Tree] = {}
        """Other namespaces by lower-case path."""
        self.revisions: dict[str, File] = {}
        self.log: list[str] = []
        """The lower-case path of each change, in order."""
        self.busy = Lock()
        """Held while something is committed."""

    def used(self) -> int:
        """Bytes in it and in what is mounted."""
        own = sum(len(entry.content) for entry in self.entries.values() if isinstance(entry, File))
        return own + sum(tree.used() for tree in self.mounts.values())

    def everything(self) -> Iterator["Tree"]:
        """Itself and all that is mounted."""
        yield self
        for tree in self.mounts.values():
            yield from tree.everything()

    def mount(self, path: str, tree: "Tree") -> None:
        """Let another namespace appear at a path."""
        self.make_folder(path)
        self.mounts[path.lower()] = tree

    def write(self, write: Write) -> File:
        """Write a file, or leave the one that has the same content.

        Raises:
            Problem: Of WriteError's tags.
        """
        check_name(write.path)
        existing = self.entries.get(write.path.lower())
        if isinstance(existing, File) and existing.content_hash == write.content_hash and not write.is_strict:
            return existing
        conflict = _conflict(existing, write)
        if conflict and not write.info.get("autorename"):
            raise Problem("conflict", conflict)
        path = self._free_path(write) if conflict else write.path
        return self._write(path, None if conflict else existing, write)

    def delete(self, path: str) -> Entry:
        """Delete a file, or a folder and all below it, and say what it was."""
        lower = path.lower()
        gone = self.entries[lower]
        for each in [name for name in self.entries if name == lower or name.startswith(f"{lower}/")]:
            del self.entries[each]
            self.log.append(each)
        self.mounts = {name: tree for name, tree in self.mounts.items() if not f"{name}/".startswith(f"{lower}/")}
        return gone

    def make_folder(self, path: str) -> Folder:
        """Make a folder and those above it.

        Raises:
            Problem: A file is in the way of one of them.
        """
        parent = path.rpartition("/")[0]
        if parent:
            self.make_folder(parent)
        known = self.entries.get(path.lower())
        if isinstance(known, File):
            raise Problem("conflict", "file_ancestor")
        if known is None:
            known = Folder(new_id(), self.displayed(path))
            self.entries[path.lower()] = known
            self.log.append(path.lower())
        return known

    def adopt(self, file: File) -> None:
        """Put a file there that was elsewhere, as it is."""
        self.entries[file.path.lower()] = self.revisions[file.rev] = file
        self.log.append(file.path.lower())

    def _write(self, path: str, existing: Entry | None, write: Write) -> File:
        parent = path.rpartition("/")[0]
        if parent:
            self.make_folder(parent)
        rev = f"{next(_numbers):015x}"
        made = File(
            existing.id if existing else new_id(),
            existing.path if existing else self.displayed(path),
            write.content,
            write.content_hash,
            rev,
            write.info.get("client_modified") or write.now,
            write.now,
        )
        self.entries[path.lower()] = self.revisions[rev] = made
        self.log.append(path.lower())
        return made

    def displayed(self, path: str) -> str:
        """A path whose folders are spelt as they were first."""
        parent, _, name = path.rpartition("/")
        return f"{self.entries[parent.lower()].path if parent else ''}/{name}"

    def _free_path(self, write: Write) -> str:
        folder, _, name = write.path.rpartition("/")
        stem, dot, end = name.rpartition(".")
        stem, end = (stem, dot + end) if stem else (name, "")
        added = (f"({number})" for number in itertools.count(1))
        if write.mode == "update":
            added = itertools.chain(["(conflicted copy)"], added)  # type: ignore[assignment]
        paths = (f"{folder}/{stem} {each}{end}" for each in added)
        return next(path for path in paths if path.lower() not in self.entries)


def content_hash(content: bytes) -> str:
    """Dropbox's content hash: SHA-256 of the SHA-256 digests of the 4 MiB blocks."""
    blocks = (content[start : start + BLOCK] for start in range(0, len(content), BLOCK))
    return hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks)).hexdigest()


def new_id() -> str:
    return f"id:{next(_numbers):022d}"


def check_name(path: str) -> None:
    """Refuse what Dropbox cannot or will not store.

    Raises:
        Problem: malformed_path or disallowed_name.
    """
    for name in path.split("/")[1:]:
        if name in {"", ".", ".."} or len(name) > _LONGEST or name.endswith(" ") or set(name) & set("\\\0\x7f"):
            raise Problem("malformed_path")
        if name.lower() in _IGNORED:
            raise Problem("disallowed_name")


def _conflict(existing: Entry | None, write: Write) -> str:
    """What is in the way at the very path, or an empty string."""
    if isinstance(existing, Folder):
        return "folder"
    if write.mode == "update":
        known = existing.rev if existing else ""
        return "file" if known != write.info["mode"]["update"] and (existing or write.is_strict) else ""
    return "file" if existing and (write.mode == "add" or _identical(existing, write)) else ""


def _identical(existing: File, write: Write) -> bool:
    """Whether a strict writer finds what it wanted to write."""
    return write.is_strict and existing.content_hash == write.content_hash
