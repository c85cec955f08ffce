"""Start-up: how long a remote's program takes to its first line, to PREPARE-SUCCESS and to its first answer.

We play git-annex ourselves here, since its own start would hide the difference.
"""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from remotes import Remote
from server import Server
from workload import NAME, Cycle
from workspace import Workspace

KEY = "SHA256E-s1--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
"""Nobody has it: the content of one byte with that hash does not exist."""
EXTENSIONS = "EXTENSIONS INFO GETGITREMOTENAME UNAVAILABLERESPONSE ASYNC"
SILENT = {"INFO", "DEBUG", "PROGRESS", "SETCONFIG", "SETCREDS", "SETSTATE"}
"""What a remote says without waiting for an answer."""


class Started(NamedTuple):
    """Seconds from the start of the process."""

    first_line: float
    prepared: float
    presence: float


class Dialogue:
    """A remote's program, and us in the place of git-annex.

    Args:
        process: The program.
        answers: What it is told when it asks, by its question, or by the first word of that.
    """

    def __init__(self, process: "subprocess.Popen[str]", answers: Mapping[str, str]) -> None:
        self._process = process
        self._answers = answers
        self._job = ""

    def read(self) -> str:
        """The next line, without its job number.

        Raises:
            SystemExit: The program ended.
        """
        assert self._process.stdout
        line = self._process.stdout.readline().removesuffix("\n")
        return line.removeprefix(self._job) or sys.exit("the remote's program ended too early")

    def negotiate(self) -> None:
        """Offer the extensions; with ASYNC all further lines bear a job number."""
        self._send(EXTENSIONS)
        if "ASYNC" in self.read().split():
            self._job = "J 1 "

    def ask(self, request: str) -> str:
        """The reply to a request; questions in between are answered."""
        self._send(request)
        while True:
            line = self.read()
            word = line.split()[0]
            if answer := self._answers.get(line, self._answers.get(word)):
                self._send(answer)
            elif word not in SILENT:
                return line

    def _send(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{self._job}{line}\n")
        self._process.stdin.flush()


def start(workspace: Workspace, server: Server, remote: Remote, cycle: Cycle) -> Started:
    """Start a remote's program once, as git-annex would.

    Args:
        workspace: Where.
        server: Whose login it is told.
        remote: Has a program.
        cycle: Its repository, in which the remote has been made.
    """
    answers = _answers(workspace, server, cycle.repository)
    environment = {**workspace.environment, "GIT_DIR": ".git", "GIT_WORK_TREE": "."}
    begin = time.perf_counter()
    with subprocess.Popen(
        remote.program,
        cwd=cycle.repository,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        dialogue = Dialogue(process, answers)
        dialogue.read()
        first_line = time.perf_counter() - begin
        dialogue.negotiate()
        _expect(dialogue.ask("PREPARE"), "PREPARE-SUCCESS")
        prepared = time.perf_counter() - begin
        _expect(dialogue.ask(f"CHECKPRESENT {KEY}"), f"CHECKPRESENT-FAILURE {KEY}")
        return Started(first_line, prepared, time.perf_counter() - begin)


def import_annexremote(workspace: Workspace, python: Path) -> float:
    """Seconds that the yardstick takes: a Python that imports annexremote and ends."""
    begin = time.perf_counter()
    subprocess.run((python, "-c", "import annexremote"), env=workspace.environment, check=True)
    return time.perf_counter() - begin


def _expect(reply: str, wanted: str) -> None:
    if reply != wanted:
        sys.exit(f"the remote's program answers {reply!r} instead of {wanted!r}")


def _answers(workspace: Workspace, server: Server, repository: Path) -> dict[str, str]:
    """What git-annex would answer: the remote's settings from its branch, its UUID and name, the server's login."""
    uuid, *settings = workspace.run(("git", "show", "git-annex:remote.log"), repository).split()
    pairs = (setting.partition("=") for setting in settings)
    return {
        **{f"GETCONFIG {name}": f"VALUE {value}" for name, _, value in pairs},
        "GETCONFIG": "VALUE ",
        "GETCREDS": f"CREDS {server.user} {server.password}",
        "DIRHASH-LOWER": "VALUE f87/4d5/",
        "GETUUID": f"VALUE {uuid}",
        "GETGITDIR": "VALUE .git",
        "GETGITREMOTENAME": f"VALUE {NAME}",
    }
