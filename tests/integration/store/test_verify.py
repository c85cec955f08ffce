"""Verified: what the server says of an object is held against the file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.errors import Corrupt, CorruptUpload, PermissionDenied, SourceChanged
from git_annex_remote_pyshare.store.verify import Verified
from git_annex_remote_pyshare.testing.faults import Fail, Mangle
from git_annex_remote_pyshare.testing.files import Desk, body_of, nobody
from git_annex_remote_pyshare.testing.memory import MemoryBackend
from git_annex_remote_pyshare.transfer import Progress, Source

BODY = body_of(5000)


def cut_short(body: bytes) -> bytes:
    return body[:-1]


def flip(body: bytes) -> bytes:
    return body[:100] + b"?" + body[101:]


@pytest.fixture
def server() -> MemoryBackend:
    return MemoryBackend(digests=("sha256", "md5"))


def test_a_right_object_stays(server: MemoryBackend, desk: Desk) -> None:
    receipt = desk.put(Verified(server), "name", BODY)
    assert set(receipt.digests) == {"sha256", "md5"}
    assert desk.get(server, "name") == BODY


@pytest.mark.parametrize(("change", "said"), [(cut_short, "4999 bytes instead of 5000"), (flip, "another sha256")])
def test_a_wrong_object_is_removed_and_reported_when_it_is_wrong_twice(
    server: MemoryBackend, desk: Desk, change: Callable[[bytes], bytes], said: str
) -> None:
    server.faults.always("put", Mangle(change))
    with pytest.raises(CorruptUpload, match=rf"took the file, but has something else: {said} \(tried twice\)"):
        desk.put(Verified(server), "name", BODY)
    assert server.stat("name") is None
    assert server.faults.calls("put") == 2


def test_an_object_that_is_wrong_once_is_stored_again(server: MemoryBackend, desk: Desk) -> None:
    server.faults.next("put", Mangle(flip))
    desk.put(Verified(server), "name", BODY)
    assert desk.get(server, "name") == BODY


def test_an_object_that_is_wrong_once_and_cannot_be_stored_again_is_gone(server: MemoryBackend, desk: Desk) -> None:
    server.faults.next("put", Mangle(flip), Fail(PermissionDenied("no more")))
    with pytest.raises(PermissionDenied):
        desk.put(Verified(server), "name", BODY)
    assert server.stat("name") is None


def test_what_the_layers_below_tried_twice_is_not_sent_a_third_time(server: MemoryBackend, desk: Desk) -> None:
    server.faults.always("put", Fail(CorruptUpload("what the server received is damaged (tried twice in 0 s)")))
    with pytest.raises(CorruptUpload):
        desk.put(Verified(server), "name", BODY)
    assert server.faults.calls("put") == 1


def test_a_wrong_object_is_reported_even_if_it_cannot_be_removed(server: MemoryBackend, desk: Desk) -> None:
    server.faults.always("put", Mangle(flip))
    server.faults.always("delete", Fail(PermissionDenied("deleting is not allowed")))
    with pytest.raises(CorruptUpload, match="another sha256; it is still there, since deleting is not allowed"):
        desk.put(Verified(server), "name", BODY)
    assert server.faults.calls("put") == 1


def test_digests_in_capitals_are_the_same(server: MemoryBackend, desk: Desk) -> None:
    class Loud(MemoryBackend):
        def put(self, name: str, source: Source, progress: Progress) -> Receipt:
            super().put(name, source, progress)
            return Receipt(None, {"md5": source.digest("md5").upper()})

    desk.put(Verified(Loud()), "name", BODY)


def test_a_known_digest_is_not_computed_from_the_file(desk: Desk) -> None:
    server = MemoryBackend(digests=("sha256",))
    path = desk.source(BODY).path
    with pytest.raises(Corrupt):
        Verified(server).put("name", Source(path, {"sha256": "00"}), nobody)


def test_a_file_that_changed_before_it_was_hashed_leaves_no_object(desk: Desk) -> None:
    class Late(MemoryBackend):
        def put(self, name: str, source: Source, progress: Progress) -> Receipt:
            receipt = super().put(name, source, progress)
            Path(str(source.path)).write_bytes(b"something else")
            return receipt

    late = Late(digests=("sha256",))
    with pytest.raises(SourceChanged):
        desk.put(Verified(late), "name", BODY)
    assert late.stat("name") is None


def test_a_server_that_says_nothing_is_believed(desk: Desk) -> None:
    class Silent(MemoryBackend):
        def put(self, name: str, source: Source, progress: Progress) -> Receipt:
            super().put(name, source, progress)
            return Receipt()

    assert desk.put(Verified(Silent()), "name", BODY) == Receipt()
