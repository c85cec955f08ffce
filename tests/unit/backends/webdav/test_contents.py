"""Versions on a scripted server: what identifies them, what is young, and what is delivered."""

import time
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path

import pytest
from support.davkit import quiet
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule, answer

from git_annex_remote_pyshare.backends.base import Content
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.errors import ContentChanged, NotFound, PyshareError, Unreachable
from git_annex_remote_pyshare.transfer import ExactSink

FILE = "/dav/a/file"
OLD = 1_700_000_000.0


@pytest.fixture(autouse=True)
def stored(dav: ScriptedDAV) -> None:
    dav.folders |= {"/dav", "/dav/a"}
    dav.objects[FILE] = b"content A"


def _listed(store: WebDAVBackend) -> Mapping[str, Content]:
    found: list[Content] = []
    waiting = [""]
    while waiting:
        waiting += store.list_contents(waiting.pop(), found.append)
    return {each.name: each for each in found}


def _id(store: WebDAVBackend) -> str:
    return _listed(store)["a/file"].id


@pytest.mark.parametrize("tag", ['"5-6"', 'W/"5-6"'])
def test_a_tag_identifies_and_is_the_same_weak_and_strong(dav: ScriptedDAV, store: WebDAVBackend, tag: str) -> None:
    dav.etags[FILE] = tag
    assert _id(store) == "9-5-6"


@pytest.mark.parametrize(
    ("tag", "is_one"),
    [
        ("", False),
        ('"9-{second:x}"', False),
        ('"9-{second:x}0"', True),
        ('"9-{micro:x}"', False),
        ('"{nano:x}9"', False),
        ('"9b1c"', True),
    ],
    ids=["time", "second", "another number", "mod_dav", "rclone", "content"],
)
def test_two_files_of_one_size_and_second_are_one_version_only_by_a_tag_that_tells_more(
    dav: ScriptedDAV, store: WebDAVBackend, tag: str, *, is_one: bool
) -> None:
    dav.objects["/dav/a/other"] = b"content B"
    for name in (FILE, "/dav/a/other"):
        dav.modified[name] = OLD
        if tag:
            dav.etags[name] = tag.format(second=int(OLD), micro=int(OLD) * 10**6, nano=int(OLD) * 10**9)
    found = _listed(store)
    assert (found["a/file"].id == found["a/other"].id) is is_one


def test_a_tag_that_is_no_word_is_hashed(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.etags[FILE] = f'"{"ü x" * 1000}"'
    assert len(_id(store)) == len("9-") + 64


@pytest.mark.parametrize("tag", ["", '"{seconds}-9"', '"{hex}-9"', '"abc-{seconds}"'])
def test_what_tells_the_second_only_is_young_until_that_has_passed(
    dav: ScriptedDAV, store: WebDAVBackend, tag: str
) -> None:
    for changed, young in ((OLD, False), (time.time(), True)):
        dav.modified[FILE] = changed
        if tag:
            dav.etags[FILE] = tag.format(seconds=int(changed), hex=f"{int(changed):x}")
        assert _id(store).endswith("-young") == young


def test_a_tag_of_finer_time_is_never_young(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.modified[FILE] = now = time.time()
    for tag in (f'"9-{int(now * 1_000_000):x}"', f'"{now:.6f}"', '"17"'):
        dav.etags[FILE] = tag
        assert not _id(store).endswith("-young")


def test_a_server_that_tells_no_version_is_not_imported_from(store: WebDAVBackend) -> None:
    with pytest.raises(Unreachable, match="when it changed"):
        _listed(store)


def test_a_folder_that_is_gone_while_it_is_listed_leaves_no_short_list(store: WebDAVBackend) -> None:
    with pytest.raises(Unreachable, match="renamed or removed"):
        store.list_contents("a/renamed", print)


_END = "</D:multistatus>"


def _thing(path: str, inside: str) -> str:
    return f"<D:response><D:href>{path}</D:href>{inside}</D:response>"


def _file(path: str) -> str:
    known = "<D:resourcetype/><D:getcontentlength>1</D:getcontentlength><D:getetag>&quot;t&quot;</D:getetag>"
    return _thing(path, f"<D:propstat><D:prop>{known}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>")


def _folder(path: str) -> str:
    kind = "<D:resourcetype><D:collection/></D:resourcetype>"
    return _thing(path, f"<D:propstat><D:prop>{kind}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>")


def _list_of(*things: str, end: str = _END) -> Play:
    """A list without a length, so that only its XML says where it ends."""
    body = f'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">{"".join(things)}{end}'
    return Play(207, {"Content-Type": "application/xml"}, body.encode(), unsized=True)


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(_list_of(_folder("/dav/"), _file("/dav/a"), end=""), id="cut between entries"),
        pytest.param(_list_of(_folder("/dav/"), _file("/dav/a")[:40], end=""), id="cut in an entry"),
        pytest.param(_list_of(_folder("/dav/"), end=""), id="cut after the folder"),
        *(
            pytest.param(
                _list_of(
                    _folder("/dav/"), _thing("/dav/a", f"<D:status>HTTP/1.1 {status}</D:status>"), _file("/dav/b")
                ),
                id=status,
            )
            for status in ("403 Forbidden", "404 Not Found", "410 Gone", "500 Oops", "507 Too much")
        ),
        pytest.param(
            _list_of(
                _folder("/dav/"),
                _thing("/dav/a", "<D:propstat><D:prop/><D:status>HTTP/1.1 403 Forbidden</D:status></D:propstat>"),
            ),
            id="unreadable properties",
        ),
        pytest.param(_list_of(_folder("/dav/"), _folder("/dav/a/"), _file("/dav/a/b")), id="depth infinity"),
        pytest.param(_list_of(_folder("/dav/"), _file("/other/b")), id="from elsewhere"),
        pytest.param(_list_of(_folder("/dav/a/"), _file("/dav/b")), id="without the folder itself"),
    ],
)
def test_a_list_in_doubt_fails(dav: ScriptedDAV, store: WebDAVBackend, play: Play) -> None:
    dav.script(Rule("PROPFIND", play))
    with pytest.raises(PyshareError):
        store.list_contents("", lambda _each: None)


