"""Renames in S3, on a scripted server: the old object stays until its copy is whole."""

from pathlib import Path

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3_answers import INTERNAL_ERROR, OK_WITH_ERROR, SLOW_DOWN, copied, problem
from support.s3kit import backend, place_at
from support.scripted import Play, Rule
from support.waiting import Waiting

from git_annex_remote_pyshare.backends.base import Backend, Moves
from git_annex_remote_pyshare.backends.s3 import moving
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.errors import BadName, Corrupt, NotFound, PyshareError
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk

OLD, NEW = "a/über #1+?.txt", "b/new.txt"
HERE, THERE = f"bucket/pre/{OLD}", f"bucket/pre/{NEW}"
MIB = 1 << 20


@pytest.fixture
def tree(scripted_s3: ScriptedS3, desk: Desk) -> S3Backend:
    """A tree with the old name only."""
    made = S3Backend(place_at(scripted_s3, storageclass="STANDARD_IA")._replace(is_tree=True))
    desk.put(made, OLD, b"content")
    return made


def names(s3: ScriptedS3) -> set[str]:
    return set(s3.objects)


def test_a_rename_is_a_copy_and_a_removal_and_the_first_one_is_looked_at(
    tree: S3Backend, scripted_s3: ScriptedS3
) -> None:
    scripted_s3.forget()
    tree.move(OLD, NEW)
    assert scripted_s3.methods() == ["PUT", "HEAD", "HEAD", "DELETE"]
    assert scripted_s3.requests[0].headers["x-amz-copy-source"] == "/bucket/pre/a/%C3%BCber%20%231%2B%3F.txt"

    scripted_s3.forget()
    tree.move(NEW, OLD)
    assert scripted_s3.methods() == ["PUT", "DELETE"]
    assert names(scripted_s3) == {HERE}


def test_a_file_has_the_type_of_its_name_and_keeps_what_else_the_server_knows(
    tree: S3Backend, scripted_s3: ScriptedS3
) -> None:
    scripted_s3.headers[HERE]["x-amz-meta-note"] = "by hand"
    assert scripted_s3.headers[HERE]["Content-Type"] == "text/plain"
    for name in (NEW, "c/page.html"):
        tree.move(OLD, name)
        kept = scripted_s3.headers[f"bucket/pre/{name}"]
        assert kept["Content-Type"] == ("text/html" if name.endswith("html") else "text/plain")
        assert (kept["x-amz-meta-note"], kept["x-amz-storage-class"]) == ("by hand", "STANDARD_IA")
        tree.move(name, OLD)


def test_objects_of_keys_have_no_type(scripted_s3: ScriptedS3, desk: Desk) -> None:
    desk.put(backend(scripted_s3), "SHA256E-s7--ab.html", b"content")
    assert scripted_s3.requests[-1].headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "play",
    [
        OK_WITH_ERROR,
        INTERNAL_ERROR,
        SLOW_DOWN,
        Play(200),
        Play(200, {"Content-Type": "application/xml"}, b"<CopyObjectResult/>"),
        Play(*copied("CopyObjectResult", '"d41d8cd98f00b204e9800998ecf8427e"')),
        Play(reset=True),
        Play(lost=True),
        Play(cut=20),
        problem(403, "AccessDenied"),
    ],
    ids=["200 with an error", "500", "503", "no answer in it", "no tag", "of nothing", "reset", "lost", "cut", "403"],
)
def test_nothing_is_removed_until_the_copy_is_confirmed(tree: S3Backend, scripted_s3: ScriptedS3, play: Play) -> None:
    tree.move(OLD, NEW)  # so that this process trusts the server
    tree.move(NEW, OLD)
    scripted_s3.forget()
    scripted_s3.script(Rule("PUT", play, times=-1))
    with pytest.raises(PyshareError):
        tree.move(OLD, NEW)
    assert scripted_s3.objects[HERE] == b"content"
    assert "DELETE" not in scripted_s3.methods()


