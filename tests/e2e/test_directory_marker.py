"""The marker: whose store a folder is, and what you type when it is not there or another remote's."""

import os
import re
from pathlib import Path

import pytest
from support.annex import Home, Repository
from support.folderkit import NAME, UUID, place_at, quiet, sources_in

from git_annex_remote_pyshare import errors
from git_annex_remote_pyshare.backends.base import Stat
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.transfer import Sink

OTHERS = "99999999-2222-3333-4444-555555555555"
OLD = "This folder is a store of git-annex-remote-pyshare; without this file it is taken for an unmounted disk.\n"
"""All that the marker of version 1.0 says."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def marker_of(folder: Path) -> Path:
    return folder / ".pyshare-store"


def owners(folder: Path, uuid: str = UUID, **config: str) -> DirectoryBackend:
    """The store in the owner's clone, at initremote and enableremote."""
    return DirectoryBackend(place_at(folder, annex_uuid=uuid, **config)._replace(uuid=uuid))


def strangers(folder: Path, **config: str) -> DirectoryBackend:
    """The store in a clone whose user has not looked at the settings."""
    place = place_at(folder, pyshare_made="", **config)
    return DirectoryBackend(place._replace(trusted=lambda: False, settings={"layout": "lower"}))


# Whose store it is


def test_a_store_says_whose_it_is_and_goes_on_saying_so(folder: Path) -> None:
    owners(folder).initialize()
    owners(folder).initialize()

    assert marker_of(folder).read_text() == f"{OLD}remote {UUID}\n"


def test_a_place_of_another_remote_is_refused_unless_told(folder: Path) -> None:
    owners(folder, OTHERS).initialize()

    with pytest.raises(errors.BadSetting, match=f"belongs to another remote, {OTHERS}") as refused:
        owners(folder).initialize()
    assert "git -c remote.lab.pyshare-take-over=true annex initremote" in refused.value.remedy

    (note,) = owners(folder, pyshare_take_over="true").initialize().notes
    assert f"belonged to the remote {OTHERS}, and was taken over" in note
    assert marker_of(folder).read_text() == f"{OLD}remote {UUID}\n"
    assert os.listdir(folder / ".pyshare-tmp") == []


def test_a_store_of_another_remote_is_neither_read_nor_changed_and_nothing_is_absent(folder: Path) -> None:
    """Two disks may be mounted in one place, one after the other."""
    source, other = sources_in(folder.parent), owners(folder, OTHERS)
    other.initialize()
    other.put(NAME, source(b"12345"), quiet)
    store = owners(folder)

    for verb in (
        lambda: store.stat("a/X--none"),
        lambda: store.get("a/X--none", Sink(os.fsencode(folder.parent / "sink")), quiet),
        lambda: store.put(NAME, source(b"67890"), quiet),
        lambda: store.delete(NAME),
        lambda: list(store.list()),
    ):
        with pytest.raises(errors.NotAStore, match=f"belongs to another remote, {OTHERS}.*Mount this remote's own"):
            verb()
    assert not store.available()
    assert (folder / NAME).read_bytes() == b"12345"


@pytest.mark.parametrize("text", [OLD, "", f"{OLD}remote {OTHERS[:8]}"], ids=["old", "empty", "cut off"])
def test_a_marker_without_a_uuid_goes_on_working_and_is_adopted(folder: Path, text: str) -> None:
    folder.mkdir()
    marker_of(folder).write_text(text)
    for store in (owners(folder), owners(folder, OTHERS)):
        assert store.stat("a/X--none") is None
        store.put(NAME, sources_in(folder.parent)(b"12345"), quiet)

    owners(folder).initialize()

    assert marker_of(folder).read_text() == f"{OLD}remote {UUID}\n"
    with pytest.raises(errors.NotAStore):
        owners(folder, OTHERS).delete(NAME)
    assert owners(folder).stat(NAME) == Stat(5)


def test_a_remote_without_a_uuid_leaves_the_marker_as_it_is(folder: Path) -> None:
    owners(folder, "").initialize()
    assert marker_of(folder).read_text() == OLD
    owners(folder, OTHERS).initialize()
    owners(folder, "").initialize()
    assert OTHERS in marker_of(folder).read_text()


def test_the_marker_can_be_read_by_all_who_can_read_the_store(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o2775)
    before = os.umask(0o077)
    try:
        owners(folder).initialize()
    finally:
        os.umask(before)
    assert marker_of(folder).stat().st_mode & 0o777 == 0o644


# What a stranger's remote may read


def test_an_unverified_remote_reads_no_folder_that_is_not_its_own_store(folder: Path) -> None:
    """Its dataset may name any folder, with names and hashes of files that are likely to be there."""
    private = folder.parent / "home"
    private.mkdir()
    (private / "id_rsa").write_bytes(b"secret")
    owners(folder, OTHERS).initialize()
    (folder / "id_rsa").write_bytes(b"secret")
    sink = folder.parent / "sink"

    for place, refusal in ((private, errors.Unreachable), (folder, errors.NotAStore)):
        store = strangers(place)
        with pytest.raises(refusal):
            store.stat("id_rsa")
        with pytest.raises(refusal):
            store.get("id_rsa", Sink(os.fsencode(sink)), quiet)
        with pytest.raises(refusal):
            list(store.list())

    assert not sink.exists()


