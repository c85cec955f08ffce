"""The section "friends" of doctor."""

import pytest

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.cli.doctor import friends
from git_annex_remote_pyshare.cli.doctor.check import OK, UNKNOWN, Check
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.config.git_config import LocalConfig


def test_an_unverified_remote_is_not_tried_as_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    def rehearsed(_remote: Remote, _files: int) -> None:
        pytest.fail("a request went to an address that came with the dataset")

    counted = Check("friends", "stored", OK, "2 files, all in evil", "")
    monkeypatch.setattr(friends, "_stored", lambda _remote: counted)
    monkeypatch.setattr(friends, "rehearse_remote", rehearsed)
    clone = LocalConfig("", "evil")
    clone.__dict__["config"] = {"remote.evil.annex-verified": "automatic"}
    place = StoreConfig("http://evil.example/dav", {"url": "http://evil.example/dav"}, clone)

    first, second = friends.checks_of(Remote(place, "uuid", {}))

    assert first == counted
    assert (second.state, second.fix) == (UNKNOWN, "git annex verifyremote evil")
