"""`pyshare init` in scripts, again on what exists, and where something fails."""

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest
from support.annex import Home, unlock
from support.at_terminal import typing
from support.fakes.nextcloud import FILES as HOME_OF_BOB
from support.login_cloud import APP_PASSWORD, LoginCloud
from support.schemas import schema_of
from support.sharing import Owner


@pytest.fixture
def published(sharer: Owner) -> Owner:
    """Alice's dataset with one commit, and with a sibling."""
    sharer.type("git", "commit", "-q", "--allow-empty", "-m", "begun")
    sharer.publish()
    return sharer


@pytest.fixture
def known(published: Owner, login_cloud: LoginCloud) -> Owner:
    """Alice, with a login at the cloud in her environment."""
    published.home.environment.update({"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": APP_PASSWORD})
    return published


def init(owner: Owner, *words: str) -> dict[str, Any]:
    """`pyshare init … --yes --json`; what it prints."""
    told: dict[str, Any] = json.loads(owner.type("pyshare", "init", *words, "--yes", "--json").stdout)
    schema_of("init").validate(told)
    return told


def refused(owner: Owner, *words: str, code: int = 2) -> str:
    """What an init that fails says."""
    done = owner.type("pyshare", "init", *words, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return " ".join(done.stderr.split())


def configuration(owner: Owner) -> tuple[str, str]:
    """All that git and git-annex have recorded."""
    branch = owner.type("git", "rev-parse", "git-annex").stdout
    return owner.type("git", "config", "--local", "--list").stdout, branch


def test_a_dry_run_shows_the_commands_of_the_real_one_and_changes_nothing(
    known: Owner, login_cloud: LoginCloud
) -> None:
    before = configuration(known)
    words = ("cloud", f"{login_cloud.url}/data", "--readers", "link", "--history", "github")
    shown = known.type("pyshare", "init", *words, "--dry-run").stdout
    assert known.type("pyshare", "init", *words, "--dry-run", "--yes").stdout == shown
    planned = init(known, *words, "--dry-run")
    assert configuration(known) == before
    assert not [seen for seen in login_cloud.requests if seen.method in {"PUT", "MKCOL", "MOVE", "DELETE"}]
    assert login_cloud.links == {}
    lines = [line.strip() for line in shown.splitlines() if line.startswith("  ")]
    assert lines == [*planned["commands"], *planned["next"]]
    assert init(known, *words) == planned


def test_the_commands_of_a_dry_run_do_the_same_when_they_are_typed(known: Owner, login_cloud: LoginCloud) -> None:
    words = ("cloud", f"{login_cloud.url}/data", "--readers", "link", "--history", "github")
    for line in init(known, *words, "--dry-run")["commands"]:
        known.type("sh", "-e", "-c", line)
    assert init(known, *words)["commands"] == []
    (link,) = login_cloud.links.values()
    assert known.type("git", "show", "git-annex:remote.log").stdout.count(link.url) == 1


def test_a_dry_run_without_a_login_shows_the_login_first(published: Owner, login_cloud: LoginCloud) -> None:
    told = init(published, "cloud", f"{login_cloud.url}/data", "--dry-run")
    assert told["commands"][0] == f"pyshare login {login_cloud.url}/data"
    assert told["url"] == f"{login_cloud.url}/remote.php/dav/files/USER/data"


def test_without_a_terminal_a_missing_login_is_named_with_the_command_for_it(
    published: Owner, login_cloud: LoginCloud
) -> None:
    said = refused(published, "cloud", f"{login_cloud.url}/data", "--yes", code=4)
    assert "there is no login for 127.0.0.1" in said
    line = said.partition("Type: ")[2]
    login_cloud.is_granted = True
    published.type("sh", "-e", "-c", f"{line} --no-browser")
    assert init(published, "cloud", f"{login_cloud.url}/data")["url"] == f"{login_cloud.url}{HOME_OF_BOB}/data"


def test_a_second_run_finds_nothing_to_do_and_changes_nothing(known: Owner, login_cloud: LoginCloud) -> None:
    words = ("cloud", login_cloud.url, "--readers", "link", "--history", "github")
    first = init(known, *words)
    assert first["url"] == f"{login_cloud.url}{HOME_OF_BOB}/DataLad-101"
    assert first["remotes"] == ["cloud", "cloud-link"]
    before = configuration(known)
    for again in (words, ("cloud",), ("", login_cloud.url)):
        assert init(known, *again)["commands"] == []
    assert "cloud is set up already." in known.type("pyshare", "init", "cloud", "--yes").stdout
    assert configuration(known) == before


def test_what_is_missing_of_a_remote_is_repaired(known: Owner, login_cloud: LoginCloud, tmp_path: Path) -> None:
    url = f"{login_cloud.url}{HOME_OF_BOB}/data"
    known.type(
        *("git", "annex", "initremote", "cloud", "type=external", "externaltype=pyshare", "encryption=none"),
        f"url={url}",
    )
    told = init(known, "cloud", "--readers", "link")
    assert told["commands"] == [
        "pyshare share cloud --before-push --yes",
        "git config --add remote.github.datalad-publish-depends cloud",
    ]
    assert told["remotes"] == ["cloud", "cloud-link"]
    (link,) = login_cloud.links.values()
    assert (link.path, link.permissions) == ("/data", 1)

    words = ("type=external", "externaltype=pyshare", "encryption=none", f"url={tmp_path / 'disk'}")
    known.type("git", "annex", "initremote", "disk", *words)
    told = init(known, "disk", "--readers", "account", "--history", "same")
    assert told["commands"] == [
        "git annex enableremote disk --with-url",
        "git annex configremote disk autoenable=true",
        "git push disk main git-annex",
    ]
    assert init(known, "disk")["commands"] == []
    unlock(tmp_path)


def test_what_does_not_fit_a_remote_that_exists_is_refused_with_the_command_for_it(
    published: Owner, tmp_path: Path
) -> None:
    init(published, "disk", str(tmp_path / "disk"))
    other = str(tmp_path / "other")
    os.rename(tmp_path / "disk", other)
    said = refused(published, "disk", other)
    assert "For a second store choose another name." in said
    published.type("sh", "-e", "-c", said.partition("now, type: ")[2])
    said = refused(published, "disk", other, "--set", "chunk=1MiB")
    assert "disk does not have chunk=1MiB" in said
    published.type("sh", "-e", "-c", said.partition("Type: ")[2])
    assert init(published, "disk", other, "--set", "chunk=1MiB")["commands"] == []
    assert "github is a git remote already" in refused(published, "github", other)
    unlock(tmp_path)


def test_a_link_that_exists_is_not_withdrawn_but_the_command_for_it_is_named(
    known: Owner, login_cloud: LoginCloud
) -> None:
    init(known, "cloud", login_cloud.url, "--readers", "link")
    said = refused(known, "cloud", "--readers", "me")
    known.type("sh", "-e", "-c", said.partition("type: ")[2])
    assert login_cloud.links == {}


def test_a_step_that_fails_stops_with_the_command_that_goes_on_from_there(
    known: Owner, login_cloud: LoginCloud
) -> None:
    login_cloud.enforces_passwords = True
    done = known.type("pyshare", "init", "cloud", f"{login_cloud.url}/data", "--readers", "link", "--yes", check=False)
    assert done.returncode == 1
    assert "✓ git annex initremote cloud" in done.stdout
    assert "Next, type" not in done.stdout
    said = " ".join(done.stderr.split())
    assert "If the server wants a password or an end date for links, add --password" in said
    link, again = said.partition("When that is mended, type: ")[2].split(" && ")
    line = f"{link} --password --json"
    told = json.loads(known.home.run("sh", "-e", "-c", line, cwd=known.folder, input="opensesame\n").stdout)
    schema_of("share").validate(told)
    (made,) = login_cloud.links.values()
    assert made.password == "opensesame"
    done = known.type("sh", "-e", "-c", again)
    assert "initremote" not in done.stdout
    assert "✓ git config --add remote.github.datalad-publish-depends cloud" in done.stdout


def test_what_git_annex_says_about_a_setting_is_shown(published: Owner, tmp_path: Path) -> None:
    said = refused(published, "disk", str(tmp_path / "disk"), "--set", "bogus=3", "--yes", code=1)
    assert "Unexpected parameters: bogus" in said
    assert said.endswith(
        f"pyshare init disk {tmp_path / 'disk'} --readers account --history github --set bogus=3 --yes"
    )


def test_settings_of_git_annex_and_of_the_store_reach_it(published: Owner, tmp_path: Path) -> None:
    init(published, "disk", str(tmp_path / "disk"), *("--set", "layout=lower", "--set", "encryption=shared"))
    log = published.type("git", "show", "git-annex:remote.log").stdout
    assert " layout=lower " in log
    assert " encryption=shared " in log
    unlock(tmp_path)


def test_an_encrypted_store_takes_no_history_and_the_reason_is_said(published: Owner, tmp_path: Path) -> None:
    words = ("disk", str(tmp_path / "disk"), "--set", "encryption=shared", "--history", "same")
    assert "git-annex refuses to put the history into an encrypted store" in refused(published, *words)


def test_without_a_terminal_and_without_yes_nothing_runs(published: Owner, tmp_path: Path) -> None:
    done = published.type("pyshare", "init", "disk", str(tmp_path / "disk"), check=False)
    assert done.returncode == 2
    assert not (tmp_path / "disk").exists()
    told = published.type("sh", "-e", "-c", " ".join(done.stderr.split()).partition("type: ")[2])
    assert "✓ git annex initremote disk" in told.stdout
    unlock(tmp_path)


def test_who_says_no_or_presses_ctrl_c_changes_nothing(published: Owner, tmp_path: Path) -> None:
    before = configuration(published)
    words = ["pyshare", "init", "disk", str(tmp_path / "disk"), "--history", "github"]
    with typing(published.home, words, published.folder) as terminal:
        terminal.answer("Go? [Y/n]:", "n")
        assert terminal.end() == 0
        assert "Nothing was changed." in terminal.shown
    with typing(published.home, words, published.folder) as terminal:
        terminal.waits_for("Go? [Y/n]:")
        terminal.interrupt()
        assert terminal.end() == 130
    assert configuration(published) == before


def test_what_is_said_to_keep_the_history_with_the_files_does_that(sharer: Owner, tmp_path: Path) -> None:
    sharer.type("git", "commit", "-q", "--allow-empty", "-m", "begun")
    told = sharer.type("pyshare", "init", "disk", str(tmp_path / "disk"), "--yes").stdout
    line = told.partition("To keep it with the files, type: ")[2].splitlines()[0]
    assert "✓ git push disk main git-annex" in sharer.type("sh", "-e", "-c", f"{line} --yes").stdout
    unlock(tmp_path)


def test_outside_of_a_dataset_the_option_that_makes_one_is_named(alice: Home, tmp_path: Path) -> None:
    words = ["pyshare", "init", "disk", str(tmp_path / "disk"), "--yes"]
    done = alice.run(*words, cwd=alice.folder, check=False)
    assert done.returncode == 2
    assert "type the same with --create" in " ".join(done.stderr.split())
    folder = alice.folder / "data"
    folder.mkdir()
    told = json.loads(alice.run(*words, "--create", "--json", "--history", "same", cwd=folder).stdout)
    assert shlex.split(told["commands"][0])[:2] == ["datalad", "create"]
    assert told["next"][0] == "datalad save"
    unlock(tmp_path)


def test_a_strangers_remote_is_not_set_up_before_it_is_verified(published: Owner, tmp_path: Path, bob: Home) -> None:
    init(published, "disk", str(tmp_path / "disk"))
    published.type("git", "push", "-q", "github", "git-annex")
    url = published.type("git", "config", "remote.github.url").stdout.strip()
    bob.run("git", "clone", "-q", url, "clone", cwd=bob.folder)
    bob.run("git", "annex", "init", "-q", cwd=bob.folder / "clone")
    before = (bob.folder / "clone" / ".git" / "config").read_text()
    done = bob.run("pyshare", "init", "disk", "--yes", cwd=bob.folder / "clone", check=False)
    assert done.returncode != 0
    assert "remote disk is not verified" in " ".join(done.stderr.split())
    assert (bob.folder / "clone" / ".git" / "config").read_text() == before
    unlock(tmp_path)


def test_a_store_with_real_names_is_exported_to_since_a_push_of_datalad_stops_there(
    published: Owner, tmp_path: Path
) -> None:
    told = init(published, "disk", str(tmp_path / "disk"), "--set", "exporttree=yes", "--dry-run")
    assert [line.split()[:3] for line in told["commands"]] == [
        ["git", "annex", "initremote"],
        ["git", "config", "remote.disk.annex-tracking-branch"],
    ]
    assert told["next"] == ["git annex push", "pyshare invite disk"]
    told = init(
        published, "disk", str(tmp_path / "disk"), "--set", "exporttree=yes", "--set", "annexobjects=yes", "--dry-run"
    )
    assert told["commands"][-1] == "git config --add remote.github.datalad-publish-depends disk"
