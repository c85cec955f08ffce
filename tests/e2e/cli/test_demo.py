"""`pyshare demo`, as somebody who has never seen git-annex runs it."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.annex import unlock

from git_annex_remote_pyshare.cli.app import pyshare
from git_annex_remote_pyshare.cli.commands import demo as command
from git_annex_remote_pyshare.cli.demo import stage, story
from git_annex_remote_pyshare.cli.demo.stage import Person
from git_annex_remote_pyshare.cli.demo.story import BOOK, DATA, DATASET, FILES, WITHHELD
from git_annex_remote_pyshare.cli.sandbox import temporary_place
from git_annex_remote_pyshare.errors import PyshareError

LIMIT = 30
"""Seconds that a reader is asked to wait."""


class Reader:
    """A person with an empty HOME, no virtual environment on the PATH, and secrets in the environment."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.temporary = folder / "temporary files"
        self.home.mkdir()
        self.temporary.mkdir()
        kept = {name: os.environ[name] for name in ("COVERAGE_PROCESS_START", "SYSTEMROOT") if name in os.environ}
        self.environment = {
            **kept,
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "PATH": os.defpath,
            "WEBDAV_USERNAME": "reader",
            "WEBDAV_PASSWORD": "the reader's own",
            "GIT_DIR": "/nowhere",
        }

    def starts(self, *options: str) -> subprocess.Popen[str]:
        """The demo, running."""
        return subprocess.Popen(
            [sys.executable, "-m", "git_annex_remote_pyshare", "demo", *options],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def watches(self, *options: str) -> tuple[int, str]:
        """Exit code and output of the whole demo."""
        with self.starts(*options) as process:
            output, _ = process.communicate(timeout=2 * LIMIT)
        return process.returncode, output

    def leftovers(self) -> list[str]:
        """What the demo has left behind."""
        return [*os.listdir(self.home), *os.listdir(self.temporary)]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    yield Reader(tmp_path)
    unlock(tmp_path)


@pytest.mark.parametrize("options", [(), ("--webdav",)], ids=["folder", "webdav"])
def test_the_demo_ends_well_within_half_a_minute_and_leaves_nothing(options: tuple[str, ...], reader: Reader) -> None:
    begin = time.monotonic()
    code, output = reader.watches(*options)
    assert code == 0, output
    assert time.monotonic() - begin < LIMIT
    assert "WRONG" not in output
    assert f"get(ok): {BOOK} (file) [from for-friends...]" in output
    assert f"get(error): {WITHHELD} (file)" in output
    assert reader.leftovers() == []


def test_what_the_demo_shows_can_be_typed_into_a_shell(reader: Reader, tmp_path: Path) -> None:
    code, output = reader.watches("--keep")
    assert code == 0, output
    place = Path(re.findall(r"happens in (.*), which stays", output)[0])
    removal = re.findall("(?m)^To remove what was kept, type: (.*)$", output)[0]
    again = tmp_path / "typed"
    for folder in ("bob", "shared", "github"):
        (again / folder).mkdir(parents=True)
    shutil.copytree(place / "alice" / "Downloads", again / "alice" / "Downloads")
    script = re.sub(r"(?m)^  \$ |^(?!  \$ ).*\n", "", output).replace(str(place), str(again))
    shown = [line for line in script.splitlines() if not line.endswith(WITHHELD)]
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(shown)],
        env={name: value for name, value in reader.environment.items() if name != "GIT_DIR"},
        check=True,
        capture_output=True,
        timeout=2 * LIMIT,
    )
    assert all(holds for _, holds in story.comparisons(str(again)))
    subprocess.run(["bash", "-euc", removal], check=True)
    assert reader.leftovers() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_demo_that_is_stopped_in_the_middle_leaves_nothing(number: int, code: int, reader: Reader) -> None:
    with reader.starts() as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("  $ datalad save"):
                break
        process.send_signal(number)
        process.communicate(timeout=LIMIT)
    assert process.returncode == code
    assert reader.leftovers() == []


