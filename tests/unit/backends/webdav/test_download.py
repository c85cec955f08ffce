"""Looking, retrieving and listing on a scripted server: what counts as present, absent, and as the object's bytes."""

from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import many_ranges
from support.davkit import backend, fetched, quiet, source
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule, answer, served

from git_annex_remote_pyshare.backends.base import Entry, Stat
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.backends.webdav.lazy import LazyWebDAV
from git_annex_remote_pyshare.errors import Busy, NotAStore, NotFound, PyshareError, RangeRefused, Unreachable
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk
from git_annex_remote_pyshare.transfer import ByteRange, Sink

OBJECT = "/dav/a/KEY"
CONTENT = b"0123456789" * 300_000
LOGIN_PAGE = answer(200, b"<html>Log in!</html>", Content_Type="text/html; charset=UTF-8")


@pytest.fixture(autouse=True)
def stored(dav: ScriptedDAV) -> None:
    dav.objects[OBJECT] = CONTENT


# Present, absent, unknown


@pytest.mark.parametrize("status", [404, 410])
def test_only_the_servers_clear_word_means_absent(dav: ScriptedDAV, store: WebDAVBackend, status: int) -> None:
    dav.script(Rule("HEAD", answer(status)))
    assert store.stat("a/KEY") is None


@pytest.mark.parametrize("status", [400, 401, 403, 405, 407, 408, 409, 423, 425, 429, 500, 501, 502, 503, 504, 507])
def test_every_other_refusal_leaves_it_unknown(dav: ScriptedDAV, store: WebDAVBackend, status: int) -> None:
    dav.script(Rule("HEAD", answer(status)), Rule("PROPFIND", answer(status)))
    with pytest.raises(PyshareError) as raised:
        store.stat("a/KEY")
    assert not isinstance(raised.value, NotFound)


def test_a_missing_length_is_an_unknown_size(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    """Apache says no length for empty files."""
    dav.script(Rule("HEAD", Play(200, {"ETag": '"0"', "Transfer-Encoding": "chunked", "Content-Length": ""})))
    assert store.stat("a/KEY") == Stat(None)


@pytest.mark.parametrize("status", [405, 501])
def test_a_server_without_head_is_asked_by_propfind(dav: ScriptedDAV, store: WebDAVBackend, status: int) -> None:
    dav.script(Rule("HEAD", answer(status), times=2))
    assert store.stat("a/KEY") == Stat(len(CONTENT))
    assert store.stat("a/OTHER") is None


def test_a_web_page_may_be_the_object_wd19(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    dav.types[OBJECT] = "text/html"
    assert store.stat("a/KEY") == Stat(len(CONTENT))
    assert fetched(store, "a/KEY", tmp_path / "back") == CONTENT


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(LOGIN_PAGE, id="WD19-page-for-all"),
        pytest.param(answer(207, b"<html><br>", Content_Type="text/html"), id="WD19-no-xml"),
        pytest.param(answer(207, b""), id="WD19-empty"),
        pytest.param(answer(404), id="WD19-404"),
        pytest.param(answer(405), id="WD19-405"),
        pytest.param(
            answer(207, b'<!DOCTYPE x [<!ENTITY a "b">]><multistatus xmlns="DAV:">&a;</multistatus>'),
            id="WD19-entities",
        ),
    ],
)
def test_a_login_page_is_neither_present_nor_absent_wd19(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, look: Play
) -> None:
    dav.script(Rule("HEAD", LOGIN_PAGE), Rule("GET", LOGIN_PAGE), Rule("PROPFIND", look, times=2))
    for verb in (lambda: store.stat("a/KEY"), lambda: fetched(store, "a/KEY", tmp_path / "back")):
        with pytest.raises(NotAStore, match=r"Check url=|web page"):
            verb()
    assert not (tmp_path / "back").exists()


