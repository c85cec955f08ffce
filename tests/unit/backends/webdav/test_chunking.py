"""Large objects in chunks, on a scripted Nextcloud or ownCloud."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from support.davkit import backend, clone, quiet, source
from support.fakes.dav import ScriptedDAV
from support.fakes.nextcloud import DAY, FILES, ScriptedCloud
from support.scripted import Play, Rule, Seen, answer, served

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.multipart import SupportsMultipart
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.errors import (
    BadName,
    Busy,
    Cancelled,
    CorruptUpload,
    PyshareError,
    QuotaExceeded,
    Unreachable,
    UploadLost,
)
from git_annex_remote_pyshare.part_plan import Plan, Sent, Upload, plan
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.transfer import Source

MIB = 1 << 20
OBJECT = f"{FILES}/annex/a/KEY"
CHUNK = "/uploads/bob/.*/0"
CONTENT = hashlib.shake_128(b"content").digest(12 * MIB)
"""As three chunks: 5, 5 and 2 MiB."""
PLAN = Plan(len(CONTENT), 5 * MIB)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("git_annex_remote_pyshare.backends.webdav.chunking._FIRST_POLL", 0.01)


@pytest.fixture
def cloud() -> Iterator[ScriptedCloud]:
    with served(ScriptedCloud()) as server:
        yield server


@pytest.fixture
def store(cloud: ScriptedCloud) -> Iterator[WebDAVBackend]:
    made = backend(cloud.address)
    yield made
    made.close()


@pytest.fixture
def file(tmp_path: Path) -> Source:
    return source(tmp_path, CONTENT)


@pytest.fixture
def whole(cloud: ScriptedCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Backend]]:
    """Makes stores in all their layers, as one process of the same clone after the other has them."""
    monkeypatch.setattr("git_annex_remote_pyshare.backends.webdav.chunking.WHOLE", MIB)
    mine = clone(parts="1")
    mine.git_dir = str(tmp_path / "git")
    (tmp_path / "git").mkdir()
    made: list[Backend] = []

    def make() -> Backend:
        made.append(wrap(WebDAVBackend(StoreConfig(cloud.address, {}, mine)), Event()))
        return made[-1]

    yield make
    for each in made:
        each.close()


def begun(store: WebDAVBackend) -> Upload:
    return Upload("a/KEY", store.begin("a/KEY", PLAN), PLAN)


def send_all(store: WebDAVBackend, upload: Upload, file: Source) -> dict[int, Sent]:
    return {part.number: store.send(upload, part, file, quiet) for part in upload.plan.parts()}


def chunk_puts(cloud: ScriptedCloud) -> list[str]:
    return [
        seen.path.rpartition("/")[2] for seen in cloud.requests if seen.method == "PUT" and "/uploads/" in seen.path
    ]


# Which stores take chunks


def test_a_webdav_store_takes_parts(store: WebDAVBackend) -> None:
    assert isinstance(store, SupportsMultipart)


def test_an_object_that_one_request_takes_well_is_not_cut(cloud: ScriptedCloud, store: WebDAVBackend) -> None:
    assert store.part_limits(32 * MIB) is None
    assert cloud.requests == []


def test_limits_are_those_of_nextcloud_wd33(store: WebDAVBackend) -> None:
    limits = store.part_limits(100 * MIB)
    assert limits is not None
    assert (limits.smallest, limits.most) == (5 * MIB, 10_000)
    assert limits.largest <= 5_000_000_000


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("/s/TOKEN", id="WD33-public-link"),
        pytest.param("/public.php/dav/files/TOKEN", id="WD33-public-address"),
        pytest.param("/remote.php/webdav/annex", id="old-address"),
        pytest.param("/dav/files/bob", id="infinite-scale"),
        pytest.param("/remote.php/dav/spaces/1", id="a-space"),
    ],
)
def test_an_address_that_has_no_chunks_is_not_asked_for_them(dav: ScriptedDAV, url: str) -> None:
    dav.folders |= {"/public.php", "/public.php/dav", "/public.php/dav/files", "/public.php/dav/files/TOKEN"}
    store = backend(f"{dav.url}{url}")
    assert store.part_limits(10 << 30) is None
    assert list(store.unfinished()) == []
    assert [seen for seen in dav.requests if "uploads" in seen.path or "ocs" in seen.path] == []
    store.close()


def test_a_server_below_a_path_is_found(dav: ScriptedDAV) -> None:
    store = backend(f"{dav.url}/cloud/remote.php/dav/files/bob%40home")
    dav.script(Rule("GET", answer(404)))
    assert store.part_limits(1 << 30) is not None
    assert list(store.unfinished()) == []
    assert [seen.target for seen in dav.requests] == [
        "/cloud/ocs/v2.php/cloud/capabilities?format=json",
        "/cloud/remote.php/dav/uploads/bob%40home/",
    ]
    store.close()


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(answer(404), id="unknown"),
        pytest.param(answer(200, b"<html>Log in</html>"), id="page"),
        pytest.param(answer(200, b'{"ocs": {"data": []}}'), id="other-json"),
        pytest.param(answer(302, Location="//"), id="nowhere"),
    ],
)
def test_a_cloud_that_does_not_tell_what_it_can_is_tried(
    cloud: ScriptedCloud, store: WebDAVBackend, play: Play
) -> None:
    cloud.script(Rule("GET", play, "capabilities"))
    assert store.part_limits(1 << 30) is not None
    begun(store)
    assert len(cloud.uploads) == 1


def test_a_cloud_that_says_that_it_takes_no_chunks_is_asked_once(cloud: ScriptedCloud, store: WebDAVBackend) -> None:
    cloud.chunks = False
    assert store.part_limits(1 << 30) is None
    assert store.part_limits(1 << 30) is None
    assert len(cloud.requests) == 1


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_a_cloud_that_turns_out_to_take_no_chunks_gets_the_object_whole(
    cloud: ScriptedCloud, whole: Callable[[], Backend], file: Source, status: int
) -> None:
    cloud.tells, cloud.chunks, cloud.without_chunks = False, False, status
    store = whole()
    store.put("a/KEY", file, quiet)
    store.put("a/KEY2", file, quiet)
    assert cloud.objects == {OBJECT: CONTENT, f"{OBJECT}2": CONTENT}
    assert len([seen for seen in cloud.requests if "/uploads/" in seen.path]) == 1


@pytest.mark.parametrize(
    ("announced", "size", "largest"),
    [
        pytest.param(10 * MIB, 1 << 30, 10 * MIB, id="as-it-wants"),
        pytest.param(1 * MIB, 1 << 30, 5 * MIB, id="WD33-not-below-5-MB"),
        pytest.param(10 * MIB, 10 * 10_000 * MIB + 1, 11 * MIB, id="WD33-not-more-than-10000"),
    ],
)
def test_the_size_that_a_cloud_wants_is_a_wish(
    cloud: ScriptedCloud, store: WebDAVBackend, announced: int, size: int, largest: int
) -> None:
    cloud.announced = announced
    limits = store.part_limits(size)
    assert limits is not None
    assert limits.largest == largest
    assert plan(size, limits).last <= 10_000


# One upload


def test_chunks_become_the_object_and_nothing_is_left(cloud: ScriptedCloud, store: WebDAVBackend, file: Source) -> None:
    upload = begun(store)
    sent = send_all(store, upload, file)
    receipt = store.finish(upload, sent, file, quiet)
    assert cloud.objects == {OBJECT: CONTENT}
    assert receipt.digests == {"sha256": hashlib.sha256(CONTENT).hexdigest()}
    assert cloud.uploads == set()


def test_each_request_says_where_the_object_goes_and_how_large_it_is_wd33(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source
) -> None:
    upload = begun(store)
    store.finish(upload, send_all(store, upload, file), file, quiet)
    ours = [seen for seen in cloud.requests if "/uploads/bob/pyshare-" in seen.path]
    assert [seen.method for seen in ours] == ["MKCOL", "PUT", "PUT", "PUT", "MOVE"]
    assert {seen.headers["Destination"] for seen in ours} == {f"{cloud.address}/a/KEY"}
    assert {seen.headers["OC-Total-Length"] for seen in ours} == {str(len(CONTENT))}
    assert chunk_puts(cloud) == ["00001", "00002", "00003"]


def test_progress_counts_from_the_chunks_own_beginning(store: WebDAVBackend, file: Source) -> None:
    seen: list[int] = []
    store.send(begun(store), PLAN.part(2), file, seen.append)
    assert seen == [MIB, 2 * MIB, 3 * MIB, 4 * MIB, 5 * MIB]


def test_what_was_sent_is_what_the_fingerprint_says(store: WebDAVBackend, file: Source) -> None:
    part = PLAN.part(3)
    sent = store.send(begun(store), part, file, quiet)
    assert sent.digest == store.fingerprint(file, part) == hashlib.sha256(CONTENT[part.start :]).hexdigest()


def test_a_chunk_that_arrives_damaged_is_noticed_and_may_be_sent_again(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source
) -> None:
    upload = begun(store)
    cloud.script(Rule("PUT", Play(headers={"X-Hash-SHA256": "0" * 64}), CHUNK))
    with pytest.raises(CorruptUpload):
        store.send(upload, PLAN.part(1), file, quiet)


def test_a_chunk_that_arrives_damaged_twice_ends_the_upload_and_is_all_that_goes_again(
    cloud: ScriptedCloud, whole: Callable[[], Backend], file: Source
) -> None:
    cloud.script(Rule("PUT", Play(headers={"X-Hash-SHA256": "0" * 64}), f"{CHUNK}*2$", times=2))
    with pytest.raises(CorruptUpload, match=r"other data as part 2 \(tried twice"):
        whole().put("a/KEY", file, quiet)
    assert OBJECT not in cloud.objects
    cloud.requests.clear()
    whole().put("a/KEY", file, quiet)
    assert cloud.objects == {OBJECT: CONTENT}
    assert cloud.methods().count("PUT") == 1


def test_a_chunk_for_which_there_is_no_room_is_refused(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source
) -> None:
    cloud.free_space = MIB
    with pytest.raises(QuotaExceeded, match="no space left"):
        store.send(begun(store), PLAN.part(1), file, quiet)


def test_a_locked_chunk_is_waited_for(cloud: ScriptedCloud, store: WebDAVBackend, file: Source) -> None:
    upload = begun(store)
    cloud.script(Rule("PUT", answer(423)))
    with pytest.raises(Busy):
        store.send(upload, PLAN.part(1), file, quiet)


@pytest.mark.parametrize("status", [404, 409, 412])
def test_chunks_that_the_server_forgot_are_lost_wd33(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source, status: int
) -> None:
    upload = begun(store)
    cloud.script(Rule("PUT", answer(status), CHUNK))
    with pytest.raises(UploadLost):
        store.send(upload, PLAN.part(1), file, quiet)


# What the server has


def test_the_server_tells_what_it_has_wd33(cloud: ScriptedCloud, store: WebDAVBackend, file: Source) -> None:
    upload = begun(store)
    sent = send_all(store, upload, file)
    folder = next(iter(cloud.uploads))
    del cloud.objects[f"{folder}/00001"]
    cloud.objects[f"{folder}/00003"] = b"short"
    cloud.objects[f"{folder}/00007"] = b"not ours"
    assert store.sent(upload, sent) == {2: sent[2]}
    assert store.sent(upload, {}) == {}


def test_chunks_may_be_listed_without_their_zeros_and_with_the_file_to_be(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source
) -> None:
    upload = begun(store)
    sent = send_all(store, upload, file)
    folder = next(iter(cloud.uploads))
    for number in range(1, 4):
        cloud.objects[f"{folder}/{number}"] = cloud.objects.pop(f"{folder}/0000{number}")
    cloud.objects[f"{folder}/.target"] = b""
    assert store.sent(upload, sent) == sent


def test_chunks_are_gone_after_a_day_wd33(cloud: ScriptedCloud, store: WebDAVBackend, file: Source) -> None:
    now = 0.0
    cloud.clock = lambda: now
    upload = begun(store)
    sent = send_all(store, upload, file)
    now = DAY + 1
    assert store.sent(upload, sent) is None
    with pytest.raises(UploadLost):
        store.finish(upload, sent, file, quiet)


def test_an_upload_that_is_given_up_leaves_nothing(cloud: ScriptedCloud, store: WebDAVBackend, file: Source) -> None:
    upload = begun(store)
    store.send(upload, PLAN.part(1), file, quiet)
    store.abort(upload.name, upload.id)
    assert cloud.objects == {}
    assert cloud.uploads == set()
    store.abort(upload.name, upload.id)


def test_only_uploads_into_this_store_are_listed(cloud: ScriptedCloud, store: WebDAVBackend, file: Source) -> None:
    upload = begun(store)
    store.send(upload, PLAN.part(1), file, quiet)
    other = backend(f"{cloud.address}-of-another-dataset")
    begun(other)
    other.close()
    cloud.folders.add("/remote.php/dav/uploads/bob/3141592653")  # somebody's desktop client
    [found] = store.unfinished()
    assert found.size == 5 * MIB
    store.abort(found.name, found.id)
    assert list(store.unfinished()) == []
    assert len(cloud.uploads) == 2


# Putting it together


@pytest.mark.parametrize(
    "impatient",
    [
        pytest.param(504, id="WD6-504"),
        pytest.param(524, id="WD6-524"),
        pytest.param(423, id="WD6-423"),
        pytest.param(202, id="202"),
    ],
)
def test_an_object_that_is_put_together_behind_an_impatient_proxy_is_waited_for(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source, impatient: int
) -> None:
    cloud.assembly, cloud.impatient = 0.3, impatient
    told: list[int] = []
    upload = begun(store)
    sent = send_all(store, upload, file)
    assert store.finish(upload, sent, file, told.append).size == len(CONTENT)
    assert cloud.objects == {OBJECT: CONTENT}
    assert len(chunk_puts(cloud)) == 3
    assert set(told) == {len(CONTENT)}


@pytest.mark.parametrize("play", [pytest.param(Play(lost=True), id="lost"), pytest.param(Play(504), id="not-begun")])
def test_an_assembly_whose_answer_is_lost_is_looked_after(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source, play: Play
) -> None:
    cloud.script(Rule("MOVE", play))
    upload = begun(store)
    store.finish(upload, send_all(store, upload, file), file, quiet)
    assert cloud.objects == {OBJECT: CONTENT}
    assert len(chunk_puts(cloud)) == 3


def test_an_object_of_the_same_size_that_was_there_before_is_no_success_wd33(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source
) -> None:
    cloud.objects[OBJECT], cloud.etags[OBJECT] = bytes(len(CONTENT)), '"old"'
    upload = begun(store)
    sent = send_all(store, upload, file)
    cloud.throw_away(next(iter(cloud.uploads)))
    with pytest.raises(UploadLost):
        store.finish(upload, sent, file, quiet)


def test_an_upload_that_another_process_finished_is_a_success(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source
) -> None:
    cloud.objects[OBJECT], cloud.etags[OBJECT] = bytes(len(CONTENT)), '"old"'
    upload = begun(store)
    sent = send_all(store, upload, file)
    store.finish(upload, sent, file, quiet)
    later = backend(cloud.address)
    assert later.sent(upload, sent) is None
    assert later.finish(upload, sent, file, quiet).size == len(CONTENT)
    later.close()


@pytest.mark.parametrize("owncloud", [False, True])
def test_chunks_that_do_not_sum_up_are_no_success_wd34(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source, *, owncloud: bool
) -> None:
    cloud.owncloud = owncloud
    upload = begun(store)
    sent = send_all(store, upload, file)
    del cloud.objects[f"{next(iter(cloud.uploads))}/00003"]
    with pytest.raises(UploadLost, match="do not sum up"):
        store.finish(upload, sent, file, quiet)
    assert OBJECT not in cloud.objects


def test_owncloud_compares_a_checksum_wd34(cloud: ScriptedCloud, store: WebDAVBackend, file: Source) -> None:
    cloud.owncloud = True
    upload = begun(store)
    sent = send_all(store, upload, file)
    folder = next(iter(cloud.uploads))
    cloud.objects[f"{folder}/00003"] = bytes(2 * MIB)
    with pytest.raises(UploadLost, match="checksum does not match"):
        store.finish(upload, sent, file, quiet)
    assert OBJECT not in cloud.objects


def test_a_server_that_tells_no_hash_tells_the_size_wd34(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source
) -> None:
    cloud.owncloud = True
    upload = begun(store)
    receipt = store.finish(upload, send_all(store, upload, file), file, quiet)
    assert (receipt.size, receipt.digests) == (len(CONTENT), {})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(400, BadName, id="name"),
        pytest.param(507, QuotaExceeded, id="full"),
        pytest.param(500, Unreachable, id="failed"),
        pytest.param(503, Busy, id="busy"),
    ],
)
def test_a_server_that_will_not_put_it_together_is_heard(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source, status: int, kind: type[PyshareError]
) -> None:
    upload = begun(store)
    sent = send_all(store, upload, file)
    cloud.script(Rule("MOVE", answer(status)))
    with pytest.raises(kind):
        store.finish(upload, sent, file, quiet)
    store.finish(upload, sent, file, quiet)
    assert cloud.objects == {OBJECT: CONTENT}


def test_a_server_that_never_ends_is_given_up_in_the_end(
    cloud: ScriptedCloud, store: WebDAVBackend, file: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("git_annex_remote_pyshare.backends.webdav.chunking.LIMIT", 0.1)
    upload = begun(store)
    sent = send_all(store, upload, file)
    cloud.script(Rule("MOVE", answer(423), times=-1))
    with pytest.raises(Unreachable, match="did not assemble them within an hour") as caught:
        store.finish(upload, sent, file, quiet)
    assert not caught.value.retryable
    assert len(cloud.uploads) == 1


def test_whoever_waits_can_be_stopped(cloud: ScriptedCloud, store: WebDAVBackend, file: Source) -> None:
    upload = begun(store)
    sent = send_all(store, upload, file)
    cloud.script(Rule("MOVE", Play(wait=60)))

    def stop(_done: int) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        store.finish(upload, sent, file, stop)


# In all layers


def test_a_proxy_that_refuses_large_bodies_gets_smaller_chunks_wd9(
    cloud: ScriptedCloud, whole: Callable[[], Backend], file: Source
) -> None:
    cloud.largest_body = 6 * MIB
    whole().put("a/KEY", file, quiet)
    assert cloud.objects == {OBJECT: CONTENT}
    assert cloud.uploads == set()


def test_a_proxy_that_refuses_the_smallest_chunk_is_told_to_the_user_wd9(
    cloud: ScriptedCloud, whole: Callable[[], Backend], file: Source
) -> None:
    cloud.largest_body = MIB
    with pytest.raises(QuotaExceeded, match="chunk=50MiB"):
        whole().put("a/KEY", file, quiet)


def test_an_object_of_another_hash_is_removed_sent_again_and_reported_wd34(
    cloud: ScriptedCloud, whole: Callable[[], Backend], file: Source
) -> None:
    cloud.script(Rule("MOVE", Play(headers={"X-Hash-SHA256": "0" * 64}), times=2))
    with pytest.raises(CorruptUpload, match=r"another sha256 \(tried twice\)"):
        whole().put("a/KEY", file, quiet)
    assert cloud.objects == {}
    assert cloud.methods().count("MOVE") == 2


def test_an_object_of_another_size_is_removed_and_reported_wd34(
    cloud: ScriptedCloud, whole: Callable[[], Backend], file: Source
) -> None:
    def shorten(seen: Seen) -> None:
        if seen.method == "HEAD" and OBJECT in cloud.objects:
            cloud.objects[OBJECT] = CONTENT[:-1]

    cloud.owncloud = True
    cloud.decide = shorten
    with pytest.raises(CorruptUpload, match=f"{len(CONTENT) - 1} bytes instead of {len(CONTENT)}"):
        whole().put("a/KEY", file, quiet)
    assert cloud.objects == {}


def test_a_folder_that_goes_meanwhile_is_made_again(
    cloud: ScriptedCloud, whole: Callable[[], Backend], file: Source
) -> None:
    def remove(seen: Seen) -> None:
        if seen.method == "MOVE":
            cloud.decide = lambda _seen: None
            cloud.folders.discard(f"{FILES}/annex/a")

    cloud.decide = remove
    whole().put("a/KEY", file, quiet)
    assert cloud.objects == {OBJECT: CONTENT}
    assert cloud.uploads == set()


def test_an_upload_that_was_cut_goes_on_wd33(
    cloud: ScriptedCloud, whole: Callable[[], Backend], file: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_at(limit: int) -> Callable[[int], None]:
        def watch(done: int) -> None:
            if done > limit:
                raise Cancelled("enough")

        return watch

    monkeypatch.setattr("git_annex_remote_pyshare.store.progress.INTERVAL", 0)
    with pytest.raises(Cancelled):
        whole().put("a/KEY", file, stop_at(9 * MIB))
    sent = len(chunk_puts(cloud))
    whole().put("a/KEY", file, quiet)
    assert sent == 1
    assert chunk_puts(cloud) == ["00001", "00002"]
    assert cloud.objects == {OBJECT: CONTENT}
    assert cloud.uploads == set()


def test_other_bytes_of_the_same_size_begin_anew(
    cloud: ScriptedCloud, whole: Callable[[], Backend], file: Source, tmp_path: Path
) -> None:
    cloud.script(Rule("MOVE", answer(507)))
    with pytest.raises(QuotaExceeded):
        whole().put("a/KEY", file, quiet)
    other = source(tmp_path, CONTENT[::-1], "other")
    whole().put("a/KEY", other, quiet)
    assert cloud.objects == {OBJECT: CONTENT[::-1]}
    assert cloud.uploads == set()


def test_an_upload_that_expired_begins_anew_without_noise_wd33(
    cloud: ScriptedCloud, whole: Callable[[], Backend], file: Source
) -> None:
    cloud.script(Rule("PUT", answer(507), "00002"))
    with pytest.raises(QuotaExceeded):
        whole().put("a/KEY", file, quiet)
    cloud.throw_away(next(iter(cloud.uploads)))
    whole().put("a/KEY", file, quiet)
    assert cloud.objects == {OBJECT: CONTENT}
    assert chunk_puts(cloud) == ["00001", "00002", "00001", "00002"]
