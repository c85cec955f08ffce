"""The end of input and signals end the real process soon, quietly, and with nothing left behind. Edge case PR19."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.dialogue import PROGRAMS, Program

SOON = 2.0
"""Seconds within which the process must have ended, whatever its jobs do."""


def close_input(program: Program) -> None:
    assert program.process.stdin
    program.process.stdin.close()


def send_sigterm(program: Program) -> None:
    program.process.send_signal(signal.SIGTERM)


def send_sigint(program: Program) -> None:
    program.process.send_signal(signal.SIGINT)


def send_many_signals(program: Program) -> None:
    for _ in range(5):
        send_sigint(program)
        send_sigterm(program)
    close_input(program)


ENDS = [
    pytest.param(close_input, id="end-of-input"),
    pytest.param(send_sigterm, id="SIGTERM"),
    pytest.param(send_sigint, id="SIGINT"),
    pytest.param(send_many_signals, id="many-signals"),
]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals that a program could answer")


def ended(program: Program, end: Callable[[Program], None]) -> tuple[float, list[bytes]]:
    """The seconds that it took, and the lines that nobody had read."""
    begin = time.monotonic()
    end(program)
    code, left = program.wait()
    took = time.monotonic() - begin
    assert code == 0
    assert program.errors == []
    return took, left


def started(folder: object) -> Program:
    program = Program("awkward", str(folder))
    assert program.next_line() == b"VERSION 2"
    program.say(b"EXTENSIONS INFO ASYNC")
    assert program.next_line() == b"EXTENSIONS INFO ASYNC"
    program.say(b"J 1 PREPARE")
    assert program.next_line(b"J 1 ") == b"J 1 PREPARE-SUCCESS"
    return program


@pytest.mark.parametrize("end", ENDS)
def test_an_idle_process_ends_at_once(end: Callable[[Program], None], tmp_path: object) -> None:
    took, left = ended(started(tmp_path), end)
    assert took < SOON
    assert left == []


@pytest.mark.parametrize("end", ENDS)
def test_jobs_that_hang_are_ended_by_force(end: Callable[[Program], None], tmp_path: object) -> None:
    program = started(tmp_path)
    program.say(*(b"J %d REMOVE XYZ--sleep" % number for number in range(1, 9)))
    program.say(b"J 9 CHECKPRESENT XYZ--present")
    assert program.next_line(b"J 9 ") == b"J 9 CHECKPRESENT-SUCCESS XYZ--present"
    took, left = ended(program, end)
    assert took < SOON
    assert left == []


@pytest.mark.parametrize("end", ENDS)
def test_jobs_that_listen_are_told_to_stop_and_may_still_answer(
    end: Callable[[Program], None], tmp_path: object
) -> None:
    program = started(tmp_path)
    program.say(b"J 1 CHECKPRESENT XYZ--wait-for-stop", b"J 2 CHECKPRESENT XYZ--config")
    assert program.next_line(b"J 2 ") == b"J 2 GETCONFIG path"
    took, left = ended(program, end)
    assert took < 1.0  # the grace is not used up
    assert sorted(left) == [
        b"J 1 CHECKPRESENT-SUCCESS XYZ--wait-for-stop",
        b"J 2 CHECKPRESENT-UNKNOWN XYZ--config git-annex ended the conversation",
    ]


def test_a_request_that_was_cut_off_by_the_end_of_input_is_not_handled(tmp_path: object) -> None:
    program = started(tmp_path)
    assert program.process.stdin
    program.process.stdin.write(b"J 1 REMOVE XYZ--o")
    assert program.end() == (0, [])


def test_a_git_annex_that_stopped_reading_does_not_keep_the_process_alive(tmp_path: object) -> None:
    # No thread reads here: the pipe is full in the middle of a line.
    with subprocess.Popen(
        [sys.executable, *PROGRAMS["awkward"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"CHECKPRESENT " + b"x" * 300_000 + b"--present\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"VERSION 2\n"
        process.stdout.peek(1)  # type: ignore[attr-defined]  # the reply has begun
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert time.monotonic() - begin < SOON


def test_children_of_the_process_do_not_hold_the_pipes_of_git_annex() -> None:
    code = (
        "import os, subprocess, sys;"
        "from git_annex_remote_pyshare.annex.protocol.serve import private_pipes;"
        "pipes = private_pipes();"
        "child = subprocess.run([sys.executable, '-c', 'import sys; print(len(sys.stdin.read()))']);"
        "pipes.outgoing.write(b'done %d' % child.returncode)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=b"for us", capture_output=True, check=True)
    assert done.stdout == b"done 0"
    assert re.fullmatch(rb"0\r?\n", done.stderr)


def test_ctrl_c_while_we_start_is_no_traceback_pr19(tmp_path: Path) -> None:
    (tmp_path / "annexremote.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    command = [sys.executable, *PROGRAMS["pyshare"]]
    done = subprocess.run(command, input=b"", capture_output=True, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")
