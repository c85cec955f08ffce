"""Runs the demo's commands: as persons whose commands are shown before they run."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.cli.output import heading, say, typed
from git_annex_remote_pyshare.cli.sandbox import NO_KEYRING, end, search_path
from git_annex_remote_pyshare.errors import PyshareError

PASSED_ON = ("LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "COMSPEC", "PATHEXT")
"""The environment variables that the programs inherit, besides PATH."""

TIMEOUT = 120
"""Seconds after which a command counts as hung."""


class Person:
    """A person at a computer: a HOME, a working directory, and a terminal whose commands are shown.

    Args:
        name: First name.
        place: The folder of the demo.
    """

    def __init__(self, name: str, place: str) -> None:
        self.name = name
        self.home = os.path.join(place, name.lower())
        self.folder = self.home
        self._environment = _environment(self.home)
        os.mkdir(self.home)

    def sits_down(self) -> None:
        """Show the commands that make the reader's terminal this person's."""
        heading(f"\n=== {self.name}'s computer ===\n")
        typed(f"export HOME={shlex.quote(self.home)} PYTHON_KEYRING_BACKEND={NO_KEYRING}")
        if shutil.which("git-annex-remote-pyshare") is None:
            typed(f'export PATH={shlex.quote(os.path.dirname(sys.executable))}:"$PATH"')
        typed("cd")

    def enters(self, folder: str) -> None:
        """Change the working directory."""
        typed(f"cd {shlex.quote(folder)}")
        self.folder = os.path.join(self.folder, folder)

    def copies(self, source: str) -> None:
        """Copy the contents of a folder into the working directory."""
        typed(f"cp -R {shlex.quote(source)}/. .")
        shutil.copytree(os.path.join(self.folder, source), self.folder, dirs_exist_ok=True)

    def types(self, *command: str) -> str:
        """Run a command that must succeed; its output.

        Raises:
            PyshareError: It failed.
        """
        typed(shlex.join(command))
        return self._succeeds(command, "")

    def answers(self, file: str, *command: str) -> str:
        """Run a command that must succeed, with a file in HOME as its input; its output.

        Raises:
            PyshareError: It failed.
        """
        typed(f"{shlex.join(command)} < ~/{shlex.quote(file)}")
        with open(os.path.join(self.home, file), encoding="utf-8") as answer:
            return self._succeeds(command, answer.read())

    def tries(self, *command: str) -> int:
        """Run a command that may fail; its exit code."""
        typed(shlex.join(command))
        done = self._run(command, "")
        _show_output(done.output)
        return done.code

    def _succeeds(self, command: tuple[str, ...], answers: str) -> str:
        done = self._run(command, answers)
        _show_output(done.output)
        if done.code:
            raise PyshareError(
                f"the demo's command failed with exit code {done.code}: {shlex.join(command)}",
                remedy="Its own words stand above.",
            )
        return done.output

    def _run(self, command: tuple[str, ...], answers: str) -> "_Done":
        # Looked up in the PATH of the program, which is not ours.
        program = shutil.which(command[0], path=self._environment["PATH"]) or command[0]
        process = subprocess.Popen(
            (program, *command[1:]),
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # so that its child processes can be killed, too
        )
        with process:
            try:
                output, _ = process.communicate(answers, timeout=TIMEOUT)
            except BaseException:  # also Ctrl-C must leave no program running
                end(process)
                raise
        return _Done(process.returncode, output)


class _Done(NamedTuple):
    code: int
    output: str


def _environment(home: str) -> Mapping[str, str]:
    """The environment of a person's programs."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    own_folders = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"), home)
    return {
        **passed,
        **own_folders,
        "PATH": search_path(),
        "PYTHON_KEYRING_BACKEND": NO_KEYRING,
        "GIT_CONFIG_NOSYSTEM": "1",
        "DATALAD_LOG_LEVEL": "error",
    }


def _show_output(output: str) -> None:
    """Print the output without summaries and without messages about git-annex's own branch."""
    essential, _, _ = output.partition("action summary:")
    for line in essential.splitlines():
        if line.strip() and not line.startswith("(recording state"):
            say(f"    {line}")
