"""Conformance: objects in parts, for stores that take them."""

import pytest

from git_annex_remote_pyshare.backends.base import Backend, ability
from git_annex_remote_pyshare.backends.multipart import SupportsMultipart
from git_annex_remote_pyshare.part_plan import Plan, Sent, Upload, plan
from git_annex_remote_pyshare.testing.conformance.suite import KEY, Suite
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.transfer import Source


class Parts(Suite):
    """Objects in parts."""

    size_in_parts = (33 << 20) + 7
    """Bytes of an object that the store under test takes in a few parts."""

    @pytest.fixture
    def takes(self, store: Backend) -> SupportsMultipart:
        takes = ability(store, SupportsMultipart)
        if takes is None or takes.part_limits(self.size_in_parts) is None:
            pytest.skip("this store takes no parts")
        return takes

    @pytest.fixture
    def source(self, desk: Desk) -> Source:
        return desk.source(body_of(self.size_in_parts))

    def test_parts_come_in_any_order_and_are_seen_at_the_end(
        self, store: Backend, elsewhere: Backend, desk: Desk, takes: SupportsMultipart, source: Source
    ) -> None:
        desk.put(store, KEY, b"old")
        upload = begun(takes, source)
        sent = send(takes, upload, source, *_unordered(takes, upload.plan))
        assert desk.get(elsewhere, KEY) == b"old"
        assert [entry.name for entry in elsewhere.list()] == [KEY]
        receipt = takes.finish(upload, sent, source, nobody)
        assert receipt.size in {None, source.size}
        assert all(digest == source.digest(algorithm) for algorithm, digest in receipt.digests.items())
        sink = desk.sink()
        elsewhere.get(KEY, sink, nobody)
        assert content(sink) == body_of(source.size)

    def test_a_large_object_comes_back_whole(self, store: Backend, elsewhere: Backend, desk: Desk) -> None:
        desk.put(store, KEY, body_of(self.size_in_parts))
        assert desk.get(elsewhere, KEY) == body_of(self.size_in_parts)
        assert [entry.name for entry in elsewhere.list()] == [KEY]

    def test_the_store_knows_what_it_has_and_takes_a_part_again(
        self, store: Backend, elsewhere: Backend, takes: SupportsMultipart, source: Source
    ) -> None:
        upload = begun(takes, source)
        known = send(takes, upload, source, 1, 2)
        later = ability(elsewhere, SupportsMultipart)
        assert later
        there = later.sent(upload, known)
        assert there == known
        assert {number: sent.digest for number, sent in there.items()} == {
            number: later.fingerprint(source, upload.plan.part(number)) for number in (1, 2)
        }
        sent = {**there, **send(later, upload, source, *range(2, upload.plan.last + 1))}
        later.finish(upload, sent, source, nobody)
        found = store.stat(KEY)
        assert found
        assert found.size == source.size

    def test_progress_of_a_part_counts_from_its_own_beginning(self, takes: SupportsMultipart, source: Source) -> None:
        upload = begun(takes, source)
        told: list[int] = []
        takes.send(upload, upload.plan.part(2), source, told.append)
        assert told == sorted(told)
        assert told[-1] == upload.plan.part_size
        takes.abort(KEY, upload.id)

    def test_finishing_again_is_a_success_s3_3(
        self, store: Backend, desk: Desk, takes: SupportsMultipart, source: Source
    ) -> None:
        upload = begun(takes, source)
        sent = send(takes, upload, source, *range(1, upload.plan.last + 1))
        takes.finish(upload, sent, source, nobody)
        takes.finish(upload, sent, source, nobody)
        sink = desk.sink()
        store.get(KEY, sink, nobody)
        assert content(sink) == body_of(source.size)

    def test_what_is_aborted_leaves_nothing_and_can_be_aborted_again_s3_4(
        self, store: Backend, takes: SupportsMultipart, source: Source
    ) -> None:
        upload = begun(takes, source)
        send(takes, upload, source, 1)
        assert all(left.id == upload.id and left.name in {KEY, ""} for left in takes.unfinished())
        takes.abort(KEY, upload.id)
        takes.abort(KEY, upload.id)
        assert list(takes.unfinished()) == []
        assert store.stat(KEY) is None
        assert list(store.list()) == []


def begun(takes: SupportsMultipart, source: Source) -> Upload:
    """A new upload of the source."""
    limits = takes.part_limits(source.size)
    assert limits
    made = plan(source.size, limits)
    return Upload(KEY, takes.begin(KEY, made), made)


def send(takes: SupportsMultipart, upload: Upload, source: Source, *numbers: int) -> dict[int, Sent]:
    """Send parts one after the other."""
    return {number: takes.send(upload, upload.plan.part(number), source, nobody) for number in numbers}


def _unordered(takes: SupportsMultipart, plan: Plan) -> list[int]:
    limits = takes.part_limits(plan.size)
    assert limits
    backwards = list(range(plan.last, 0, -1))
    return backwards[1:] + backwards[:1] if limits.last_alone else backwards