def test_an_unverified_remote_reads_its_own_store(folder: Path) -> None:
    owners(folder).initialize()
    owners(folder).put(NAME, sources_in(folder.parent)(b"12345"), quiet)

    strangers(folder).get(NAME, Sink(os.fsencode(folder.parent / "sink")), quiet)

    assert (folder.parent / "sink").read_bytes() == b"12345"


def test_a_clone_gets_nothing_out_of_a_folder_that_is_no_store(repository: Repository, bob: Home, folder: Path) -> None:
    repository.add({"file": b"12345"})
    repository.initremote(str(folder), {"layout": "flat", "autoenable": "true"})
    repository.annex("copy", "--to", "store", "file")
    key = repository.key("file")
    (folder / key).rename(folder.with_name("kept"))
    marker_of(folder).unlink()
    folder.with_name("kept").rename(folder / key)  # as if the dataset named a folder of Bob's own

    clone, _ = repository.cloned(bob)
    refused = clone.annex("get", "file", check=False)

    assert refused.returncode == 1
    assert "has no file .pyshare-store" in refused.stdout + refused.stderr
    assert not (clone.folder / "file").exists()
    owners(folder, repository.git("config", "remote.store.annex-uuid").stdout.strip()).initialize()
    clone.annex("get", "file")
    assert (clone.folder / "file").read_bytes() == b"12345"


# Not mounted


def test_the_maker_may_make_the_store_anew_and_a_friend_is_asked_where_the_disk_is(folder: Path) -> None:
    with pytest.raises(errors.Unreachable) as refused:
        owners(folder).stat(NAME)
    assert str(refused.value) == (
        f"the folder {folder} is not there. Mount its disk. To make an empty store in its place, type:"
        f" mkdir -p {folder} && git annex enableremote lab"
    )
    elsewhere = (
        "Is it elsewhere on this machine? Type: git annex initremote lab-here --sameas=lab type=external"
        " externaltype=pyshare layout=lower url=PATH"
    )
    with pytest.raises(errors.Unreachable) as refused:
        strangers(folder).stat(NAME)
    assert str(refused.value) == f"the folder {folder} is not there. Mount its disk. {elsewhere}"
    folder.mkdir()
    with pytest.raises(errors.Unreachable, match=f"unmounted disk. Mount the disk. {re.escape(elsewhere)}"):
        strangers(folder).stat(NAME)


def test_a_friend_types_what_stands_there_and_has_the_store_elsewhere(
    repository: Repository, tmp_path: Path, folder: Path
) -> None:
    repository.add({"file": b"12345"})
    repository.initremote(str(folder), {"layout": "lower"})
    repository.annex("copy", "--to", "store", "file")
    repository.annex("drop", "file")
    folder.rename(tmp_path / "elsewhere")
    repository.git("config", "--unset", "remote.store.pyshare-made")  # as it is in a friend's clone

    refused = repository.annex("get", "file", check=False)
    (line,) = set(re.findall("git annex (initremote .*url=PATH)", refused.stdout + refused.stderr))
    repository.annex(*line.replace("PATH", str(tmp_path / "elsewhere")).split())

    repository.annex("get", "file", "--from", "store-here")
    assert (repository.folder / "file").read_bytes() == b"12345"


def test_the_clone_that_made_a_store_is_told_how_to_make_it_anew(repository: Repository, folder: Path) -> None:
    repository.add({"file": b"12345"})
    repository.initremote(str(folder))
    folder.rename(folder.with_name("elsewhere"))

    refused = repository.annex("copy", "--to", "store", "file", check=False)
    line = f"mkdir -p {folder} && git annex enableremote store"
    assert f"type: {line}" in refused.stdout + refused.stderr

    repository.home.run("bash", "-c", line, cwd=repository.folder)
    repository.annex("copy", "--to", "store", "file")


def test_a_second_dataset_in_the_same_place_is_refused(repository: Repository, tmp_path: Path, folder: Path) -> None:
    repository.initremote(str(folder))
    second = Repository.create(repository.home, tmp_path / "second")

    told = second.initremote(str(folder), check=False)

    uuid = repository.git("config", "remote.store.annex-uuid").stdout.strip()
    assert f"belongs to another remote, {uuid}" in told
    assert "Give url= a folder of its own" in told
    found = re.search(r"type: (git -c \S+ annex initremote store .*)", told)
    assert found
    repository.home.run("bash", "-c", found[1], cwd=second.folder)
    second.add({"file": b"content"})
    second.annex("copy", "--to", "store")


def test_a_remote_whose_place_another_one_has_taken_is_told_the_command_that_takes_it_back(
    repository: Repository, folder: Path
) -> None:
    repository.initremote(str(folder))
    marker = folder / ".pyshare-store"
    uuid = repository.git("config", "remote.store.annex-uuid").stdout.strip()
    marker.write_text(marker.read_text().replace(uuid, OTHERS))
    refused = repository.annex("enableremote", "store", check=False)
    found = re.search(r"type: (git -c \S+ annex enableremote store)$", refused.stderr, re.MULTILINE)
    assert found
    repository.home.run("bash", "-c", found[1], cwd=repository.folder)
    repository.add({"file": b"content"})
    repository.annex("copy", "--to", "store")
