"""Shared links of the fake Dropbox: made and read by the official SDK, opened by browsers, curl and git-annex."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from dropbox import Dropbox, files
from dropbox.exceptions import ApiError, BadInputError
from dropbox.files import SharedLink
from dropbox.sharing import FileLinkMetadata, FolderLinkMetadata, LinkAudience, SharedLinkSettings
from support.annex import Home, Repository
from support.fakes.dropbox.accounts import Account, Team
from support.fakes.dropbox.fake import RunningDropbox, sdk_of


@pytest.fixture
def friend(dropbox_here: RunningDropbox) -> Iterator[Dropbox]:
    """Somebody else with a Dropbox."""
    service = dropbox_here.service
    with sdk_of(service.log_in(service.person("Bob"))) as sdk:
        yield sdk


def refusal(call: Any, *args: Any, **more: Any) -> Any:
    with pytest.raises(ApiError) as raised:
        call(*args, **more)
    return raised.value.error


def test_a_link_is_made_once_and_found_again(dropbox_sdk: Dropbox) -> None:
    dropbox_sdk.files_upload(b"x", "/Store/x")
    made = dropbox_sdk.sharing_create_shared_link_with_settings("/Store")
    assert isinstance(made, FolderLinkMetadata)
    assert made.url.startswith("https://www.dropbox.com/scl/fo/")
    assert made.link_permissions.effective_audience.is_public()
    error = refusal(dropbox_sdk.sharing_create_shared_link_with_settings, "/store")
    assert error.get_shared_link_already_exists().get_metadata().url == made.url
    assert [link.url for link in dropbox_sdk.sharing_list_shared_links("/store", direct_only=True).links] == [made.url]
    assert [link.url for link in dropbox_sdk.sharing_list_shared_links("/store/x").links] == [made.url]
    assert dropbox_sdk.sharing_list_shared_links("/store/x", direct_only=True).links == []


def test_a_friend_reads_a_folder_through_its_link(dropbox_sdk: Dropbox, friend: Dropbox) -> None:
    dropbox_sdk.files_upload(b"0123456789", "/Store/a/Key")
    url = dropbox_sdk.sharing_create_shared_link_with_settings("/Store").url
    known, answer = friend.sharing_get_shared_link_file(url, "/A/key")
    assert (known.name, known.size, known.path_lower, answer.content) == ("Key", 10, None, b"0123456789")
    ranged = dict(answer.request.headers) | {"Range": "bytes=8-"}
    assert requests.post(answer.request.url, headers=ranged, timeout=5).content == b"89"
    assert isinstance(friend.sharing_get_shared_link_metadata(url, "/a"), FolderLinkMetadata)
    assert isinstance(friend.sharing_get_shared_link_metadata(url, "/a/key"), FileLinkMetadata)
    listed = friend.files_list_folder("/a", shared_link=SharedLink(url)).entries
    assert [(each.name, each.path_lower) for each in listed] == [("Key", None)]
    assert refusal(friend.sharing_get_shared_link_file, url, "/none").is_shared_link_not_found()
    assert refusal(friend.sharing_get_shared_link_file, url, "/a").is_shared_link_is_directory()


@pytest.mark.skipif(
    not hasattr(files, "upload_session_append_batch"),
    reason="the SDK for Python 3.10 cannot log in there as an app",
)
def test_an_app_with_a_secret_reads_a_link_without_any_account(
    dropbox_sdk: Dropbox, dropbox_here: RunningDropbox
) -> None:
    dropbox_sdk.files_upload(b"x", "/Store/x")
    url = dropbox_sdk.sharing_create_shared_link_with_settings("/Store").url
    app = dropbox_here.service.new_app("confidential", secret="s3cret")
    with Dropbox(app_key=app.key, app_secret="s3cret") as nobody:
        assert nobody.sharing_get_shared_link_file(url, "/x")[1].content == b"x"
        assert [each.name for each in nobody.files_list_folder("", shared_link=SharedLink(url)).entries] == ["x"]
        with pytest.raises(BadInputError):
            nobody.files_list_folder("")


def test_a_revoked_link_is_not_found(dropbox_sdk: Dropbox, friend: Dropbox) -> None:
    dropbox_sdk.files_upload(b"x", "/x")
    url = dropbox_sdk.sharing_create_shared_link_with_settings("/x").url
    assert refusal(friend.sharing_revoke_shared_link, url).is_shared_link_access_denied()
    dropbox_sdk.sharing_revoke_shared_link(url)
    assert refusal(friend.sharing_get_shared_link_metadata, url).is_shared_link_not_found()
    assert refusal(dropbox_sdk.sharing_revoke_shared_link, url).is_shared_link_not_found()
    assert requests.get(url.replace("dl=0", "dl=1"), timeout=5).status_code == 404


def test_a_links_end_is_changed_and_taken_off_by_its_owner_only(
    dropbox_sdk: Dropbox, dropbox_alice: Account, friend: Dropbox
) -> None:
    dropbox_sdk.files_upload(b"x", "/x")
    url = dropbox_sdk.sharing_create_shared_link_with_settings("/x").url
    change, day = dropbox_sdk.sharing_modify_shared_link_settings, dt.datetime(2099, 1, 1)  # noqa: DTZ001  # as below
    ends = SharedLinkSettings(expires=day)
    assert refusal(change, url, ends).get_settings_error().is_not_authorized()
    dropbox_alice.is_basic = False
    assert refusal(friend.sharing_modify_shared_link_settings, url, ends).is_shared_link_access_denied()
    assert change(url, ends).expires == day
    assert change(url, SharedLinkSettings(), remove_expiration=True).expires is None


def test_basic_accounts_have_links_without_expiry_or_password(
    dropbox_sdk: Dropbox, dropbox_alice: Account, friend: Dropbox
) -> None:
    dropbox_sdk.files_upload(b"x", "/x")
    create = dropbox_sdk.sharing_create_shared_link_with_settings
    tomorrow = dt.datetime(2099, 1, 1)  # noqa: DTZ001  # the SDK's times are UTC without saying so
    assert refusal(create, "/x", SharedLinkSettings(expires=tomorrow)).get_settings_error().is_not_authorized()
    dropbox_alice.is_basic = False
    locked = SharedLinkSettings(require_password=True, link_password="pass", expires=tomorrow)
    made = create("/x", locked)
    assert (made.expires, made.link_permissions.require_password) == (tomorrow, True)
    assert refusal(friend.sharing_get_shared_link_file, made.url).is_shared_link_access_denied()
    assert friend.sharing_get_shared_link_file(made.url, link_password="pass")[1].content == b"x"
    assert refusal(create, "/x").get_shared_link_already_exists() is None, "another one may be unlike what is asked"


def test_a_team_may_forbid_or_narrow_links(dropbox_here: RunningDropbox, friend: Dropbox) -> None:
    service = dropbox_here.service
    member = service.person("Carol", Team("Lab"))
    with sdk_of(service.log_in(member)) as sdk:
        sdk.files_upload(b"x", "/x")
        member.may_share = False
        assert refusal(sdk.sharing_create_shared_link_with_settings, "/x").is_access_denied()
        member.may_share, member.link_audience = True, "team"
        wanted = SharedLinkSettings(audience=LinkAudience.public)
        made = sdk.sharing_create_shared_link_with_settings("/x", wanted)
    assert made.link_permissions.effective_audience.is_team()
    assert refusal(friend.sharing_get_shared_link_file, made.url).is_shared_link_access_denied()


def test_links_need_a_verified_address_and_something_to_link(dropbox_sdk: Dropbox, dropbox_alice: Account) -> None:
    create = dropbox_sdk.sharing_create_shared_link_with_settings
    assert refusal(create, "/none").get_path().is_not_found()
    dropbox_alice.has_verified_email = False
    assert refusal(create, "/none").is_email_not_verified()


def test_a_link_to_a_file_gives_its_bytes_to_anybody(dropbox_sdk: Dropbox) -> None:
    dropbox_sdk.files_upload(b"0123456789", "/Data x.bin")
    url = dropbox_sdk.sharing_create_shared_link_with_settings("/data x.bin").url
    assert url.endswith("&dl=0")
    assert "<html" in requests.get(url, timeout=5).text
    direct = url.replace("dl=0", "dl=1")
    assert requests.get(direct, timeout=5).content == b"0123456789"
    assert requests.get(direct, headers={"Range": "bytes=2-3"}, timeout=5).content == b"23"
    assert requests.head(direct, timeout=5, allow_redirects=True).headers["Content-Length"] == "10"
    assert requests.get(direct.replace("rlkey=k", "rlkey=x"), timeout=5).status_code == 404


def test_git_annex_gets_a_public_link_by_itself(
    dropbox_sdk: Dropbox, dropbox_here: RunningDropbox, repository: Repository, alice: Home
) -> None:
    dropbox_sdk.files_upload(b"content of the file", "/file")
    url = dropbox_sdk.sharing_create_shared_link_with_settings("/file").url.replace("dl=0", "dl=1")
    alice.environment.update(dropbox_here.environment)
    repository.git("config", "annex.security.allowed-ip-addresses", "127.0.0.1")
    repository.annex("addurl", "--file", "file", url)
    assert (repository.folder / "file").read_bytes() == b"content of the file"
