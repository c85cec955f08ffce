"""The stores of a dataset: only what was shown is enabled and verified, whatever a stranger has named how."""

import pytest
from support.fakes.annex_clone import AnnexClone

from git_annex_remote_pyshare.cli.accept.stores import Found, Store, enable, is_verified, stores_in, verify
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import PyshareError

DAV = "https://dav.example.org/alice"
EVIL = {"type": "external", "externaltype": "evil", "encryption": "none", "url": DAV}


def found_in(clone: AnnexClone) -> Found:
    return stores_in(LocalConfig(clone.git_dir))


def only(clone: AnnexClone) -> Store:
    [store] = found_in(clone).stores
    return store


@pytest.mark.parametrize("other", ["evil", "pyshare"])
def test_a_name_that_two_remotes_have_is_left_alone_whatever_their_kinds(annex_clone: AnnexClone, other: str) -> None:
    annex_clone.remote("cloud", DAV)
    annex_clone.remote("cloud", DAV, externaltype=other, autoenable="")
    found = found_in(annex_clone)
    assert found.stores == ()
    assert found.left_alone[0].endswith("unusable or already taken: cloud")


def test_a_dead_remote_lends_its_name_to_none_of_another_kind(annex_clone: AnnexClone) -> None:
    annex_clone.bury(annex_clone.remote("cloud", DAV))
    annex_clone.remote("cloud", DAV, externaltype="evil", autoenable="")
    assert found_in(annex_clone).stores == ()


def test_a_remote_that_took_the_name_of_a_dead_one_is_found(annex_clone: AnnexClone) -> None:
    annex_clone.bury(annex_clone.remote("cloud", "https://old.example.org/d"))
    uuid = annex_clone.remote("cloud", DAV)
    assert only(annex_clone).uuid == uuid


def test_a_link_to_a_dead_store_is_dead_too(annex_clone: AnnexClone) -> None:
    uuid = annex_clone.remote("cloud", DAV)
    annex_clone.bury(uuid)
    annex_clone.remote("link", DAV, **{"sameas-uuid": uuid})
    assert found_in(annex_clone).stores == ()


def test_a_name_that_is_a_uuid_or_that_another_remote_has_here_is_left_alone(annex_clone: AnnexClone) -> None:
    annex_clone.remote("0badcafe-0000-4000-8000-00000000000f", DAV)
    annex_clone.remote("origin", DAV)
    annex_clone.remote("mine", DAV)
    annex_clone.git("config", "remote.mine.annex-uuid", "0badcafe-0000-4000-8000-0000000000aa")
    found = found_in(annex_clone)
    assert found.stores == ()
    assert len(found.left_alone) == 3


def test_what_git_annex_enables_instead_of_the_store_is_taken_back(annex_clone: AnnexClone) -> None:
    annex_clone.remote("cloud", DAV)
    annex_clone.git("config", "remote.cloud.pyshare-timeout", "60")
    store = only(annex_clone)
    for other in (
        ("0badcafe-0000-4000-8000-0000000000aa", EVIL),
        (store.uuid, EVIL),
        (store.uuid, {**EVIL, "url": "/x"}),
    ):
        annex_clone.uses["cloud"] = other
        with pytest.raises(PyshareError, match="other settings for cloud than those shown, so it is not enabled"):
            enable(store, LocalConfig(annex_clone.git_dir))
        assert annex_clone.git("config", "--get-regexp", r"^remote\.cloud\.") == "remote.cloud.pyshare-timeout 60\n"


def test_another_folder_at_the_shown_host_is_neither_enabled_nor_verified(annex_clone: AnnexClone) -> None:
    uuid = annex_clone.remote("cloud", DAV)
    store = only(annex_clone)
    mallory = {**EVIL, "externaltype": "pyshare", "url": "https://dav.example.org/mallory"}
    annex_clone.uses["cloud"] = (uuid, mallory)
    with pytest.raises(PyshareError, match="other settings"):
        enable(store, LocalConfig(annex_clone.git_dir))
    annex_clone.uses.clear()
    enable(store, LocalConfig(annex_clone.git_dir))
    annex_clone.uses["cloud"] = (uuid, mallory)
    assert not verify(store, LocalConfig(annex_clone.git_dir))
    annex_clone.uses["cloud"] = (uuid, EVIL)
    assert not verify(store, LocalConfig(annex_clone.git_dir)), "another program at the shown address"
    assert annex_clone.state("cloud") == "automatic"
    annex_clone.uses.clear()
    assert verify(store, LocalConfig(annex_clone.git_dir))
    assert is_verified(store, LocalConfig(annex_clone.git_dir))


def test_a_store_is_enabled_once_and_by_the_name_that_only_it_has(annex_clone: AnnexClone) -> None:
    annex_clone.remote("cloud", DAV, autoenable="")
    enable(only(annex_clone), LocalConfig(annex_clone.git_dir))
    enable(only(annex_clone), LocalConfig(annex_clone.git_dir))
    assert annex_clone.ran == [("git", "annex", "enableremote", "cloud")]
    assert annex_clone.state("cloud") == "manual"


def test_of_two_settings_the_one_counts_whose_time_git_annex_can_read(annex_clone: AnnexClone) -> None:
    uuid = annex_clone.remote("cloud", DAV)
    log = annex_clone.journal / "remote.log"
    mask = log.read_text().replace("alice", "mask")
    for time in ("1e9s", "infs", "nans", "9_9s", "²s"):
        log.write_text(log.read_text() + mask.replace("timestamp=1s", f"timestamp={time}"))
    assert (only(annex_clone).uuid, only(annex_clone).place.address) == (uuid, DAV)
