"""Answers to PROPFIND as servers really write them."""

import tracemalloc

import pytest
from support.davkit import backend
from support.fakes.dav import ScriptedDAV
from support.scripted import Rule, answer

from git_annex_remote_pyshare.backends.base import Entry, Stat
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.errors import NotAStore, PyshareError, Unreachable

OK = "<d:status>HTTP/1.1 200 OK</d:status>"
MISSING = "<d:propstat><d:prop><d:getcontentlength/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>"


def thing(href: str, inside: str = "<d:getcontentlength>7</d:getcontentlength>", status: str = OK) -> str:
    return (
        f"<d:response><d:href>{href}</d:href><d:propstat><d:prop><d:resourcetype/>{inside}</d:prop>{status}"
        "</d:propstat></d:response>"
    )


def folder(href: str) -> str:
    inside = "<d:prop><d:resourcetype><d:collection/></d:resourcetype></d:prop>"
    return f"<d:response><d:href>{href}</d:href><d:propstat>{inside}{OK}</d:propstat>{MISSING}</d:response>"


def multistatus(*things: str) -> bytes:
    return f'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">{"".join(things)}</d:multistatus>'.encode()


@pytest.mark.parametrize(
    "href",
    [
        pytest.param("/d%40v/a/K%20Y", id="WD16-path"),
        pytest.param("/d@v/a/K Y", id="WD16-not-encoded"),
        pytest.param("http://other.example.org:8080/d@v/a/K%20Y", id="WD16-other-host"),
        pytest.param("//d@v//a//K%20Y", id="WD16-double-slashes"),
        pytest.param("/d%40v/a/%4b%20Y", id="WD16-lower-case-escapes"),
        pytest.param("\n  /d@v/a/K%20Y \n", id="WD16-white-space"),
    ],
)
def test_hrefs_are_compared_by_what_they_mean_wd16(dav: ScriptedDAV, href: str) -> None:
    own = href.replace("/a/", "/a/\0", 1).partition("\0")[0] if "//a//" not in href else "//d@v//a//"
    body = multistatus(folder(own), thing(href))
    dav.script(Rule("PROPFIND", answer(207, body)))
    store = backend(f"{dav.url}/d@v")
    assert list(store.list("a")) == [Entry("a/K Y", 7)]
    store.close()


def test_a_child_may_be_named_as_its_folder_wd16(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.script(Rule("PROPFIND", answer(207, multistatus(folder("/dav/a/"), thing("/dav/a/a")))))
    assert list(store.list("a")) == [Entry("a/a", 7)]


def test_things_deeper_than_asked_for_are_left_to_their_own_folder(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    body = multistatus(folder("/dav/a/"), thing("/dav/a/x/y"), thing("/dav/elsewhere"), thing("/dav/a/z"))
    dav.script(Rule("PROPFIND", answer(207, body)))
    assert list(store.list("a")) == [Entry("a/z", 7)]


@pytest.mark.parametrize(
    ("inside", "size"),
    [
        pytest.param("<d:getcontentlength>0</d:getcontentlength>", 0, id="WD17-zero"),
        pytest.param("<d:getcontentlength/>", None, id="WD17-empty"),
        pytest.param("", None, id="WD17-none"),
        pytest.param("<d:getcontentlength>-1</d:getcontentlength>", None, id="WD17-negative"),
        pytest.param("<d:getcontentlength> 12 </d:getcontentlength>", 12, id="WD17-blanks"),
        pytest.param(
            "<d:getcontentlength>3</d:getcontentlength><d:iscollection>0</d:iscollection>"
            "<d:getlastmodified>yesterday</d:getlastmodified><x:other xmlns:x='y'>z</x:other>",
            3,
            id="WD17-more-than-asked",
        ),
    ],
)
def test_what_a_server_does_not_know_is_unknown_and_not_zero_wd17(
    dav: ScriptedDAV, store: WebDAVBackend, inside: str, size: int | None
) -> None:
    dav.script(Rule("HEAD", answer(405)), Rule("PROPFIND", answer(207, multistatus(thing("/dav/KEY", inside)))))
    assert store.stat("KEY") == Stat(size)


@pytest.mark.parametrize("line", ["HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/2 200 Fine", "HTTP/1.1 200 OK"])
def test_a_status_line_needs_no_phrase_wd17(dav: ScriptedDAV, store: WebDAVBackend, line: str) -> None:
    body = multistatus(thing("/dav/KEY", status=f"<d:status>{line}</d:status>"))
    dav.script(Rule("HEAD", answer(405)), Rule("PROPFIND", answer(207, body)))
    assert store.stat("KEY") == Stat(7)


def test_properties_that_failed_do_not_count_wd17(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    failed = thing("/dav/KEY", status="<d:status>HTTP/1.1 404 Not Found</d:status>")
    dav.script(Rule("HEAD", answer(405)), Rule("PROPFIND", answer(207, multistatus(failed))))
    assert store.stat("KEY") == Stat(None)


def test_a_thing_may_have_failed_inside_a_207_wd18(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    def inner(status: str) -> bytes:
        status_line = f"<d:status>HTTP/1.1 {status}</d:status>"
        return multistatus(f"<d:response><d:href>/dav/KEY</d:href>{status_line}</d:response>")

    dav.script(Rule("HEAD", answer(405)), Rule("PROPFIND", answer(207, inner("404 Not Found"))))
    assert store.stat("KEY") is None
    dav.script(Rule("HEAD", answer(405)), Rule("PROPFIND", answer(207, inner("500 Oh no"))))
    with pytest.raises(PyshareError):
        store.stat("KEY")


def test_a_document_type_is_refused(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    body = multistatus(folder("/dav/")).replace(b"?>", b'?><!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">', 1)
    dav.script(Rule("PROPFIND", answer(207, body)))
    with pytest.raises(NotAStore):
        list(store.list())


def test_a_listing_that_breaks_off_is_a_failure_and_no_short_listing(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    body = multistatus(folder("/dav/"), *(thing(f"/dav/KEY{number}") for number in range(100)))
    dav.script(Rule("PROPFIND", answer(207, body)._replace(cut=len(body) // 2)))
    with pytest.raises(Unreachable):
        list(store.list())


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(b"<a>b</a>", id="elements"),
        pytest.param(b"<a>", id="ever deeper"),
        pytest.param(b"x", id="text"),
        pytest.param(b"<d:response><d:href>/x</d:href><d:status>HTTP/1.1 404 No</d:status></d:response>", id="nothing"),
    ],
)
def test_an_answer_without_end_is_not_kept_in_memory(dav: ScriptedDAV, store: WebDAVBackend, more: bytes) -> None:
    body = multistatus().removesuffix(b"</d:multistatus>") + more * (4_000_000 // len(more))
    dav.script(Rule("HEAD", answer(405)), Rule("PROPFIND", answer(207, body)))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    with pytest.raises(NotAStore):
        store.stat("KEY")
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < 40_000_000


def test_a_multistatus_that_says_nothing_leaves_it_unknown(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.script(Rule("HEAD", answer(405)), Rule("PROPFIND", answer(207, multistatus())))
    with pytest.raises(NotAStore):
        store.stat("KEY")
