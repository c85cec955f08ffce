"""Many jobs at once: whole lines, right numbers, answers that find who asked."""

import os
import re
import time
from collections import Counter
from threading import Barrier, Thread
from typing import Any, BinaryIO

import pytest

from git_annex_remote_pyshare.annex.protocol.jobs import Jobs
from git_annex_remote_pyshare.annex.protocol.writer import Writer
from git_annex_remote_pyshare.errors import Cancelled

JOBS = 8
ROUNDS = 50


class Trickle:
    """A pipe that takes a few bytes at a time, and lets other threads run in between."""

    def __init__(self) -> None:
        self.taken = bytearray()
        self._busy = False

    def write(self, some: memoryview) -> int:
        assert not self._busy, "two threads write at once"
        self._busy = True
        piece = bytes(some[:7])
        self.taken += piece
        time.sleep(0)  # lets another thread run
        self._busy = False
        return len(piece)


class Closed:
    def write(self, _some: memoryview) -> int:
        raise BrokenPipeError


def test_lines_of_many_threads_stay_whole_even_if_the_pipe_takes_them_in_pieces() -> None:
    pipe: Any = Trickle()
    writer, start = Writer(pipe), Barrier(JOBS)

    def write(number: int) -> None:
        start.wait()
        for turn in range(ROUNDS):
            writer.send(f"J {number} DEBUG {turn} of a line of some length", f"J {number} END {turn}")

    threads = [Thread(target=write, args=[number]) for number in range(JOBS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = bytes(pipe.taken).decode().splitlines()
    assert len(lines) == 2 * JOBS * ROUNDS
    # A block of lines stays together, too.
    for first, second in zip(lines[::2], lines[1::2], strict=True):
        assert re.fullmatch(r"J (\d+) DEBUG (\d+) of a line of some length", first)
        assert second == re.sub(r"DEBUG (\d+) .*", r"END \1", first)


def test_writing_to_a_git_annex_that_has_gone_is_the_end_of_the_job() -> None:
    pipe: Any = Closed()
    with pytest.raises(Cancelled):
        Writer(pipe).send("DEBUG")


def test_nobody_writes_after_the_writer_fell_silent() -> None:
    pipe: Any = Trickle()
    writer = Writer(pipe)
    writer.fall_silent(timeout=5)
    thread = Thread(target=writer.send, args=["too late"], daemon=True)
    thread.start()
    thread.join(0.05)
    assert thread.is_alive()
    assert not pipe.taken


class Asking:
    """Asks a question of its own at every request, and meets the other jobs in the middle."""

    meeting = Barrier(JOBS)

    def __init__(self, annex: Any) -> None:
        self.annex = annex

    def checkpresent(self, key: str) -> bool:
        self.meeting.wait(20)
        self.annex.progress(1)
        return bool(self.annex.getconfig(key) == f"answer to {key}")

    def prepare(self) -> None:
        pass


class AskingAlone(Asking):
    meeting = Barrier(1)


def test_eight_jobs_at_once_each_get_their_own_answers_pr18() -> None:
    reading, writing = os.pipe()
    made: list[Any] = []

    def make_remote(annex: Any) -> Asking:
        made.append(annex)
        return Asking(annex)

    with open(reading, encoding="utf-8") as incoming, open(writing, "wb", buffering=0) as outgoing:
        jobs = Jobs(Writer(_binary(outgoing)), make_remote)
        jobs.deliver("EXTENSIONS INFO ASYNC")
        assert incoming.readline() == "EXTENSIONS INFO ASYNC\n"
        jobs.deliver("J 1 PREPARE")
        assert incoming.readline() == "J 1 PREPARE-SUCCESS\n"
        finished: Counter[str] = Counter()
        for job in range(1, JOBS + 1):
            jobs.deliver(f"J {job} CHECKPRESENT K{job}-0")
        while sum(finished.values()) < JOBS * ROUNDS:
            _mark, number, word, *rest = incoming.readline().split()
            if word == "GETCONFIG":
                jobs.deliver(f"J {number} VALUE answer to {rest[0]}")
            elif word != "PROGRESS":
                assert (word, rest) == ("CHECKPRESENT-SUCCESS", [f"K{number}-{finished[number]}"])
                finished[number] += 1
                if finished[number] < ROUNDS:
                    jobs.deliver(f"J {number} CHECKPRESENT K{number}-{finished[number]}")
        jobs.close()
        jobs.join()
    assert len(made) == JOBS  # one remote per job, however many requests


def _binary(pipe: Any) -> BinaryIO:
    binary: BinaryIO = pipe
    return binary


def test_a_job_that_waits_for_an_answer_learns_that_none_will_come() -> None:
    reading, writing = os.pipe()
    with open(reading, encoding="utf-8") as incoming, open(writing, "wb", buffering=0) as outgoing:
        jobs = Jobs(Writer(_binary(outgoing)), AskingAlone)
        jobs.deliver("CHECKPRESENT K")
        assert incoming.readline() == "PROGRESS 1\n"
        assert incoming.readline() == "GETCONFIG K\n"
        jobs.close()
        jobs.join()
        assert incoming.readline() == "CHECKPRESENT-UNKNOWN K git-annex ended the conversation\n"
