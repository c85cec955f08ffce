"""The program that git-annex starts is killed or told to end in the middle of a store into Dropbox."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from support.annex import Repository
from support.dialogue import Program, job_of
from support.dropboxkit import credential
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.dropbox.script import Play

from git_annex_remote_pyshare.store.store_config import CREDS

pytest_plugins = ["support.dropbox_repositories"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals that a program could answer")

SOON = 2.0
"""Seconds within which the process must have ended."""
LARGE = 5 << 20
"""Bytes of a file that goes up alone, while the commits of others are free to go on."""
COMMIT = "files/upload_session/finish_batch_v2"


class Started:
    """Our program, prepared for the remote `store` of a repository, for as many jobs as are wanted.

    Args:
        repository: Has the remote.
        login: What git-annex would hold of Alice's login.
    """

    def __init__(self, repository: Repository, login: str) -> None:
        self.program = Program("pyshare", str(repository.folder))
        self._answers = {
            b"GETCONFIG url": b"VALUE dropbox:/Data",
            f"GETCREDS {CREDS}".encode(): f"CREDS alice {login}".encode(),
            b"GETGITDIR": b"VALUE .git",
            b"GETGITREMOTENAME": b"VALUE store",
        }
        assert self.program.next_line() == b"VERSION 2"
        self.program.say(b"EXTENSIONS INFO GETGITREMOTENAME ASYNC")
        self.program.next_line()
        self.program.say(b"J 1 PREPARE")
        self.hear(b"J 1 ", b"PREPARE-SUCCESS")
        self.program.say(b"J 1 CHECKPRESENT WORM-s1--nothing")  # with it all that is asked only once is asked
        self.hear(b"J 1 ", b"CHECKPRESENT-FAILURE")

    def hear(self, job: bytes, beginning: bytes) -> None:
        """Answer what a job asks until it says something that begins so."""
        while not (line := self.program.next_line(job).removeprefix(job)).startswith(beginning):
            assert line.startswith(b"GET"), line
            self.program.say(job + self._answers.get(line, b"VALUE "))

    def store(self, job: int, key: str, file: Path) -> bytes:
        """Begin a store in a job, whose tag is given back."""
        tag = b"J %d " % job
        self.program.say(tag + f"TRANSFER STORE {key} {file}".encode())
        return tag


@pytest.fixture
def started(lab: Repository, dropbox_alice: Account, dropbox_here: RunningDropbox) -> Iterator[Callable[[], Started]]:
    made: list[Started] = []

    def start() -> Started:
        made.append(Started(lab, credential(dropbox_here.service, dropbox_alice).secret))
        return made[-1]

    yield start
    for each in made:
        each.program.process.kill()


def await_(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_store_that_is_killed_leaves_nothing_and_the_next_one_works(
    lab: Repository, started: Callable[[], Started], dropbox_alice: Account
) -> None:
    lab.add({"file": os.urandom(LARGE)})
    key, mark = lab.key("file"), dropbox_alice.home.used()
    lab.git("config", "remote.store.pyshare-bwlimit", "2MiB")
    ours = started()
    tag = ours.store(1, key, lab.folder / "file")
    ours.hear(tag, b"PROGRESS")
    ours.program.process.kill()
    assert ours.program.wait()[0] == -signal.SIGKILL
    lab.git("config", "--unset", "remote.store.pyshare-bwlimit")
    assert lab.annex("checkpresentkey", key, "store", check=False).returncode == 1
    lab.annex("copy", "--to", "store", "file")
    assert dropbox_alice.home.used() == LARGE + mark


def close_input(program: Program) -> None:
    assert program.process.stdin
    program.process.stdin.close()


def interrupt(program: Program) -> None:
    program.process.send_signal(signal.SIGINT)


@pytest.mark.parametrize("end", [close_input, interrupt])
def test_db31_a_batch_that_is_open_does_not_hold_up_the_end(
    lab: Repository,
    started: Callable[[], Started],
    dropbox_here: RunningDropbox,
    dropbox_alice: Account,
    end: Callable[[Program], None],
) -> None:
    sizes = {"large": LARGE, "first": 10, "second": 10}
    for name, size in sizes.items():
        (lab.folder / name).write_bytes(os.urandom(size))
    begun: list[str] = []

    def hold(route: str) -> Play:
        """The large file's upload and the first commit take long."""
        begun.append(route)
        return Play(wait=60 if route in {"files/upload", COMMIT} else 0)

    def has_begun(uploads: int) -> bool:
        return len([route for route in begun if "upload" in route]) >= uploads

    dropbox_here.service.script.otherwise = hold
    ours = started()
    for job, (name, size) in enumerate(sizes.items(), 1):
        ours.store(job, f"WORM-s{size}--{name}", lab.folder / name)
        await_(partial(has_begun, job))
    await_(lambda: COMMIT in begun)
    await_(lambda: len([seen for seen in dropbox_here.service.seen if seen.route.endswith("session/start")]) == 2)
    begin = time.monotonic()
    end(ours.program)
    code, left = ours.program.wait()
    assert time.monotonic() - begin < SOON
    assert (code, ours.program.errors) == (0, [])
    assert {line.removeprefix(job_of(line)).split()[0] for line in left} <= {b"PROGRESS", b"TRANSFER-FAILURE"}
