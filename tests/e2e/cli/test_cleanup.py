"""`pyshare cleanup`: whose unfinished uploads a server keeps, which of them go, and what to type about the rest."""

import json
import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Event

import pytest
from support.annex import Repository
from support.fakes.nextcloud import UPLOADS, ScriptedCloud
from support.fakes.s3 import ScriptedS3
from support.scripted import Play, Seen, answer, served

MIB = 1 << 20
KEY = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}


def cleanup(repository: Repository, *words: str) -> tuple[str, str]:
    """What `pyshare cleanup store …` prints, and its errors."""
    done = repository.home.run("pyshare", "cleanup", "store", *words, cwd=repository.folder)
    return done.stdout, done.stderr


def type_it(repository: Repository, line: str) -> str:
    """What a shell prints when the user pastes a line into it."""
    done = repository.home.run("sh", "-c", line, cwd=repository.folder)
    return done.stdout + done.stderr


@pytest.fixture
def s3(repository: Repository, scripted_s3: ScriptedS3) -> ScriptedS3:
    """A server whose bucket has the remote `store` in it."""
    repository.home.environment.update(KEY)
    repository.initremote("s3://bucket", scripted_s3.settings)
    repository.add({"a.bin": b"a" * 3000})
    return scripted_s3


def begin(s3: ScriptedS3, name: str, *sizes: int) -> None:
    """Somebody begins an upload and sends parts of these sizes."""
    s3.multipart.begin("bucket", name, {})
    id_ = list(s3.multipart.begun)[-1]
    for number, size in enumerate(sizes, 1):
        s3.multipart.take({"uploadId": id_, "partNumber": str(number)}, b"x" * size)