@pytest.mark.parametrize("missing", ["git", "git-annex", "datalad", "git-annex-remote-pyshare"])
def test_a_missing_program_is_named_with_what_to_type(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _programs(tmp_path, {name: "exit 0" for name in command.PROGRAMS if name != missing}, monkeypatch)
    error = _error(_run())
    assert f"needs {missing}, which is not installed" in error
    assert error.endswith(command.PROGRAMS[missing])


@pytest.mark.parametrize("missing", command.LIBRARIES)
def test_a_missing_webdav_server_is_named_with_what_to_type(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == missing else object())
    assert "pip install 'git-annex-remote-pyshare[demo]'" in _error(_run("--webdav"))


def test_a_command_that_fails_ends_the_demo_with_its_words_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _programs(tmp_path, {**dict.fromkeys(command.PROGRAMS, "exit 0"), "datalad": "echo no room; exit 3"}, monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = _run()
    assert "failed with exit code 3: datalad create DataLad-101" in _error(result)
    assert "    no room\n" in result.output
    assert [name for name in os.listdir(tmp_path) if name.startswith("pyshare-demo")] == []


def test_the_demo_fails_when_the_withheld_file_can_be_got(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lax = dict.fromkeys(command.PROGRAMS, "mkdir -p DataLad-101; echo for-friends; exit 0")
    _programs(tmp_path, {**lax, "mkdir": f"exec {shutil.which('mkdir')} $*"}, monkeypatch)
    assert f"Bob got {WITHHELD}" in _error(_run())


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """What the demo leaves when all went well."""
    for name, content in FILES.items():
        for person in ("alice", "bob") if name != WITHHELD else ("alice",):
            path = tmp_path / person / DATASET / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    (tmp_path / "shared").mkdir()
    (tmp_path / "github").mkdir()
    (tmp_path / "shared" / "key-of-book").write_bytes(FILES[BOOK])
    (tmp_path / "shared" / "key-of-data").write_bytes(FILES[DATA])
    link = tmp_path / "bob" / DATASET / WITHHELD
    link.parent.mkdir()
    link.symlink_to("../.git/annex/objects/not-there")
    return tmp_path


def _wrong(place: Path) -> list[str]:
    return [sentence for sentence, holds in story.comparisons(str(place)) if not holds]


def test_a_place_where_all_went_well_compares_well(told: Path) -> None:
    assert _wrong(told) == []


@pytest.mark.parametrize(
    ("spoilt", "content", "sentence"),
    [
        (f"bob/{DATASET}/{BOOK}", FILES[BOOK][:-1], f"{BOOK} is the same"),
        (f"bob/{DATASET}/{DATA}", None, f"{DATA} is the same"),
        ("shared/key-of-book", None, f"{BOOK} is in the share"),
        (f"bob/{DATASET}/{WITHHELD}", FILES[WITHHELD], f"{WITHHELD} has no content"),
        (f"bob/{DATASET}/{WITHHELD}", None, "Bob sees"),
        ("shared/x", FILES[WITHHELD], f"{WITHHELD} is not in the share"),
        ("github/x", FILES[BOOK], "the stand-in for GitHub"),
    ],
)
def test_a_comparison_tells_what_went_wrong(told: Path, spoilt: str, content: bytes | None, sentence: str) -> None:
    path = told / spoilt
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    assert [found[: len(sentence)] for found in _wrong(told)] == [sentence]


def test_a_wrong_comparison_makes_the_demo_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "tell", lambda place, share: None)
    monkeypatch.setattr(story, "comparisons", lambda place: [("the book is the same", False), ("other", True)])
    result = _run()
    assert "WRONG the book is the same\n  ok    other" in result.output
    assert "the demo went wrong: the book is the same" in _error(result)


def test_read_only_folders_are_made_writable_before_they_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    remove = shutil.rmtree

    def watched(place: str) -> None:
        modes.extend(stat.S_IMODE(os.stat(folder).st_mode) for folder, _, _ in os.walk(place))
        remove(place)

    monkeypatch.setattr(shutil, "rmtree", watched)
    with temporary_place("pyshare-demo-") as place:
        os.makedirs(os.path.join(place, "objects", "key"))
        os.chmod(os.path.join(place, "objects", "key"), 0o500)
        os.chmod(os.path.join(place, "objects"), 0o500)
    assert modes == [0o700, 0o700, 0o700]
    assert not os.path.exists(place)


def test_a_hung_command_is_ended_with_all_that_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "TIMEOUT", 0.5)
    person = Person("Carol", str(tmp_path))
    begin = time.monotonic()
    # The inner sleep holds the pipe open: were it left alone, reading would go on until it ends.
    with pytest.raises(subprocess.TimeoutExpired):
        person.types(sys.executable, "-c", "import subprocess; subprocess.run(['sleep', '60'])")
    assert time.monotonic() - begin < LIMIT


def test_programs_of_the_demo_see_none_of_the_readers_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBDAV_PASSWORD", "the reader's own")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/home/reader/.config")
    person = Person("Carol", str(tmp_path))
    seen = person.types(sys.executable, "-c", "import os; print(*os.environ)").split()
    assert "PYTHON_KEYRING_BACKEND" in seen
    assert {"WEBDAV_PASSWORD", "XDG_CONFIG_HOME"}.isdisjoint(seen)


def _run(*options: str) -> Result:
    return CliRunner().invoke(pyshare, ["demo", *options])


def _error(result: Result) -> str:
    assert isinstance(result.exception, PyshareError), result.output
    return str(result.exception)


def _programs(folder: Path, scripts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the demo find these programs only."""
    for name, script in scripts.items():
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    for module in (command, stage):
        monkeypatch.setattr(module, "search_path", lambda: str(folder / "bin"))
