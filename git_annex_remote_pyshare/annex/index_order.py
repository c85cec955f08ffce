"""Reads the keys of the annexed files in the order of git's index, which is the order of `git annex get`.

The index lists the paths (`git ls-files`), and the work tree says which key each path has: a symlink by its target, an
unlocked file by the pointer in place of its content. Reading links costs a third of what `git cat-file --batch` does,
and an unlocked file that has its content is not waited for anyway.

Imported late: only a process that gets several files needs it.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress

from git_annex_remote_pyshare.annex.layout import key_of_file
from git_annex_remote_pyshare.config.git_config import LocalConfig, git_command, git_environment

_MOST = 32 << 20
"""Bytes of the list of paths that are read: some 300,000 files. What is behind is not predicted."""

_ENTRY = re.compile(rb"(120000|100644|100755) [0-9a-f]+ 0\t([^\0]+)\0")
_LINK = b"120000"

_LONGEST_POINTER = 32768
"""Bytes; git-annex takes no larger file for a pointer (Annex/Link.hs, maxValidPointerSz)."""

_START = 1024
"""Bytes that tell a pointer from other small files."""

_POINTER = b"/annex/objects/"

_OBJECTS = b"annex/objects"

_OPENED = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""How a file is opened: what has replaced it since it was looked at, as a pipe, must not be waited for."""


class IndexOrder:
    """The annexed files of a clone; reads the index once.

    Args:
        clone: The clone.
    """

    def __init__(self, clone: LocalConfig) -> None:
        top = _work_tree(clone)
        self._top = os.fsencode(top)
        self._paths = _listed(os.path.abspath(clone.git_dir)) if top else b""

    def keys(self) -> Iterator[str]:
        """The key of each path; empty for a path that has none, or has its content already."""
        for match in _ENTRY.finditer(self._paths):
            yield self._key_at(match[2], is_link=match[1] == _LINK)

    def _key_at(self, path: bytes, *, is_link: bool) -> str:
        full = os.path.join(self._top, path)
        try:
            told = os.readlink(full) if is_link else _start_of(full)
        except OSError:
            return ""
        folder, _, file = told.partition(b"\n")[0].replace(b"\\", b"/").rpartition(b"/")
        return key_of_file(file.decode("utf-8", "surrogateescape")) if _OBJECTS in folder else ""


def _start_of(path: bytes) -> bytes:
    """The text of a file that may be a pointer, else nothing."""
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LONGEST_POINTER:
        return b""
    file = os.open(path, _OPENED)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return b""
        text = os.read(file, _START)
        if not text.startswith(_POINTER):
            return b""
        return text if b"\n" in text else text + os.read(file, _LONGEST_POINTER - len(text))
    finally:
        os.close(file)


def _work_tree(clone: LocalConfig) -> str:
    """The folder of the clone's files; empty if it has none."""
    git_dir = os.path.abspath(clone.git_dir)
    if set_there := clone.config.get("core.worktree"):
        return os.path.join(git_dir, set_there)
    if os.path.basename(git_dir) == ".git":
        return os.path.dirname(git_dir)
    with suppress(OSError), open(os.path.join(git_dir, "gitdir"), "rb") as file:  # of `git worktree add`
        return os.path.dirname(os.fsdecode(file.read().rstrip(b"\n")))
    return ""


def _listed(git_dir: str) -> bytes:
    import subprocess  # noqa: PLC0415  # as in config/git_config.py

    with subprocess.Popen(
        git_command(f"--git-dir={git_dir}", "ls-files", "--stage", "-z"),
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as running:
        assert running.stdout  # noqa: S101  # a pipe, as asked for
        paths = running.stdout.read(_MOST)
        running.kill()
    return paths
