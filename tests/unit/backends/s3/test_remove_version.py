"""The conditional removal at S3 servers that know it, that know nothing of it, and that refuse it."""

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3_answers import problem
from support.s3kit import place_at
from support.scripted import Play, Seen

from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.errors import ContentChanged
from git_annex_remote_pyshare.testing.files import Desk

NAME = "GITMANIFEST--x"


@pytest.fixture
def store(scripted_s3: ScriptedS3, desk: Desk) -> S3Backend:
    """With one object."""
    made = S3Backend(place_at(scripted_s3))
    desk.put(made, NAME, b"content")
    return made


def answer_conditions(s3: ScriptedS3, play: Play) -> None:
    """Let the server give this answer to a removal with a condition."""
    proper = s3.decide

    def decide(seen: Seen) -> Play | None:
        return play if seen.method == "DELETE" and "If-Match" in seen.headers else proper(seen)

    s3.decide = decide


def remove(store: S3Backend) -> None:
    found = store.content_of(NAME)
    assert found is not None
    store.remove_version(NAME, found.id)


@pytest.mark.parametrize("status", [400, 501])
def test_a_server_that_refuses_conditions_is_asked_without(
    store: S3Backend, scripted_s3: ScriptedS3, status: int
) -> None:
    answer_conditions(scripted_s3, problem(status, "NotImplemented"))
    remove(store)
    assert store.stat(NAME) is None


@pytest.mark.parametrize("status", [409, 412])
def test_what_has_changed_or_is_being_removed_by_others_stays(
    store: S3Backend, scripted_s3: ScriptedS3, status: int
) -> None:
    answer_conditions(scripted_s3, problem(status, "PreconditionFailed"))
    with pytest.raises(ContentChanged):
        remove(store)
    assert store.stat(NAME) is not None


def test_the_condition_is_the_tag_that_was_looked_at(store: S3Backend, scripted_s3: ScriptedS3) -> None:
    remove(store)
    sent = next(seen for seen in scripted_s3.requests if seen.method == "DELETE")
    assert sent.headers["If-Match"] == '"9a0364b9e99bb480dd25e1f0284c8555"'
