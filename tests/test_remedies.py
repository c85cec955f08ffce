"""What error texts tell the user to type may be pasted, even where a stranger's dataset named the remote."""

from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.base import Place
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.clone import Clone
from git_annex_remote_pyshare.errors import BadSetting, Unreachable

TRAP = "x; reboot #"


def backend_of(folder: Path, *, trusted: bool) -> DirectoryBackend:
    clone = Clone(remote=TRAP)
    clone.__dict__["config"] = {f"remote.{TRAP}.pyshare-made": "true"} if trusted else {}
    return DirectoryBackend(Place(str(folder), {}, clone, trusted=lambda: trusted))


def test_a_folder_without_marker_names_the_remote_as_one_word(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(Unreachable) as refused:
            backend_of(folder, trusted=True).stat("X--1")
        assert str(refused.value).endswith("git annex enableremote 'x; reboot #'")
        with pytest.raises(Unreachable, match="initremote 'x; reboot #-here' '--sameas=x; reboot #' type=external"):
            backend_of(folder, trusted=False).stat("X--1")


def test_git_config_is_named_as_one_word() -> None:
    clone = Clone(remote=TRAP)
    clone.__dict__["config"] = {f"remote.{TRAP}.pyshare-timeout": "soon"}
    with pytest.raises(BadSetting, match=r"git config --unset 'remote\.x; reboot #\.pyshare-timeout'$"):
        clone.number("pyshare-timeout", 60)


def test_a_plain_name_is_shown_plainly_and_no_name_as_a_placeholder() -> None:
    assert Clone(remote="friends").key("pyshare-put") == "remote.friends.pyshare-put"
    assert Clone().key("pyshare-put") == "remote.NAME.pyshare-put"
