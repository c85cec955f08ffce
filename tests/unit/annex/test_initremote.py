"""The store at initremote: a server that stumbles is asked again, one that is away is told, no request is added."""

from threading import Event

import pytest
from support.davkit import clone
from support.dropboxkit import Owner, place_for
from support.fakes.dav import ScriptedDAV
from support.fakes.dropbox.script import Play as DropboxPlay
from support.fakes.dropbox.script import Rule as DropboxRule
from support.fakes.s3 import ScriptedS3
from support.s3kit import place_at
from support.scripted import Play, Rule, answer

from git_annex_remote_pyshare.annex import initremote
from git_annex_remote_pyshare.annex.initremote import prepare_store
from git_annex_remote_pyshare.backends.base import Initialized, StoreConfig
from git_annex_remote_pyshare.backends.ownership import Owned
from git_annex_remote_pyshare.errors import Cancelled
from git_annex_remote_pyshare.store.open import open_store

pytest_plugins = ["support.dropbox_stores"]

UUID = "11111111-2222-3333-4444-555555555555"
OTHERS = b"99999999-2222-3333-4444-555555555555"
BUSY = Play(status=429, headers={"Retry-After": "0"})


def prepared(place: StoreConfig, stopping: Event | None = None) -> Initialized:
    """What initremote gets to know of the store."""
    store = open_store(place, stopping or Event(), lambda _: None, first_contact=0)
    try:
        return prepare_store(store)
    finally:
        store.close()


def dav_place(dav: ScriptedDAV) -> StoreConfig:
    return StoreConfig(f"{dav.url}/dav", {}, clone(), trusted=lambda: True, uuid=UUID)


def test_the_layers_add_no_request(scripted_s3: ScriptedS3) -> None:
    assert prepared(place_at(scripted_s3)).notes == ()
    assert scripted_s3.methods() == ["GET", "PUT"]


def test_a_webdav_server_that_stumbles_is_asked_again(dav: ScriptedDAV) -> None:
    dav.script(Rule("PROPFIND", BUSY), Rule("PROPFIND", Play(reset=True)), Rule("PUT", Play(lost=True)))
    assert prepared(dav_place(dav)) == Initialized()
    assert UUID.encode() in dav.objects["/dav/.pyshare-store"]


def test_a_bucket_that_stumbles_is_asked_again(scripted_s3: ScriptedS3) -> None:
    scripted_s3.script(Rule("GET", answer(503)), Rule("GET", Play(reset=True)), Rule("PUT", BUSY))
    assert prepared(place_at(scripted_s3)).notes == ()
    assert scripted_s3.objects == {"bucket/pre/annex-uuid": UUID.encode()}


def test_a_shared_folder_of_dropbox_is_found_again_after_a_broken_connection(owner: Owner) -> None:
    """The first attempt breaks off after it has found the folder; the next one begins where no folder is known."""
    shared = owner.service.shared_folder((owner.account, "/Work/Lab"))
    place = place_for(owner.login, "dropbox:/Work/Lab/data")._replace(uuid=UUID)
    owner.service.script.add(DropboxRule("files/upload", DropboxPlay(reset=True)))
    made = prepared(place)
    assert made.settings == {"namespace": shared.number, "url": "dropbox:/data"}
    assert made.failure is None
    assert UUID.encode() in (owner.service.content(shared, "/data/.pyshare-store") or b"")


@pytest.mark.parametrize("retries", [0.0, 0.3])
def test_a_server_that_stays_busy_is_given_up_and_told(
    retries: float, scripted_s3: ScriptedS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(initremote, "RETRIES", retries)
    scripted_s3.script(Rule("GET", answer(503), times=-1))
    made = prepared(place_at(scripted_s3))
    assert "cannot be reached, so nothing was checked" in made.notes[0]
    assert (len(scripted_s3.requests) > 1) == bool(retries)


def test_a_host_that_takes_no_connections_is_tried_once(scripted_s3: ScriptedS3) -> None:
    place = place_at(scripted_s3, endpoint="http://127.0.0.1:1")
    made = prepared(place)
    assert "cannot be reached, so nothing was checked" in made.notes[0]


def test_a_place_of_another_remote_is_refused_also_after_a_retry(scripted_s3: ScriptedS3) -> None:
    scripted_s3.objects["bucket/pre/annex-uuid"] = OTHERS
    scripted_s3.script(Rule("GET", answer(503)))
    with pytest.raises(Owned):
        prepared(place_at(scripted_s3))


def test_stopping_ends_the_retries(scripted_s3: ScriptedS3) -> None:
    scripted_s3.script(Rule("GET", answer(503), times=-1))
    stopping = Event()
    stopping.set()
    with pytest.raises(Cancelled):
        prepared(place_at(scripted_s3), stopping)
