"""Names that a service refuses are known before anything is sent: from the backend's own rule, without a request."""

import socket

import pytest

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.cli.publish.prepared import refusal, tree_of
from git_annex_remote_pyshare.cli.remotes import opened
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting


def _never(*_args: object) -> Credential:
    raise AssertionError("neither a login nor a connection is needed")


@pytest.mark.parametrize("url", ["dropbox:/x", "s3://bucket/x", "https://dav.example.org/x", "/mnt/disk"])
def test_each_kind_of_store_says_it_without_a_request(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", _never)
    monkeypatch.setattr(socket.socket, "connect", _never)
    place = StoreConfig(url, parse({"url": url}), LocalConfig(), _never, trusted=lambda: True, is_tree=True)
    with opened(place) as store:
        why = refusal(store)
        assert why("data/two words.txt") == ""
        refused = {name for name in ("a\\b", "end ", "Desktop.ini", "x/.dropbox", "../up", "a//b") if why(name)}
    always = {"../up", "a//b"}
    assert refused == (always | {"a\\b", "end ", "Desktop.ini", "x/.dropbox"} if url.startswith("dropbox") else always)


@pytest.mark.parametrize("version", ["-x", "--all"])
def test_a_version_that_begins_with_a_dash_is_refused(version: str) -> None:
    with pytest.raises(BadSetting, match="begins with a dash"):
        tree_of(LocalConfig(), version)
