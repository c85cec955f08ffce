"""The files of a dataset whose content a remote has, as far as git-annex knows."""

import json
import subprocess
from typing import NamedTuple

from git_annex_remote_pyshare.errors import BadSetting


class File(NamedTuple):
    """A file whose content the remote has."""

    path: str
    """Below the working directory; the key itself where no file of this branch has the content."""
    key: str


def files_in(remote: str, paths: tuple[str, ...]) -> list[File]:
    """Those of `paths`, or of the working directory."""
    rows = _listed("find", f"--in={remote}", "--json", "--", *paths)
    return [File(row["file"], row["key"]) for row in rows]


def keys_in(remote: str) -> list[File]:
    """Each content once, whichever branch uses it."""
    return [File(row["key"], row["key"]) for row in _listed("findkeys", f"--in={remote}", "--json")]


def _listed(*command: str) -> list[dict[str, str]]:
    done = subprocess.run(
        ["git", "annex", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
        check=False,
    )
    if done.returncode:
        raise BadSetting("git-annex cannot list the files", remedy="See what it says above.")
    return [json.loads(line) for line in done.stdout.splitlines()]
