"""Whose Dropbox a store is in: no other account's folder is ever taken for it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.dropboxkit import NAME, Owner, credential, place_for, quiet, source
from support.fakes.dropbox.accounts import Account, Team

from git_annex_remote_pyshare.backends.base import (
    Backend,
    CanInitialize,
    Initialized,
    Publishes,
    Stat,
    StoreConfig,
    ability,
)
from git_annex_remote_pyshare.backends.ownership import mark_of
from git_annex_remote_pyshare.backends.registry import make
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied
from git_annex_remote_pyshare.transfer import Sink

pytest_plugins = ["support.dropbox_stores"]

Opened = Callable[[StoreConfig], Backend]


@pytest.fixture
def opened(owner: Owner) -> Iterator[Opened]:
    """Makes backends and closes them in the end."""
    made: list[Backend] = []

    def opens(place: StoreConfig) -> Backend:
        made.append(make(place))
        return made[-1]

    assert owner
    yield opens
    for each in made:
        each.close()


UUID, OTHERS = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
MARK = "/annex/.pyshare-store"


def claimed(opened: Opened, owner: Owner, uuid: str = UUID, **settings: str) -> Initialized:
    """Make the place ready as the remote of that UUID."""
    maker = ability(opened(place_for(owner.login, **settings)._replace(uuid=uuid)), CanInitialize)
    assert maker
    return maker.initialize()


def established(opened: Opened, login: Credential | None, url: str = "dropbox:/annex") -> Initialized:
    maker = ability(opened(place_for(login, url)), CanInitialize)
    assert maker
    return maker.initialize()


def test_a_friends_own_dropbox_is_never_taken_for_the_store_db26(owner: Owner, opened: Opened, tmp_path: Path) -> None:
    settings = established(opened, owner.login).settings
    assert settings == {"namespace": f"root:{owner.home.number}"}
    opened(place_for(owner.login, **settings)).put(NAME, source(tmp_path), quiet)
    bob = owner.service.person("Bob")
    friend = opened(place_for(credential(owner.service, bob), **settings))
    for ask in (lambda: friend.stat(NAME), lambda: friend.delete(NAME), lambda: list(friend.list())):
        with pytest.raises(PermissionDenied, match="another account's Dropbox"):
            ask()
    with pytest.raises(PermissionDenied, match="another account's Dropbox"):
        friend.put(NAME, source(tmp_path), quiet)
    assert bob.home.entries == {}
    assert owner.content() == b"content"


def test_the_namespace_is_sent_always_db26(owner: Owner, opened: Opened) -> None:
    settings = established(opened, owner.login).settings
    owner.service.forget()
    assert opened(place_for(owner.login, **settings)).stat(NAME) is None
    assert all(f'"{owner.home.number}"' in seen.headers["Dropbox-API-Path-Root"] for seen in owner.service.seen[-1:])


def test_an_owner_who_joins_a_team_keeps_the_store_db26(owner: Owner, opened: Opened, tmp_path: Path) -> None:
    settings = established(opened, owner.login).settings
    box = opened(place_for(owner.login, **settings))
    box.put(NAME, source(tmp_path), quiet)
    team = owner.account.team = Team("Lab")
    team.space.mount(owner.account.home_path, owner.home)
    assert box.stat(NAME) == Stat(7)
    owner.service.forget()
    assert box.stat(NAME) == Stat(7)
    assert owner.routes() == ["files/get_metadata"]  # the new root was learnt once


def test_a_strangers_folder_is_not_taken_for_one_in_the_users_own_dropbox(
    owner: Owner, opened: Opened, tmp_path: Path
) -> None:
    owner.service.put(owner.home, f"/annex/{NAME}", b"the user's")
    own = opened(place_for(owner.login)._replace(trusted=lambda: False))
    for ask in (
        lambda: own.stat(NAME),
        lambda: own.delete(NAME),
        lambda: list(own.list()),
        lambda: own.put(NAME, source(tmp_path), quiet),
        lambda: own.get(NAME, Sink(str(tmp_path / "back")), quiet),
    ):
        with pytest.raises(PermissionDenied, match=r"whose Dropbox.*Ask its owner .*: git annex enableremote \w+$"):
            ask()
    assert owner.service.seen == []
    assert owner.content() == b"the user's"


def test_a_stranger_cannot_have_files_opened_to_everybody(owner: Owner, opened: Opened) -> None:
    owners = place_for(owner.login, share="files", namespace=f"root:{owner.home.number}")
    strangers = owners._replace(trusted=lambda: False)
    publishing = [ability(opened(place), Publishes) for place in (owners, strangers)]
    assert [each and each.is_publishing() for each in publishing] == [True, False]


@pytest.fixture
def carol(owner: Owner) -> Account:
    """A member of a team."""
    return owner.service.person("Carol", Team("Lab"))


def test_a_members_folder_is_at_home(owner: Owner, opened: Opened, carol: Account) -> None:
    login = credential(owner.service, carol)
    assert established(opened, login).settings == {"namespace": carol.home.number}


def test_a_folder_of_the_teams_space_is_there_for_all_members(owner: Owner, opened: Opened, carol: Account) -> None:
    assert carol.team
    owner.service.put(carol.team.space, "/Group/readme", b"x")
    login = credential(owner.service, carol)
    settings = established(opened, login, "dropbox:/Group/annex").settings
    assert settings == {"namespace": carol.team.space.number}
    owner.service.put(carol.team.space, f"/Group/annex/{NAME}", b"content")
    dave = owner.service.person("Dave", carol.team)
    colleague = opened(place_for(credential(owner.service, dave), "dropbox:/Group/annex", **settings))
    assert colleague.stat(NAME) == Stat(7)
    outsider = opened(place_for(owner.login, "dropbox:/Group/annex", **settings))
    with pytest.raises(PermissionDenied):
        outsider.stat(NAME)


@pytest.mark.parametrize("team", [None, Team("Lab")], ids=["alone", "in a team"])
def test_an_app_that_sees_its_own_folder_only_is_bound_to_the_account(
    owner: Owner, opened: Opened, tmp_path: Path, team: Team | None
) -> None:
    app = owner.service.new_app("folderapp", folder="pyshare")
    person = owner.service.person("Erin", team)
    login = credential(owner.service, person, app=app)
    settings = established(opened, login).settings
    assert settings == {"namespace": f"root:{person.root.number}"}
    box = opened(place_for(login, **settings))
    box.put(NAME, source(tmp_path), quiet)
    assert owner.service.content(person.app_folder(app), f"/annex/{NAME}") == b"content"
    other = opened(place_for(credential(owner.service, owner.account, app=app), **settings))
    with pytest.raises(PermissionDenied):
        other.stat(NAME)


def test_a_shared_folder_is_found_by_its_id_wherever_its_members_have_it(
    owner: Owner, opened: Opened, tmp_path: Path
) -> None:
    bob = owner.service.person("Bob")
    shared = owner.service.shared_folder((owner.account, "/Work/Lab"), (bob, "/Lab of Alice"))
    settings = {"namespace": shared.number}
    opened(place_for(owner.login, "dropbox:/annex", **settings)).put(NAME, source(tmp_path), quiet)
    member = opened(place_for(credential(owner.service, bob), "dropbox:/annex", **settings))
    assert member.stat(NAME) == Stat(7)
    outsider = opened(place_for(credential(owner.service, owner.service.person("Eve")), "dropbox:/annex", **settings))
    with pytest.raises(PermissionDenied):
        outsider.stat(NAME)


def test_a_store_in_a_shared_folder_is_kept_by_the_folders_id(owner: Owner, opened: Opened) -> None:
    shared = owner.service.shared_folder((owner.account, "/Work/Lab"))
    found = established(opened, owner.login, "dropbox:/Work/Lab/data/annex")
    assert found.settings == {"namespace": shared.number, "url": "dropbox:/data/annex"}
    (note,) = found.notes
    assert f"shared folder Lab, so the remote has url=dropbox:/data/annex namespace={shared.number}" in note


def test_nothing_is_asked_again_where_the_settings_say_it(owner: Owner, opened: Opened) -> None:
    maker = ability(opened(place_for(owner.login, namespace="123")), CanInitialize)
    assert maker
    assert maker.initialize() == Initialized()
    assert owner.service.seen == []


def test_without_a_login_the_owner_hears_what_to_do_later(opened: Opened) -> None:
    found = established(opened, None)
    assert not found.settings
    assert found.notes[0].startswith("no login for dropbox:/annex, so nothing was checked")
    assert found.notes[0].endswith("Type: pyshare login dropbox")
    assert found.notes[1].endswith("type: git annex enableremote drop")


def test_without_a_network_the_owner_hears_what_to_do_later(
    owner: Owner, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    found = established(opened, owner.login)
    assert not found.settings
    assert found.notes[0].startswith("Dropbox cannot be reached, so nothing was checked")
    assert found.notes[1].endswith("type: git annex enableremote drop")


def test_a_place_is_marked_once_and_its_mark_is_no_object(owner: Owner, opened: Opened) -> None:
    settings = claimed(opened, owner).settings
    assert owner.service.content(owner.home, MARK) == mark_of(UUID)
    owner.service.forget()
    assert claimed(opened, owner, **settings).notes == ()
    assert owner.routes() == ["files/download"]
    assert list(opened(place_for(owner.login, **settings)).list()) == []


def test_a_place_of_another_remote_is_refused(owner: Owner, opened: Opened) -> None:
    owner.service.put(owner.home, MARK, mark_of(OTHERS))
    with pytest.raises(BadSetting, match=f"belongs to another remote, {OTHERS}") as refused:
        claimed(opened, owner)
    assert "git -c remote.drop.pyshare-take-over=true annex initremote" in str(refused.value)
    assert owner.service.content(owner.home, MARK) == mark_of(OTHERS)


def test_a_place_in_a_shared_folder_is_marked_there(owner: Owner, opened: Opened) -> None:
    shared = owner.service.shared_folder((owner.account, "/Work/Lab"))
    place = place_for(owner.login, "dropbox:/Work/Lab/data")._replace(uuid=UUID)
    maker = ability(opened(place), CanInitialize)
    assert maker
    assert not maker.initialize().private
    assert owner.service.content(shared, "/data/.pyshare-store") == mark_of(UUID)