def test_a_server_that_copies_something_else_is_found_out(tree: S3Backend, scripted_s3: ScriptedS3) -> None:
    scripted_s3.objects[THERE] = b"shorter"[:3]
    scripted_s3.script(Rule("PUT", Play(*copied("CopyObjectResult", '"0cc175b9c0f1b6a831c399e269772661"'))))
    with pytest.raises(Corrupt, match="the copy is not the same"):
        tree.move(OLD, NEW)
    assert scripted_s3.objects[HERE] == b"content"


@pytest.mark.parametrize("play", [SLOW_DOWN, Play(lost=True), Play(reset=True)], ids=["503", "lost", "reset"])
@pytest.mark.parametrize("method", ["PUT", "HEAD"])
def test_a_rename_that_fails_for_a_while_is_repeated(
    tree: S3Backend, scripted_s3: ScriptedS3, method: str, play: Play
) -> None:
    scripted_s3.script(Rule(method, play))
    _layered(tree).call(Moves, lambda able: able.move(OLD, NEW))
    assert names(scripted_s3) == {THERE}


def test_a_removal_that_fails_for_a_while_is_repeated(tree: S3Backend, scripted_s3: ScriptedS3) -> None:
    scripted_s3.script(Rule("DELETE", SLOW_DOWN))
    _layered(tree).call(Moves, lambda able: able.move(OLD, NEW))
    assert names(scripted_s3) == {THERE}


def test_a_rename_to_the_same_name_changes_nothing(tree: S3Backend, scripted_s3: ScriptedS3) -> None:
    tree.move(OLD, OLD)
    assert names(scripted_s3) == {HERE}
    with pytest.raises(NotFound):
        tree.move(NEW, NEW)


def test_a_name_that_is_too_long_is_refused_without_a_request(tree: S3Backend, scripted_s3: ScriptedS3) -> None:
    scripted_s3.forget()
    with pytest.raises(BadName):
        tree.move(OLD, "ü" * 600)
    assert scripted_s3.methods() == []


def test_more_than_one_request_can_copy_is_copied_in_parts(
    tree: S3Backend, scripted_s3: ScriptedS3, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = bytes(range(256)) * (12 * MIB // 256) + b"the rest"
    scripted_s3.largest_copy = 5 * MIB
    monkeypatch.setattr(moving, "MAX_COPY_SIZE", 5 * MIB)
    monkeypatch.setattr(moving, "PART_SIZE", 5 * MIB)
    desk.put(tree, OLD, body)
    scripted_s3.forget()

    tree.move(OLD, NEW)

    assert scripted_s3.objects == {THERE: body}
    spans = [
        seen.headers.get("x-amz-copy-source-range") for seen in scripted_s3.requests if "partNumber" in seen.target
    ]
    assert spans == ["bytes=0-5242879", "bytes=5242880-10485759", "bytes=10485760-12582919"]
    assert scripted_s3.headers[THERE]["Content-Type"] == "text/plain"
    assert scripted_s3.multipart.begun == {}


@pytest.mark.parametrize("target", ["partNumber=2", r"uploadId=[^&]*$"], ids=["a part", "the end"])
def test_a_copy_in_parts_that_fails_leaves_nothing_behind(
    tree: S3Backend, scripted_s3: ScriptedS3, desk: Desk, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    scripted_s3.largest_copy = 5 * MIB
    monkeypatch.setattr(moving, "MAX_COPY_SIZE", 5 * MIB)
    monkeypatch.setattr(moving, "PART_SIZE", 5 * MIB)
    desk.put(tree, OLD, bytes(11 * MIB))
    rules = [Rule(method, OK_WITH_ERROR, times=-1, target=target) for method in ("PUT", "POST")]
    scripted_s3.script(*rules)
    with pytest.raises(PyshareError):
        tree.move(OLD, NEW)
    assert names(scripted_s3) == {HERE}
    assert scripted_s3.multipart.begun == {}


def test_a_tree_has_no_marker_in_its_bucket(scripted_s3: ScriptedS3, tmp_path: Path) -> None:
    scripted_s3.buckets.clear()
    made = S3Backend(place_at(scripted_s3)._replace(is_tree=True))
    assert [note.split()[:2] for note in made.initialize().notes] == [["made", "bucket"]]
    made.initialize()
    assert scripted_s3.objects == {}


def _layered(store: Backend) -> Backend:
    time = Waiting()
    return wrap(store, time, clock=time.clock)
