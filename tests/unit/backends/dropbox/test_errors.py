"""What Dropbox's refusals mean to a user, tag by tag."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.dropboxkit import NAME, Owner, place_for, quiet, source
from support.fakes.dropbox.script import Play, Rule, fails, rate_limited, rate_limited_plainly, refuses, upload_refused

from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.backends.dropbox.credential import Login, credential_of
from git_annex_remote_pyshare.backends.registry import make
from git_annex_remote_pyshare.errors import (
    BadName,
    Busy,
    CorruptUpload,
    FolderInTheWay,
    NotAStore,
    NotFound,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    Unreachable,
)
from git_annex_remote_pyshare.transfer import Sink

pytest_plugins = ["support.dropbox_stores"]


@pytest.mark.parametrize(
    ("play", "kind", "retryable"),
    [
        pytest.param(rate_limited(7), Busy, True, id="DB1-json"),
        pytest.param(rate_limited_plainly(7), Busy, True, id="DB1-plain"),
        pytest.param(rate_limited(7, "too_many_write_operations"), Busy, True, id="DB2-429"),
        pytest.param(upload_refused("too_many_write_operations"), Busy, True, id="DB2-409"),
        pytest.param(upload_refused("insufficient_space"), QuotaExceeded, False, id="DB11"),
        pytest.param(upload_refused("malformed_path"), BadName, False, id="DB12"),
        pytest.param(upload_refused("disallowed_name"), BadName, False, id="DB13"),
        pytest.param(refuses("content_hash_mismatch"), CorruptUpload, True, id="DB17"),
        pytest.param(refuses("payload_too_large"), QuotaExceeded, False, id="DB10"),
        pytest.param(upload_refused("conflict", "folder"), FolderInTheWay, False, id="conflict-folder"),
        pytest.param(upload_refused("conflict", "file_ancestor"), NotAStore, False, id="conflict-ancestor"),
        pytest.param(upload_refused("encryption_not_supported"), PermissionDenied, False, id="DB32-encrypted"),
        pytest.param(upload_refused("access_restricted"), PermissionDenied, False, id="DB32-restricted"),
        pytest.param(upload_refused("no_write_permission"), PermissionDenied, False, id="DB32-read-only"),
        pytest.param(upload_refused("operation_suppressed"), PermissionDenied, False, id="DB32-suppressed"),
        pytest.param(upload_refused("team_folder"), PermissionDenied, False, id="DB32-team-folder"),
        pytest.param(upload_refused("something_new"), Unreachable, True, id="DB32-new-tag"),
        pytest.param(refuses("something_else"), Unreachable, True, id="DB32-new-union"),
        pytest.param(fails(500), Unreachable, True, id="DB25-blank"),
        pytest.param(fails(502, b"<html>" + b"x" * 5000), Unreachable, True, id="DB25-html"),
        pytest.param(fails(503, b"\xff\xfe{", "application/json"), Busy, True, id="DB25-undecodable"),
        pytest.param(fails(409, b"[]", "application/json"), Unreachable, True, id="DB25-no-union"),
        pytest.param(fails(400, b"Error in call: bad", "text/plain"), PermissionDenied, False, id="400"),
        pytest.param(fails(403, b"<html>"), PermissionDenied, False, id="403"),
        pytest.param(fails(404, b"<html>"), NotAStore, False, id="404"),
        pytest.param(refuses("user_suspended", status=401), PermissionDenied, False, id="suspended"),
        pytest.param(refuses("no_permission", status=422), PermissionDenied, False, id="DB26"),
    ],
)
def test_a_refusal_says_what_it_is_and_whether_it_passes(
    owner: Owner, box: Backend, tmp_path: Path, play: Play, kind: type[PyshareError], retryable: Any
) -> None:
    owner.service.play(Rule("files/upload", play))
    with pytest.raises(PyshareError) as refused:
        box.put(NAME, source(tmp_path), quiet)
    assert type(refused.value) is kind
    assert refused.value.retryable is retryable
    assert len(str(refused.value)) < 500
    assert owner.content() is None


@pytest.mark.parametrize(
    "play", [pytest.param(rate_limited(7), id="DB1-json"), pytest.param(rate_limited_plainly(7), id="DB1-plain")]
)
def test_a_wish_to_wait_is_told_in_seconds(owner: Owner, box: Backend, play: Play) -> None:
    owner.service.play(Rule(".*", play, after=1))
    with pytest.raises(Busy) as refused:
        box.stat(NAME)
    assert refused.value.retry_after == 7


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        pytest.param(("path", "restricted_content"), PermissionDenied, id="DB24"),
        pytest.param(("path", "unsupported_content_type"), PermissionDenied, id="DB24-type"),
        pytest.param(("unsupported_file",), PermissionDenied, id="DB24-document"),
        pytest.param(("path", "locked"), Busy, id="locked"),
        pytest.param(("path", "not_found"), NotFound, id="not-found"),
        pytest.param(("path", "not_file"), NotFound, id="folder"),
    ],
)
def test_what_cannot_be_read_is_told(
    owner: Owner, box: Backend, tmp_path: Path, tags: tuple[str, ...], kind: type[PyshareError]
) -> None:
    owner.service.play(Rule("files/download", refuses(*tags)))
    with pytest.raises(kind):
        box.get(NAME, Sink(str(tmp_path / "back")), quiet)


def a_page(owner: Owner) -> None:
    owner.service.play(Rule("files/get_metadata", fails(200, b"<html>please log in</html>")))


def a_new_tag(owner: Owner) -> None:
    owner.service.play(Rule("files/get_metadata", refuses("path", "something_new")))


def a_404(owner: Owner) -> None:
    owner.service.play(Rule("files/get_metadata", fails(404, b"<html>")))


@pytest.mark.parametrize("answer", [a_page, a_new_tag, a_404])
def test_only_dropboxs_clear_word_makes_absent_db25(
    owner: Owner, box: Backend, answer: Callable[[Owner], None]
) -> None:
    answer(owner)
    with pytest.raises(PyshareError):
        box.stat(NAME)


def test_a_token_that_dropbox_repeats_in_its_answer_is_not_shown(owner: Owner, box: Backend) -> None:
    said = 'Invalid authorization value in HTTP header "Authorization": "Bearer sl.SECRET". Expecting "Bearer <TOKEN>"'
    owner.service.play(Rule("files/get_metadata", fails(400, said.encode(), "text/plain")))
    with pytest.raises(PermissionDenied, match=r'"Bearer …"\. Expecting "Bearer <TOKEN>"') as refused:
        box.stat(NAME)
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize("token", ["sl.SECRET\nX: y", "sl.SECRET\u201c", "sl. SECRET", "sl.SECRET\0"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(owner: Owner, token: str) -> None:
    box = make(place_for(credential_of(Login(access_token=token, origin="environment"))))
    with pytest.raises(PermissionDenied, match="Copy it again") as refused:
        box.stat(NAME)
    assert "SECRET" not in str(refused.value)
    assert owner.service.seen == []
    box.close()


def test_a_revoked_login_is_told_with_the_command_that_mends_it_db21(owner: Owner, box: Backend) -> None:
    for refresh in list(owner.service.refreshes):
        owner.service.revoke(refresh)
    with pytest.raises(PermissionDenied) as refused:
        box.stat(NAME)
    assert refused.value.remedy == f"Type: pyshare login dropbox --app-key {owner.service.app.key}"


def test_a_missing_scope_is_named_db22(owner: Owner, tmp_path: Path) -> None:
    login = owner.log_in("files.metadata.read")
    box = make(place_for(login))
    assert box.stat(NAME) is None
    with pytest.raises(PermissionDenied, match=r"files\.content\.write") as refused:
        box.put(NAME, source(tmp_path), quiet)
    assert "pyshare login dropbox" in refused.value.remedy
    box.close()


def test_without_a_login_the_error_says_what_to_type(owner: Owner) -> None:
    box = make(place_for(None))
    with pytest.raises(PermissionDenied) as refused:
        box.stat(NAME)
    assert refused.value.remedy == "Type: pyshare login dropbox"
    assert owner.service.seen == []


def test_no_error_shows_the_token_or_the_links_key(owner: Owner) -> None:
    box = make(place_for(owner.login, "https://www.dropbox.com/scl/fo/abc/h?rlkey=s3cret"))
    owner.service.play(Rule(".*", fails(500), after=1, times=9))
    with pytest.raises(PyshareError) as refused:
        box.stat(NAME)
    told: Any = (str(refused.value), repr(refused.value), repr(owner.login))
    assert all("s3cret" not in text and "sl." not in text and owner.login.secret not in text for text in told)
    box.close()


def test_a_full_dropbox_is_told_with_numbers_db11(owner: Owner, box: Backend, tmp_path: Path) -> None:
    owner.account.quota = 1 << 20
    owner.service.put(owner.home, "/big", bytes(1 << 20))
    with pytest.raises(QuotaExceeded, match=r"1\.0 MiB of 1\.0 MiB are used"):
        box.put(NAME, source(tmp_path), quiet)
    asked = owner.routes().count("files/upload")
    with pytest.raises(QuotaExceeded, match="0 bytes of"):
        box.put(NAME, source(tmp_path), quiet)
    assert owner.routes().count("files/upload") == asked
