"""Sharing by a Nextcloud's link: all that `pyshare share` prints is typed, and friends have the bytes."""

import json
import shlex
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.annex import Home
from support.fakes.nextcloud import FILES as HOME_OF_BOB
from support.marks import LONG
from support.sharing import Owner, as_friend, blocks, has_all, type_all
from support.sharing_cloud import SharingCloud


@pytest.fixture
def cloudy(sharer: Owner, sharing_cloud: SharingCloud) -> Owner:
    """Alice's dataset, published, its content in a Nextcloud."""
    sharer.initremote(f"{sharing_cloud.url}{HOME_OF_BOB}/our share")
    sharer.store()
    sharer.publish()
    return sharer


def refused(owner: Owner, *words: str, code: int = 1) -> str:
    """What a share that fails says."""
    done = owner.share(*words, check=False)
    assert done.returncode == code
    assert done.stdout == ""
    return " ".join(done.stderr.split())


def settings(owner: Owner, name: str) -> dict[str, str]:
    """What the published dataset says of a remote."""
    log = owner.type("git", "show", "refs/remotes/github/git-annex:remote.log").stdout
    found = [line for line in log.splitlines() if f"name={name} " in line]
    return dict(word.partition("=")[::2] for word in found[-1].split(" ")[1:]) if found else {}


def test_what_share_prints_is_typed_by_owner_and_friend_and_the_friend_has_the_bytes(
    cloudy: Owner, sharing_cloud: SharingCloud, bob: Home
) -> None:
    told = cloudy.share().stdout
    (link,) = sharing_cloud.links.values()
    assert told.startswith(f"New link: {link.url}\nAnyone with this link can read everything in it.\n")
    assert (link.path, link.permissions) == ("/our share", 1)
    once, lines = blocks(told)
    type_all(cloudy.home, once, cloudy.folder)
    assert has_all(as_friend(bob, lines))
    # No friend is asked for a login at the owner's own address.
    assert settings(cloudy, "for-friends")["autoenable"] == "false"


def test_share_publishes_the_link_itself_if_told_so_and_shows_what_it_runs(cloudy: Owner, bob: Home) -> None:
    told = cloudy.share("-y").stdout
    assert "$ git annex initremote for-friends-link --sameas=for-friends" in told
    assert "$ datalad push --to github --data nothing" in told
    lines = blocks(told)[-1]
    assert has_all(as_friend(bob, lines))


@pytest.mark.parametrize(("answer", "is_published"), [("", True), ("y", True), ("n", False)])
def test_a_person_at_a_terminal_is_asked_before_the_link_is_published(
    cloudy: Owner, sharing_cloud: SharingCloud, answer: str, *, is_published: bool
) -> None:
    done = cloudy.type_with_answer(answer, "pyshare", "share", "for-friends")
    assert "Publish this link with the dataset? [Y/n]" in done.stderr
    (link,) = sharing_cloud.links.values()
    published = cloudy.type("git", "show", "refs/remotes/github/git-annex:remote.log").stdout
    assert (link.url in published) is is_published
    assert ("Type once" in done.stdout) is not is_published


def test_a_second_share_prints_only_what_friends_type(cloudy: Owner, bob: Home) -> None:
    cloudy.share("-y")
    told = cloudy.share().stdout
    assert told.startswith("Found link: ")
    lines = blocks(told)[-1]
    assert has_all(as_friend(bob, lines))


def test_a_link_that_is_known_but_not_pushed_is_to_be_pushed(cloudy: Owner, bob: Home) -> None:
    once, _ = blocks(cloudy.share().stdout)
    type_all(cloudy.home, once[:-1], cloudy.folder)
    once, lines = blocks(cloudy.share().stdout)
    assert once == ["datalad push --to github --data nothing"]
    type_all(cloudy.home, once, cloudy.folder)
    assert has_all(as_friend(bob, lines))


