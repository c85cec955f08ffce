"""`datalad create-sibling-pyshare`, with the real DataLad, until a friend has the bytes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.annex import Home
from support.at_terminal import typing
from support.clicker import browser
from support.datalad_extension import FILES, SCANS, SUBDATASETS, Researcher, everything
from support.fakes.nextcloud import FILES as HOME_OF_BOB
from support.login_cloud import APP_PASSWORD, LoginCloud
from support.marks import LONG
from support.places import SharedPlace

from git_annex_remote_pyshare.safe_text import command

STORAGE, SIBLING = "create_sibling_pyshare.storage", "create_sibling_pyshare"
ALL = (".", *SUBDATASETS)


def counted(results: list[dict[str, Any]]) -> Mapping[tuple[str, str], int]:
    """How many results there are of each action and status."""
    found: dict[tuple[str, str], int] = {}
    for each in results:
        found[each["action"], each["status"]] = found.get((each["action"], each["status"]), 0) + 1
    return found


def clone_command(results: list[dict[str, Any]], owner: Researcher) -> str:
    """What friends type, as the result for the top dataset says."""
    (found,) = (each for each in results if each["action"] == SIBLING and each["path"] == str(owner.folder))
    return str(found["message"]).partition("others type: ")[2]


def received(friend: Home, line: str) -> Path:
    """A friend's clone with all files, after the friend has typed the line."""
    friend.run("sh", "-e", "-c", line, cwd=friend.folder)
    (clone,) = (path.parent for path in friend.folder.glob("*/.datalad"))
    friend.run("datalad", "get", "-r", ".", cwd=clone)
    return clone


@pytest.mark.parametrize("place", ["apache", pytest.param("moto", marks=LONG)], indirect=True)
def test_a_friend_clones_out_of_the_store_and_gets(researcher: Researcher, place: SharedPlace, bob: Home) -> None:
    researcher.home.environment.update(place.login)
    url = place.settings["url"]
    settings = [
        word for name, value in place.settings.items() if name != "url" for word in ("--set", f"{name}={value}")
    ]
    made = researcher.create_sibling("-s", "lab", *settings, url, below=SCANS)
    assert counted(made) == {(STORAGE, "ok"): 1, (SIBLING, "ok"): 1}
    assert [(each["type"], each["name"], each["path"]) for each in made] == [
        ("sibling", "lab", str(researcher.folder / SCANS))
    ] * 2
    assert made[0]["url"] == url
    researcher.home.run("git", "annex", "copy", "--to", "lab", cwd=researcher.folder / SCANS)
    researcher.home.run("git", "push", "lab", "git-annex", cwd=researcher.folder / SCANS)
    place.log_in(bob)
    bob.run("datalad", "clone", made[1]["url"], "clone", cwd=bob.folder)
    bob.run("git", "annex", "get", cwd=bob.folder / "clone")
    assert (bob.folder / "clone" / "file").read_bytes() == FILES[f"{SCANS}/file"]


def test_a_friend_gets_all_subdatasets_out_of_a_folder(researcher: Researcher, tmp_path: Path, bob: Home) -> None:
    made = researcher.create_sibling("-r", "-s", "disk", str(tmp_path / "disk"))
    assert counted(made) == {(STORAGE, "ok"): 3, (SIBLING, "ok"): 3}
    urls = {each["url"] for each in made if each["action"] == STORAGE}
    assert urls == {str(tmp_path / "disk"), *(f"{tmp_path / 'disk'}/{name}" for name in SUBDATASETS)}
    assert "nothing to save" in researcher.datalad("status", "-r")
    researcher.datalad("push", "-r", "--to", "disk")
    assert everything(received(bob, clone_command(made, researcher))) == FILES


def test_a_friend_without_a_login_gets_all_subdatasets_by_links(
    researcher: Researcher, login_cloud: LoginCloud, bob: Home
) -> None:
    researcher.home.environment.update({"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": APP_PASSWORD})
    words = ("-r", "-s", "cloud", "--readers", "link", login_cloud.url)
    made = researcher.create_sibling(*words)
    assert counted(made) == {(STORAGE, "ok"): 3, (SIBLING, "ok"): 3}
    assert len(login_cloud.links) == 3
    researcher.datalad("push", "-r", "--to", "cloud")
    assert everything(received(bob, clone_command(made, researcher))) == FILES
    again = researcher.create_sibling(*words, "--existing", "reconfigure")
    assert counted(again) == {(STORAGE, "notneeded"): 3, (SIBLING, "notneeded"): 3}


def test_files_come_before_the_history_that_goes_to_a_git_sibling(
    researcher: Researcher, tmp_path: Path, bob: Home
) -> None:
    hub = tmp_path / "hub"
    researcher.datalad("create-sibling", "-r", "-s", "hub", str(hub))
    for each in ALL:  # as a Git host, which keeps no content
        researcher.home.run("git", "config", "remote.hub.annex-ignore", "true", cwd=researcher.folder / each)
    made = researcher.create_sibling("-r", "-s", "disk", "--history", "hub", str(tmp_path / "disk"))
    assert counted(made) == {(STORAGE, "ok"): 3, (SIBLING, "ok"): 3}
    assert {each["name"] for each in made if each["action"] == SIBLING} == {"hub"}
    researcher.datalad("push", "-r", "--to", "hub")
    assert everything(received(bob, command("datalad", "clone", str(hub)))) == FILES


