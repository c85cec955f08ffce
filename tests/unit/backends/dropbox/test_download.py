"""Looking at objects in Dropbox, retrieving, listing, and what room there is."""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from support import many_ranges
from support.dropboxkit import NAME, Owner, credential, fetched, place_for, quiet, source
from support.fakes.dropbox.accounts import Account, Team
from support.fakes.dropbox.script import Play, Rule, refuses

from git_annex_remote_pyshare.backends.base import Backend, HasQuota, Quota, ReadsRanges, Stat, ability
from git_annex_remote_pyshare.backends.dropbox import download as reading
from git_annex_remote_pyshare.backends.registry import make
from git_annex_remote_pyshare.errors import Busy, Cancelled, PyshareError, RangeRefused, Unreachable
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk
from git_annex_remote_pyshare.transfer import ByteRange, Sink

pytest_plugins = ["support.dropbox_stores"]
BODY = os.urandom(3 << 20)


def test_any_spelling_is_the_same_object_db15(owner: Owner, box: Backend) -> None:
    owner.service.put(owner.home, "/Annex/A/sha256e-s7--KEY.bin", b"content")
    assert box.stat(NAME) == Stat(7)


def test_what_this_process_stored_is_looked_at_again_before_it_is_absent_db23(
    owner: Owner, box: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PAUSE", 0.01)
    box.put(NAME, source(tmp_path), quiet)
    owner.service.play(Rule("files/get_metadata", refuses("path", "not_found"), times=2))
    assert box.stat(NAME) == Stat(7)
    assert owner.routes().count("files/get_metadata") == 3


def test_what_was_stored_is_not_absent_because_all_is_to_end_db23(owner: Owner, box: Backend, tmp_path: Path) -> None:
    box.put(NAME, source(tmp_path), quiet)
    owner.service.play(Rule("files/get_metadata", refuses("path", "not_found"), times=9))
    box.close()
    with pytest.raises(Cancelled):
        box.stat(NAME)


def test_what_others_removed_is_absent_in_the_end_db23(
    owner: Owner, box: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PAUSE", 0.01)
    box.put(NAME, source(tmp_path), quiet)
    owner.home.delete(f"/annex/{NAME}")
    assert box.stat(NAME) is None
    owner.service.forget()
    assert box.stat(NAME) is None
    assert box.stat("a/never stored") is None
    assert owner.routes() == ["files/get_metadata"] * 2


@pytest.mark.parametrize("status", [409, 416])
@pytest.mark.parametrize(
    "there",
    [lambda: b"", lambda: BODY[:1], lambda: BODY[:5000], lambda: BODY, lambda: BODY + b"more"],
    ids=["nothing", "a byte", "a part", "all", "more"],
)
def test_retrieving_goes_on_behind_what_is_there(
    owner: Owner, box: Backend, tmp_path: Path, there: Callable[[], bytes], status: int
) -> None:
    owner.service.unsatisfiable_status = status
    owner.service.put(owner.home, f"/annex/{NAME}", BODY)
    (tmp_path / "back").write_bytes(there())
    assert fetched(box, NAME, tmp_path / "back") == BODY
    assert len(owner.routes()) == (2 if len(there()) > len(BODY) else 1)


def test_a_cut_answer_leaves_what_came_of_it(owner: Owner, box: Backend, tmp_path: Path) -> None:
    owner.service.put(owner.home, f"/annex/{NAME}", BODY)
    owner.service.play(Rule("files/download", Play(cut=2_000_000)))
    sink = Sink(str(tmp_path / "back"))
    with pytest.raises(Unreachable):
        box.get(NAME, sink, quiet)
    assert 0 < sink.size <= 2_000_000
    assert fetched(box, NAME, tmp_path / "back") == BODY
    assert owner.service.seen[-1].headers["Range"] == f"bytes={2_000_000 - 1}-" or sink.size == len(BODY)


def test_a_listing_of_many_pages_loses_nothing_db27(owner: Owner, box: Backend) -> None:
    owner.service.page = 7
    names = {f"{number % 3}/KEY{number}" for number in range(40)}
    for name in names:
        owner.service.put(owner.home, f"/annex/{name}", b"x")
    owner.service.put(owner.home, "/elsewhere/KEY", b"x")
    assert {entry.name for entry in box.list()} == names


def test_a_listing_whose_cursor_is_reset_begins_again_and_tells_each_once_db27(owner: Owner, box: Backend) -> None:
    owner.service.page = 7
    for number in range(40):
        owner.service.put(owner.home, f"/annex/a/KEY{number}", b"x")
    owner.service.play(Rule("files/list_folder/continue", refuses("reset"), after=2))
    assert sorted(entry.name for entry in box.list()) == sorted(f"a/KEY{number}" for number in range(40))
    assert owner.routes().count("files/list_folder") == 2


def test_a_listing_that_is_reset_for_ever_is_told_db27(owner: Owner, box: Backend) -> None:
    owner.service.page = 1
    for number in range(3):
        owner.service.put(owner.home, f"/annex/a/KEY{number}", b"x")
    owner.service.play(Rule("files/list_folder/continue", refuses("reset"), times=99))
    with pytest.raises(Busy):
        list(box.list())


def test_documents_that_cannot_be_downloaded_are_not_listed_db29(owner: Owner, box: Backend) -> None:
    file = owner.service.put(owner.home, "/annex/notes.paper", b"x")
    owner.home.adopt(file._replace(is_downloadable=False))
    assert list(box.list()) == []


def test_a_document_cannot_be_got_db24(owner: Owner, box: Backend, tmp_path: Path) -> None:
    file = owner.service.put(owner.home, "/annex/notes.paper", b"x")
    owner.home.adopt(file._replace(is_downloadable=False))
    with pytest.raises(PyshareError, match="as a file"):
        box.get("notes.paper", Sink(str(tmp_path / "back")), quiet)


def test_the_room_is_that_of_the_account(owner: Owner, box: Backend) -> None:
    owner.service.put(owner.home, "/x", bytes(1000))
    measures = ability(box, HasQuota)
    assert measures
    assert measures.quota() == Quota(1000, owner.account.quota - 1000)


def test_the_room_of_a_teams_member_is_that_within_the_team(owner: Owner) -> None:
    member: Account = owner.service.person("Carol", Team("Lab"))
    box = make(place_for(credential(owner.service, member)))
    measures = ability(box, HasQuota)
    assert measures
    assert measures.quota() == Quota(0, member.quota)
    box.close()


def test_an_object_is_shown_by_its_path(box: Backend) -> None:
    assert box.locate(NAME) == f"dropbox:/annex/{NAME}"  # type: ignore[attr-defined]


# Ranges


def part_of(owner: Owner, box: Backend, desk: Desk, start: int = 1000, size: int = 500) -> ByteRange:
    """A part of an object, as `get` says which version it is."""
    owner.service.put(owner.home, f"/annex/{NAME}", BODY)
    sink = desk.sink()
    box.get(NAME, sink, quiet)
    assert sink.incoming
    owner.service.forget()
    return ByteRange(sink.incoming.version, start, size, len(BODY))


def read(box: Backend, part: ByteRange) -> bytearray:
    return box.call(ReadsRanges, lambda reads: reads.read_range(NAME, part, quiet))


@pytest.mark.parametrize(("start", "size"), [(0, 1), (1000, 500), (len(BODY) - 1, 1)])
def test_a_range_is_one_request_for_its_bytes_only(
    owner: Owner, box: Backend, desk: Desk, start: int, size: int
) -> None:
    part = part_of(owner, box, desk, start, size)
    assert box.call(ReadsRanges, lambda reads: reads.is_exact(part.version))
    assert read(box, part) == BODY[start : start + size]
    [request] = owner.service.seen
    assert request.headers["Range"] == f"bytes={start}-{start + size - 1}"


@pytest.mark.parametrize("body", [b"short", BODY[::-1]], ids=["shorter", "of the same size"])
def test_a_range_of_a_replaced_object_is_refused(owner: Owner, box: Backend, desk: Desk, body: bytes) -> None:
    part = part_of(owner, box, desk)
    owner.service.put(owner.home, f"/annex/{NAME}", body)
    with pytest.raises(RangeRefused):
        read(box, part)


def test_a_range_that_is_cut_may_be_tried_again(owner: Owner, box: Backend, desk: Desk) -> None:
    part = part_of(owner, box, desk)
    owner.service.play(Rule("files/download", Play(cut=100)))
    with pytest.raises(Unreachable):
        read(box, part)
    assert read(box, part) == BODY[1000:1500]


@pytest.mark.parametrize("version", ["", '"tag"', "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_only_a_revision_is_an_exact_version(box: Backend, version: str) -> None:
    assert not box.call(ReadsRanges, lambda reads: reads.is_exact(version))


def test_a_large_object_comes_in_ranges_each_once(
    owner: Owner, box: Backend, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.service.put(owner.home, f"/annex/{NAME}", many_ranges.BODY)
    many_ranges.small_is_large(monkeypatch)
    assert desk.get(wrap(box, Event()), NAME) == many_ranges.BODY
    many_ranges.check(seen.headers for seen in owner.service.seen if seen.route == "files/download")
