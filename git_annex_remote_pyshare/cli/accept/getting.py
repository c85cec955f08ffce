"""Gets the files that the user chose, from the agreed stores only, and notices that a store wants a login."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import NamedTuple

from git_annex_remote_pyshare.backends.login import LoginRequest
from git_annex_remote_pyshare.cli.accept.places import Place
from git_annex_remote_pyshare.cli.accept.programs import lines_of
from git_annex_remote_pyshare.cli.output import counted
from git_annex_remote_pyshare.cli.progress import with_bar
from git_annex_remote_pyshare.cli.terminal import CommandLine
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import in_words

_LOGIN = "pyshare login "
"""Part of the text by which our program tells git-annex that a server wants a login."""


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
    """The annexed files below the paths whose content is not here; a number without a known size counts as 0 bytes."""
    listed = lines_of("git", "annex", "find", "--not", "--in=here", "--json", "--", *paths)
    sizes = [int(json.loads(line).get("bytesize") or 0) for line in listed]
    return Amount(len(sizes), sum(sizes))


def get(remote: str, paths: Sequence[str], count: int) -> Gotten:
    """Get files from one remote, with a progress bar on a terminal.

    If the store wants a login for the first file, the rest is not tried: each file would only fail again.

    Args:
        remote: Its name in the clone.
        paths: Files and folders; empty for all.
        count: The number of files, for the bar.
    """
    options = ("--json", "--json-error-messages", f"--from={remote}")
    with closing(lines_of("git", "annex", "get", *options, "--", *paths)) as lines:
        reports: Iterator[dict[str, object]] = (json.loads(line) for line in lines)
        first = next(reports, None)
        if first is None:
            return Gotten()
        if not first["success"] and _LOGIN in _why(first):
            return Gotten(0, 1, _why(first), needs_login=True)
        done, why = [], ""
        for report in with_bar(chain((first,), reports), count, "Getting"):
            done.append(bool(report["success"]))
            why = why or ("" if report["success"] else _why(report))
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


def has_login(place: Place) -> bool:
    """Whether this machine has a login that pyshare may have sent to the place; reads no keyring."""
    from git_annex_remote_pyshare.credentials import stored  # noqa: PLC0415  # as late as the other commands

    if not place.settings or not place.account.name:
        return False
    spec, account = place.spec, place.account
    if not spec.takes_login:
        return True  # that of the program which connects
    ambient = account.fitting(spec.variables.read()) or spec.default_credentials(place.settings)
    return bool(ambient or stored.entry(spec.name, account.name))


def login_command(place: Place) -> str:
    """What to type for a login at the store."""
    return command("pyshare", "login", *place.account.words)


def top_names() -> list[str]:
    """The visible files and folders at the top of the clone in the working directory."""
    return sorted(name for name in os.listdir(".") if not name.startswith("."))


def _why(report: dict[str, object]) -> str:
    messages = report.get("error-messages")
    return " ".join(map(str, messages)) if isinstance(messages, list) else ""
