"""Upload sessions of the fake Dropbox, driven by the official SDK and by its own transfers of large files."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from dropbox import Dropbox, files
from dropbox.exceptions import ApiError
from dropbox.files import (
    CommitInfo,
    UploadSessionCursor,
    UploadSessionFinishArg,
    UploadSessionType,
    WriteMode,
)
from support.fakes.dropbox.fake import RunningDropbox, sdk_of
from support.fakes.dropbox.script import LOST, Rule
from support.fakes.dropbox.tree import BLOCK, content_hash

is_new = pytest.mark.skipif(
    not hasattr(files, "upload_session_append_batch"), reason="new in the SDK 12.2, which wants Python 3.11"
)

WEEK = 7 * 24 * 3600


def cursor(session: str, offset: int) -> UploadSessionCursor:
    return UploadSessionCursor(session, offset)


def entry(session: str, size: int, path: str) -> UploadSessionFinishArg:
    return UploadSessionFinishArg(cursor(session, size), CommitInfo(path, WriteMode.overwrite))


def started(sdk: Dropbox, content: bytes) -> str:
    return str(sdk.files_upload_session_start(content, close=True).session_id)


def concurrent(sdk: Dropbox) -> str:
    return str(sdk.files_upload_session_start(b"", session_type=UploadSessionType.concurrent).session_id)


def refusal(call: Any, *args: Any, **more: Any) -> Any:
    """The error with which a call ends."""
    with pytest.raises(ApiError) as raised:
        call(*args, **more)
    return raised.value.error


def test_a_file_may_come_in_pieces(dropbox_sdk: Dropbox) -> None:
    session = dropbox_sdk.files_upload_session_start(b"one ").session_id
    dropbox_sdk.files_upload_session_append_v2(b"two ", cursor(session, 4))
    made = dropbox_sdk.files_upload_session_finish(b"three", cursor(session, 8), CommitInfo("/x"))
    assert (made.size, made.content_hash) == (13, content_hash(b"one two three"))
    assert dropbox_sdk.files_download("/x")[1].content == b"one two three"


def test_a_piece_that_had_arrived_is_told_by_the_offset(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    session = dropbox_sdk.files_upload_session_start(b"one ").session_id
    dropbox_here.service.play(Rule("files/upload_session/append_v2", LOST))
    with pytest.raises(requests.ConnectionError):
        dropbox_sdk.files_upload_session_append_v2(b"two ", cursor(session, 4))
    error = refusal(dropbox_sdk.files_upload_session_append_v2, b"two ", cursor(session, 4))
    assert error.get_incorrect_offset().correct_offset == 8
    failed = refusal(dropbox_sdk.files_upload_session_finish, b"", cursor(session, 4), CommitInfo("/x"))
    assert failed.get_lookup_failed().get_incorrect_offset().correct_offset == 8


def test_a_closed_session_takes_no_more(dropbox_sdk: Dropbox) -> None:
    session = started(dropbox_sdk, b"x")
    assert refusal(dropbox_sdk.files_upload_session_append_v2, b"y", cursor(session, 1)).is_closed()
    dropbox_sdk.files_upload_session_finish(b"", cursor(session, 1), CommitInfo("/x"))
    again = refusal(dropbox_sdk.files_upload_session_finish, b"", cursor(session, 1), CommitInfo("/x"))
    assert again.get_lookup_failed().is_closed()


def test_a_session_lives_for_a_week_and_for_its_owner(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    service = dropbox_here.service
    service.token_lifetime = 2 * WEEK
    session = dropbox_sdk.files_upload_session_start(b"x").session_id
    with sdk_of(service.log_in(service.person("Bob"))) as other:
        assert refusal(other.files_upload_session_append_v2, b"y", cursor(session, 1)).is_not_found()
    with sdk_of(service.log_in(service.people[0])) as sdk:
        service.pass_time(WEEK - 60)
        sdk.files_upload_session_append_v2(b"y", cursor(session, 1))
        service.pass_time(120)
        assert refusal(sdk.files_upload_session_append_v2, b"z", cursor(session, 2)).is_not_found()


def test_the_data_of_a_finish_that_failed_is_kept(dropbox_sdk: Dropbox) -> None:
    dropbox_sdk.files_upload(b"", "/folder/file")
    session = dropbox_sdk.files_upload_session_start(b"one").session_id
    failed = refusal(dropbox_sdk.files_upload_session_finish, b"two", cursor(session, 3), CommitInfo("/folder"))
    assert failed.get_path().get_conflict().is_folder()
    assert dropbox_sdk.files_upload_session_finish(b"", cursor(session, 6), CommitInfo("/x")).size == 6


@pytest.mark.parametrize("call", ["start", "append", "finish"])
def test_each_piece_has_its_own_hash(dropbox_sdk: Dropbox, call: str) -> None:
    session = dropbox_sdk.files_upload_session_start(b"").session_id
    wrong = content_hash(b"other")
    calls = {
        "start": lambda: dropbox_sdk.files_upload_session_start(b"x", content_hash=wrong),
        "append": lambda: dropbox_sdk.files_upload_session_append_v2(b"x", cursor(session, 0), content_hash=wrong),
        "finish": lambda: dropbox_sdk.files_upload_session_finish(
            b"x", cursor(session, 0), CommitInfo("/x"), content_hash=wrong
        ),
    }
    assert refusal(calls[call]).is_content_hash_mismatch()


def test_pieces_and_files_have_limits(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    dropbox_here.service.request_limit = 4
    session = dropbox_sdk.files_upload_session_start(b"1234").session_id
    assert refusal(dropbox_sdk.files_upload_session_append_v2, b"12345", cursor(session, 4)).is_payload_too_large()
    assert refusal(dropbox_sdk.files_upload_session_start, b"12345").is_payload_too_large()
    dropbox_here.service.file_limit = 6
    assert refusal(dropbox_sdk.files_upload_session_append_v2, b"123", cursor(session, 4)).is_too_large()


def test_parts_of_a_concurrent_session_come_in_any_order(dropbox_sdk: Dropbox) -> None:
    session = concurrent(dropbox_sdk)
    blocks = [bytes([number]) * BLOCK for number in range(3)]
    for number in (2, 0, 1):
        dropbox_sdk.files_upload_session_append_v2(blocks[number], cursor(session, number * BLOCK))
    dropbox_sdk.files_upload_session_append_v2(b"tail", cursor(session, 3 * BLOCK), close=True)
    made = dropbox_sdk.files_upload_session_finish(b"", cursor(session, 3 * BLOCK + 4), CommitInfo("/x"))
    assert made.content_hash == content_hash(b"".join([*blocks, b"tail"]))


def test_the_rules_of_concurrent_sessions_are_enforced(dropbox_sdk: Dropbox) -> None:
    kind = UploadSessionType.concurrent
    start, append = dropbox_sdk.files_upload_session_start, dropbox_sdk.files_upload_session_append_v2
    finish = dropbox_sdk.files_upload_session_finish
    assert refusal(start, b"x", session_type=kind).is_concurrent_session_data_not_allowed()
    assert refusal(start, b"", close=True, session_type=kind).is_concurrent_session_close_not_allowed()
    session = concurrent(dropbox_sdk)
    assert refusal(append, bytes(BLOCK), cursor(session, 5)).is_concurrent_session_invalid_offset()
    assert refusal(append, b"12345", cursor(session, 0)).is_concurrent_session_invalid_data_size()
    assert refusal(finish, b"", cursor(session, 0), CommitInfo("/x")).is_concurrent_session_not_closed()
    append(b"tail", cursor(session, BLOCK), close=True)
    assert refusal(append, bytes(BLOCK), cursor(session, 0)).is_closed()
    end = cursor(session, BLOCK + 4)
    assert refusal(finish, b"x", end, CommitInfo("/x")).is_concurrent_session_data_not_allowed()
    assert refusal(finish, b"", end, CommitInfo("/x")).is_concurrent_session_missing_data()


@is_new
def test_many_sessions_are_started_filled_and_finished_at_once(
    dropbox_sdk: Dropbox, dropbox_here: RunningDropbox
) -> None:
    sessions = dropbox_sdk.files_upload_session_start_batch(3).session_ids
    contents = [b"one", b"", b"three"]
    filled = dropbox_sdk.files_upload_session_append_batch(
        b"".join(contents),
        [
            files.UploadSessionAppendBatchArgEntry(cursor(session, 0), len(content), close=True)
            for session, content in zip(sessions, contents, strict=True)
        ],
    )
    assert [result.is_success() for result in filled.entries] == [True] * 3
    entries = [
        entry(session, len(content), f"/{number}")
        for number, (session, content) in enumerate(zip(sessions, contents, strict=True))
    ]
    done = dropbox_sdk.files_upload_session_finish_batch_v2(entries)
    assert [(result.get_success().name, result.get_success().size) for result in done.entries] == [
        ("0", 3),
        ("1", 0),
        ("2", 5),
    ]
    assert len(dropbox_here.service.seen) == 3


def test_a_batch_fails_entry_by_entry_and_in_order(dropbox_sdk: Dropbox) -> None:
    dropbox_sdk.files_upload(b"", "/folder/file")
    is_open = dropbox_sdk.files_upload_session_start(b"open").session_id
    good, blocked, short = (started(dropbox_sdk, content) for content in (b"good", b"blocked", b"short"))
    done = dropbox_sdk.files_upload_session_finish_batch_v2(
        [
            entry(is_open, 4, "/open"),
            entry(good, 4, "/good"),
            entry(blocked, 7, "/folder"),
            entry("pid_upload_session:none", 0, "/none"),
            entry(short, 3, "/short"),
        ]
    ).entries
    assert done[0].get_failure().get_lookup_failed().is_not_closed()
    assert done[1].get_success().name == "good"
    assert done[2].get_failure().get_path().get_conflict().is_folder()
    assert done[3].get_failure().get_lookup_failed().is_not_found()
    assert done[4].get_failure().get_lookup_failed().get_incorrect_offset().correct_offset == 5


@is_new
def test_pieces_in_a_batch_fail_one_by_one_and_lengths_must_fit(dropbox_sdk: Dropbox) -> None:
    session = dropbox_sdk.files_upload_session_start(b"").session_id
    append = dropbox_sdk.files_upload_session_append_batch
    entries = [
        files.UploadSessionAppendBatchArgEntry(cursor("pid_upload_session:none", 0), 1),
        files.UploadSessionAppendBatchArgEntry(cursor(session, 0), 2),
    ]
    done = append(b"xyz", entries).entries
    assert done[0].get_failure().is_not_found()
    assert done[1].is_success()
    assert refusal(append, b"xy", entries).is_length_mismatch()
    assert refusal(append, b"xyz", entries, content_hash=content_hash(b"other")).is_content_hash_mismatch()


def test_a_batch_takes_the_lock_once_and_is_refused_by_a_held_one(
    dropbox_sdk: Dropbox, dropbox_here: RunningDropbox
) -> None:
    sessions = [started(dropbox_sdk, b"x") for _ in range(20)]
    dropbox_here.service.lock_seconds = 0.3

    def finish(first: int) -> Any:
        entries = [entry(sessions[number], 1, f"/{number}") for number in range(first, first + 10)]
        return dropbox_sdk.files_upload_session_finish_batch_v2(entries).entries

    with ThreadPoolExecutor(2) as pool:
        won, lost = sorted(pool.map(finish, (0, 10)), key=lambda done: bool(done[0].is_failure()))
    assert [result.is_success() for result in won] == [True] * 10
    assert [result.get_failure().is_too_many_write_operations() for result in lost] == [True] * 10


@pytest.mark.parametrize("size", [0, 5, BLOCK, 3 * BLOCK + 7])
@pytest.mark.parametrize("jobs", [1, 3])
def test_the_transfers_of_the_sdk_pass(dropbox_sdk: Dropbox, tmp_path: Path, size: int, jobs: int) -> None:
    content = bytes(range(251)) * (size // 251 + 1)
    (tmp_path / "file").write_bytes(content[:size])
    sdk = pytest.importorskip("dropbox.file_transfer", reason="new in 12.2, which wants Python 3.11")
    source, back = sdk.FileUpload(str(tmp_path / "file")), tmp_path / "back"
    options = sdk.UploadOptions(1, parallel_uploads=jobs)
    made = sdk.Uploader(dropbox_sdk).upload(source, CommitInfo("/x"), options).metadata
    assert (made.size, made.content_hash) == (size, content_hash(content[:size]))
    at_once = jobs if size else 1  # The SDK does not recognise the answer to a range of an empty file.
    sdk.Downloader(dropbox_sdk).download("/x", sdk.File(str(back)), sdk.DownloadOptions(1, parallel_downloads=at_once))
    assert back.read_bytes() == content[:size]
