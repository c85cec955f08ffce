"""Objects in an archive, on a scripted server: present, but to be asked for before they can be read."""

from pathlib import Path

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3_answers import ACCESS_DENIED
from support.s3kit import backend, clone, place_at, size_of
from support.scripted import Rule, answer

from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.backends.s3.errors import Archived
from git_annex_remote_pyshare.errors import BadSetting, NotFound, PermissionDenied
from git_annex_remote_pyshare.testing.files import Desk, nobody
from git_annex_remote_pyshare.transfer import AheadSink

KEY = "WORM-s7-m1--key"
OBJECT = f"bucket/pre/{KEY}"


@pytest.fixture
def frozen(scripted_s3: ScriptedS3) -> ScriptedS3:
    """The server, with an object in its deepest archive."""
    scripted_s3.objects[OBJECT] = b"content"
    scripted_s3.headers[OBJECT] = {"x-amz-storage-class": "DEEP_ARCHIVE"}
    return scripted_s3


def test_an_archived_object_is_present_and_comes_after_its_restore_s3_25(frozen: ScriptedS3, desk: Desk) -> None:
    for state in ("a restore was requested", "it is already being restored"):
        store = backend(frozen)  # also another process asks only once
        assert size_of(store, KEY) == 7
        with pytest.raises(Archived, match=rf"{state}.*12 hours") as caught:
            desk.get(store, KEY)
        assert not caught.value.retryable
    assert frozen.methods().count("POST") == 1
    frozen.thaw(OBJECT)
    assert desk.get(store, KEY) == b"content"


def test_an_archived_object_is_not_restored_before_git_annex_asks_for_it(frozen: ScriptedS3, tmp_path: Path) -> None:
    with pytest.raises(Archived):
        backend(frozen).get(KEY, AheadSink(str(tmp_path / "ahead")), nobody)
    assert frozen.methods() == ["GET"]


def test_how_far_an_object_is_can_be_seen_s3_25(frozen: ScriptedS3) -> None:
    store = backend(frozen)
    assert store.readiness(KEY) == "archived"
    assert store.restore(KEY) == "restoring"
    assert store.restore(KEY) == store.readiness(KEY) == "restoring"
    frozen.thaw(OBJECT)
    assert store.restore(KEY) == store.readiness(KEY) == "ready"
    assert frozen.methods().count("POST") == 1
    with pytest.raises(NotFound):
        store.readiness("missing")


@pytest.mark.parametrize(
    ("headers", "state"),
    [
        ({}, "ready"),
        ({"x-amz-storage-class": "STANDARD_IA"}, "ready"),
        ({"x-amz-storage-class": "GLACIER_IR"}, "ready"),
        ({"x-amz-storage-class": "GLACIER"}, "archived"),
        ({"x-amz-storage-class": "INTELLIGENT_TIERING"}, "ready"),
        ({"x-amz-storage-class": "INTELLIGENT_TIERING", "x-amz-archive-status": "DEEP_ARCHIVE_ACCESS"}, "archived"),
    ],
)
def test_only_what_is_in_an_archive_has_to_be_restored(
    scripted_s3: ScriptedS3, headers: dict[str, str], state: str
) -> None:
    scripted_s3.objects[OBJECT] = b"content"
    scripted_s3.headers[OBJECT] = headers
    assert backend(scripted_s3).readiness(KEY) == state


def test_git_config_says_how_fast_and_for_how_long_s3_25(frozen: ScriptedS3, desk: Desk) -> None:
    wrong = S3Backend(place_at(frozen)._replace(clone=clone(annex_s3_restore_tier="now")))
    with pytest.raises(BadSetting, match="expedited, standard, bulk"):
        wrong.restore(KEY)
    config = clone(annex_s3_restore_tier="bulk", annex_s3_restore_days="9")
    with pytest.raises(Archived, match="48 hours"):
        desk.get(S3Backend(place_at(frozen)._replace(clone=config)), KEY)
    assert b"<Days>9</Days>" in frozen.requests[-1].body
    assert b"<Tier>Bulk</Tier>" in frozen.requests[-1].body


def test_what_intelligent_tiering_gives_back_stays_so_no_days_are_named_s3_25(frozen: ScriptedS3) -> None:
    frozen.headers[OBJECT] = {
        "x-amz-storage-class": "INTELLIGENT_TIERING",
        "x-amz-archive-status": "DEEP_ARCHIVE_ACCESS",
    }
    frozen.script(Rule("POST", answer(202)))
    assert backend(frozen).restore(KEY) == "restoring"
    assert b"<Days>" not in frozen.requests[-1].body


def test_who_may_not_restore_is_told_both_s3_25(frozen: ScriptedS3, desk: Desk) -> None:
    frozen.script(Rule("POST", ACCESS_DENIED, times=-1))
    with pytest.raises(Archived, match=r"archived.*the request to restore it failed.*forbids"):
        desk.get(backend(frozen), KEY)
    with pytest.raises(PermissionDenied):
        backend(frozen).restore(KEY)
