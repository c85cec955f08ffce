"""Sharing a store in Dropbox by a link, reading it there, and publishing its files."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.dropboxkit import NAME, Owner, credential, fetched, place_for, quiet, source
from support.fakes.dropbox.accounts import Account, Team
from support.fakes.dropbox.script import Rule, refuses

from git_annex_remote_pyshare.backends.base import (
    NO_TERMS,
    Backend,
    Publishes,
    ReadsRanges,
    Share,
    Shares,
    Stat,
    Terms,
    ability,
)
from git_annex_remote_pyshare.backends.registry import make
from git_annex_remote_pyshare.errors import BadSetting, NotAStore, NotFound, PermissionDenied, PyshareError
from git_annex_remote_pyshare.transfer import ByteRange, Sink

pytest_plugins = ["support.dropbox_stores"]


def shared(box: Backend, terms: Terms = NO_TERMS) -> Share:
    shares = ability(box, Shares)
    assert shares
    link = shares.share(terms)
    assert link
    return link


@pytest.fixture
def stored(box: Backend, tmp_path: Path) -> Backend:
    """A store with an object in it."""
    box.put(NAME, source(tmp_path), quiet)
    return box


@pytest.fixture
def friend(owner: Owner, stored: Backend) -> Iterator[Backend]:
    """The store as somebody with another account sees it through the link."""
    made = make(place_for(credential(owner.service, owner.service.person("Bob")), shared(stored).url))
    yield made
    made.close()


def test_a_friend_reads_through_the_link_without_an_invitation(friend: Backend, tmp_path: Path) -> None:
    assert friend.stat(NAME) == Stat(7)
    sink = Sink(str(tmp_path / "back"))
    friend.get(NAME, sink, quiet)
    assert (tmp_path / "back").read_bytes() == b"content"
    (tmp_path / "back").write_bytes(b"con")
    assert fetched(friend, NAME, tmp_path / "back") == b"content"
    assert sink.incoming
    version = sink.incoming.version
    assert friend.call(ReadsRanges, lambda reads: reads.is_exact(version))
    assert friend.call(ReadsRanges, lambda reads: reads.read_range(NAME, ByteRange(version, 3, 2, 7), quiet)) == b"te"
    assert [entry.name for entry in friend.list()] == [NAME]
    assert [entry.name for entry in friend.list("a")] == [NAME]


def test_what_is_not_behind_the_link_is_absent(friend: Backend, tmp_path: Path) -> None:
    assert friend.stat("a/other") is None
    assert friend.stat("a") is None
    with pytest.raises(NotFound):
        friend.get("a/other", Sink(str(tmp_path / "back")), quiet)


def test_a_link_that_is_gone_makes_nothing_absent(owner: Owner, friend: Backend, tmp_path: Path) -> None:
    owner.service.table("links").clear()
    with pytest.raises(NotAStore, match="the shared link no longer exists"):
        friend.stat(NAME)
    with pytest.raises(NotAStore, match="the shared link no longer exists"):
        friend.get(NAME, Sink(str(tmp_path / "back")), quiet)
    with pytest.raises(NotAStore):
        list(friend.list())


def test_nobody_writes_through_a_link(owner: Owner, friend: Backend, tmp_path: Path) -> None:
    owner.service.forget()
    with pytest.raises(PermissionDenied, match="read-only"):
        friend.put(NAME, source(tmp_path), quiet)
    with pytest.raises(PermissionDenied, match="read-only"):
        friend.delete(NAME)
    assert owner.service.seen == []


def test_a_login_without_the_right_to_read_links_is_told_how_to_get_it_db22(owner: Owner, stored: Backend) -> None:
    login = credential(owner.service, owner.service.person("Bob"), "files.content.read")
    visitor = make(place_for(login, shared(stored).url))
    with pytest.raises(PermissionDenied, match=r"sharing\.read") as refused:
        visitor.stat(NAME)
    assert "--sharing" in refused.value.remedy
    visitor.close()


def test_a_link_that_exists_already_is_used_again_db28(stored: Backend) -> None:
    first = shared(stored)
    assert first.is_new
    assert shared(stored) == first._replace(is_new=False)


def test_a_link_that_exists_but_is_not_told_is_looked_up_db28(owner: Owner, stored: Backend) -> None:
    first = shared(stored)
    owner.service.play(Rule("sharing/create_shared_link_with_settings", refuses("shared_link_already_exists")))
    assert shared(stored) == first._replace(is_new=False)


def test_an_account_that_may_not_say_how_gets_a_link_as_dropbox_makes_them_db28(owner: Owner, stored: Backend) -> None:
    refusal = refuses("settings_error", "not_authorized")
    owner.service.play(Rule("sharing/create_shared_link_with_settings", refusal))
    assert shared(stored).url.startswith("https://www.dropbox.com/scl/fo/")


def test_a_team_that_forbids_links_is_named_db28(owner: Owner, stored: Backend) -> None:
    owner.account.may_share = False
    with pytest.raises(PermissionDenied, match="team's policy forbids shared links"):
        shared(stored)


def test_a_link_for_the_team_only_is_none_for_friends_db28(owner: Owner, tmp_path: Path) -> None:
    carol: Account = owner.service.person("Carol", Team("Lab"))
    carol.link_audience = "team"
    box = make(place_for(credential(owner.service, carol)))
    box.put(NAME, source(tmp_path), quiet)
    with pytest.raises(PermissionDenied, match="not public"):
        shared(box)
    box.close()


def test_a_link_that_ends_some_day_is_given_with_that_day_but_no_file_is_published_by_such_a_one_db28(
    owner: Owner, tmp_path: Path
) -> None:
    box = owner.store(share="files")
    box.put(NAME, source(tmp_path), quiet)
    publishes = ability(box, Publishes)
    assert publishes
    publishes.publish(NAME)
    shared(box)
    links = owner.service.table("links")
    links.update({key: link._replace(expires="2999-01-01T00:00:00Z") for key, link in links.items()})
    assert shared(box).ends == "2999-01-01"
    with pytest.raises(PermissionDenied, match="expires on 2999-01-01"):
        publishes.publish(NAME)


def test_a_paying_account_gives_a_new_or_known_link_an_end_and_others_are_told(owner: Owner, stored: Backend) -> None:
    with pytest.raises(PermissionDenied, match="only paying accounts"):
        shared(stored, Terms(ends="2999-12-31"))
    assert owner.service.table("links") == {}
    owner.account.is_basic = False
    assert shared(stored, Terms(ends="2999-12-31")).ends == "2999-12-31"
    assert shared(stored, Terms(ends="2998-12-31")).ends == "2998-12-31"
    (link,) = owner.service.table("links").values()
    assert link.expires == "2998-12-31T23:59:59Z"
    owner.account.is_basic = True
    with pytest.raises(PermissionDenied, match="only paying accounts"):
        shared(stored, Terms(ends="2999-12-31"))


def test_a_password_is_refused_since_pyshare_could_not_read_by_such_a_link(owner: Owner, stored: Backend) -> None:
    with pytest.raises(BadSetting, match="a Dropbox link that has a password"):
        shared(stored, Terms(password="opensesame"))
    assert owner.service.table("links") == {}


def test_a_link_is_withdrawn_for_everybody(friend: Backend, owner: Owner, stored: Backend) -> None:
    shares = ability(stored, Shares)
    assert shares
    assert shares.revoke() == [friend.place.url + "&dl=0"]
    with pytest.raises(NotAStore, match="the shared link no longer exists"):
        friend.stat(NAME)
    assert shares.revoke() == []
    nothing = ability(owner.store("dropbox:/nothing"), Shares)
    assert nothing
    assert nothing.revoke() == []


def test_the_app_of_the_login_is_told_to_friends_who_need_none_of_their_own(owner: Owner, stored: Backend) -> None:
    link = shared(stored)
    key = owner.service.app.key
    assert link.login == f"pyshare login dropbox --sharing --app-key {key}"
    assert link.settings == {"appkey": key}


def test_what_cannot_be_shared_is_told(owner: Owner, box: Backend) -> None:
    with pytest.raises(NotFound, match="nothing is stored there yet"):
        shared(box)
    with pytest.raises(BadSetting, match="whole Dropbox"):
        shared(owner.store("dropbox:/"))


def test_each_file_can_have_a_link_for_everybody(owner: Owner, tmp_path: Path) -> None:
    box = owner.store(share="files")
    publishes = ability(box, Publishes)
    assert publishes
    assert publishes.is_publishing()
    box.put(NAME, source(tmp_path), quiet)
    url = publishes.publish(NAME)
    # Not urlopen, which goes on with the proxy of the first test that called it.
    with urllib.request.build_opener().open(url) as answer:
        assert answer.read() == b"content"
    assert publishes.publish(NAME) == url
    assert publishes.has_published(NAME, url)
    assert not publishes.has_published("a/other", url)
    assert not publishes.has_published(NAME, f"https://example.org/{NAME}")


def test_without_the_setting_no_file_is_published(stored: Backend) -> None:
    publishes = ability(stored, Publishes)
    assert publishes
    assert not publishes.is_publishing()


def test_a_refused_link_is_an_error_of_ours(owner: Owner, stored: Backend) -> None:
    owner.service.play(Rule("sharing/.*", refuses("email_not_verified")))
    with pytest.raises(PyshareError, match="e-mail"):
        shared(stored)
