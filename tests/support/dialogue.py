"""Reads and replays the dialogues of protocol_fixtures/; the README there explains how to write one."""

import os
import re
import subprocess
import sys
from collections import defaultdict, deque
from collections.abc import Mapping
from queue import Queue
from threading import Thread
from typing import IO, NamedTuple

PROGRAMS: Mapping[str, list[str]] = {
    "awkward": [os.path.join(os.path.dirname(__file__), "awkward.py")],
    "pyshare": ["-m", "git_annex_remote_pyshare"],
}
PATIENCE = 20.0
"""Seconds to wait for a line that ought to come; only a failing test waits that long."""


class Dialogue(NamedTuple):
    remote: str
    awkward: str
    files: Mapping[bytes, bytes]
    folders: list[str]
    repositories: list[str]
    lines: list[tuple[str, bytes]]
    """(`>`, `<` or `!`, the line's bytes)"""


def read(text: str, folder: str) -> Dialogue:
    lines = [line for line in text.split("\n") if line]
    headers = defaultdict(list)
    for line in lines:
        if line.startswith("# ") and ": " in line:
            name, _, told = line[2:].partition(": ")
            headers[name].append(told)
    files = dict(_bytes(told, folder).split(b" = ", 1) for told in headers["file"])
    spoken = [(line[0], _bytes(line[2:], folder)) for line in lines if not line.startswith("#")]
    (remote,) = headers["remote"]
    return Dialogue(remote, " ".join(headers["awkward"]), files, headers["folder"], headers["git"], spoken)


def _bytes(text: str, folder: str) -> bytes:
    raw = text.replace("{dir}", folder).encode()
    return re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), raw)


class Program:
    """The program under test, spoken to as git-annex does."""

    def __init__(self, remote: str, folder: str, awkward: str = "") -> None:
        environment = {
            name: told
            for name, told in os.environ.items()
            if not name.startswith(("WEBDAV_", "AWS_", "DROPBOX_", "GIT_", "PYTHONUNBUFFERED"))
        }
        self.process = subprocess.Popen(
            [sys.executable, *PROGRAMS[remote]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**environment, "HOME": folder, "AWKWARD": awkward, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self.errors: list[bytes] = []
        self._heard: Queue[bytes] = Queue()
        self._by_job: dict[bytes, deque[bytes]] = defaultdict(deque)
        self._threads = [
            Thread(target=self._hear, args=[self.process.stdout], daemon=True),
            Thread(target=self._read_errors, args=[self.process.stderr], daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def say(self, *lines: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(b"".join(line + b"\n" for line in lines))
        self.process.stdin.flush()

    def next_line(self, job: bytes = b"") -> bytes:
        """The next line of a job, where `job` is e.g. b"J 2 ", or of the only job."""
        while not self._by_job[job]:
            line = self._heard.get(timeout=PATIENCE)
            self._by_job[job_of(line)].append(line)
        return self._by_job[job].popleft()

    def end(self) -> tuple[int, list[bytes]]:
        """Close the input and wait: the exit code, and the lines that nobody expected."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.wait()

    def wait(self) -> tuple[int, list[bytes]]:
        try:
            code = self.process.wait(timeout=PATIENCE)
        finally:
            self.process.kill()
        for thread in self._threads:
            thread.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe
            pipe.close()
        left = [line for lines in self._by_job.values() for line in lines]
        while not self._heard.empty():
            left.append(self._heard.get())
        return code, left

    def _hear(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            assert line.endswith(b"\n"), line
            if not line.removeprefix(job_of(line)).startswith(b"DEBUG "):
                self._heard.put(line[:-1])

    def _read_errors(self, pipe: IO[bytes]) -> None:
        self.errors.extend(line.rstrip(b"\r\n") for line in pipe)


def job_of(line: bytes) -> bytes:
    found = re.match(rb"J \d+ ", line)
    return found[0] if found else b""


def replay(dialogue: Dialogue, folder: str) -> None:
    _furnish(dialogue, folder)
    program = Program(dialogue.remote, folder, dialogue.awkward)
    answers: dict[bytes, bytes] = {}
    for side, line in dialogue.lines:
        if side == ">":
            program.say(line)
        elif side == "<":
            _expect(program, line, answers)
        elif side == "=":
            name, _, content = line.partition(b" = ")
            with open(os.path.join(folder, os.fsdecode(name)), "rb") as file:
                assert file.read() == content
        elif side == "~":
            question, _, answer = line.partition(b" = ")
            answers[question] = answer
    code, left = program.end()
    assert left == []
    assert program.errors == [line for side, line in dialogue.lines if side == "!"]
    assert code == 0


def _furnish(dialogue: Dialogue, folder: str) -> None:
    for name in dialogue.folders:
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    for name in dialogue.repositories:
        repository = os.path.join(folder, name)
        subprocess.run(["git", "init", "-q", "-b", "git-annex", repository], check=True)
        author = ["-c", "user.name=Alice", "-c", "user.email=alice@example.org"]
        subprocess.run(["git", "-C", repository, *author, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    for file_name, content in dialogue.files.items():
        path = os.path.join(folder, os.fsdecode(file_name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def _expect(program: Program, expected: bytes, answers: Mapping[bytes, bytes]) -> None:
    job = job_of(expected)
    pattern = b".*".join(map(re.escape, expected.split(b"{any}")))
    while not re.fullmatch(pattern, heard := program.next_line(job)):
        question = heard.removeprefix(job)
        assert answers, f"expected {expected!r}, heard {heard!r}"
        assert question.startswith(b"GET"), f"expected {expected!r}, heard {heard!r}"
        word = b"CREDS" if question.startswith(b"GETCREDS") else b"VALUE"
        program.say(job + word + b" " + answers.get(question, b""))