def test_a_page_as_long_as_no_object_is_a_login_page_wd19(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.script(Rule("GET", LOGIN_PAGE))
    with pytest.raises(NotAStore):
        fetched(store, "a/KEY", tmp_path / "back")


def test_an_object_that_is_still_being_processed_is_asked_for_later_wd7(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.script(Rule("GET", answer(425)))
    with pytest.raises(Busy) as raised:
        fetched(store, "a/KEY", tmp_path / "back")
    assert raised.value.retryable


def test_a_missing_object_is_told(store: WebDAVBackend, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        fetched(store, "a/OTHER", tmp_path / "back")


# Going on


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(Play(), id="WD11-206"),
        pytest.param(answer(200, CONTENT), id="WD11-ignored"),
        pytest.param(answer(500), id="WD11-500"),
        pytest.param(answer(416), id="WD11-416-without-size"),
        pytest.param(answer(416, Content_Range="bytes */4"), id="WD11-416-other-size"),
        pytest.param(answer(206, b"x" * 100, Content_Range="bytes 7-106/3000000"), id="WD11-other-place"),
        pytest.param(answer(206, b"x" * 100, Content_Range="nonsense"), id="WD11-nonsense"),
        pytest.param(answer(206, b"x" * 100), id="WD11-206-without-range"),
        pytest.param(answer(206, CONTENT, Content_Range="bytes 0-2999999/3000000"), id="WD11-from-zero"),
        pytest.param(answer(206, CONTENT[999_999:], Content_Range="bytes 999999-2999999/*"), id="WD11-star"),
    ],
)
def test_what_is_there_is_completed_and_never_mixed_wd11(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, play: Play
) -> None:
    (tmp_path / "back").write_bytes(CONTENT[:1_000_000])
    dav.script(Rule("GET", play))
    assert fetched(store, "a/KEY", tmp_path / "back") == CONTENT
    assert dav.requests[0].headers["Range"] == "bytes=999999-"


def test_a_complete_file_is_not_sent_again_wd11(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    (tmp_path / "back").write_bytes(CONTENT)
    assert fetched(store, "a/KEY", tmp_path / "back") == CONTENT
    assert dav.methods() == ["GET"]


def test_a_longer_file_does_not_survive_pr20(store: WebDAVBackend, tmp_path: Path) -> None:
    (tmp_path / "back").write_bytes(b"x" * (len(CONTENT) + 5))
    assert fetched(store, "a/KEY", tmp_path / "back") == CONTENT


@pytest.mark.parametrize("cut", [0, 1, 1_500_000, 2_999_999])
def test_a_cut_body_is_told_and_kept_for_the_next_attempt(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, cut: int
) -> None:
    dav.script(Rule("GET", Play(cut=cut)))
    with pytest.raises(Unreachable) as raised:
        fetched(store, "a/KEY", tmp_path / "back")
    assert raised.value.retryable
    kept = (tmp_path / "back").read_bytes()
    assert CONTENT.startswith(kept)
    assert len(kept) >= cut - (1 << 20)
    assert fetched(store, "a/KEY", tmp_path / "back") == CONTENT


def test_less_than_was_asked_for_is_kept_and_told_wd11(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    (tmp_path / "back").write_bytes(CONTENT[:1_000_000])
    part = answer(206, CONTENT[999_999:2_000_000], Content_Range="bytes 999999-1999999/3000000")
    dav.script(Rule("GET", part))
    with pytest.raises(Unreachable, match="only 2000000 of 3000000 bytes"):
        fetched(store, "a/KEY", tmp_path / "back")
    assert fetched(store, "a/KEY", tmp_path / "back") == CONTENT


@pytest.mark.parametrize(
    ("tag", "sent"),
    [
        pytest.param('"strong"', '"strong"', id="WD24-strong"),
        pytest.param('W/"weak"', None, id="WD24-weak"),
        pytest.param("unquoted", None, id="WD24-unquoted"),
        pytest.param("", None, id="WD24-none"),
    ],
)
def test_only_a_strong_tag_is_made_a_condition_wd24(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, tag: str, sent: str | None
) -> None:
    dav.etags[OBJECT] = tag
    dav.script(Rule("GET", Play(cut=2_000_000)))
    sink = Sink(str(tmp_path / "back"))
    with pytest.raises(Unreachable):
        store.get("a/KEY", sink, quiet)
    store.get("a/KEY", sink, quiet)
    assert (tmp_path / "back").read_bytes() == CONTENT
    assert dav.requests[-1].headers.get("If-Range") == sent
    assert dav.methods() == ["GET", "GET"]


@pytest.mark.parametrize(("knows", "requests"), [(True, 1), (False, 2)])
def test_an_object_that_changed_meanwhile_comes_from_its_beginning_wd24(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path, requests: int, *, knows: bool
) -> None:
    dav.knows_conditions = knows
    dav.etags[OBJECT] = '"old"'
    dav.script(Rule("GET", Play(cut=2_000_000)))
    sink = Sink(str(tmp_path / "back"))
    with pytest.raises(Unreachable):
        store.get("a/KEY", sink, quiet)
    dav.objects[OBJECT], dav.etags[OBJECT] = CONTENT[::-1], '"new"'
    dav.forget()
    store.get("a/KEY", sink, quiet)
    assert (tmp_path / "back").read_bytes() == CONTENT[::-1]
    assert len(dav.requests) == requests


def test_a_compressing_front_end_is_asked_not_to(dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path) -> None:
    fetched(store, "a/KEY", tmp_path / "back")
    assert dav.requests[0].headers["Accept-Encoding"] == "identity"


def test_an_object_that_is_kept_compressed_is_handed_over_as_it_is(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    """Apache's AddEncoding says so of files named .gz."""
    dav.script(Rule("GET", Play(headers={"Content-Encoding": "x-gzip"})))
    assert fetched(store, "a/KEY", tmp_path / "back") == CONTENT


def test_progress_counts_the_whole_objects_bytes(store: WebDAVBackend, tmp_path: Path) -> None:
    (tmp_path / "back").write_bytes(CONTENT[:1_000_000])
    told: list[int] = []
    store.get("a/KEY", Sink(str(tmp_path / "back")), told.append)
    assert told == sorted(told)
    assert told[0] > 1_000_000
    assert told[-1] == len(CONTENT)


# Names and listings


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="/\0\n", exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
            lambda name: name not in {".", ".."}
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_name_is_stored_found_listed_and_removed_wd15(tmp_path: Path, segments: list[str]) -> None:
    name = "/".join(segments)
    with served(ScriptedDAV()) as dav:
        dav.server_name = "rclone/v1"
        store = backend(dav.url)
        store.put(name, source(tmp_path, b"content"), quiet)
        assert dav.objects == {f"/{name}": b"content"}
        assert store.stat(name) == Stat(7)
        assert list(store.list()) == [Entry(name, 7)]
        store.delete(name)
        assert dav.objects == {}
        store.close()


def test_a_large_folder_is_listed(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.objects = {f"/dav/a/KEY{number}": b"" for number in range(3000)}
    assert sum(1 for _ in store.list()) == 3000


def test_where_an_object_is_holds_no_login(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    assert LazyWebDAV(store.place).locate("a/K Y") == f"{dav.url}/dav/a/K%20Y"
    assert dav.requests == []


# Ranges


def part_of(dav: ScriptedDAV, start: int = 1000, size: int = 500) -> ByteRange:
    dav.etags[OBJECT] = '"first"'
    return ByteRange('"first"', start, size, len(CONTENT))


@pytest.mark.parametrize(("start", "size"), [(0, 1), (1000, 500), (len(CONTENT) - 1, 1)])
def test_a_range_is_one_request_for_its_bytes_only(
    dav: ScriptedDAV, store: WebDAVBackend, start: int, size: int
) -> None:
    part, told = part_of(dav, start, size), [0]
    assert store.is_exact(part.version)
    assert store.read_range("a/KEY", part, told.append) == CONTENT[start : start + size]
    assert dav.methods() == ["GET"]
    assert dav.requests[0].headers["Range"] == f"bytes={start}-{start + size - 1}"
    assert dav.requests[0].headers["If-Range"] == part.version
    assert told[-1] == size


@pytest.mark.parametrize("knows_conditions", [True, False])
def test_a_range_of_a_replaced_object_is_refused(
    dav: ScriptedDAV,
    store: WebDAVBackend,
    knows_conditions: bool,  # noqa: FBT001
) -> None:
    part = part_of(dav)
    dav.knows_conditions = knows_conditions
    dav.etags[OBJECT] = '"second"'
    with pytest.raises(RangeRefused):
        store.read_range("a/KEY", part, quiet)


def test_a_server_without_ranges_refuses_them(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.knows_ranges = False
    with pytest.raises(RangeRefused):
        store.read_range("a/KEY", part_of(dav), quiet)


@pytest.mark.parametrize(
    "play",
    [
        answer(206, b"x" * 500, Content_Range="bytes 999-1498/3000000"),
        answer(206, b"x" * 500, Content_Range="bytes 1000-1498/3000000"),
        answer(206, b"x" * 500, Content_Range="bytes 1000-1499/3000001"),
        answer(206, b"x" * 500, Content_Range="bytes 1000-1499/*"),
        answer(206, b"x" * 500, Content_Range="nonsense"),
        answer(416, Content_Range="bytes */900"),
        LOGIN_PAGE,
    ],
)
def test_a_response_that_is_not_the_range_is_refused(dav: ScriptedDAV, store: WebDAVBackend, play: Play) -> None:
    part = part_of(dav)
    headers = play.headers if play == LOGIN_PAGE else {"ETag": part.version, **play.headers}
    dav.script(Rule("GET", play._replace(headers=headers)))
    with pytest.raises(RangeRefused):
        store.read_range("a/KEY", part, quiet)


@pytest.mark.parametrize(
    ("play", "error"), [(Play(cut=100), Unreachable), (answer(503), Busy), (answer(404), NotFound)]
)
def test_a_range_fails_as_a_download_does(
    dav: ScriptedDAV, store: WebDAVBackend, play: Play, error: type[PyshareError]
) -> None:
    dav.script(Rule("GET", play))
    with pytest.raises(error):
        store.read_range("a/KEY", part_of(dav), quiet)


@pytest.mark.parametrize("version", ["", 'W/"tag"', "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_only_a_strong_tag_is_an_exact_version(store: WebDAVBackend, version: str) -> None:
    assert not store.is_exact(version)


def test_a_large_object_comes_in_ranges_each_once(
    dav: ScriptedDAV, store: WebDAVBackend, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    dav.objects[OBJECT], dav.etags[OBJECT] = many_ranges.BODY, '"tag"'
    many_ranges.small_is_large(monkeypatch)
    assert desk.get(wrap(store, Event()), "a/KEY") == many_ranges.BODY
    many_ranges.check(request.headers for request in dav.requests)
