"""Finds and runs git and git-annex for `pyshare accept`, also those of a temporary environment (uvx, pipx run)."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager

from git_annex_remote_pyshare.cli.steps import found
from git_annex_remote_pyshare.config.git_config import git_environment
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command

_OURS = "git-annex-remote-pyshare"
_PACKAGES = ("git-annex", "datalad", _OURS)
"""Packages that a friend installs; each has one program."""


def use_own_programs() -> None:
    """Put the folder with the programs of this environment first on PATH, for all that this process starts.

    git-annex has to find git-annex-remote-pyshare, and PATH does not contain an environment of uvx or pipx.

    Raises:
        BadSetting: git or git-annex is not on this machine.
    """
    folders = dict.fromkeys((sysconfig.get_path("scripts"), os.path.dirname(sys.executable)))
    own = [folder for folder in folders if shutil.which(_OURS, path=folder)]
    os.environ["PATH"] = os.pathsep.join([*own, os.environ.get("PATH", os.defpath)])
    if not shutil.which("git"):
        raise BadSetting("git is not on this machine", remedy="Install it from https://git-scm.com, then try again.")
    if not shutil.which("git-annex"):
        raise BadSetting("git-annex is not on this machine", remedy=f"Type: {command('pipx', 'install', 'git-annex')}")


def lend_identity() -> str:
    """Let git and git-annex commit in this process on a machine where git does not know its user.

    git-annex commits what it learns to its own branch, also at `git annex init` and `get`.

    Returns:
        The command by which the user tells git who they are; empty if git knows.
    """
    if run("git", "var", "GIT_COMMITTER_IDENT").returncode == 0:
        return ""
    for role in ("AUTHOR", "COMMITTER"):
        os.environ.setdefault(f"GIT_{role}_NAME", "A friend")
        os.environ.setdefault(f"GIT_{role}_EMAIL", "friend@localhost")
    name = command("git", "config", "--global", "user.name", "YOUR NAME")
    return f"{name} && {command('git', 'config', '--global', 'user.email', 'YOU@EXAMPLE.ORG')}"


def lasting_install() -> str:
    """The command that installs the programs for good; empty unless this environment is temporary.

    uvx keeps its environments in folders `…/uv/archive-v0/…` or `…/uv/environments-v2/…`, `pipx run` in `…/.cache/ID`
    or `…/pipx/ID`, and what pipx installs is in `…/pipx/venvs/NAME`.
    """
    *above, parent, _ = (part.lower() for part in ("", "", *os.path.realpath(sys.prefix).split(os.sep)))
    if "uv" in above and parent.startswith(("archive-v", "environments-v", "builds-v")):
        return command("uv", "tool", "install", "datalad", "--with-executables-from", f"git-annex,{_OURS}")
    return command("pipx", "install", *_PACKAGES) if parent in {".cache", "pipx"} else ""


@contextmanager
def environment(variables: Mapping[str, str], without: Iterable[str] = ()) -> Iterator[None]:
    """Give all programs that start during the block some variables, and take others away."""
    before = dict(os.environ)
    os.environ.update(variables)
    for name in without:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run(*step: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the working directory without input, and return what it printed.

    Nothing that it prints reaches the terminal by itself: a server can choose a part of it.

    Args:
        *step: The command and its arguments.
    """
    return subprocess.run(
        found(step),
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )


def lines_of(*step: str) -> Generator[str, None, None]:
    """Run a command in the working directory and yield the lines that it prints; end it if they are not all read."""
    with subprocess.Popen(
        found(step),
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
    ) as process:
        assert process.stdout is not None  # noqa: S101  # for mypy: it is a pipe
        try:
            yield from process.stdout
        finally:
            if process.poll() is None:
                process.terminate()


def last_words(text: str) -> str:
    """The last lines of what a program printed, as one line: usually its error."""
    return " ".join(text.strip().splitlines()[-3:])