def test_a_new_link_after_a_withdrawal_replaces_the_old_one_in_all_clones(
    cloudy: Owner, sharing_cloud: SharingCloud, bob: Home, tmp_path: Path
) -> None:
    carol = Home(tmp_path / "carol", "Carol")
    clone = as_friend(bob, blocks(cloudy.share("-y").stdout)[-1])
    bob.run("git", "annex", "drop", "--force", ".", cwd=clone)
    told = cloudy.share("--revoke").stdout
    assert "Withdrew the link http" in told
    assert sharing_cloud.links == {}
    assert "There is no link to withdraw." in cloudy.share("--revoke").stdout
    once, lines = blocks(cloudy.share().stdout)
    (link,) = sharing_cloud.links.values()
    assert once[0] == f"git annex enableremote for-friends-link url={link.url}"
    type_all(cloudy.home, once, cloudy.folder)
    bob.run("datalad", "update", cwd=clone)
    bob.run("datalad", "get", ".", cwd=clone)
    assert has_all(clone)
    assert has_all(as_friend(carol, lines))


@pytest.mark.parametrize("layout", ["lower", pytest.param("annex-webdav", marks=LONG)])
def test_the_links_remote_has_the_layout_of_the_store(
    sharer: Owner, sharing_cloud: SharingCloud, bob: Home, layout: str
) -> None:
    sharer.initremote(f"{sharing_cloud.url}{HOME_OF_BOB}/share", layout=layout)
    sharer.store()
    sharer.publish()
    once, lines = blocks(sharer.share().stdout)
    assert f"layout={layout}" in once[0]
    type_all(sharer.home, once, sharer.folder)
    assert has_all(as_friend(bob, lines))
    done = sharer.type("git", "annex", "fsck", "--fast", "--from", "for-friends-link")
    assert "failed" not in done.stdout


def test_a_links_remote_without_the_stores_layout_is_mended(
    sharer: Owner, sharing_cloud: SharingCloud, bob: Home
) -> None:
    sharer.initremote(f"{sharing_cloud.url}{HOME_OF_BOB}/share", layout="lower")
    sharer.store()
    sharer.publish()
    url = sharing_cloud.add_link("/share", permissions="17").url
    words = ("type=external", "externaltype=pyshare", "autoenable=true", f"url={url}")
    sharer.type("git", "annex", "initremote", "for-friends-link", "--sameas=for-friends", *words)
    # As an older version published it.
    sharer.type("git", "checkout", "-q", "git-annex")
    log = sharer.folder / "remote.log"
    lines = log.read_text().splitlines()
    log.write_text(
        "\n".join(line.replace("layout=lower", "layout=shard") if url in line else line for line in lines) + "\n"
    )
    sharer.type("git", "commit", "-q", "-a", "-m", "update")
    sharer.type("git", "checkout", "-q", "-")
    once, lines = blocks(sharer.share().stdout)
    assert once[0] == "git annex enableremote for-friends-link layout=lower"
    type_all(sharer.home, once, sharer.folder)
    assert has_all(as_friend(bob, lines))


def test_before_the_first_push_share_says_what_to_type_and_that_helps(
    sharer: Owner, sharing_cloud: SharingCloud, bob: Home
) -> None:
    sharer.initremote(f"{sharing_cloud.url}{HOME_OF_BOB}/share")
    (sharer.folder / "file").write_bytes(b"content")
    sharer.type("git", "annex", "add", "-q", ".")
    sharer.type("git", "commit", "-q", "-m", "file")
    sharer.publish()
    words = "nothing is stored in for-friends yet. Type: datalad push --to for-friends, then: pyshare share for-friends"
    assert words in refused(sharer, code=2)
    assert sharing_cloud.links == {}
    push, again = words.partition("Type: ")[2].split(", then: ")
    type_all(sharer.home, [push], sharer.folder)
    once, lines = blocks(type_all(sharer.home, [again], sharer.folder).stdout)
    type_all(sharer.home, once, sharer.folder)
    assert has_all(as_friend(bob, lines), {"file": b"content"})


