"""`pyshare info`: all that is known of a remote is shown, whatever its server or disk can say now."""

import json
import re
import shlex
from pathlib import Path

import pytest
from support.annex import Home, Repository
from support.fakes.dav import ScriptedDAV
from support.scripted import answer, served


def info(user: Repository, *words: str, code: int = 0) -> str:
    """What `pyshare info …` prints on both channels."""
    done = user.home.run("pyshare", "info", *words, cwd=user.folder, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_server_that_does_not_report_its_space_is_shown_all_the_same(
    dav: ScriptedDAV, repository: Repository
) -> None:
    repository.initremote(f"{dav.url}/dav", {"chunk": "1MiB"})
    told = info(repository, "store")
    for line in (
        f"url: {dav.url}/dav",
        "chunk: 1MiB",
        "encryption: none",
        "free space: this server does not report it",
    ):
        assert f"{line}\n" in told
    fields = json.loads(info(repository, "store", "--json"))
    assert fields["space"] == "this server does not report it"
    assert (fields["chunk"], fields["encryption"]) == ("1MiB", "none")


def test_a_folder_that_is_not_made_yet_is_shown(dav: ScriptedDAV, repository: Repository) -> None:
    repository.initremote(f"{dav.url}/dav/new")
    dav.folders.discard("/dav/new")
    assert "free space: this server does not report it" in info(repository, "store")


def test_without_a_login_the_rest_is_shown_with_the_command_that_helps(
    dav: ScriptedDAV, repository: Repository
) -> None:
    repository.initremote(f"{dav.url}/dav")
    dav.login = ("bob", "pass word")
    told = info(repository, "store")
    assert f"url: {dav.url}/dav\n" in told
    assert "free space: unknown, since " in told
    line = re.findall(r"^login: none\. Where one is needed: Type: (.*)$", told, re.MULTILINE)[0]
    assert shlex.split(line)[:2] == ["pyshare", "login"]
    login = repository.home.run("bash", "-c", line, cwd=repository.folder, input="bob\npass word\n", check=False)
    assert login.returncode == 0, login.stderr
    assert "login: bob (from pyshare login)\n" in info(repository, "store")


def test_a_server_that_is_down_is_shown(repository: Repository) -> None:
    with served(ScriptedDAV()) as server:
        server.folders.add("/dav")
        repository.initremote(f"{server.url}/dav")
        url = server.url
    told = info(repository, "store")
    assert f"url: {url}/dav\n" in told
    assert "free space: unknown, since " in told
    line = told.rpartition(" type: ")[2].strip()
    with served(ScriptedDAV()) as server:
        server.folders.add("/new")
        line = line.replace("ADDRESS", f"{server.url}/new")
        repository.home.run("bash", "-c", line, cwd=repository.folder)
        assert "free space: this server does not report it" in info(repository, "store")


def test_a_disk_that_is_off_is_shown(repository: Repository, tmp_path: Path) -> None:
    share = tmp_path / "disk" / "share"
    share.parent.mkdir()
    repository.initremote(str(share))
    share.parent.rename(tmp_path / "elsewhere")
    told = info(repository, "store")
    assert f"url: {share}\n" in told
    assert "free space: unknown, since " in told


def test_a_link_beside_the_store_is_named(dav: ScriptedDAV, repository: Repository) -> None:
    repository.initremote(f"{dav.url}/dav")
    link = f"{dav.url}/s/T0k"
    ours = ("type=external", "externaltype=pyshare", f"url={link}")
    repository.annex("initremote", "store-link", "--sameas=store", *ours, check=False)
    assert f"link: {link}\n" in info(repository, "store")
    assert json.loads(info(repository, "store", "--json"))["link"] == [link]


def test_without_a_name_all_remotes_are_listed(repository: Repository, tmp_path: Path, bob: Home) -> None:
    assert "no pyshare remote yet" in info(repository)
    repository.initremote(str(tmp_path / "one"), {"autoenable": "true"}, name="first")
    repository.initremote(str(tmp_path / "two"), name="second")
    kept = [f"first   directory  {tmp_path}/one  enabled", f"second  directory  {tmp_path}/two  enabled"]
    assert info(repository).splitlines() == kept
    clone, _ = repository.cloned(bob)
    told = info(clone)
    assert kept[0] in told
    assert f"second  directory  {tmp_path}/two  not enabled\n" in told
    assert "Type: git annex enableremote second" in told
    assert [(row["name"], row["enabled"]) for row in json.loads(info(clone, "--json"))["remotes"]] == [
        ("first", True),
        ("second", False),
    ]


@pytest.mark.parametrize("name", ["for-friends", "$(touch PWNED)"])
def test_a_remote_that_is_not_enabled_is_named_with_what_to_type_which_works(
    name: str, repository: Repository, tmp_path: Path, bob: Home
) -> None:
    repository.initremote(str(tmp_path / "share"), name="plain")
    repository.annex("renameremote", "plain", name)  # a stranger can have any name written
    clone, _ = repository.cloned(bob)
    told = info(clone, name, code=2)
    assert f"{name} is not enabled yet. Type: git annex enableremote " in told
    line = re.findall(r"Type: (.*) \(which", told)[0]
    done = bob.run("bash", "-c", line, cwd=clone.folder, check=False)
    assert done.returncode == 0, done.stderr
    number = re.findall(r"git-annex verifyremote .* --safe (\d+)", done.stdout)[-1]
    clone.annex("verifyremote", name, "--safe", number)
    assert "disk: " in info(clone, name)
    assert clone.git("config", f"remote.{name}.annex-verified").stdout.strip() == "verified"
    assert not (clone.folder / "PWNED").exists()


def test_orders_to_the_terminal_in_the_name_of_a_login_do_not_reach_it(
    dav: ScriptedDAV, repository: Repository
) -> None:
    dav.decide = lambda seen: answer(403, b"\x1b]0;owned\x07") if seen.method == "PROPFIND" else None
    repository.initremote(f"{dav.url}/dav")
    told = info(repository, "store")
    assert "\x1b" not in told
    assert "\x07" not in told