def test_a_sibling_that_exists_in_a_subdataset_stops_all_unless_it_is_skipped(
    researcher: Researcher, tmp_path: Path
) -> None:
    store, other = str(tmp_path / "disk"), str(tmp_path / "other")
    call = {"url": store, "name": "disk", "recursive": True}
    made, refused = researcher.calls({"url": other, "name": "disk", "below": SCANS}, call)
    assert counted(made) == {(STORAGE, "ok"): 1, (SIBLING, "ok"): 1}
    assert [(each["status"], each["path"]) for each in refused] == [("error", str(researcher.folder / SCANS))]
    assert not (tmp_path / "disk").exists()
    assert researcher.remotes() == set()
    (made,) = researcher.calls({**call, "existing": "skip"})
    assert counted(made) == {
        (STORAGE, "notneeded"): 1,
        (SIBLING, "notneeded"): 1,
        (STORAGE, "ok"): 2,
        (SIBLING, "ok"): 2,
    }
    assert not (tmp_path / "disk" / SCANS).exists()


def test_the_command_that_a_conflict_names_adds_what_the_sibling_lacks(researcher: Researcher, tmp_path: Path) -> None:
    store = tmp_path / "disk"
    (store / SCANS).parent.mkdir(parents=True)
    call = {"url": str(store), "name": "disk", "recursive": True}
    made, (refused,) = researcher.calls(
        {"url": str(store / SCANS), "name": "disk", "history": "none", "below": SCANS}, call
    )
    assert counted(made) == {(STORAGE, "ok"): 1}
    line = refused["message"].partition("to add what it lacks, type: ")[2]
    told = researcher.home.run("sh", "-e", "-c", line, cwd=tmp_path).stdout
    assert "create_sibling_pyshare (ok: 3)" in told
    reconfigure = {**call, "existing": "reconfigure"}
    again, (moved,) = researcher.calls(reconfigure, {**reconfigure, "url": str(tmp_path / "other"), "recursive": False})
    assert counted(again) == {(STORAGE, "notneeded"): 3, (SIBLING, "notneeded"): 3}
    assert moved["status"] == "impossible"
    assert f"{store}" in moved["message"]
    assert not (tmp_path / "other").exists()


def test_what_cannot_work_is_refused_before_anything_is_made(researcher: Researcher, tmp_path: Path) -> None:
    call = {"url": str(tmp_path / "disk"), "recursive": True}
    tree, nowhere, encrypted = researcher.calls(
        {**call, "mode": "tree"}, {**call, "history": "github"}, {**call, "settings": ["encryption=shared"]}
    )
    assert {each["status"] for each in (*tree, *nowhere, *encrypted)} == {"impossible"}
    assert "mode tree is not supported yet" in tree[0]["message"]
    assert [each["message"].startswith("this dataset has no sibling github") for each in nowhere] == [True] * 3
    assert "git-annex refuses to put the history into an encrypted store" in encrypted[0]["message"]
    assert not (tmp_path / "disk").exists()
    assert researcher.remotes() == set()


def test_a_dataset_without_a_commit_is_refused_since_no_one_could_clone_it(
    researcher: Researcher, tmp_path: Path
) -> None:
    researcher.home.run("git", "init", "-q", "empty", cwd=researcher.folder)
    researcher.home.run("git", "annex", "init", cwd=researcher.folder / "empty")
    ((refused,),) = researcher.calls({"url": str(tmp_path / "disk"), "below": "empty"})
    assert (refused["status"], refused["message"].partition(".")[0]) == ("impossible", "the dataset has no commit yet")
    assert not (tmp_path / "disk").exists()


def test_a_failure_names_the_command_that_goes_on_from_there(researcher: Researcher, tmp_path: Path) -> None:
    call = {"url": str(tmp_path / "missing" / "disk"), "name": "disk", "settings": ["chunk=1MiB"], "recursive": True}
    ((failed,),) = researcher.calls({**call, "recursion_limit": 1})
    assert failed["status"] == "error"
    (tmp_path / "missing").mkdir()
    line = failed["message"].partition("When that is mended, type: ")[2]
    told = researcher.home.run("sh", "-e", "-c", line, cwd=tmp_path).stdout
    assert "create_sibling_pyshare (ok: 2)" in told
    assert " chunk=1MiB " in researcher.home.run("git", "show", "git-annex:remote.log", cwd=researcher.folder).stdout


def test_a_missing_login_is_named_with_the_command_for_it(researcher: Researcher, login_cloud: LoginCloud) -> None:
    (refused,) = researcher.create_sibling(login_cloud.url, check=False)
    assert refused["status"] == "error"
    line = refused["message"].partition("Type: ")[2]
    login_cloud.is_granted = True
    researcher.home.run("sh", "-e", "-c", f"{line} --no-browser", cwd=researcher.folder)
    made = researcher.create_sibling(login_cloud.url)
    assert counted(made) == {(STORAGE, "ok"): 1, (SIBLING, "ok"): 1}


def test_at_a_terminal_the_login_opens_the_browser_at_once(researcher: Researcher, login_cloud: LoginCloud) -> None:
    researcher.home.environment["BROWSER"] = browser(researcher.home.folder)[0]
    words = ["datalad", "create-sibling-pyshare", login_cloud.url]
    with typing(researcher.home, words, researcher.folder) as terminal:
        assert terminal.end() == 0, terminal.shown
    assert "create_sibling_pyshare (ok: 1)" in terminal.shown
    assert f"{login_cloud.url}{HOME_OF_BOB}/study" in terminal.shown


def test_a_password_in_the_address_is_refused_and_not_shown(researcher: Researcher, login_cloud: LoginCloud) -> None:
    url = login_cloud.url.replace("://", "://bob:hunter2@")
    (refused,) = researcher.create_sibling(url, check=False)
    assert refused["status"] == "impossible"
    assert "hunter2" not in str(refused)
