"""What the commands print suits the place where it is read: terminals of all widths, pipes, other encodings."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from git_annex_remote_pyshare.cli.output import Cell, State, show_check, show_table
from git_annex_remote_pyshare.cli.progress import bytes_bar, with_bar

START = "from git_annex_remote_pyshare.cli.output import *; from git_annex_remote_pyshare.cli.progress import *\n"
CHECKS = START + "for state in State: show_check(state, 'the ' + state.value, 'git annex get')"
TABLE = (
    START + "show_table(('Remote', 'Address'), [('[bold]cloud', 'https://cloud.example.org/remote.php/dav/files/bob'),"
    "('数据', Cell('s3://b', State.PROBLEM))])"
)
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(code: str, columns: int = 80, **environment: str) -> str:
    """What a terminal receives."""
    env: Any = {"TERM": "xterm", "PATH": "", "PYTHONPATH": ":".join(sys.path), "LANG": "C.UTF-8", **environment}
    child = pexpect.spawn(sys.executable, ["-c", code], env=env, dimensions=(24, columns), encoding="utf-8", timeout=30)
    said = child.read()
    child.close()
    assert child.exitstatus == 0, said
    return str(said).replace("\r\n", "\n")


def test_a_check_has_a_sign_a_colour_and_the_command_that_mends_it() -> None:
    said = on_terminal(CHECKS)
    assert ESCAPE.sub("", said).splitlines() == [
        "✓ the ok → git annex get",
        "! the warning → git annex get",
        "✗ the problem → git annex get",
        "? the unknown → git annex get",
    ]
    assert [f"\x1b[{colour}m" in said for colour in (32, 33, 31, 36)] == [True] * 4


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
@pytest.mark.parametrize("code", [CHECKS, TABLE])
def test_people_who_want_no_colours_get_none(code: str, environment: dict[str, str]) -> None:
    assert not ESCAPE.search(on_terminal(code, 80, **environment))


def test_signs_that_the_encoding_lacks_are_ascii() -> None:
    said = on_terminal(CHECKS, PYTHONIOENCODING="ascii", NO_COLOR="1")
    assert said.splitlines() == [
        "ok the ok -> git annex get",
        "!  the warning -> git annex get",
        "x  the problem -> git annex get",
        "?  the unknown -> git annex get",
    ]


def test_letters_that_the_encoding_lacks_stop_no_command() -> None:
    said = on_terminal(f"{TABLE}\nshow('ü'); alert('ü')", PYTHONIOENCODING="ascii")
    assert said.count("\\xfc") == 2
    assert "\\u6570\\u636e" in said


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_table_fits_the_terminal_and_its_addresses_can_be_copied(columns: int) -> None:
    lines = on_terminal(TABLE, columns, NO_COLOR="1").splitlines()
    if columns == 40:
        address = "  address: https://cloud.example.org/remote.php/dav/files/bob"
        assert lines == ["[bold]cloud", address, "数据", "  address: s3://b"]
    else:
        address = "https://cloud.example.org/remote.php/dav/files/bob"
        assert lines == ["Remote       Address", f"[bold]cloud  {address}", "数据         s3://b"]


def test_a_check_that_is_too_long_has_its_command_on_a_line_of_its_own() -> None:
    said = on_terminal(START + "show_check(State.OK, 'x' * 30, 'git annex get')", 40, NO_COLOR="1")
    assert said.splitlines() == ["✓ " + "x" * 30, "  → git annex get"]


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    show_table(("Remote", "Address"), [("a", Cell("x" * 300, State.OK)), ("bb", "\x1b[31m\nc")])
    show_check(State.PROBLEM, "\x1b[31m\nc", "git\x1b")
    assert list(with_bar(iter([1]), 1, "Counting")) == [1]
    with bytes_bar(2, "Getting") as advance:
        advance(2)
    said = capsys.readouterr()
    assert said.out.splitlines() == ["a   " + "x" * 300, "bb  [31m c", "✗ [31m c → git "]
    assert said.err == ""


def test_colours_can_be_forced_into_a_pipe(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    show_check(State.OK, "fine")
    show_table(("A",), [(Cell("fine", State.OK),)])
    assert capsys.readouterr().out == "\x1b[32m✓\x1b[0m fine\n\x1b[32mfine\x1b[0m\n"


PROGRESS = """
import time
def slow():
    for number in range(3):
        time.sleep(0.4)
        yield number
for number in with_bar(slow(), 3, 'Verifying'):
    alert('file [red]' + str(number) + ' ' + 'x' * 200)
"""


@pytest.mark.parametrize(("columns", "bar"), [(40, 0), (80, 1)])
def test_progress_tells_speed_and_time_and_steps_aside_for_other_lines(columns: int, bar: int) -> None:
    said = on_terminal(START + PROGRESS, columns)
    plain = ESCAPE.sub("", said)
    assert "Verifying" in plain
    assert re.search(r"2/3 · \d(\.\d+)?/s +00:0\d", plain)
    assert ("━" in plain) == bool(bar)
    for number in range(3):
        assert f"file [red]{number} {'x' * 200}\n" in plain
    assert said.rstrip().endswith("\x1b[2K"), "it is taken away at the end"


def test_progress_of_bytes_tells_both_in_words() -> None:
    code = "import time\nwith bytes_bar(3 << 20, 'Getting') as add:\n for _ in range(2): add(1 << 20); time.sleep(0.3)"
    assert re.search(r"2\.0 MiB of 3\.0 MiB · [\d.]+ [KM]iB/s", ESCAPE.sub("", on_terminal(START + code)))


@pytest.mark.parametrize("code", [PROGRESS, "set_loudness(Loudness.QUIET)" + PROGRESS])
def test_a_dumb_terminal_and_a_quiet_command_show_no_progress(code: str) -> None:
    assert "Verifying" not in on_terminal(START + code, TERM="xterm" if "QUIET" in code else "dumb")


@pytest.mark.skipif(os.name == "nt", reason="its shell has no such redirection")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_command_that_was_started_with_a_closed_output_ends_as_ever(closed: str, alone: Path) -> None:
    line = f"exec {sys.executable} -m git_annex_remote_pyshare whoami {closed}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
