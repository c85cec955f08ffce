"""Google Cloud Storage: `gs://` is an S3 store at Google's server, with an HMAC key as its login."""

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.registry import account_of, check, make, parse, spec_of
from git_annex_remote_pyshare.backends.s3 import google
from git_annex_remote_pyshare.backends.s3.policy import policy_note
from git_annex_remote_pyshare.backends.s3.url import address_of, settings_of_address
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.testing.files import Desk


@pytest.mark.parametrize("url", ["gs://bucket/my/folder", "GS://bucket/my/folder/"])
def test_an_address_of_google_is_a_bucket_at_its_server(url: str) -> None:
    settings = parse({"url": url})
    assert check(settings).name == "s3"
    address = address_of(settings)
    assert address.url_of("KEY") == "https://storage.googleapis.com/bucket/my/folder/KEY"
    assert address.region == "auto"
    assert address.shown == "gs://bucket/my/folder/"
    assert address.public_url("KEY") == ""


def test_a_login_is_for_googles_server_and_the_same_as_by_endpoint() -> None:
    account = account_of(parse({"url": "gs://bucket/folder"}))
    assert account.name == account_of(parse({"url": "s3://bucket", "endpoint": google.SERVER})).name
    assert account.name == "storage.googleapis.com"
    assert account.words == ("gs://bucket/folder",)
    assert not account.ambient


def test_a_public_bucket_has_public_urls() -> None:
    address = address_of(parse({"url": "gs://bucket/folder", "public": "yes"}))
    assert address.public_url("KEY") == "https://storage.googleapis.com/bucket/folder/KEY"
    assert "allUsers the role Storage Object Viewer in the bucket bucket" in policy_note(address)


@pytest.mark.parametrize("name", ["endpoint", "host", "datacenter", "profile", "requesterpays"])
def test_what_names_another_server_or_is_amazons_is_refused(name: str) -> None:
    value = {"endpoint": "https://s3.example.org", "requesterpays": "yes"}.get(name, "x")
    with pytest.raises(BadSetting, match=f"{name}= is not for gs:// addresses"):
        check(parse({"url": "gs://bucket", name: value}))


def test_the_server_and_region_of_amazons_configuration_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.example.org")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    settings = parse({"url": "gs://bucket"})
    assert spec_of("gs://bucket").default_settings(settings) == {}


@pytest.mark.parametrize("url", ["gs://", "gs:bucket", "gs:///folder", "gs://bucket/../x"])
def test_a_wrong_address_is_refused(url: str) -> None:
    with pytest.raises(BadSetting):
        check(parse({"url": url}))


def test_init_takes_the_address_as_it_is() -> None:
    assert settings_of_address("gs://bucket/x") == {"url": "gs://bucket/x"}


def test_objects_are_stored_and_retrieved_with_an_hmac_key(
    scripted_s3: ScriptedS3, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google, "SERVER", scripted_s3.url)
    scripted_s3.login = Login()
    key = Credential(Login().access_key, Login().secret_key, "environment")
    settings = parse({"url": "gs://bucket/folder"})
    store = make(StoreConfig(settings["url"], settings, LocalConfig(), lambda: key, trusted=lambda: True))
    desk.put(store, "KEY", b"content")
    assert scripted_s3.objects == {"bucket/folder/KEY": b"content"}
    assert desk.get(store, "KEY") == b"content"
    assert store.stat("absent") is None
    store.close()
