"""Finds and runs git and git-annex for `pyshare accept`, also those of a temporary environment (uvx, pipx run)."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO

from git_annex_remote_pyshare.cli.steps import found
from git_annex_remote_pyshare.config.git_config import git_environment
from git_annex_remote_pyshare.errors import BadSetting, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line

_OURS = "git-annex-remote-pyshare"
_OF_ONE_REPOSITORY = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_IMPLICIT_WORK_TREE", "GIT_PREFIX", "GIT_INTERNAL_SUPER_PREFIX"),
    *("GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE"),
    *("GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"),
)
"""Variables by which git works in another repository than that of the working directory, or reads another config, e.g.
in a hook: `git rev-parse --local-env-vars`, which git itself forgets in a submodule, and the namespace. The user's own
settings (`GIT_CONFIG_GLOBAL`, `GIT_CONFIG_SYSTEM`) stay."""
_PACKAGES = ("git-annex", "datalad", _OURS)
"""Packages that a friend installs; each has one program."""

_LONGEST_ERROR = 65536
"""Bytes of the end of a failed program's errors that are read."""


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


def forget_other_repositories() -> None:
    """Let this process, and all that it starts, work in the repository of the working directory."""
    for name in _OF_ONE_REPOSITORY:
        os.environ.pop(name, None)


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


def output_of(*step: str) -> str:
    """What a command prints that must not fail; otherwise as `run`.

    Raises:
        PyshareError: The command failed.
    """
    done = run(*step)
    if done.returncode:
        raise _failed(step, done.stderr)
    return done.stdout


def top_of(folder: str) -> str:
    """The top of the working tree around a folder, without symbolic links; empty if there is none."""
    top = run("git", "-C", folder, "rev-parse", "--show-toplevel").stdout.removesuffix("\n")
    return os.path.realpath(top) if top else ""


def lines_of(*step: str) -> Generator[str, None, None]:
    """Run a command in the working directory and yield the lines that it prints; end it if they are not all read.

    Raises:
        PyshareError: The command failed; raised after its last line.
    """
    with TemporaryFile() as errors:
        with _started(step, errors) as process:
            yield from _lines(process)
        if process.returncode:
            errors.seek(max(0, errors.seek(0, os.SEEK_END) - _LONGEST_ERROR))
            raise _failed(step, errors.read().decode(errors="replace"))


def last_words(text: str) -> str:
    """The last lines of what a program printed, as one line: usually its error."""
    return " ".join(text.strip().splitlines()[-3:])


def _failed(step: Sequence[str], errors: str) -> PyshareError:
    return PyshareError(one_line(f"{' '.join(step[:3])} failed: {last_words(errors)}"))


def _started(step: Sequence[str], errors: IO[bytes]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        found(step),
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
    )


def _lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None  # noqa: S101  # for mypy: it is a pipe
    try:
        yield from process.stdout
        process.wait()  # its lines end before it does
    finally:
        if process.poll() is None:
            process.terminate()
