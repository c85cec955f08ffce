"""Lists contents of a dataset: the files that have them, and the objects of a store that hold them."""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from git_annex_remote_pyshare.annex.keys import chunk_of, expected_size
from git_annex_remote_pyshare.annex.layout import branch_path, name_of
from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.output import alert
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.config.annex_branch import chunks
from git_annex_remote_pyshare.config.git_config import git_command, git_environment
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import in_words

_SMALLEST_CHUNK = 1 << 10
_MOST_CHUNKS = 10**6
"""Limits for the chunk log: bytes of a chunk, and chunks of a content. Any collaborator can write other numbers into
the git-annex branch, and each chunk costs a request and memory."""


class File(NamedTuple):
    """An annexed file, or a content without a file on this branch."""

    path: str
    """Relative to the working directory; empty if no file on this branch has the content."""
    key: str

    @property
    def shown(self) -> str:
        """Its name in messages."""
        return self.path or self.key


class Object(NamedTuple):
    """One object that holds a content, or a chunk of one."""

    name: str
    key: str
    """The key of the content, or of the chunk."""
    chunk: int = 0
    """The chunk's number, from 1; 0 for a whole content."""

    @property
    def shown(self) -> str:
        """Its name in messages about its file."""
        return f"chunk {self.chunk}" if self.chunk else "its object"


def files_in(remote: str, paths: Sequence[str]) -> list[File]:
    """The files below `paths`, or below the working directory, whose content the remote has.

    Raises:
        BadSetting: A path does not exist, or no path is, or contains, an annexed file.
    """
    if paths:
        _require_annexed(paths)
    return list(_found(f"--in={remote}", "--", *paths))


def contents_in(remote: str) -> list[File]:
    """Each content of the remote once, as one of its files; contents of other branches and older versions, too."""
    files = {file.key: file.path for file in _found(f"--in={remote}", "--", *top())} if _has_files() else {}
    keys = [row["key"] for row in _rows("findkeys", f"--in={remote}", "--json")]
    return [File(files.get(key, ""), key) for key in keys]


def files_not_in(remote: str, paths: Sequence[str]) -> int:
    """How many annexed files below `paths`, or of the dataset, the remote does not have."""
    return sum(1 for _ in _found("--not", f"--in={remote}", "--", *(paths or top()))) if _has_files() else 0


def all_files() -> list[File]:
    """All annexed files of the dataset."""
    return list(_found("--include=*", "--", *top())) if _has_files() else []


def top() -> list[str]:
    """The path of the whole dataset for a command line; empty if that is the working directory."""
    up = _git("rev-parse", "--show-cdup")
    return [up] if up else []


def behind(paths: Sequence[str]) -> tuple[str, ...]:
    """The paths as last arguments of a command: one may begin with a dash."""
    return ("--", *paths) if paths else ()


def present_here(keys: Sequence[str]) -> set[str]:
    """The keys whose content is in this clone."""
    listed = "".join(f"{key}\n" for key in keys)
    found = _annex("contentlocation", "--batch", stdin=listed).split("\n")
    return {key for key, path in zip(keys, found, strict=False) if path}


def _require_annexed(paths: Sequence[str]) -> None:
    annexed = [os.path.abspath(file.path) for file in _found("--include=*", "--", *paths)]
    others = [path for path in paths if not any(_is_in(file, path) for file in annexed)]
    if len(others) == len(paths):
        raise BadSetting(
            f"git-annex has no file at {', '.join(paths)}",
            remedy="Only annexed files are kept in remotes. See which they are: git annex find --include='*'",
        )
    for path in others:
        alert(f"{path} is no annexed file, so it is in no remote.")


def _is_in(file: str, path: str) -> bool:
    whole = os.path.abspath(path)
    return file == whole or file.startswith(os.path.join(whole, ""))


def _has_files() -> bool:
    """Whether there is a working tree: git-annex finds no files in a bare repository."""
    return _git("rev-parse", "--is-inside-work-tree") == "true"


def _found(*words: str) -> Iterator[File]:
    for row in _rows("find", "--json", *words):
        yield File(row["file"], row["key"])


def _rows(*words: str) -> Iterator[dict[str, str]]:
    # Not splitlines: a file's name may hold other characters that it takes for the end of a line.
    for line in filter(None, _annex(*words).split("\n")):
        yield json.loads(line)


def _annex(*words: str, stdin: str = "") -> str:
    done = subprocess.run(
        git_command("annex", *words),
        env=git_environment(),
        input=stdin.encode("utf-8", "surrogateescape"),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise BadSetting("git-annex cannot list the files", remedy="See what it says above.")
    return done.stdout.decode("utf-8", "surrogateescape")


def _git(*words: str) -> str:
    done = subprocess.run(
        git_command(*words), env=git_environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return os.fsdecode(done.stdout).rstrip("\n")


def layout_of(remote: Remote) -> str:
    """The layout by which a remote names its objects.

    Raises:
        BadSetting: Its objects have the names of files.
    """
    if remote.place.is_tree:
        name = remote.place.clone.remote
        raise BadSetting(
            f"{name} holds files under their own names (exporttree=yes), not objects of keys",
            remedy=f"git-annex itself checks them. Type: {command('git', 'annex', 'fsck', '--fast', '--from', name)}",
        )
    return remote.place.settings["layout"] or registry.spec_of(remote.place.url).layout


def copies_of(remote: Remote, key: str, layout: str) -> Iterator[Iterable[Object]]:
    """The copies that a remote may have of a content: in chunks of each size in git-annex's log, and whole.

    One complete copy is enough; git-annex looks for them in the same order (Remote/Helper/Chunked.hs, chunkKeys). The
    objects of a copy are generated one by one, since a chunk log can claim any number of them.

    Raises:
        BadSetting: The chunk log claims more or smaller chunks than is plausible.
    """
    cut = chunks(remote.place.clone.git_dir, branch_path(key), remote.uuid) if "chunk" in remote.annex else {}
    sizes = {size: _most(key, size, count) for size, count in cut.items()}
    if any(size < _SMALLEST_CHUNK for size in sizes) or sum(sizes.values()) > _MOST_CHUNKS:
        raise BadSetting(
            f"git-annex's log claims {sum(sizes.values())} chunks, the smallest of {in_words(min(sizes))}, and pyshare"
            f" looks at {_MOST_CHUNKS} chunks of at least {in_words(_SMALLEST_CHUNK)} at most",
            remedy="Ask who stored the file to store it again with chunk=50MiB.",
        )
    for size, count in sizes.items():
        yield _chunks(layout, key, size, count)
    yield (Object(name_of(layout, key), key),)


def refuse_encrypted(remote: Remote, remedy: str) -> None:
    """Raise BadSetting with `remedy` for an encrypted remote: only git-annex knows the names of its objects."""
    if remote.annex.get("encryption", "none") != "none":
        raise BadSetting(
            f"the store of {remote.place.clone.remote} is encrypted, so only git-annex can look at it", remedy=remedy
        )


def _chunks(layout: str, key: str, size: int, count: int) -> Iterator[Object]:
    for number in range(1, count + 1):
        chunk = chunk_of(key, size, number)
        yield Object(name_of(layout, chunk), chunk, number)


def _most(key: str, size: int, count: int) -> int:
    """The number of chunks to look for: the log can claim more than the content can have."""
    whole = expected_size(key)
    return count if whole is None else min(count, max(1, -(-whole // size)))
