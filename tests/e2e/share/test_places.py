"""Sharing where there are no links: a folder, and a server where friends have logins; and where friends clone from."""

from pathlib import Path

import pytest
from support.annex import Home
from support.fakes.dav import ScriptedDAV
from support.servers import Server
from support.sharing import Owner, as_friend, blocks, has_all, type_all

from git_annex_remote_pyshare.cli.dataset import Dataset
from git_annex_remote_pyshare.config.git_config import LocalConfig


@pytest.mark.parametrize("autoenable", ["true", "false"])
def test_friends_who_have_the_same_folder_get_by_what_share_prints(
    sharer: Owner, bob: Home, tmp_path: Path, autoenable: str
) -> None:
    sharer.initremote(str(tmp_path / "the lab"), autoenable=autoenable)
    sharer.store()
    sharer.publish()
    told = sharer.share().stdout
    assert told.startswith(f"Friends read {tmp_path / 'the lab'} where they have the same folder.\n")
    *once, lines = blocks(told)
    if autoenable == "false":
        assert once[0][0] == "git annex configremote for-friends autoenable=true"
        type_all(sharer.home, once[0], sharer.folder)
    assert has_all(as_friend(bob, lines))
    assert blocks(sharer.share().stdout) == [lines]


def test_a_folder_has_nothing_to_withdraw_or_open(sharer: Owner, tmp_path: Path) -> None:
    sharer.initremote(str(tmp_path / "share"))
    sharer.store()
    for words in (("--revoke",), ("--public",), ("--expires", "30d")):
        done = sharer.share(*words, check=False)
        assert done.returncode == 2
        assert "Type: pyshare share for-friends" in " ".join(done.stderr.split())


def test_friends_with_a_login_at_the_server_get_by_what_share_prints(
    sharer: Owner, apache_server: Server, bob: Home
) -> None:
    login = {"WEBDAV_USERNAME": apache_server.user, "WEBDAV_PASSWORD": apache_server.password}
    sharer.home.environment.update(login)
    url = f"{apache_server.url}/our share"
    sharer.initremote(url)
    sharer.store()
    sharer.publish()
    told = sharer.share().stdout
    assert told.startswith(f"{url} has no link. Friends need a login of their own there.\n")
    (lines,) = blocks(told)
    assert f"pyshare login '{url}'" in lines
    assert has_all(as_friend(bob, lines, f"{apache_server.user}\n{apache_server.password}\n"))
    for words in (("--revoke",), ("--public",), ("--expires", "30d")):
        assert sharer.share(*words, check=False).returncode == 2


def test_a_server_that_lets_anyone_read_needs_no_login_of_friends(sharer: Owner, dav: ScriptedDAV, bob: Home) -> None:
    sharer.initremote(f"{dav.url}/dav/share")
    sharer.store()
    sharer.publish()
    (lines,) = blocks(sharer.share().stdout)
    assert not [line for line in lines if line.startswith("pyshare login")]
    assert has_all(as_friend(bob, lines))


def test_before_the_first_push_to_a_folder_share_says_what_to_type(sharer: Owner, tmp_path: Path) -> None:
    sharer.initremote(str(tmp_path / "share"))
    (sharer.folder / "file").write_bytes(b"content")
    sharer.type("git", "annex", "add", "-q", ".")
    sharer.type("git", "commit", "-q", "-m", "file")
    sharer.publish()
    done = sharer.share(check=False)
    assert done.returncode == 2
    push, again = " ".join(done.stderr.split()).partition("Type: ")[2].split(", then: ")
    assert "Send this" in type_all(sharer.home, [push, again], sharer.folder).stdout


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("git@github.com:alice/m.git", "https://github.com/alice/m.git"),
        ("ssh://git@codeberg.org/alice/m", "https://codeberg.org/alice/m"),
        ("git@gin.g-node.org:/alice/m.git", "https://gin.g-node.org/alice/m.git"),
        ("git@git.lab.example.org:m.git", "git@git.lab.example.org:m.git"),
        ("https://alice:token@git.example.org/m.git", "https://git.example.org/m.git"),
        ("../m.git", "/home/alice/m.git"),
    ],
)
def test_friends_clone_by_https_where_the_host_is_known_to_have_both(url: str, public: str) -> None:
    clone = LocalConfig("/home/alice/dataset/.git", "store")
    clone.__dict__["config"] = {"remote.my.hub.url": url, "remote.store.annex-externaltype": "pyshare"}
    assert Dataset.of(clone) == Dataset("my.hub", public)


def test_the_address_that_most_friends_reach_comes_first() -> None:
    clone = LocalConfig("/home/alice/dataset/.git", "store")
    found = {"disk": "/mnt/m.git", "server": "alice@server:m.git", "hub": "git@github.com:alice/m.git"}
    clone.__dict__["config"] = {f"remote.{name}.url": url for name, url in found.items()}
    assert Dataset.of(clone) == Dataset("hub", "https://github.com/alice/m.git")
    del clone.__dict__["config"]["remote.hub.url"]
    assert Dataset.of(clone) == Dataset("server", "alice@server:m.git")
