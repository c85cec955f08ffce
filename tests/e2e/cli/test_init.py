"""`pyshare init` as its user types it: at a terminal with each service, until a friend has the files."""

import json
import os
from pathlib import Path

import pytest
from support.annex import Home, Repository, unlock
from support.at_terminal import AtTerminal, typing
from support.clicker import browser
from support.dropbox_people import machine
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.nextcloud import FILES as HOME_OF_BOB
from support.fakes.s3 import ScriptedS3
from support.login_cloud import LoginCloud
from support.s3_gate import Login
from support.s3_servers import S3Server
from support.samba import PASSWORD, samba
from support.servers import Server, or_skip
from support.sharing import Owner, has_all

MOST_PROMPTS = 6


def end(terminal: AtTerminal) -> str:
    """Wait for a good end; what was shown."""
    code = terminal.end()
    assert code == 0, terminal.shown
    assert terminal.prompts <= MOST_PROMPTS
    return terminal.shown


def next_lines(shown: str) -> list[str]:
    """The commands that init says to type at last."""
    return [line.strip() for line in shown.partition("Next, type:")[2].splitlines() if line.strip()]


def publish(owner: Owner, shown: str) -> None:
    """Type what init says, up to the invitation."""
    push, invite = next_lines(shown)
    owner.type("sh", "-e", "-c", push)
    assert invite.startswith("pyshare invite ")


def store(owner: Owner, name: str) -> None:
    """What `datalad push` does, in less time."""
    owner.type("git", "annex", "copy", "-q", "--to", name)
    owner.type("git", "push", "-q", "github", "main", "git-annex")


def friend_has_all(friend: Home, url: str | Path) -> bool:
    """Whether a friend who only clones and gets has the bytes."""
    friend.run("git", "clone", "-q", str(url), "clone", cwd=friend.folder)
    friend.run("git", "annex", "init", "-q", cwd=friend.folder / "clone")
    friend.run("git", "annex", "get", "-q", ".", cwd=friend.folder / "clone")
    return has_all(friend.folder / "clone")


def github(owner: Owner) -> str:
    return owner.type("git", "config", "remote.github.url").stdout.strip()


def test_on_a_nextcloud_the_browser_logs_in_and_friends_read_by_a_link(
    publisher: Owner, login_cloud: LoginCloud, bob: Home
) -> None:
    publisher.home.environment["BROWSER"] = browser(publisher.home.folder)[0]
    with typing(publisher.home, ["pyshare", "init"], publisher.folder) as terminal:
        terminal.answer("Number, with or without an address [1]:", "2")
        terminal.answer("Address of your cloud, as in the browser:", login_cloud.url)
        terminal.waits_for("✓ Nextcloud 31")
        terminal.answer("Folder there [DataLad-101]:")
        terminal.waits_for("✓ bob")
        terminal.answer("Number [1]:")
        terminal.waits_for("github (found)")
        terminal.answer("Number [1]:")
        terminal.answer("Go? [Y/n]:")
        shown = end(terminal)
    assert f"url={login_cloud.url}{HOME_OF_BOB}/DataLad-101" in shown
    (link,) = login_cloud.links.values()
    assert link.url in shown
    publish(publisher, shown)
    assert friend_has_all(bob, github(publisher))


def test_at_amazon_alike_servers_a_key_is_asked_for_and_anyone_reads_a_bucket_that_was_opened(
    publisher: Owner, scripted_s3: ScriptedS3, bob: Home
) -> None:
    scripted_s3.login = Login()
    address = f"{scripted_s3.url}/bucket/DataLad-101"
    with typing(publisher.home, ["pyshare", "init"], publisher.folder) as terminal:
        terminal.answer("Number, with or without an address [1]:", f"s3 {address}")
        terminal.answer("Access key id:", Login().access_key)
        terminal.answer("Secret access key:", Login().secret_key)
        terminal.waits_for("1  anyone, without a login")
        terminal.answer("Number [1]:")
        terminal.answer("Number [1]:", "github")
        terminal.answer("Go? [Y/n]:")
        shown = end(terminal)
    assert Login().secret_key not in shown
    assert next_lines(shown) == ["datalad push --to github", "pyshare invite s3"]
    store(publisher, "s3")
    assert friend_has_all(bob, github(publisher))


def test_a_bucket_is_opened_for_anyone_and_not_for_readers_with_an_account(
    publisher: Owner, moto_server: S3Server
) -> None:
    publisher.home.environment.update(moto_server.login)
    bucket = moto_server.fresh_bucket()
    words = ("--set", f"endpoint={moto_server.endpoint}", "--set", "region=us-east-1", "--json", "--yes")
    told = json.loads(
        publisher.type("pyshare", "init", "lab", f"s3://{bucket}/lab", "--readers", "account", *words).stdout
    )
    assert "autoenable=true" in told["commands"][0]
    with moto_server.client() as client, pytest.raises(client.exceptions.ClientError, match="NoSuchBucketPolicy"):
        client.get_bucket_policy(Bucket=bucket)
    typed = ["pyshare", "init", "all", f"s3://{bucket}/all", "--readers", "link", *words, "--dry-run"]
    told = json.loads(publisher.type(*typed).stdout)
    for line in told["commands"]:
        publisher.type("sh", "-e", "-c", line)
    assert json.loads(publisher.type(*typed).stdout) == {**told, "commands": []}
    assert told["remotes"] == ["all"]
    assert told["next"] == ["datalad push --to github", "pyshare invite all"]
    with moto_server.client() as client:
        policy = json.loads(client.get_bucket_policy(Bucket=bucket)["Policy"])
    assert f"arn:aws:s3:::{bucket}/all/*" in str(policy)
    assert f"arn:aws:s3:::{bucket}/lab/*" not in str(policy)
    assert " public=yes " in publisher.type("git", "show", "git-annex:remote.log").stdout