def ago(**span: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.fixture
def nextcloud(repository: Repository) -> Iterator[ScriptedCloud]:
    """A server to which a store was cut half-way."""
    with served(ScriptedCloud()) as server:
        repository.initremote(server.address)
        repository.git("config", "remote.store.pyshare-parts", "1")
        repository.add({"large": os.urandom(60 * MIB)})
        reached, go_on = Event(), Event()

        def decide(seen: Seen) -> Play | None:
            if seen.method == "PUT" and seen.path.startswith(UPLOADS) and len(server.objects) >= 4:
                reached.set()
                go_on.wait(60)
                return answer(503)  # to a process that was killed
            return None

        server.decide = decide
        with repository.killed("copy", "--to", "store", "--quiet"):
            assert reached.wait(60)
        go_on.set()
        server.decide = lambda _seen: None
        yield server


def test_a_store_that_leaves_no_uploads_has_nothing_to_do(repository: Repository, tmp_path: Path) -> None:
    repository.initremote(str(tmp_path / "share"))
    for words in ((), ("--list",), ("--dry-run",), ("--older-than", "0")):
        assert cleanup(repository, *words) == ("Nothing to do: this kind of store leaves no unfinished uploads.\n", "")


def test_a_server_without_unfinished_uploads_has_nothing_to_do(repository: Repository, s3: ScriptedS3) -> None:
    assert s3.buckets
    for words in ((), ("--list",), ("--older-than", "0")):
        assert cleanup(repository, *words) == ("Nothing to do.\n", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_a_young_upload_is_shown_and_both_commands_work(repository: Repository, nextcloud: ScriptedCloud) -> None:
    (folder,) = nextcloud.uploads
    nextcloud.modified[folder] = time.time() - 70
    size = sum(nextcloud.sizes(folder).values()) / MIB
    out, err = cleanup(repository)
    assert out == f"large: {size:.1f} MiB, began 1 minute ago, from this clone\n"
    resume, remove = "git annex copy --to store", "pyshare cleanup store --older-than 0"
    started = f"1 upload of {size:.1f} MiB began 1 minute ago"
    assert err == f"{started}; {resume} resumes it. To remove it, type: {remove}\n"
    assert nextcloud.uploads == {folder}
    before = len(nextcloud.requests)
    type_it(repository, resume)
    again = [seen for seen in nextcloud.requests[before:] if seen.method == "PUT" and seen.path.startswith(UPLOADS)]
    assert sum(len(seen.body) for seen in again) == round((60 - size) * MIB)
    assert cleanup(repository) == ("Nothing to do.\n", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_an_upload_of_unknown_age_stays_until_all_are_to_go(repository: Repository, nextcloud: ScriptedCloud) -> None:
    for words in ((), ("--older-than", "0.001"), ("--list",), ("--older-than", "0", "--dry-run")):
        out, err = cleanup(repository, *words)
        assert "began at an unknown time, from this clone\n" in out
        assert len(nextcloud.uploads) == 1
    assert type_it(repository, err.rpartition(": ")[2]).endswith("removed\n1 upload removed\n")
    assert nextcloud.uploads == set()


def test_old_uploads_go_young_ones_stay_and_each_is_said_to_be_whose(repository: Repository, s3: ScriptedS3) -> None:
    begin(s3, repository.key("a.bin"), 2 * MIB, MIB)
    begin(s3, "SHA256E-s9--0000.nii", MIB)
    begin(s3, "backup/db.tar", 5 * MIB)
    s3.multipart.initiated = ago(hours=3, minutes=5)
    lines = [
        "SHA256E-s9--0000.nii: 1.0 MiB, began 3 hours ago, of a file that this clone does not know",
        "a.bin: 3.0 MiB, began 3 hours ago, from a clone of this dataset",
        "backup/db.tar: 5.0 MiB, began 3 hours ago, by another program",
    ]
    out, err = cleanup(repository)
    assert sorted(out.splitlines()) == lines
    assert err.startswith(
        "2 uploads of 4.0 MiB are unfinished; git annex copy --to store, in the clone that began them,"
    )
    assert len(s3.multipart.begun) == 3
    s3.multipart.initiated = ago(days=8)
    out, err = cleanup(repository, "--list")
    assert "a.bin: 3.0 MiB, began 8 days ago, from a clone of this dataset\n" in out
    assert len(s3.multipart.begun) == 3
    assert type_it(repository, err.rpartition(": ")[2]).count(": removed\n") == 2
    assert [upload.key for upload in s3.multipart.begun.values()] == ["backup/db.tar"]
    out, err = cleanup(repository, "--older-than", "0")
    assert (out.splitlines()[1:], err) == (["Nothing to do."], "")
    assert len(s3.multipart.begun) == 1


def test_uploads_without_a_date_and_a_size_stay_unless_all_are_to_go(repository: Repository, s3: ScriptedS3) -> None:
    begin(s3, repository.key("a.bin"), MIB)
    s3.multipart.initiated = ""
    s3.decide = lambda seen: Play(403) if seen.method == "GET" and "part-number-marker" in seen.target else None
    out, _ = cleanup(repository)
    assert out == "a.bin: began at an unknown time, from a clone of this dataset\n"
    assert len(s3.multipart.begun) == 1
    assert cleanup(repository, "--older-than", "0")[0].endswith(": removed\n1 upload removed\n")
    assert s3.multipart.begun == {}


def test_a_clock_that_is_ahead_keeps_nothing_from_being_removed(repository: Repository, s3: ScriptedS3) -> None:
    begin(s3, repository.key("a.bin"), MIB)
    s3.multipart.initiated = ago(hours=-2)
    assert "began just now" in cleanup(repository, "--older-than", "0")[0]
    assert s3.multipart.begun == {}


def test_names_of_uploads_give_no_orders_to_a_terminal(repository: Repository, s3: ScriptedS3) -> None:
    begin(s3, "SHA256E-s9--x\x9b2J\u202etxt", MIB)
    begin(s3, "x\x9b]0;title\x9c", MIB)
    for words in ((), ("--older-than", "0")):
        out, err = cleanup(repository, *words)
        assert "]0;title" in out
        assert {sign for sign in out + err if not sign.isprintable()} == {"\n"}


@pytest.mark.parametrize("words", [("--older-than", "-1"), ("--older-than", "soon")])
def test_an_age_that_is_none_is_refused(repository: Repository, words: tuple[str, ...]) -> None:
    done = repository.home.run("pyshare", "cleanup", "store", *words, cwd=repository.folder, check=False)
    assert done.returncode == 2


def test_programs_get_each_upload_with_what_became_of_it(repository: Repository, s3: ScriptedS3) -> None:
    begin(s3, repository.key("a.bin"), 5 * MIB)
    listed, removed, empty = (
        json.loads(cleanup(repository, *words, "--json")[0]) for words in (("--dry-run",), ("--older-than", "0"), ())
    )
    (upload,) = listed["uploads"]
    assert (upload["shown"], upload["size"], upload["is_ours"], upload["removed"]) == ("a.bin", 5 * MIB, True, False)
    assert removed["uploads"][0]["removed"] is True
    assert empty == {"name": "store", "uploads": []}
