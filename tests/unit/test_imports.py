"""The shape of the package: how large a module is, and what is loaded before it is needed."""

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import git_annex_remote_pyshare

PACKAGE = git_annex_remote_pyshare.__name__
HOME = Path(git_annex_remote_pyshare.__file__).parent

LONGEST = 400
"""Lines of a module."""

MODULES = {
    path.relative_to(HOME).with_suffix("").as_posix().replace("/", ".").removesuffix("__init__").rstrip("."): path
    for path in sorted(HOME.rglob("*.py"))
}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_is_for_and_is_short(module: str) -> None:
    text = MODULES[module].read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= LONGEST


TOO_EARLY = frozenset(
    (
        *("urllib3", "requests", "http.client", "ssl", "socket", "tenacity", "keyring", "dropbox", "botocore", "click"),
        *("rich", "defusedxml", "xml", "subprocess", "truststore", "platformdirs", "importlib.metadata", "tempfile"),
    )
)
"""What nobody needs before the first request that goes to the store; each of these costs milliseconds."""


def loaded(command: list[str], answers: Mapping[str, str]) -> set[str]:
    """The modules that the program has loaded when it says PREPARE-SUCCESS, or when it ends."""
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(HOME.parent)},
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        for line in process.stdout:
            tag, request = _untagged(line.strip())
            if request.startswith("PREPARE-"):
                assert request == "PREPARE-SUCCESS"
                break
            if answer := answers.get(request) or (request.startswith("GET") and answers["GET"]):
                process.stdin.write("".join(f"{tag}{part}\n" for part in answer.splitlines()))
                process.stdin.flush()
        else:
            assert not answers
        process.kill()
        return {line.rpartition("|")[2].strip() for line in process.stderr if line.startswith("import time:")}


def _untagged(line: str) -> tuple[str, str]:
    """A line of ASYNC apart from its job's number."""
    if not line.startswith("J "):
        return "", line
    _, job, request = line.split(" ", 2)
    return f"J {job} ", request


@pytest.mark.parametrize(
    "url",
    [
        *("{folder}", "https://cloud.example.org/remote.php/dav/files/bob/annex", "s3://bucket/folder"),
        *("sftp://host/~/folder", "rclone:drive:/folder", "dropbox:/folder"),
        "https://www.dropbox.com/scl/fo/abc/folder?rlkey=def",
    ],
)
@pytest.mark.parametrize(
    ("offered", "begin"), [("INFO GETGITREMOTENAME", "PREPARE"), ("INFO GETGITREMOTENAME ASYNC", "J 1 PREPARE")]
)
def test_nothing_heavy_is_loaded_before_it_is_needed(tmp_path: Path, url: str, offered: str, begin: str) -> None:
    answers = {
        "VERSION 2": f"EXTENSIONS {offered}\n{begin}",
        "GETCONFIG url": f"VALUE {url.format(folder=tmp_path)}",
        "GET": "VALUE",
    }
    ours = loaded(["-m", PACKAGE], answers)
    assert f"{PACKAGE}.annex.remote" in ours
    early = ours - loaded(["-c", "pass"], {})
    assert {name for name in early if not TOO_EARLY.isdisjoint(_and_parents(name))} == set()


def test_what_backends_say_of_themselves_is_light() -> None:
    listing = "from {}.backends.registry import built_in, parse; built_in(); parse({{'url': '/mnt/lab'}})"
    # -X importtime does not see what importlib.import_module loads.
    ours = modules_after(listing.format(PACKAGE)) - modules_after("")
    assert {name for name in ours if not TOO_EARLY.isdisjoint(_and_parents(name))} == set()
    kinds = ("directory", "dropbox", "rclone", "s3", "sftp", "webdav")
    folders = tuple(f"{PACKAGE}.backends.{name}" for name in kinds)
    inside = {name for name in ours if name.startswith(tuple(f"{folder}." for folder in folders))}
    assert inside == {f"{folder}.spec" for folder in folders}


def modules_after(code: str) -> set[str]:
    """The modules that are loaded when a new Python has run the code."""
    words = [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"]
    environment = {**os.environ, "PYTHONPATH": str(HOME.parent)}
    return set(subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout.split())


def _and_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:number]) for number in range(1, len(parts) + 1)]
