"""What answers in an S3 server's place: its words are no news of any object."""

from pathlib import Path

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3kit import backend
from support.scripted import Play, Rule, answer

from git_annex_remote_pyshare.errors import NotAStore, PyshareError, Unreachable
from git_annex_remote_pyshare.testing.files import Desk
from git_annex_remote_pyshare.transfer import Sink

KEY = "WORM-s7-m1--key"
HASHED = "SHA256-s7--ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
OBJECT = f"bucket/pre/{KEY}"

WEB_PAGE = answer(200, b"<html></html>", Content_Type="Text/html", ETag='"5f3e2a10-264"')
"""A web application whose server answers every path with the same file."""


def nothing(_done: int) -> None:
    """Nobody watches."""


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(
            answer(404, b"404 page not found\n", Content_Type="text/plain"), id="S3-28-gateway-without-server"
        ),
        pytest.param(answer(404, b"{}", Content_Type="application/json"), id="S3-28-another-service"),
        pytest.param(answer(404, b"<html>", Content_Type="text/html", ETag='"5f3e-2"'), id="S3-28-page-of-404"),
        pytest.param(WEB_PAGE, id="S3-28-page"),
        pytest.param(Play(200, {"Content-Type": "text/plain"}, b"welcome", unsized=True), id="S3-28-without-length"),
        pytest.param(answer(204), id="S3-28-nothing"),
    ],
)
def test_nobody_but_s3_says_whether_an_object_is_there(scripted_s3: ScriptedS3, play: Play) -> None:
    scripted_s3.script(Rule("HEAD", play, times=-1), Rule("GET", play, times=-1))
    with pytest.raises(PyshareError):
        backend(scripted_s3).stat(KEY)


@pytest.mark.parametrize("name", [KEY, HASHED])
@pytest.mark.parametrize(
    "play",
    [
        pytest.param(answer(200, b"welcome", Content_Type="text/plain"), id="S3-28-text"),
        pytest.param(answer(200, b"{}", Content_Type="application/json"), id="S3-28-another-service"),
        pytest.param(answer(202, ETag='"x"'), id="S3-28-accepted-for-later"),
        pytest.param(answer(204), id="S3-28-nothing"),
        pytest.param(WEB_PAGE, id="S3-28-page"),
    ],
)
def test_nobody_but_s3_says_that_an_object_is_stored(
    scripted_s3: ScriptedS3, desk: Desk, play: Play, name: str
) -> None:
    scripted_s3.script(Rule("PUT", play))
    with pytest.raises(NotAStore):
        desk.put(backend(scripted_s3), name, b"content")
    assert scripted_s3.objects == {}


def test_no_page_says_that_an_object_is_removed(scripted_s3: ScriptedS3) -> None:
    scripted_s3.script(Rule("DELETE", WEB_PAGE))
    with pytest.raises(NotAStore):
        backend(scripted_s3).delete(KEY)


def test_an_absent_object_costs_one_request_more_where_the_server_does_not_show_what_it_is(
    scripted_s3: ScriptedS3,
) -> None:
    scripted_s3.script(Rule("HEAD", answer(404)))
    assert backend(scripted_s3).stat(KEY) is None
    assert scripted_s3.methods() == ["HEAD", "GET"]


def test_no_more_comes_than_the_object_has(scripted_s3: ScriptedS3, tmp_path: Path) -> None:
    got = tmp_path / "got"
    got.write_bytes(b"A" * 5)
    span = {"Content-Range": "bytes 4-9/10"}
    scripted_s3.script(Rule("GET", Play(206, span, b"A" * 2_000_000)))
    with pytest.raises(Unreachable, match="more than 10 bytes"):
        backend(scripted_s3).get(KEY, Sink(str(got)), nothing)
    assert got.stat().st_size <= 10
