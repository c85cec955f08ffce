"""The annexed files of a dataset, and those whose content a remote has according to git-annex."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from git_annex_remote_pyshare.cli.output import alert
from git_annex_remote_pyshare.config.git_config import git_command, git_environment
from git_annex_remote_pyshare.errors import BadSetting


class File(NamedTuple):
    """An annexed file, or a content that no file of this branch has."""

    path: str
    """Relative to the working directory; empty where no file of this branch has the content."""
    key: str

    @property
    def shown(self) -> str:
        """What to call it in a text."""
        return self.path or self.key


def files_in(remote: str, paths: Sequence[str]) -> list[File]:
    """The files below `paths`, or below the working directory, whose content the remote has.

    Raises:
        BadSetting: A path does not exist, or none of them is an annexed file or a folder of some.
    """
    if paths:
        _require_annexed(paths)
    return list(_found(f"--in={remote}", "--", *paths))


def contents_in(remote: str) -> list[File]:
    """Each content that the remote has once, also of other branches and older versions, as one of its files."""
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
    """What to type as the path of the whole dataset; nothing where that is the working directory."""
    up = _git("rev-parse", "--show-cdup")
    return [up] if up else []


def behind(paths: Sequence[str]) -> tuple[str, ...]:
    """How paths stand behind the other words of a command: one may begin with a dash."""
    return ("--", *paths) if paths else ()


def present_here(keys: Sequence[str]) -> set[str]:
    """Those of the keys whose content is in this clone."""
    asked = "".join(f"{key}\n" for key in keys)
    found = _annex("contentlocation", "--batch", told=asked).split("\n")
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


def _annex(*words: str, told: str = "") -> str:
    done = subprocess.run(
        git_command("annex", *words),
        env=git_environment(),
        input=told.encode("utf-8", "surrogateescape"),
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
