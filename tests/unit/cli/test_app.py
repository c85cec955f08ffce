"""The command line as a whole: its table, its help, and how it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.logins import Cloud, Type

from git_annex_remote_pyshare import __version__
from git_annex_remote_pyshare.cli import app
from git_annex_remote_pyshare.cli.commands import whoami
from git_annex_remote_pyshare.errors import Unreachable


def python(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)


def test_every_row_of_the_table_is_a_command_with_an_example(typed: Type) -> None:
    for name in app.COMMANDS:
        assert f"  pyshare {name}" in typed("help", name).out


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_without_a_command_there_is_help(words: tuple[str, ...], typed: Type) -> None:
    done = typed(*words)
    assert (done.code, done.err) == (0, "")
    for name, row in app.COMMANDS.items():
        assert f"  {name}" in done.out
        assert row.summary in done.out


def test_the_version_is_told(typed: Type) -> None:
    assert typed("--version") == (0, f"pyshare, version {__version__}\n", "")


@pytest.mark.parametrize("words", [("lgin",), ("login",), ("whoami", "--nix")])
def test_a_wrong_word_ends_with_2(words: tuple[str, ...], typed: Type) -> None:
    done = typed(*words)
    assert done.code == 2
    assert "Usage: pyshare" in done.err


def test_help_is_quick_since_it_imports_no_command() -> None:
    done = python("""
import sys
from git_annex_remote_pyshare.cli.app import run
run(["--help"])
modules = {"rich", "requests", "urllib3", "keyring", "platformdirs", "git_annex_remote_pyshare.cli.commands.login"}
print(*modules & sys.modules.keys(), file=sys.stderr)
""")
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_a_failure_is_one_line_without_traceback(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_url: str) -> None:
        raise Unreachable("it\nbroke", remedy="Try again.")

    monkeypatch.setattr(whoami, "logins", fail)
    assert typed("whoami") == (2, "", "pyshare: it broke. Try again.\n")


@pytest.mark.parametrize(
    ("stop", "code", "text"),
    [(KeyboardInterrupt, 130, ""), (EOFError, 1, "pyshare: the input ended before everything was answered.\n")],
)
def test_stopping_is_quiet_and_a_missing_answer_is_not(
    stop: type[BaseException], code: int, text: str, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(_url: str) -> None:
        raise stop

    monkeypatch.setattr(whoami, "logins", end)
    done = typed("whoami")
    assert (done.code, done.err.lstrip("\n")) == (code, text)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal for one process")
def test_ctrl_c_while_waiting_for_the_browser_ends_at_once(cloud: Cloud, alone: Path) -> None:
    cloud.refusals = 10_000
    # A test run in the background ignores SIGINT, and its children would inherit that.
    script = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from git_annex_remote_pyshare.cli.app import main
main()
"""
    words = [sys.executable, "-c", script, "login", cloud.base, "--no-browser"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            if "Waiting" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(20) == 130
    assert rest.strip() == ""


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("verify", "x", "--jsn"), "--json"),
        (("verify", "x", "--dowload"), "--download"),
        (("share", "x", "--expire", "3d"), "--expires"),
        (("--verson",), "--version"),
    ],
)
def test_a_mistyped_option_is_answered_with_the_nearest_one(words: tuple[str, ...], meant: str, typed: Type) -> None:
    done = typed(*words)
    assert done.code == 2
    assert "No such option" in done.err
    assert meant in done.err.partition("No such option")[2].partition("?")[0]


@pytest.mark.parametrize(
    ("typo", "meant"), [("lgin", "login"), ("logn", "login"), ("who-am-i", "whoami"), ("shere", "share")]
)
def test_a_mistyped_command_is_answered_with_the_one_that_was_meant(typo: str, meant: str, typed: Type) -> None:
    done = typed(typo)
    assert done.code == 2
    assert f"No such command '{typo}'. Did you mean '{meant}'?" in done.err


def test_help_is_a_command_too(typed: Type) -> None:
    assert typed("help") == typed("--help")
    assert typed("help", "login") == typed("login", "--help")
    done = typed("help", "logn")
    assert (done.code, done.out) == (2, "")
    assert "Did you mean 'login'?" in done.err


@pytest.mark.parametrize("error", [ValueError("Bearer S3CRET"), MemoryError("S3CRET"), KeyError("S3CRET")])
def test_a_failure_that_no_code_foresaw_is_one_line_without_its_own_words(
    error: Exception, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_url: str) -> None:
        raise error

    monkeypatch.setattr(whoami, "logins", fail)
    monkeypatch.delenv("PYSHARE_DEBUG", raising=False)
    done = typed("whoami")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith(f"pyshare: this failed unexpectedly ({type(error).__name__}). ")
    assert "S3CRET" not in done.err
    monkeypatch.setenv("PYSHARE_DEBUG", "1")
    assert "Traceback" in typed("whoami").err


def test_an_error_of_the_system_is_shown_in_the_systems_words(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_url: str) -> None:
        raise OSError(28, "No space left on device", "/tmp/\x1b]0;x\x07")

    monkeypatch.setattr(whoami, "logins", fail)
    assert "(OSError: No space left on device)" in typed("whoami").err


@pytest.mark.skipif(os.name == "nt", reason="there a pipe ends in another way")
def test_a_reader_that_goes_away_early_leaves_no_traceback(alone: Path) -> None:
    script = "from git_annex_remote_pyshare.cli.app import main; main()"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", script, "--help"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
