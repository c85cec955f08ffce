"""Gets the files that the user chose, from the agreed stores only, and notices that a store wants a login."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import NamedTuple

from git_annex_remote_pyshare.annex.keys import size_in_report
from git_annex_remote_pyshare.backends.login import LoginRequest
from git_annex_remote_pyshare.cli.accept.places import Place
from git_annex_remote_pyshare.cli.accept.programs import lines_of, output_of, top_of
from git_annex_remote_pyshare.cli.output import counted
from git_annex_remote_pyshare.cli.progress import with_bar
from git_annex_remote_pyshare.cli.terminal import CommandLine
from git_annex_remote_pyshare.errors import BadSetting, PyshareError
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import in_words

_LOGIN = "pyshare login "
"""Part of the text by which our program tells git-annex that a server wants a login."""
_COMMIT = "160000"
"""Mode of an entry of git's index that is a commit of another repository: a dataset in this one."""
_LINK = "120000"
_OBJECTS = "/annex/objects/"
"""Part of what a file contains that stands for content: the target of a link, or a pointer file."""
_LONGEST_POINTER = 32768
"""Bytes; git-annex takes no longer file for a pointer (git-annex documentation, "internals/pointer_file")."""


class Amount(NamedTuple):
    """A number of files, and their size."""

    files: int = 0
    bytes: int = 0

    @property
    def words(self) -> str:
        """`203 files, 1.4 GiB`."""
        return f"{counted(self.files, 'file')}, {in_words(self.bytes)}"


class Gotten(NamedTuple):
    """The result of one `git annex get`."""

    files: int = 0
    failures: int = 0
    why: str = ""
    """What git-annex says about the first failure; contains text of strangers."""
    needs_login: bool = False
    """Whether the first answer of the store was that it wants a login."""


def missing(paths: Sequence[str] = ()) -> Amount:
    """The annexed files below the paths whose content is not here; a file without a known size counts as 0 bytes.

    Raises:
        PyshareError: git-annex cannot list them.
    """
    listed = lines_of("git", "annex", "find", "--not", "--in=here", "--json", "--", *paths)
    sizes = [size_in_report(json.loads(line)) or 0 for line in listed]
    return Amount(len(sizes), sum(sizes))


def in_subdatasets(paths: Sequence[str]) -> dict[str, list[str]]:
    """The datasets in this one that belong to the wanted paths, each with those of the paths that lead into it.

    A clone has only their names, and git-annex says nothing of them, or fails for a path below one.

    Args:
        paths: Files and folders; empty for all.
    """
    found: dict[str, list[str]] = {}
    wanted = {path: os.path.normpath(path).replace(os.sep, "/") for path in paths}
    for mode, inner in _index("."):
        if mode != _COMMIT:
            continue
        below = [path for path, name in wanted.items() if name == inner or name.startswith(f"{inner}/")]
        if below or not paths or any(name == "." or inner.startswith(f"{name}/") for name in wanted.values()):
            found[inner] = below
    return found


def is_whole(subdataset: str) -> bool:
    """Whether a dataset in this one is here with all its content."""
    if os.path.islink(subdataset) or top_of(subdataset) != os.path.realpath(subdataset):
        return False
    return not without_content(subdataset)


def without_content(folder: str = ".") -> int:
    """The number of files in a clone that are only links, or pointers, to content that is not here; asks no git-annex.

    A dataset in it that is not whole counts as one.
    """
    number = 0
    for mode, name in _index(folder):
        path = os.path.join(folder, name)
        number += not is_whole(path) if mode == _COMMIT else _lacks_content(path, is_link=mode == _LINK)
    return number


def get(remote: str, paths: Sequence[str], count: int) -> Gotten:
    """Get files from one remote, with a progress bar on a terminal.

    If the store wants a login for the first file, the rest is not tried: each file would only fail again.

    Args:
        remote: Its name in the clone.
        paths: Files and folders; empty for all.
        count: The number of files, for the bar.
    """
    options = ("--json", "--json-error-messages", f"--from={remote}")
    done, why = [], ""
    with closing(lines_of("git", "annex", "get", *options, "--", *paths)) as lines:
        reports: Iterator[dict[str, object]] = (json.loads(line) for line in lines)
        try:
            first = next(reports, None)
            if first is None:
                return Gotten()
            if first.get("success") is not True and _LOGIN in _why(first):
                return Gotten(0, 1, _why(first), needs_login=True)
            for report in with_bar(chain((first,), reports), count, "Getting"):
                done.append(report.get("success") is True)
                why = why or ("" if done[-1] else _why(report))
        except PyshareError as error:  # it also fails because of a file that it has reported
            if all(done):
                return Gotten(len(done), 1, error.what)
    return Gotten(sum(done), len(done) - sum(done), why)


def log_in(place: Place) -> None:
    """Let the user log in at a store whose host they have agreed to.

    Raises:
        PyshareError: The login failed, or such stores have none.
    """
    spec = place.spec
    if spec.login is None:
        raise BadSetting(f"{place.where} wants a login, and pyshare has none for it")
    spec.login.log_in(LoginRequest(spec, place.settings, words=place.account.words), CommandLine())


def login_command(place: Place) -> str:
    """What to type for a login at the store."""
    return command("pyshare", "login", *place.account.words)


def top_names() -> list[str]:
    """The visible files and folders at the top of the clone in the working directory."""
    return sorted(name for name in os.listdir(".") if not name.startswith("."))


def _why(report: dict[str, object]) -> str:
    messages = report.get("error-messages")
    return " ".join(map(str, messages)) if isinstance(messages, list) else ""


def _index(folder: str) -> Iterator[tuple[str, str]]:
    """Mode and path of each entry of the index of a clone."""
    for entry in output_of("git", "-C", folder, "ls-files", "--stage", "-z").split("\0"):
        if entry:
            about, _, path = entry.partition("\t")
            yield about.partition(" ")[0], path


def _lacks_content(path: str, *, is_link: bool) -> bool:
    """Whether a checked out file is a link into the annex that leads nowhere, or a pointer file.

    Where a system has no links, git checks one out as a file with its target.
    """
    try:
        if os.path.islink(path):
            return _OBJECTS in os.readlink(path).replace(os.sep, "/") and not os.path.exists(path)
        if not os.path.isfile(path) or os.path.getsize(path) > _LONGEST_POINTER:
            return False
        with open(path, "rb") as file:
            start = file.readline(_LONGEST_POINTER).decode(errors="replace")
        return _OBJECTS in start if is_link else start.startswith(_OBJECTS)
    except OSError:  # removed or changed meanwhile
        return False
