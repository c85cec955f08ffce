"""Reads and writes trees in git's own store of objects: the index and the work tree of the user stay as they are."""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from tempfile import TemporaryFile
from typing import IO, NamedTuple, cast

from git_annex_remote_pyshare.annex.keys import expected_size
from git_annex_remote_pyshare.annex.layout import key_of_file
from git_annex_remote_pyshare.config.git_config import LocalConfig, git, git_command, git_environment
from git_annex_remote_pyshare.errors import CommandFailed

LINK = "120000"
SUBMODULE = "160000"
FILE = "100644"
FOLDER = "040000"

_LONGEST_POINTER = 32768
"""Bytes; git-annex takes no larger file for a pointer (internals, "pointer file")."""

_POINTER = b"/annex/objects/"
_OBJECTS = b"annex/objects"
_KEY = re.compile(r"[A-Z0-9_]+(?:-[smSC][0-9]+)*--[^\n]+")
_BY_GIT = "GIT--"
"""Beginning of the key that git-annex gives to a file which is not annexed (Key type GIT, Types/Key.hs)."""


class Entry(NamedTuple):
    """A file of a tree, as git has it."""

    mode: str
    """Six digits."""
    id: str
    """The object's name in git: its hash."""


class Content(NamedTuple):
    """What an export sends for a file."""

    key: str
    """git-annex's key; for a file that is not annexed `GIT--` and its object's name."""
    size: int | None
    """Bytes; None if the key does not say it."""

    @property
    def is_annexed(self) -> bool:
        """Whether git-annex has the content, and not git."""
        return not self.key.startswith(_BY_GIT)


Tree = Mapping[str, Entry]
"""Path → entry of each file; paths have surrogate escapes for bytes that are not UTF-8."""

Folder = dict[str, "Entry | Folder"]
"""Name → file or folder."""


def object_of(clone: LocalConfig, version: str, kind: str) -> str:
    """The name of the object of a version; empty if there is none.

    Args:
        clone: The clone.
        version: As users type it: a branch, tag or commit, or `HEAD:folder`. It never counts as an option.
        kind: `commit` or `tree`.
    """
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options")
    # In two steps, since `HEAD:folder^{tree}` names a folder `folder^{tree}`.
    found = git(clone.git_dir, *words, version).strip()
    return git(clone.git_dir, *words, f"{found}^{{{kind}}}").strip() if found else ""


def read_tree(git_dir: str, tree: str) -> Tree:
    """All files of a tree.

    Args:
        git_dir: The clone's git directory.
        tree: The name of the tree's object.

    Raises:
        CommandFailed: There is no such tree.
    """
    listed = run_git(git_dir, "ls-tree", "-r", "-z", "--full-tree", tree).decode("utf-8", "surrogateescape")
    found = {}
    for row in filter(None, listed.split("\0")):
        head, _, path = row.partition("\t")
        mode, _, name = head.split(" ")
        found[path] = Entry(mode, name)
    return found


