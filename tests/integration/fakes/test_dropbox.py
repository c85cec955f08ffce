"""The fake Dropbox is what the official SDK takes for Dropbox: files, folders, listings, and who may do what."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from dropbox import Dropbox
from dropbox.common import PathRoot
from dropbox.exceptions import (
    ApiError,
    PathRootError,
)
from dropbox.files import (
    DeletedMetadata,
    FileMetadata,
    FolderMetadata,
    WriteMode,
)
from support.fakes.dropbox.accounts import Account, Team
from support.fakes.dropbox.fake import RunningDropbox, sdk_of
from support.fakes.dropbox.tree import content_hash


def test_a_file_is_found_again_by_any_spelling_of_its_name(dropbox_sdk: Dropbox) -> None:
    made = dropbox_sdk.files_upload(b"hello", "/Lab/Data.bin", mute=True)
    assert (made.path_display, made.path_lower, made.size) == ("/Lab/Data.bin", "/lab/data.bin", 5)
    known, answer = dropbox_sdk.files_download("/LAB/data.BIN")
    assert (known, answer.content) == (made, b"hello")
    assert dropbox_sdk.files_get_metadata("/lab/DATA.bin") == made
    assert dropbox_sdk.files_get_metadata(made.id).path_lower == "/lab/data.bin"
    assert dropbox_sdk.files_download(f"rev:{made.rev}")[1].content == b"hello"
    assert isinstance(dropbox_sdk.files_get_metadata("/lab"), FolderMetadata)


def test_a_content_hash_is_that_of_the_sdk(dropbox_sdk: Dropbox) -> None:
    content = bytes(5 << 20)
    made = dropbox_sdk.files_upload(content, "/zeros")
    assert made.content_hash == content_hash(content)  # The SDK has sent its own, and it was checked.
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_upload(b"other", "/zeros", content_hash=made.content_hash)
    assert raised.value.error.is_content_hash_mismatch()


@pytest.mark.parametrize(
    ("path", "mode", "tag"),
    [
        ("/a/file", WriteMode.add, "file"),
        ("/A", WriteMode.overwrite, "folder"),
        ("/a/FILE/below", WriteMode.overwrite, "file_ancestor"),
        ("/a/file", WriteMode.update("0123456789"), "file"),
    ],
)
def test_what_is_in_the_way_of_a_file_is_named(dropbox_sdk: Dropbox, path: str, mode: WriteMode, tag: str) -> None:
    dropbox_sdk.files_upload(b"old", "/a/file")
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_upload(b"new", path, mode=mode)
    failed = raised.value.error.get_path()
    assert failed.reason.get_conflict()._tag == tag
    assert failed.upload_session_id


def test_what_could_not_be_written_is_kept_for_another_name(dropbox_sdk: Dropbox) -> None:
    from dropbox.files import CommitInfo, UploadSessionCursor

    dropbox_sdk.files_upload(b"old", "/file")
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_upload(b"new", "/file")
    cursor = UploadSessionCursor(raised.value.error.get_path().upload_session_id, 3)
    made = dropbox_sdk.files_upload_session_finish(b"", cursor, CommitInfo("/other"))
    assert dropbox_sdk.files_download(made.path_lower)[1].content == b"new"


def test_modes_of_writing_are_kept_apart(dropbox_sdk: Dropbox) -> None:
    first = dropbox_sdk.files_upload(b"one", "/x.txt")
    assert dropbox_sdk.files_upload(b"one", "/x.txt").rev == first.rev, "the same content is no conflict"
    assert dropbox_sdk.files_upload(b"two", "/x.txt", autorename=True).name == "x (1).txt"
    second = dropbox_sdk.files_upload(b"two", "/X.TXT", mode=WriteMode.overwrite)
    assert (second.id, second.name) == (first.id, "x.txt")
    third = dropbox_sdk.files_upload(b"three", "/x.txt", mode=WriteMode.update(second.rev))
    late = dropbox_sdk.files_upload(b"four", "/x.txt", mode=WriteMode.update(second.rev), autorename=True)
    assert (third.name, late.name) == ("x.txt", "x (conflicted copy).txt")


@pytest.mark.parametrize(
    ("path", "tag"),
    [
        ("/" + "n" * 256, "malformed_path"),
        ("/back\\slash", "malformed_path"),
        ("/blank ", "malformed_path"),
        ("/folder/", "malformed_path"),
        ("/Thumbs.db", "disallowed_name"),
    ],
)
def test_names_that_dropbox_does_not_store_are_refused(dropbox_sdk: Dropbox, path: str, tag: str) -> None:
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_upload(b"", path)
    assert raised.value.error.get_path().reason._tag == tag


def test_a_full_account_and_a_large_request_are_refused(
    dropbox_sdk: Dropbox, dropbox_alice: Account, dropbox_here: RunningDropbox
) -> None:
    dropbox_alice.quota = 10
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_upload(b"0123456789a", "/x")
    assert raised.value.error.get_path().reason.is_insufficient_space()
    dropbox_sdk.files_upload(b"0123456789", "/x")
    usage = dropbox_sdk.users_get_space_usage()
    assert (usage.used, usage.allocation.get_individual().allocated) == (10, 10)
    dropbox_here.service.request_limit = 5
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_upload(b"012345", "/x")
    assert raised.value.error.is_payload_too_large()


def test_ranges_of_a_file_are_given(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    dropbox_sdk.files_upload(b"0123456789", "/x")
    asked = dropbox_sdk.files_download("/x")[1].request

    def part(wanted: str) -> requests.Response:
        return requests.post(asked.url, headers={**asked.headers, "Range": wanted}, timeout=5)

    answer = part("bytes=3-5")
    assert (answer.status_code, answer.content) == (206, b"345")
    assert answer.headers["Content-Range"] == "bytes 3-5/10"
    assert json.loads(answer.headers["Dropbox-API-Result"])["size"] == 10
    assert part("bytes=7-").content == b"789"
    assert part("bytes=-2").content == b"89"
    assert part("bytes=10-").json()["error_summary"].startswith("range/not_satisfiable/")
    dropbox_here.service.unsatisfiable_status = 416
    assert part("bytes=10-").status_code == 416


@pytest.mark.parametrize(
    ("call", "tag"),
    [
        (lambda sdk: sdk.files_download("/none"), "not_found"),
        (lambda sdk: sdk.files_download("/folder"), "not_file"),
        (lambda sdk: sdk.files_get_metadata("/none"), "not_found"),
        (lambda sdk: sdk.files_get_metadata("ns:99/none"), "not_found"),
        (lambda sdk: sdk.files_list_folder("/none"), "not_found"),
        (lambda sdk: sdk.files_list_folder("/folder/file"), "not_folder"),
        (lambda sdk: sdk.files_get_temporary_link("/none"), "not_found"),
    ],
)
def test_what_is_not_there_is_not_found(dropbox_sdk: Dropbox, call: Callable[[Dropbox], Any], tag: str) -> None:
    dropbox_sdk.files_upload(b"", "/folder/file")
    with pytest.raises(ApiError) as raised:
        call(dropbox_sdk)
    assert raised.value.error.get_path()._tag == tag


def test_a_file_is_deleted_once(dropbox_sdk: Dropbox) -> None:
    made = dropbox_sdk.files_upload(b"x", "/a/x")
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_delete_v2("/a/x", parent_rev="0123456789")
    assert raised.value.error.get_path_write().get_conflict().is_file()
    assert dropbox_sdk.files_delete_v2("/A/X").metadata == made
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_delete_v2("/a/x")
    assert raised.value.error.get_path_lookup().is_not_found()
    dropbox_sdk.files_upload(b"x", "/a/b/x")
    assert isinstance(dropbox_sdk.files_delete_v2("/a").metadata, FolderMetadata)
    assert dropbox_sdk.files_list_folder("").entries == []


def test_a_file_is_moved_and_copied(dropbox_sdk: Dropbox) -> None:
    made = dropbox_sdk.files_upload(b"x", "/x")
    assert dropbox_sdk.files_move_v2("/x", "/new/y").metadata.id == made.id
    assert dropbox_sdk.files_copy_v2("/new/y", "/z").metadata.id != made.id
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_move_v2("/z", "/new/y")
    assert raised.value.error.get_to().get_conflict().is_file()
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_move_v2("/x", "/elsewhere")
    assert raised.value.error.get_from_lookup().is_not_found()
    dropbox_sdk.files_create_folder_v2("/Folder")
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_create_folder_v2("/folder")
    assert raised.value.error.get_path().get_conflict().is_folder()


def test_a_listing_comes_in_pages_and_goes_on_with_changes(dropbox_sdk: Dropbox) -> None:
    for name in "abcde":
        dropbox_sdk.files_upload(b"", f"/{name}/{name}")
    page = dropbox_sdk.files_list_folder("", recursive=True, limit=4)
    names = [entry.name for entry in page.entries]
    while page.has_more:
        page = dropbox_sdk.files_list_folder_continue(page.cursor)
        names += [entry.name for entry in page.entries]
    assert names == list("aabbccddee")
    dropbox_sdk.files_upload(b"", "/f")
    dropbox_sdk.files_delete_v2("/a/a")
    changes = dropbox_sdk.files_list_folder_continue(page.cursor).entries
    assert [(type(entry), entry.path_lower) for entry in changes] == [(FileMetadata, "/f"), (DeletedMetadata, "/a/a")]
    assert [entry.name for entry in dropbox_sdk.files_list_folder("/b").entries] == ["b"]


def test_a_cursor_that_is_gone_wants_a_new_listing(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    cursor = dropbox_sdk.files_list_folder("").cursor
    dropbox_here.service.table("cursors").clear()
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_list_folder_continue(cursor)
    assert raised.value.error.is_reset()


def test_a_temporary_link_works_without_a_login_for_four_hours(
    dropbox_sdk: Dropbox, dropbox_here: RunningDropbox
) -> None:
    dropbox_sdk.files_upload(b"0123456789", "/x")
    link = dropbox_sdk.files_get_temporary_link("/x").link
    assert requests.get(link, headers={"Range": "bytes=8-"}, timeout=5).content == b"89"
    dropbox_here.service.pass_time(4 * 3600 + 1)
    assert requests.get(link, timeout=5).status_code == 410


def test_an_account_says_who_it_is_and_where_its_root_is(dropbox_here: RunningDropbox) -> None:
    service = dropbox_here.service
    with sdk_of(service.log_in(service.person("Bob"))) as sdk:
        account = sdk.users_get_current_account()
    assert (account.email, account.account_type._tag) == ("bob@example.org", "basic")
    assert account.root_info.root_namespace_id == account.root_info.home_namespace_id


def test_a_team_has_a_space_in_which_the_home_is(dropbox_here: RunningDropbox) -> None:
    service = dropbox_here.service
    with sdk_of(service.log_in(service.person("Bob", Team("Lab")))) as sdk:
        account = sdk.users_get_current_account()
        info = account.root_info
        assert (account.team.name, info.home_path) == ("Lab", "/Bob")
        assert sdk.users_get_space_usage().allocation.is_team()
        sdk.files_upload(b"x", "/x")
        with sdk.with_path_root(PathRoot.root(info.root_namespace_id)) as rooted:
            assert rooted.files_get_metadata("/bob/x").path_display == "/Bob/x"
            rooted.files_upload(b"y", "/Shared/y")
        with pytest.raises(ApiError):
            sdk.files_get_metadata("/Shared/y")
        with pytest.raises(PathRootError) as raised:
            sdk.with_path_root(PathRoot.root("1")).files_get_metadata("/x")
        assert raised.value.error.get_invalid_root().root_namespace_id == info.root_namespace_id
        with pytest.raises(PathRootError) as raised:
            sdk.with_path_root(PathRoot.namespace_id("1")).files_get_metadata("/x")
        assert raised.value.error.is_no_permission()


def test_a_shared_folder_has_other_names_but_one_id(dropbox_here: RunningDropbox) -> None:
    service = dropbox_here.service
    alice, bob, carol = (service.person(name) for name in ("Alice", "Bob", "Carol"))
    shared = service.shared_folder((alice, "/Ours"), (bob, "/From Alice"))
    with sdk_of(service.log_in(alice)) as sdk:
        sdk.files_upload(b"x", "/ours/X")
        assert [entry.path_lower for entry in sdk.files_list_folder("", recursive=True).entries] == ["/ours", "/ours/x"]
    with sdk_of(service.log_in(bob)) as sdk:
        assert sdk.files_get_metadata(f"ns:{shared.number}/x").path_display == "/From Alice/X"
        folder = sdk.files_get_metadata("/from alice")
        assert (folder.name, folder.sharing_info.shared_folder_id) == ("From Alice", shared.number)
        assert sdk.files_get_metadata("/from alice/x").sharing_info.parent_shared_folder_id == shared.number
        rooted = sdk.with_path_root(PathRoot.namespace_id(shared.number))
        assert rooted.files_get_metadata("/x").path_lower == "/x"
    with sdk_of(service.log_in(carol)) as sdk, pytest.raises(ApiError):
        sdk.files_get_metadata(f"ns:{shared.number}/x")
    carol.granted.add(shared.number)
    with sdk_of(service.log_in(carol)) as sdk:
        assert sdk.files_get_metadata(f"ns:{shared.number}/x").path_lower is None


def test_an_app_with_a_folder_sees_nothing_else(dropbox_here: RunningDropbox, dropbox_alice: Account) -> None:
    service = dropbox_here.service
    service.put(dropbox_alice.home, "/private", b"x")
    app = service.new_app("folderapp", folder="Pyshare")
    with sdk_of(service.log_in(dropbox_alice, app)) as sdk:
        sdk.files_upload(b"y", "/mine")
        assert [entry.path_lower for entry in sdk.files_list_folder("").entries] == ["/mine"]
    with sdk_of(service.log_in(dropbox_alice)) as sdk:
        assert sdk.files_get_metadata("/apps/pyshare/mine").size == 1


def test_a_document_can_be_seen_but_not_downloaded(
    dropbox_sdk: Dropbox, dropbox_here: RunningDropbox, dropbox_alice: Account
) -> None:
    dropbox_here.service.put_document(dropbox_alice.home, "/Paper.gdoc")
    assert not dropbox_sdk.files_get_metadata("/paper.gdoc").is_downloadable
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_download("/paper.gdoc")
    assert raised.value.error.is_unsupported_file()
    assert dropbox_sdk.files_list_folder("", include_non_downloadable_files=False).entries == []
