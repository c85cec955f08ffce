"""What error texts tell the user to type may be pasted, even where a stranger's dataset named the remote."""

import subprocess
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.directory.marker import Marker
from git_annex_remote_pyshare.backends.registry import check
from git_annex_remote_pyshare.clone import Clone
from git_annex_remote_pyshare.errors import BadSetting, Unreachable
from git_annex_remote_pyshare.settings import parse

TRAP = "x; reboot #"


def test_a_folder_without_marker_names_the_remote_as_one_word(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(Unreachable) as refused:
            Marker(bytes(folder), TRAP).require()
        assert str(refused.value).endswith("git annex enableremote 'x; reboot #'")


def test_git_config_is_named_as_one_word() -> None:
    clone = Clone(remote=TRAP)
    clone.__dict__["config"] = {f"remote.{TRAP}.pyshare-timeout": "soon"}
    with pytest.raises(BadSetting, match=r"git config --unset 'remote\.x; reboot #\.pyshare-timeout'$"):
        clone.number("pyshare-timeout", 60)


def test_a_plain_name_is_shown_plainly_and_no_name_as_a_placeholder() -> None:
    assert Clone(remote="friends").key("pyshare-put") == "remote.friends.pyshare-put"
    assert Clone().key("pyshare-put") == "remote.NAME.pyshare-put"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://u:p@h/;touch PWNED;", id="a login in it"),
        pytest.param("https://h/$(touch PWNED)?q", id="a query"),
        pytest.param("https://h/apps/files/$(touch PWNED)?dir=x", id="a page"),
        pytest.param("http//h/;touch PWNED;", id="no colon"),
        pytest.param("h.org/remote.php/;touch PWNED;", id="no scheme"),
        pytest.param("me@h:/;touch PWNED;", id="ssh"),
    ],
)
def test_a_strangers_address_runs_nothing_when_what_a_refusal_says_is_pasted(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as refused:
        check(parse({"url": url}))
    remedy = str(refused.value).partition(": ")[2]
    line = remedy.partition(" instead: ")[2] or remedy
    for part in line.replace("(in a folder", "\n").splitlines():
        subprocess.run(["bash", "-c", f"echo {part}"], cwd=tmp_path, capture_output=True, check=False)
    assert list(tmp_path.iterdir()) == []
