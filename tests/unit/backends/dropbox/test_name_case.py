"""Keys that differ in case only never share an object, in any layout, although Dropbox takes their names for one."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.dropboxkit import Owner, credential, place_for, quiet, source
from support.fakes.dropbox.fake import RunningDropbox

from git_annex_remote_pyshare.annex.layout import LAYOUTS, name_of
from git_annex_remote_pyshare.backends.base import Backend, Shares, Stat, ability
from git_annex_remote_pyshare.backends.multipart import SupportsMultipart
from git_annex_remote_pyshare.backends.registry import make
from git_annex_remote_pyshare.errors import BadName, NotFound, PyshareError
from git_annex_remote_pyshare.part_plan import Plan, Upload
from git_annex_remote_pyshare.transfer import Sink

pytest_plugins = ["support.dropbox_stores"]

UPPER, LOWER = (f"SHA256E-s7--{'ab' * 32}.{ending}" for ending in ("JPG", "jpg"))
OTHERS = sorted(set(LAYOUTS) - {"shard"})


@pytest.fixture(params=["flat", "mixed"])
def flat(request: pytest.FixtureRequest, owner: Owner) -> Backend:
    """A store whose names are keys, whatever folders are before them."""
    return owner.store(layout=request.param)


def is_there(owner: Owner, name: str) -> bool:
    return owner.content(name) is not None


def test_shard_has_room_for_both_db15(owner: Owner, tmp_path: Path) -> None:
    box = owner.store(layout="shard")
    names = [name_of("shard", key) for key in (UPPER, LOWER)]
    for name in names:
        box.put(name, source(tmp_path), quiet)
    box.delete(names[0])
    assert [box.stat(name) for name in names] == [None, Stat(7)]


@pytest.mark.parametrize("content", [b"content", b"another"], ids=["the same content", "another content"])
def test_elsewhere_the_second_is_refused_and_the_first_stays_as_it_is_db15(
    owner: Owner, flat: Backend, tmp_path: Path, content: bytes
) -> None:
    flat.put(LOWER, source(tmp_path), quiet)
    with pytest.raises(BadName, match="another file is there under a name that differs in upper and lower case only"):
        flat.put(UPPER, source(tmp_path, content, "second"), quiet)
    assert owner.content(LOWER) == b"content"
    assert (flat.stat(LOWER), flat.stat(UPPER)) == (Stat(7), None)
    with pytest.raises(NotFound):
        flat.get(UPPER, Sink(str(tmp_path / "back")), quiet)
    flat.delete(UPPER)
    assert is_there(owner, LOWER)
    flat.delete(LOWER)
    assert not is_there(owner, LOWER)
    flat.put(UPPER, source(tmp_path), quiet)
    assert flat.stat(UPPER) == Stat(7)


def test_what_goes_in_parts_is_refused_before_it_is_sent_or_in_the_end_db15(
    owner: Owner, flat: Backend, tmp_path: Path
) -> None:
    takes = ability(flat, SupportsMultipart)
    assert takes
    cut, large = Plan(7, 4 << 20), source(tmp_path)
    upload = Upload(UPPER, takes.begin(UPPER, cut), cut)
    sent = {1: takes.send(upload, cut.part(1), large, quiet)}
    flat.put(LOWER, source(tmp_path, b"another", "second"), quiet)
    with pytest.raises(BadName, match="another file is there under a name that differs in upper and lower case only"):
        takes.finish(upload, sent, large, quiet)
    owner.service.forget()
    with pytest.raises(BadName, match="another file is there under a name that differs in upper and lower case only"):
        takes.begin(UPPER, cut)
    assert owner.routes() == ["files/get_metadata"]
    assert owner.content(LOWER) == b"another"


def test_of_two_that_are_stored_at_once_one_is_refused_db15(owner: Owner, flat: Backend, tmp_path: Path) -> None:
    owner.service.latency = 0.02
    files = [source(tmp_path, content, content.decode()) for content in (b"content", b"another")]
    keys = (UPPER, LOWER)
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(flat.put, key, file, quiet) for key, file in zip(keys, files, strict=True)]
    failed = [one.exception() for one in done]
    assert [isinstance(error, PyshareError) for error in failed].count(True) == 1
    winner = failed.index(None)
    assert owner.content(LOWER) == (b"content", b"another")[winner]
    assert flat.stat(keys[winner]) == Stat(7)
    assert flat.stat(keys[1 - winner]) is None


@pytest.mark.parametrize("layout", OTHERS)
def test_an_object_is_replaced_and_removed_in_any_layout(owner: Owner, tmp_path: Path, layout: str) -> None:
    box, name = owner.store(layout=layout), name_of(layout, UPPER)
    box.put(name, source(tmp_path, b"damaged"), quiet)
    box.put(name, source(tmp_path), quiet)
    assert owner.content(name) == b"content"
    box.delete(name)
    assert not is_there(owner, name)


def test_a_folder_of_another_layout_is_not_removed_for_an_object(owner: Owner, tmp_path: Path) -> None:
    owner.store(layout="directory").put(name_of("directory", UPPER), source(tmp_path), quiet)
    owner.store(layout="lower").delete(name_of("lower", UPPER))
    assert is_there(owner, name_of("directory", UPPER))


def test_behind_a_link_keys_are_told_apart_too_db15(
    owner: Owner, fake_dropbox: RunningDropbox, flat: Backend, tmp_path: Path
) -> None:
    flat.put(LOWER, source(tmp_path), quiet)
    shares = ability(flat, Shares)
    assert shares
    link = shares.share()
    assert link
    bob = credential(owner.service, fake_dropbox.service.person("Bob"))
    friend = make(place_for(bob, link.url, layout="flat"))
    assert (friend.stat(LOWER), friend.stat(UPPER)) == (Stat(7), None)
    with pytest.raises(NotFound):
        friend.get(UPPER, Sink(str(tmp_path / "back")), quiet)
    friend.close()