def write_tree(git_dir: str, tree: Tree) -> str:
    """Write the files as a tree; returns the name of its object."""
    top: Folder = {}
    for path, entry in tree.items():
        folder = top
        *folders, last = path.split("/")
        for name in folders:
            folder = _inside(folder, name)
        folder[last] = entry
    # Not by a second index: hooks and settings of the user's clone could change what it does.
    with subprocess.Popen(
        git_command(f"--git-dir={git_dir}", "mktree", "--batch", "--missing", "-z"),
        env=git_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as making:
        written = _written(cast("IO[bytes]", making.stdin), cast("IO[bytes]", making.stdout), top)
        making.communicate()
    if making.returncode or not written:
        raise CommandFailed("git cannot write the tree to publish", remedy="See what it says above.")
    return written


def write_blob(git_dir: str, content: bytes) -> Entry:
    """Write a file's content; returns its entry in a tree."""
    return Entry(FILE, run_git(git_dir, "hash-object", "-w", "--stdin", stdin=content).decode().strip())


def contents(git_dir: str, entries: Iterable[Entry]) -> Mapping[Entry, Content]:
    """What an export sends for the entries; those that git-annex does not export are left out.

    These are submodules, and links that lead to no content of git-annex.
    """
    wanted = list(dict.fromkeys(entry for entry in entries if entry.mode != SUBMODULE))
    sizes = _sizes(git_dir, wanted)
    small = [
        entry for entry in wanted if entry.mode == LINK or len(_POINTER) < sizes.get(entry.id, 0) <= _LONGEST_POINTER
    ]
    keys = {entry: key for entry, text in _texts(git_dir, small) if (key := _key_in(entry, text))}
    found = {}
    for entry in wanted:
        if entry in keys:
            found[entry] = Content(keys[entry], expected_size(keys[entry]))
        elif entry.mode != LINK:
            found[entry] = Content(f"{_BY_GIT}{entry.id}", sizes.get(entry.id))
    return found


def run_git(git_dir: str, *words: str, stdin: bytes = b"") -> bytes:
    """The output of git.

    Raises:
        CommandFailed: It failed; the text has what it said.
    """
    done = subprocess.run(
        git_command(f"--git-dir={git_dir}", *words),
        env=git_environment(),
        input=stdin,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = os.fsdecode(done.stderr).strip()
        raise CommandFailed(f"git {words[0]} failed: {said}", remedy="Type: git fsck")
    return done.stdout


def _inside(folder: Folder, name: str) -> Folder:
    """The folder of that name; a file of the same name, which only a damaged tree has, gives way."""
    inner = folder.get(name)
    if not isinstance(inner, dict):
        inner = folder[name] = {}
    return inner


def _written(orders: IO[bytes], names: IO[bytes], folder: Folder) -> str:
    """Write a folder, those inside of it first; the name of its object, or an empty text if git failed."""
    rows = [f"{_row(what, orders, names)}\t{name}\0" for name, what in folder.items()]
    orders.write("".join([*rows, "\0"]).encode("utf-8", "surrogateescape"))
    orders.flush()
    return names.readline().decode().strip()


def _row(what: "Entry | Folder", orders: IO[bytes], names: IO[bytes]) -> str:
    """A row of a tree up to the name."""
    if isinstance(what, dict):
        return f"{FOLDER} tree {_written(orders, names, what)}"
    return f"{what.mode} blob {what.id}"


def _sizes(git_dir: str, entries: Sequence[Entry]) -> Mapping[str, int]:
    """Object → bytes; without objects that this clone lacks."""
    names = "".join(f"{entry.id}\n" for entry in entries).encode()
    told = run_git(git_dir, "cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=names).decode()
    rows = (row.split(" ") for row in told.splitlines())
    return {row[0]: int(row[1]) for row in rows if row[1].isdecimal()}


def _texts(git_dir: str, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """The contents of small files and links."""
    with TemporaryFile() as names:
        names.write("".join(f"{entry.id}\n" for entry in entries).encode())
        names.seek(0)
        with subprocess.Popen(
            git_command(f"--git-dir={git_dir}", "cat-file", "--batch"),
            env=git_environment(),
            stdin=names,
            stdout=subprocess.PIPE,
        ) as reading:
            output = cast("IO[bytes]", reading.stdout)
            for entry in entries:
                fields = output.readline().split()
                if fields[-1:] == [b"missing"] or not fields:
                    continue
                yield entry, output.read(int(fields[-1]))
                output.read(1)


def _key_in(entry: Entry, text: bytes) -> str:
    """The key that a link or pointer file leads to; empty for any other file."""
    if entry.mode != LINK and not text.startswith(_POINTER):
        return ""
    line = text if entry.mode == LINK else text.partition(b"\n")[0]
    folder, _, file = line.replace(b"\\", b"/").rpartition(b"/")
    key = key_of_file(file.decode("utf-8", "surrogateescape")) if _OBJECTS in folder else ""
    return key if _KEY.fullmatch(key) else ""