@pytest.mark.parametrize("prefix", ["/dav", "/behind/a/proxy", "http://inner:8080/dav"])
def test_a_list_is_whole_wherever_the_folder_stands_in_it_and_whatever_a_proxy_has_renamed(
    dav: ScriptedDAV, store: WebDAVBackend, prefix: str
) -> None:
    things = [_folder(f"{prefix}/"), _folder(f"{prefix}/a/"), _file(f"{prefix}/b")]
    orders = [things, [things[1], things[2], things[0]]] if prefix == "/dav" else [things]
    for order in orders:
        dav.script(Rule("PROPFIND", _list_of(*order)))
        found: list[Content] = []
        assert store.list_contents("", found.append) == ["a"]
        assert [each.name for each in found] == ["b"]


def test_a_temporary_file_is_named_as_one(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    name = f"a/pyshare-tmp-{'0' * 32}"
    dav.objects[f"/dav/{name}"] = b"half"
    dav.etags[FILE] = '"1"'
    found = _listed(store)
    assert found[name].is_temporary
    assert not found["a/file"].is_temporary


def test_a_store_that_is_not_there_is_no_empty_list(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.script(Rule("PROPFIND", answer(404)))
    with pytest.raises(NotFound):
        _listed(store)


def test_a_body_of_another_version_is_refused_before_it_is_written(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.etags[FILE] = '"1"'
    sink = ExactSink(str(tmp_path / "file"), _id(store))
    dav.objects[FILE], dav.etags[FILE] = b"content B", '"2"'
    with pytest.raises(ContentChanged):
        store.get("a/file", sink, quiet)
    assert not (tmp_path / "file").exists()


def test_a_change_while_the_server_reads_the_file_is_noticed_afterwards(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.etags[FILE] = '"1"'
    sink = ExactSink(str(tmp_path / "file"), _id(store))
    dav.script(Rule("GET", Play(200, {"ETag": '"1"'}, b"content B")))
    dav.etags[FILE] = '"2"'
    with pytest.raises(ContentChanged):
        store.get("a/file", sink, quiet)


def test_a_server_with_other_tags_for_the_file_itself_delivers_what_stays_the_same(
    dav: ScriptedDAV, store: WebDAVBackend, tmp_path: Path
) -> None:
    dav.etags[FILE] = '"1"'
    wanted = _id(store)
    own = {"ETag": '"other"', "Last-Modified": formatdate(OLD, usegmt=True)}
    dav.script(Rule("GET", Play(200, own, b"content A")), Rule("HEAD", Play(200, own)))
    store.get("a/file", ExactSink(str(tmp_path / "file"), wanted), quiet)
    assert (tmp_path / "file").read_bytes() == b"content A"

    dav.script(Rule("GET", Play(200, own, b"content B")), Rule("HEAD", Play(200, {**own, "ETag": '"later"'})))
    with pytest.raises(ContentChanged):
        store.get("a/file", ExactSink(str(tmp_path / "second"), wanted), quiet)


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_version_in_doubt_is_no_absent_file(dav: ScriptedDAV, store: WebDAVBackend, status: int) -> None:
    dav.script(Rule("PROPFIND", answer(status)))
    with pytest.raises(PyshareError):
        store.content_of("a/file")
