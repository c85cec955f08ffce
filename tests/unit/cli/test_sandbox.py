"""Running programs as a person without a login."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from git_annex_remote_pyshare.cli import sandbox
from git_annex_remote_pyshare.cli.sandbox import Stranger, stranger_environment, temporary_place
from git_annex_remote_pyshare.errors import PyshareError


def test_only_named_variables_are_passed_on_and_a_proxy_without_its_login(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", os.defpath)
    plain = stranger_environment("/h")
    for name in ("WEBDAV_PASSWORD", "AWS_PROFILE", "DROPBOX_ACCESS_TOKEN", "GIT_DIR", "SSH_AUTH_SOCK", "PYTHONPATH"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("https_proxy", "http://alice:secret@proxy:3128")
    assert stranger_environment("/h") == plain
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("SSL_CERT_FILE", "/ca.pem")
    added = {"https_proxy": "http://proxy:3128", "SSL_CERT_FILE": "/ca.pem"}
    assert stranger_environment("/h") == {**plain, **added}
    assert {value for name, value in plain.items() if name == "HOME" or name.startswith("XDG_")} == {
        *("/h", "/h/.config", "/h/.cache", "/h/.data", "/h/.state")
    }


def test_only_the_end_of_a_long_output_is_kept(tmp_path: Path) -> None:
    words = (sys.executable, "-c", "print('x' * 9_000_000); print('the end'); exit(3)")
    done = Stranger(str(tmp_path)).run(*words, cwd=str(tmp_path))
    assert done.code == 3
    assert done.output.endswith("x\nthe end\n")
    assert len(done.output) < 20_000


def test_a_program_that_is_missing_or_never_ends_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Stranger(str(tmp_path))
    with pytest.raises(PyshareError, match="pyshare-none is not installed"):
        stranger.run("pyshare-none", cwd=str(tmp_path))
    monkeypatch.setattr(sandbox, "TIMEOUT", 0.2)
    with pytest.raises(PyshareError, match="has not ended"):
        stranger.run("sleep", "60", cwd=str(tmp_path))


def test_a_signal_while_a_program_is_started_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = subprocess.Popen, []

    def interrupted(*arguments: Any, **more: Any) -> "subprocess.Popen[bytes]":
        started.append(start(*arguments, **more))
        signal.raise_signal(signal.SIGINT)
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Stranger(str(tmp_path)).run("sleep", "60", cwd=str(tmp_path))
    assert started[0].returncode == -signal.SIGKILL


def test_a_program_has_no_input_and_no_terminal(tmp_path: Path) -> None:
    code = "import sys, os; print(repr(sys.stdin.read())); os.open('/dev/tty', os.O_RDWR)"
    done = Stranger(str(tmp_path)).run(sys.executable, "-c", code, cwd=str(tmp_path))
    assert "''\n" in done.output
    assert "'/dev/tty'" in done.output


def test_folders_that_git_annex_has_write_protected_are_removed(tmp_path: Path) -> None:
    with temporary_place("pyshare-test-") as place:
        folder = Path(place) / "objects"
        folder.mkdir()
        (folder / "object").write_bytes(b"x")
        (folder / "object").chmod(stat.S_IRUSR)
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert not Path(place).exists()
