"""Bringing files back from an archive with the real git-annex: a `get` asks for one, `pyshare restore` for many."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.annex import Repository
from support.fakes.s3 import ScriptedS3
from support.marks import LONG

FILES = {"a.bin": b"a" * 3000, "sub/b.bin": b"b" * 3000}


@pytest.fixture
def archive(repository: Repository, scripted_s3: ScriptedS3) -> ScriptedS3:
    """A server with the remote `glacier` on it, which has files that the repository has not."""
    return stored(repository, scripted_s3, {})


def stored(repository: Repository, scripted_s3: ScriptedS3, settings: Mapping[str, str]) -> ScriptedS3:
    repository.home.environment.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="secret")
    ours = {**scripted_s3.settings, "storageclass": "GLACIER", **settings}
    repository.initremote("s3://bucket", ours, name="glacier")
    repository.add(FILES)
    repository.annex("copy", "--to", "glacier")
    repository.annex("drop")  # its check finds archived objects present
    scripted_s3.forget()
    return scripted_s3


def restore(repository: Repository, *words: str, code: int = 0) -> str:
    done = repository.home.run("pyshare", "restore", "glacier", *words, cwd=repository.folder, check=False)
    assert done.returncode == code, done.stderr
    return done.stderr + done.stdout


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def thaw(archive: ScriptedS3) -> None:
    for name, headers in archive.headers.items():
        if "x-amz-restore" in headers:
            archive.thaw(name)


def test_s3_25_a_get_asks_once_and_says_when_to_come_back(repository: Repository, archive: ScriptedS3) -> None:
    told = str(repository.json("get", "a.bin", check=False)[0]["error-messages"])
    assert "archived" in told
    assert "a restore was requested" in told
    assert "3 to 5 hours" in told
    again = str(repository.json("get", "a.bin", check=False)[0]["error-messages"])
    assert "3 to 5 hours" in again
    assert archive.methods().count("POST") == 1  # although the second one was another process
    thaw(archive)
    repository.annex("get", "a.bin")
    assert (repository.folder / "a.bin").read_bytes() == FILES["a.bin"]


@pytest.mark.parametrize("settings", [{}, pytest.param({"chunk": "1500"}, marks=LONG)], ids=["whole", "chunked"])
def test_s3_25_many_files_are_asked_for_at_once_and_got_when_they_are_back(
    repository: Repository, scripted_s3: ScriptedS3, settings: Mapping[str, str]
) -> None:
    archive = stored(repository, scripted_s3, settings)
    objects = len(archive.objects) - 1  # one says whose place it is
    assert restore(repository, "--status").partition("\n")[0] == "2 files archived"
    assert "POST" not in archive.methods()
    assert restore(repository, "sub").startswith("1 file restoring\n")
    assert restore(repository, "--status").startswith("1 file restoring, 1 file archived\n")
    told = restore(repository)
    assert told == "2 files restoring\nNext, type: pyshare restore glacier --status\n"
    assert archive.methods().count("POST") == objects
    thaw(archive)
    status = told.partition("type: ")[2]
    told = repository.home.run("sh", "-c", status, cwd=repository.folder).stdout
    assert told == "2 files ready\nNext, type: git annex get --from glacier\n"
    repository.home.run("sh", "-c", told.partition("type: ")[2], cwd=repository.folder)
    assert {name: (repository.folder / name).read_bytes() for name in FILES} == FILES


def test_what_is_told_to_programs_is_json(repository: Repository, archive: ScriptedS3) -> None:
    wanted = {name: {"file": name, "key": repository.key(name), "error": ""} for name in FILES}
    found = rows(restore(repository, "--status", "--json"))
    assert found == [{**wanted[name], "state": "archived"} for name in FILES]
    assert rows(restore(repository, "--json", "a.bin")) == [{**wanted["a.bin"], "state": "restoring"}]


def test_an_object_that_is_gone_is_a_failure_beside_those_that_are_asked_for(
    repository: Repository, archive: ScriptedS3
) -> None:
    name = f"bucket/{repository.key('a.bin')}"
    del archive.objects[name], archive.headers[name]
    told = restore(repository, code=1)
    assert "a.bin: cannot look for the file on" in told
    assert "\n1 file restoring, 1 file failed\n" in told


def test_names_that_only_git_annex_knows_are_left_to_it(repository: Repository, scripted_s3: ScriptedS3) -> None:
    archive = stored(repository, scripted_s3, {"encryption": "shared"})
    told = restore(repository, "a.bin", "sub", code=2)
    assert "is encrypted, so only git-annex can look at it" in told
    get = told.partition("Type: ")[2].partition(" (")[0]
    assert repository.home.run("sh", "-c", get, cwd=repository.folder, check=False).returncode == 1
    thaw(archive)
    repository.annex("get")
    assert {name: (repository.folder / name).read_bytes() for name in FILES} == FILES


def test_nothing_to_restore_is_said_and_is_no_success(repository: Repository, archive: ScriptedS3) -> None:
    repository.add({"new": b"new"})
    told = restore(repository, "new", code=2)
    assert told == "nothing to restore: git-annex knows no file of these in glacier\n"
    assert archive.requests == []


def test_a_store_without_archive_is_left_with_the_command_that_gets_its_files(
    repository: Repository, tmp_path: Path
) -> None:
    repository.initremote(str(tmp_path / "share"), name="glacier")
    repository.add(FILES)
    repository.annex("copy", "--to", "glacier")
    repository.annex("drop")
    told = restore(repository, "sub", code=2)
    assert "has no archive. Type: " in told
    repository.home.run("sh", "-c", told.partition("Type: ")[2], cwd=repository.folder)
    assert (repository.folder / "sub" / "b.bin").read_bytes() == FILES["sub/b.bin"]
