"""Section "machine": the programs, their versions, and whether they find each other."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

from git_annex_remote_pyshare import __version__
from git_annex_remote_pyshare.cli.doctor.check import OK, PROBLEM, UNKNOWN, WARNING, Check
from git_annex_remote_pyshare.cli.steps import found
from git_annex_remote_pyshare.config.git_config import git_environment
from git_annex_remote_pyshare.safe_text import command, one_line

SECTION = "machine"
OUR_PACKAGE = "git-annex-remote-pyshare"
OLDEST_ANNEX = "10.20250101"
"""The oldest git-annex with which pyshare is tested (pyproject.toml)."""

_PATIENCE = 60
"""Seconds for a program to say its version: DataLad's first start on a network disk is slow."""

_ASK = f"""
import importlib.metadata as metadata
print(metadata.version("datalad"))
try:
    metadata.distribution({OUR_PACKAGE!r})
    print("has")
except metadata.PackageNotFoundError:
    print("lacks")
"""
"""Python that prints DataLad's version, and whether our package is beside it."""

_SHEBANG = re.compile(rb"#!\s*(/[^ \r\n]*?python[0-9.]*)\s*\n")
_LONG_SHEBANG = re.compile(rb"#!/bin/sh\n'''exec' [\x22]?(/[^\x22\r\n]*?python[0-9.]*)[\x22 ]")
"""Where pip and uv write the Python of a script; the second one if its path is long or has spaces
(pip, _vendor/distlib/scripts.py)."""


class DataLad(NamedTuple):
    """The DataLad in PATH."""

    version: str = ""
    """Empty if there is none."""
    python: str = ""
    """The Python that it runs with; empty if unknown."""
    has_us: bool = False
    """Whether our package is in the same environment."""


class Versions(NamedTuple):
    """What each program says; empty if it is not there."""

    git: str
    annex: str
    datalad: DataLad

    @property
    def text(self) -> str:
        """All of them in one line, with pyshare's own and Python's."""
        names = {
            "git": self.git,
            "git-annex": _short(self.annex),
            "datalad": self.datalad.version,
            "pyshare": __version__,
        }
        known = " · ".join(f"{name} {version}" for name, version in names.items() if version)
        return f"{known} (Python {platform.python_version()})"


def versions() -> Versions:
    """Ask each program for its version."""
    return Versions(
        _number(_output("git", "--version")),
        one_line(_output("git-annex", "version", "--raw"))[:40],
        _datalad(),
    )


def checks() -> Iterator[Check]:
    """The checks that need no dataset."""
    found = versions()
    yield Check(SECTION, "versions", OK if found.git and found.annex else PROBLEM, found.text, _missing(found))
    if found.annex:
        yield _annex_age(found.annex)
    yield _special_remote()
    if found.datalad.version:
        yield _datalad_has_us(found.datalad)


def _missing(found: Versions) -> str:
    """The command that installs git-annex; git itself comes from the system."""
    return "" if found.annex or not found.git else _installed("git-annex")


def _annex_age(version: str) -> Check:
    if _parts(version) >= _parts(OLDEST_ANNEX):
        return Check(SECTION, "git-annex", OK, f"git-annex {_short(version)} is new enough")
    return Check(
        SECTION,
        "git-annex",
        WARNING,
        f"git-annex {_short(version)} is older than {OLDEST_ANNEX}, the oldest one that pyshare is tested with",
        _installed("git-annex", again=("--force",)),
    )


def _special_remote() -> Check:
    """Whether git-annex, which searches PATH, finds our other program, and whether that one starts."""
    path = shutil.which(OUR_PACKAGE)
    if path is None:
        beside = os.path.dirname(os.path.abspath(sys.argv[0]))
        if os.path.exists(os.path.join(beside, OUR_PACKAGE)):
            fix = f'export PATH={command(beside)}:"$PATH"'
        else:
            fix = _installed(OUR_PACKAGE)
        return Check(SECTION, "special-remote", PROBLEM, f"git-annex does not find {OUR_PACKAGE} in PATH", fix)
    said = _output(path)
    if said.startswith("VERSION "):
        return Check(SECTION, "special-remote", OK, f"git-annex finds {OUR_PACKAGE}")
    return Check(
        SECTION,
        "special-remote",
        PROBLEM,
        f"{path} does not start: {one_line(said)[:200] or 'it says nothing'}",
        _installed(OUR_PACKAGE, again=("--force",)),
    )


def _datalad_has_us(found: DataLad) -> Check:
    """Whether DataLad's own environment has our package, and with it the command `create-sibling-pyshare`."""
    if not found.python:
        return Check(SECTION, "datalad", UNKNOWN, "DataLad does not say which Python it runs with")
    if found.has_us:
        return Check(SECTION, "datalad", OK, "DataLad has create-sibling-pyshare")
    text = "DataLad is in another environment and lacks create-sibling-pyshare"
    return Check(SECTION, "datalad", WARNING, text, _injected(os.path.realpath(found.python), found.python))


def _datalad() -> DataLad:
    """Ask DataLad's Python, which is faster than DataLad."""
    path = shutil.which("datalad") or ""
    python = _interpreter_of(path)
    version, _, rest = _output(python, "-c", _ASK).partition("\n") if python else ("", "", "")
    if path and not version:
        version = _output(path, "--version")
    return DataLad(_number(version), python, rest.startswith("has"))


def _injected(real: str, python: str) -> str:
    """The command that adds our package to DataLad's environment, by the tool that made it."""
    folders = f"{real}{os.sep}{os.path.abspath(python)}".split(os.sep)
    if "pipx" in folders:
        return command("pipx", "inject", "--include-apps", "datalad", OUR_PACKAGE)
    if "uv" in folders and "tools" in folders:
        return command("uv", "tool", "install", "datalad", "--with-executables-from", OUR_PACKAGE)
    return command(python, "-m", "pip", "install", OUR_PACKAGE)


def _interpreter_of(script: str) -> str:
    """The Python that an installed script runs with; empty if it does not say it."""
    try:
        with open(script, "rb") as file:
            begin = file.read(4096)
    except OSError:
        return ""
    found = _SHEBANG.match(begin) or _LONG_SHEBANG.match(begin)
    return os.fsdecode(found[1]) if found and os.path.exists(found[1]) else ""


def _installed(package: str, again: tuple[str, ...] = ()) -> str:
    """The command that installs a package of the Python index, with the tool that this machine has."""
    if not shutil.which("pipx") and shutil.which("uv"):
        return command("uv", "tool", "install", *again, package)
    return command("pipx", "install", *again, package)


def _output(name: str, *words: str) -> str:
    """What a program prints, without input; empty if it is not there or does not end."""
    # Python searches the working directory for modules, and that may be a stranger's dataset.
    cwd = os.path.dirname(name) if os.path.isabs(name) else None
    try:
        done = subprocess.run(
            found((name, *words)),
            env=git_environment(),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout or done.stderr).decode("utf-8", "replace")


def _short(version: str) -> str:
    """A version of git-annex without the commit that it was built from."""
    return version.partition("-g")[0]


def _number(said: str) -> str:
    """The version in what a program says about itself."""
    found = re.search(r"[0-9]+(?:\.[0-9a-z]+)+", said)
    return found[0] if found else ""


def _parts(version: str) -> list[int]:
    """A version's numbers, to compare; git-annex adds the commit after a dash."""
    return [int(number) for number in re.findall(r"[0-9]+", version.partition("-")[0])]