def test_a_link_with_a_password_and_an_end_lets_friends_in_who_know_it_until_that_day(
    cloudy: Owner, sharing_cloud: SharingCloud, bob: Home
) -> None:
    done = cloudy.home.run(
        *("pyshare", "share", "for-friends", "--password", "--expires", "30d", "-y"),
        cwd=cloudy.folder,
        input="opensesame\n",
    )
    (link,) = sharing_cloud.links.values()
    last = date.today() + timedelta(30)  # noqa: DTZ011  # the machine's own day
    assert (link.password, link.expires) == ("opensesame", last.isoformat())
    assert f"Anyone with this link and its password can read everything in it, until {last}." in done.stdout
    assert "opensesame" not in done.stdout + done.stderr
    assert not any("opensesame" in seen.target for seen in sharing_cloud.requests)
    assert "Send the link's password separately." in done.stdout
    lines = blocks(done.stdout)[-1]
    assert f"pyshare login {link.url}" in lines
    clone = as_friend(bob, lines, "opensesame\n")
    assert has_all(clone)
    sharing_cloud.today = (last + timedelta(1)).isoformat()
    bob.run("git", "annex", "drop", "--force", ".", cwd=clone)
    assert bob.run("git", "annex", "get", ".", cwd=clone, check=False).returncode != 0


def test_a_link_that_is_there_gets_the_password_and_stays_at_its_address(
    cloudy: Owner, sharing_cloud: SharingCloud
) -> None:
    cloudy.share("-y")
    (link,) = sharing_cloud.links.values()
    cloudy.home.run(*("pyshare", "share", "for-friends", "--password"), cwd=cloudy.folder, input="opensesame\n")
    assert list(sharing_cloud.links.values()) == [link]
    assert link.password == "opensesame"
    # Without words it is found as it is: no second link opens what the password closed.
    told = cloudy.share().stdout
    assert f"Found link: {link.url}\nAnyone with this link and its password" in told
    assert list(sharing_cloud.links.values()) == [link]


def test_a_link_by_which_others_may_write_is_left_alone(cloudy: Owner, sharing_cloud: SharingCloud) -> None:
    inbox = sharing_cloud.add_link("/our share", permissions="15")
    told = cloudy.share().stdout
    assert inbox.url not in told
    cloudy.share("--revoke")
    assert list(sharing_cloud.links.values()) == [inbox]


def test_a_server_that_wants_a_password_is_quoted_with_the_option_that_gives_one(
    cloudy: Owner, sharing_cloud: SharingCloud
) -> None:
    sharing_cloud.enforces_passwords = True
    assert "Passwords are enforced for link and mail shares. If the server wants a password" in refused(cloudy)
    done = cloudy.home.run(*("pyshare", "share", "for-friends", "--password"), cwd=cloudy.folder, input="opensesame\n")
    assert "New link: " in done.stdout


FOREIGN = (
    "https://x.example.org/s/T0ken; touch PWNED",
    "http://127.0.0.1:1/s/T0ken",
    "{server}/s/T0ken;touch${{IFS}}PWNED",
    "{server}/s/\x1b]0;title\x07",
    "{server}@evil.example.org/s/T0ken",
    "javascript:alert(1)",
)
"""Links that no Nextcloud makes."""


def test_a10_a_link_that_is_not_the_servers_own_is_refused_and_gives_no_orders(
    cloudy: Owner, sharing_cloud: SharingCloud
) -> None:
    link = sharing_cloud.add_link("/our share", permissions="1")
    for url in FOREIGN:
        link.url = url.format(server=sharing_cloud.url)
        told = refused(cloudy, code=2)
        assert "which is not one of its own" in told
        assert told.isprintable()


def test_a9_share_makes_no_link_by_a_remote_that_its_user_has_not_verified(
    cloudy: Owner, sharing_cloud: SharingCloud, bob: Home
) -> None:
    github = cloudy.type("git", "config", "remote.github.url").stdout.strip()
    bob.run("datalad", "clone", github, "clone", cwd=bob.folder)
    for words in ((), ("--revoke",), ("-y",)):
        done = bob.run("pyshare", "share", "for-friends", *words, cwd=bob.folder / "clone", check=False)
        assert done.returncode == 1
        assert "verif" in done.stderr
    assert not any("/ocs/" in seen.path and seen.method != "GET" for seen in sharing_cloud.requests)


