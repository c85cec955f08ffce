"""What rclone says, and what the user is told."""

from datetime import datetime, timezone

import pytest

from git_annex_remote_pyshare.backends.rclone.errors import Refused, _pause, convert_errors, error_of, is_absent
from git_annex_remote_pyshare.backends.rclone.url import Target
from git_annex_remote_pyshare.errors import (
    BadName,
    Busy,
    CorruptUpload,
    NotFound,
    NotReached,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    SourceChanged,
    Unreachable,
)

TARGET = Target("drive", "/data")
RECONNECT = "Type: rclone config reconnect drive:"
EDIT = "Edit the remote drive in rclone's menu. Type: rclone config"
NAME = "a/MD5E-s7--0123456789abcdef0123456789abcdef.nii.gz"

WORDS = {
    'didn\'t find section in config file ("drive")': PermissionDenied,
    'empty token found - please run "rclone config reconnect drive:"': PermissionDenied,
    'couldn\'t fetch token: invalid_grant: maybe token expired? - try "rclone config …"': PermissionDenied,
    "401 Unauthorized": PermissionDenied,
    "operation error S3: HeadObject, https response error StatusCode: 403, Forbidden": PermissionDenied,
    "507 Insufficient Storage": QuotaExceeded,
    "googleapi: Error 403: The user's Drive storage quota has been exceeded., storageQuotaExceeded": QuotaExceeded,
    "path/insufficient_space/.": QuotaExceeded,
    "write /x: no space left on device": QuotaExceeded,
    "googleapi: Error 403: Rate Limit Exceeded, rateLimitExceeded": Busy,
    "googleapi: Error 403: User rate limit exceeded, userRateLimitExceeded": Busy,
    "429 Too Many Requests": Busy,
    "googleapi: Error 403: …, downloadQuotaExceeded": PermissionDenied,
    "open /x: file name too long": BadName,
    "corrupted on transfer: md5 hashes differ src 1 vs dst 2": CorruptUpload,
    "can't copy - source file is being updated (size changed from 1 to 2)": SourceChanged,
    "dial tcp 127.0.0.1:1: connect: connection refused": NotReached,
    "Post https://www.googleapis.com/: dial tcp: lookup x: no such host": NotReached,
    "unexpected EOF": Unreachable,
    "": Unreachable,
}


@pytest.mark.parametrize("words", WORDS)
def test_the_words_of_services_have_a_meaning(words: str) -> None:
    error = error_of(Refused(500, words), "store the file", TARGET)
    assert type(error) is WORDS[words]
    assert len(error.what) < 200


@pytest.mark.parametrize(
    ("words", "kind", "remedy"),
    [
        ("empty token found", "drive", RECONNECT),
        ("401 Unauthorized", "box", RECONNECT),
        ("try: rclone config reconnect drive:", "", RECONNECT),
        ("logon is not valid", "smb", EDIT),
        (
            "ExpiredToken: the provided token has expired",
            "s3",
            "Edit the remote drive in rclone's menu. Type: rclone config",
        ),
        ("403 Forbidden", "", EDIT),
    ],
)
def test_a_lost_login_is_remedied_by_what_rclone_has_for_that_service(words: str, kind: str, remedy: str) -> None:
    assert error_of(Refused(500, words), "store the file", TARGET, kind=kind).remedy == remedy


def test_neither_signatures_nor_logins_nor_objects_are_shown() -> None:
    text = f'Get "https://bob:hunter2@s3.example.org/b/{NAME}?X-Amz-Signature=hunter3&x=y": unexpected EOF'
    with pytest.raises(Unreachable) as failed, convert_errors("read the file", TARGET, NAME):
        raise Refused(500, text)
    for shown in (str(failed.value), failed.value.detail):
        assert "hunter" not in shown
        assert "0123456789abcdef" not in shown
    assert NAME in failed.value.trace


def test_an_encrypted_configuration_is_named_also_where_rclone_answers_before_it_ends() -> None:
    words = 'panic received: fatal error: Failed to load config file "/h/rclone.conf": unable to decrypt configuration'
    error = error_of(Refused(500, words), "look for the file", TARGET)
    assert type(error) is PermissionDenied
    assert error.remedy == "Set RCLONE_CONFIG_PASS or RCLONE_PASSWORD_COMMAND."


@pytest.mark.parametrize(
    ("status", "words", "absent"),
    [
        (404, "failed to find object: object not found", True),
        (404, "error in ListJSON: directory not found", True),
        (404, "", False),
        (404, 'couldn\'t find method "operations/stat"', False),
        (500, "object not found", False),
        (500, "failed to find object: is a directory not a file", True),
    ],
)
def test_only_clear_words_mean_absent(status: int, words: str, *, absent: bool) -> None:
    assert is_absent(Refused(status, words)) == absent


def test_a_404_without_words_is_a_failure_and_not_absence() -> None:
    with pytest.raises(PyshareError) as failed, convert_errors("read the file", TARGET, NAME):
        raise Refused(404, "")
    assert type(failed.value) is Unreachable
    with pytest.raises(NotFound), convert_errors("read the file", TARGET, NAME):
        raise Refused(404, "object not found")


def test_a_pause_that_a_service_asks_for_is_obeyed() -> None:
    now = datetime(2026, 8, 1, 12, 0, 0, tzinfo=timezone.utc)
    assert _pause("Too many requests. Try again in 17 seconds.") == 17
    assert _pause("try again after 2026-08-01T12:00:30.5Z (30.5s)", lambda: now) == 30
    assert _pause("429 Too Many Requests") is None
    assert error_of(Refused(500, "429: try again in 3 s"), "store", TARGET).retry_after == 3