def test_a_folder_takes_the_history_too_and_friends_clone_from_it(publisher: Owner, tmp_path: Path, bob: Home) -> None:
    publisher.type("git", "remote", "remove", "github")
    store = tmp_path / "our disk"
    with typing(publisher.home, ["pyshare", "init"], publisher.folder) as terminal:
        terminal.answer("Number, with or without an address [1]:", "directory")
        terminal.answer("Path of the folder:", str(store))
        terminal.waits_for("no Git host needed")
        terminal.answer("Number [1]:")
        terminal.answer("Go? [Y/n]:")
        shown = end(terminal)
    assert "✓ git push folder main git-annex" in shown
    publish(publisher, shown)
    assert publisher.type("git", "config", "remote.folder.url").stdout == "annex::\n"
    uuid = publisher.type("git", "config", "remote.folder.annex-uuid").stdout.strip()
    query = f"type=external&externaltype=pyshare&encryption=none&layout=shard&url={store}".replace(" ", "%20")
    assert friend_has_all(bob, f"annex::{uuid}?{query}")


def test_at_a_server_without_links_user_and_password_are_asked_for(publisher: Owner, apache_server: Server) -> None:
    own = os.urandom(8).hex()
    url = f"{apache_server.url}/{own}/data"
    with typing(publisher.home, ["pyshare", "init"], publisher.folder) as terminal:
        terminal.answer("Number, with or without an address [1]:", "2")
        terminal.answer("Address of your cloud, as in the browser:", url)
        terminal.answer("User:", apache_server.user)
        terminal.answer(f"Password of {apache_server.user}:", apache_server.password)
        terminal.answer("Number [1]:")
        terminal.answer("Go? [Y/n]:")
        shown = end(terminal)
    assert "Who may read?" not in shown
    store(publisher, "cloud")
    assert len(list((apache_server.folder / own).rglob("*.pdf"))) == 1


def test_in_dropbox_a_link_is_made_that_friends_with_any_login_there_can_read(
    publisher: Owner, fake_dropbox: RunningDropbox, dropbox_alice: Account, bob: Home
) -> None:
    machine(publisher.home, fake_dropbox, dropbox_alice)
    with typing(publisher.home, ["pyshare", "init"], publisher.folder) as terminal:
        terminal.answer("Number, with or without an address [1]:")
        terminal.answer("Folder there [DataLad-101]:")
        terminal.answer("Number [1]:")
        terminal.answer("Number [1]:")
        terminal.answer("Go? [Y/n]:")
        shown = end(terminal)
    assert "url=dropbox:/DataLad-101" in shown
    store(publisher, "dropbox")
    machine(bob, fake_dropbox, fake_dropbox.service.person("Bob"))
    assert friend_has_all(bob, github(publisher))


def test_rclone_asks_for_the_login_of_a_service_that_it_reaches_and_the_rest_goes_as_everywhere(
    publisher: Owner, tmp_path: Path
) -> None:
    with or_skip(), samba(tmp_path) as server:
        with typing(publisher.home, ["pyshare", "init"], publisher.folder) as terminal:
            terminal.answer("Number, with or without an address [1]:", "smb")
            terminal.answer("Name of the remote in rclone [share]:", "office")
            terminal.waits_for("Now rclone asks for the login of office")
            terminal.answer("host> ", "127.0.0.1")
            terminal.answer("user> ", server.user)
            terminal.answer("port> ", str(server.port))
            terminal.answer("y/g/n> ", "y")
            terminal.answer("password:", PASSWORD)
            terminal.answer("password:", PASSWORD)
            for question in ("domain> ", "spn> ", "use_kerberos> ", "y/n> "):
                terminal.answer(question)
            terminal.answer("begins with the name of a share, e.g. SHARE/DataLad-101:", "data/DataLad-101")
            terminal.answer("Number [1]:")
            terminal.answer("Go? [Y/n]:")
            assert terminal.end() == 0, terminal.shown
        assert PASSWORD not in terminal.shown
        assert "url=rclone:office:/data/DataLad-101" in terminal.shown
        assert "rclonetype=smb" in terminal.shown
        store(publisher, "cloud")
        assert len(list(server.share.joinpath("DataLad-101").rglob("*.pdf"))) == 1
    with typing(publisher.home, ["pyshare", "init"], publisher.folder) as terminal:
        terminal.answer("Number, with or without an address [1]:", "smb")
        terminal.waits_for("Name of the remote in rclone [office]:")


def test_where_there_is_no_dataset_one_is_made(alice: Home, tmp_path: Path) -> None:
    folder = alice.folder / "my files"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    with typing(alice, ["pyshare", "init", "disk", str(tmp_path / "disk")], folder) as terminal:
        terminal.answer("is no dataset. Make one of it? [Y/n]:")
        terminal.answer("Number [1]:", "same")
        terminal.answer("Go? [Y/n]:")
        shown = end(terminal)
    for line in next_lines(shown)[:-1]:
        alice.run("sh", "-e", "-c", line, cwd=folder)
    repository = Repository(alice, folder)
    assert "disk" in repository.annex("whereis", "a.txt").stdout
    assert "refs/remotes/disk/main" in repository.git("for-each-ref").stdout
    unlock(tmp_path)