def test_a_link_that_was_withdrawn_elsewhere_is_not_sent_to_friends(cloudy: Owner, sharing_cloud: SharingCloud) -> None:
    cloudy.share("-y")
    sharing_cloud.links.clear()
    done = cloudy.type("pyshare", "share", "for-friends-link", check=False)
    assert done.returncode == 1
    assert "Send this" not in done.stdout
    assert "your friends cannot read the store" in done.stderr
    assert "there is no such link any more" in done.stderr


def test_the_links_own_remote_can_be_shared_too(cloudy: Owner, bob: Home) -> None:
    cloudy.share("-y")
    (lines,) = blocks(cloudy.type("pyshare", "share", "for-friends-link").stdout)
    assert has_all(as_friend(bob, lines))
    done = cloudy.type("pyshare", "share", "for-friends-link", "--revoke", check=False)
    assert "is itself a public link, which only its owner can change" in done.stderr


def test_a_dataset_that_is_not_published_is_to_be_published_first(sharer: Owner, sharing_cloud: SharingCloud) -> None:
    sharer.initremote(f"{sharing_cloud.url}{HOME_OF_BOB}/share")
    sharer.store()
    told = sharer.share().stdout
    once, lines = blocks(told)
    assert "Send this" not in told
    assert once[0].startswith("git annex initremote for-friends-link")
    type_all(sharer.home, once, sharer.folder)
    assert lines == [
        "datalad create-sibling-github DataLad-101 --publish-depends for-friends",
        "datalad push --to github",
        "pyshare share for-friends",
    ]
    # DataLad has these words; GitHub itself is asked by its owner only.
    assert "--publish-depends" in sharer.type(*shlex.split(lines[0])[:2], "--help").stdout


@pytest.mark.parametrize("expires", ["0d", "2001-01-01"])
def test_an_end_that_is_none_is_a_wrong_word(cloudy: Owner, expires: str) -> None:
    done = cloudy.share("--expires", expires, check=False)
    assert done.returncode == 2
    assert "--expires" in done.stderr


def test_encrypted_content_is_shared_by_a_link_too(sharer: Owner, sharing_cloud: SharingCloud, bob: Home) -> None:
    sharer.initremote(f"{sharing_cloud.url}{HOME_OF_BOB}/share", encryption="shared", chunk="1000")
    sharer.store()
    sharer.publish()
    lines = blocks(sharer.share("-y").stdout)[-1]
    assert has_all(as_friend(bob, lines))


def test_what_git_annex_believes_and_the_store_lacks_is_not_sent_to_friends(
    cloudy: Owner, sharing_cloud: SharingCloud
) -> None:
    sharing_cloud.objects.clear()
    done = cloudy.share(check=False)
    assert done.returncode == 1
    assert "Send this" not in done.stdout
    assert "Type: pyshare verify for-friends" in " ".join(done.stderr.split())


def test_programs_get_the_link_and_the_commands_for_friends_and_nothing_else(
    cloudy: Owner, sharing_cloud: SharingCloud, bob: Home
) -> None:
    first = json.loads(cloudy.share("--json").stdout)
    (link,) = sharing_cloud.links.values()
    assert (first["url"], first["is_new"], first["published"], first["next"]) == (link.url, True, False, [])
    done = cloudy.share("--json", "-y")
    second = json.loads(done.stdout)
    assert (second["is_new"], second["published"]) == (False, True)
    assert second["commands"] == first["commands"]
    assert "$ git annex initremote for-friends-link" in done.stderr
    assert has_all(as_friend(bob, second["friends"]))
    withdrawn = json.loads(cloudy.share("--revoke", "--json").stdout)
    assert withdrawn["withdrawn"] == [link.url]
    assert withdrawn["next"] == ["pyshare share for-friends"]
