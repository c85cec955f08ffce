"""What each refusal means, whether it may pass, and what the user is told to do."""

import time
from email.utils import formatdate

import pytest
from support.fakes.dav import ScriptedDAV
from support.scripted import Rule, answer

from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.backends.webdav.errors import Doing, from_response
from git_annex_remote_pyshare.errors import (
    BadName,
    Busy,
    NotAStore,
    NotFound,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    Unreachable,
)

DOING = Doing("store the file", "https://cloud.example.org/dav")


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, BadName, False),
        (403, PermissionDenied, False),
        (404, NotFound, False),
        (405, NotAStore, False),
        (407, PermissionDenied, False),
        (408, Unreachable, True),
        (409, NotAStore, False),
        (410, NotFound, False),
        (412, Unreachable, False),
        (413, QuotaExceeded, False),
        (414, BadName, False),
        (418, PermissionDenied, False),
        pytest.param(423, Busy, True, id="WD6-423"),
        pytest.param(425, Busy, True, id="WD7-425"),
        pytest.param(429, Busy, True, id="WD28-429"),
        (500, Unreachable, True),
        (501, NotAStore, False),
        (502, Unreachable, True),
        pytest.param(503, Busy, True, id="WD28-503"),
        (504, Unreachable, True),
        pytest.param(507, QuotaExceeded, False, id="WD8-507"),
        (509, Busy, True),
        (599, Unreachable, True),
        (204, NotAStore, False),
        (302, NotAStore, False),
    ],
)
def test_a_status_has_a_meaning(status: int, kind: type[PyshareError], *, retryable: bool) -> None:
    error = from_response(DOING, status, {})
    assert (type(error), error.retryable) == (kind, retryable)
    assert str(error).startswith("cannot store the file on cloud.example.org: ")
    assert f"status {status}" in str(error)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        pytest.param("120", 120, 120, id="WD28-seconds"),
        pytest.param(formatdate(time.time() + 86_400, usegmt=True), 82_000, 86_401, id="WD28-date"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", 0, 0, id="WD28-past"),
    ],
)
def test_a_server_may_say_how_long_to_wait_wd28(text: str, least: float, most: float) -> None:
    wait = from_response(DOING, 503, {"Retry-After": text}).retry_after
    assert wait is not None
    assert least <= wait <= most


@pytest.mark.parametrize("text", ["", "soon", "-5", "Mon, 99 Foo 2026"])
def test_nonsense_is_no_time_to_wait_wd28(text: str) -> None:
    assert from_response(DOING, 503, {"Retry-After": text}).retry_after is None


def test_a_maintenance_page_is_waited_for_wd28(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    dav.script(Rule("HEAD", answer(503, Retry_After="7", Content_Type="text/html")))
    with pytest.raises(Busy, match="maintenance") as raised:
        store.stat("KEY")
    assert raised.value.retry_after == 7


def test_the_servers_own_words_are_passed_on(dav: ScriptedDAV, store: WebDAVBackend) -> None:
    words = b'<?xml version="1.0"?><d:error xmlns:d="DAV:" xmlns:s="sabre"><s:message>Locked by\n Alice</s:message>'
    dav.script(Rule("DELETE", answer(423, words, Content_Type="application/xml; charset=utf-8")))
    with pytest.raises(Busy, match=r"\(Locked by Alice\)"):
        store.delete("KEY")


@pytest.mark.parametrize("kind", ["text/html", "application/xml"])
def test_a_page_of_any_length_and_kind_is_not_passed_on_wd19(dav: ScriptedDAV, store: WebDAVBackend, kind: str) -> None:
    dav.script(Rule("DELETE", answer(500, b"<html><p>" + b"Oh no! " * 100_000, Content_Type=kind)))
    with pytest.raises(Unreachable) as raised:
        store.delete("KEY")
    assert len(str(raised.value)) < 300
    store.delete("KEY")


@pytest.mark.parametrize("method", ["HEAD", "DELETE"])
def test_the_signature_of_a_redirect_is_not_in_an_error(dav: ScriptedDAV, store: WebDAVBackend, method: str) -> None:
    dav.script(Rule(method, answer(302, Location="/dav/x?signature=geheim"), times=99))
    verb = store.stat if method == "HEAD" else store.delete
    with pytest.raises(PyshareError) as raised:
        verb("KEY")
    assert "geheim" not in str(raised.value)


def test_a_servers_words_give_no_orders_to_the_terminal() -> None:
    said = b"<s:message>\x1b[31mred\x07 \xc2\x9b2J</s:message>"
    error = from_response(DOING, 403, {"Content-Type": "application/xml"}, said)
    assert "red" in str(error)
    assert str(error).isprintable()
