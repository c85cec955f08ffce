"""A server that sends readers of an object to another one, as Hugging Face's buckets do."""

from collections.abc import Iterator

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login
from support.s3kit import backend
from support.scripted import Rule, answer, served

from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.errors import NotAStore, Unreachable
from git_annex_remote_pyshare.testing.files import Desk

KEY = "WORM-s7-m1--key"
CONTENT = b"content"
ADDRESS = "/bucket/copy?Signature=5"


@pytest.fixture
def edge() -> Iterator[ScriptedS3]:
    """Another server, which has a copy and knows no login."""
    with served(ScriptedS3()) as server:
        server.objects["bucket/copy"] = CONTENT
        yield server


@pytest.fixture
def store(scripted_s3: ScriptedS3, edge: ScriptedS3) -> Iterator[S3Backend]:
    """The bucket, whose server sends readers to the edge."""
    scripted_s3.login = Login()
    scripted_s3.script(Rule("GET", answer(302, Location=f"{edge.url}{ADDRESS}"), times=-1))
    made = backend(scripted_s3)
    yield made
    made.close()


def test_an_object_is_read_where_the_server_sends_its_readers(store: S3Backend, edge: ScriptedS3, desk: Desk) -> None:
    desk.put(store, KEY, CONTENT)
    assert desk.get(store, KEY) == CONTENT
    (seen,) = edge.requests
    assert seen.target == ADDRESS
    assert not [name for name in seen.headers if name.lower() == "authorization" or name.lower().startswith("x-amz-")]


def test_what_the_other_server_lacks_is_not_absent_in_the_store(store: S3Backend, edge: ScriptedS3, desk: Desk) -> None:
    edge.objects.clear()
    with pytest.raises(Unreachable, match=r"sends its readers, responds with 404") as error:
        desk.get(store, KEY)
    assert "Signature" not in str(error.value)


def _sent_to(scripted_s3: ScriptedS3, location: str) -> None:
    scripted_s3.script(Rule("GET", answer(302, Location=location), times=-1))


@pytest.mark.parametrize("location", ["ftp://edge.example.org/copy", "https://[edge/copy", ""])
def test_an_address_that_is_none_is_refused(scripted_s3: ScriptedS3, desk: Desk, location: str) -> None:
    _sent_to(scripted_s3, location)
    store = backend(scripted_s3)
    with pytest.raises(NotAStore, match="redirects to an address that pyshare does not follow"):
        desk.get(store, KEY)
    store.close()


def test_a_remote_that_is_not_verified_does_not_lead_into_a_private_network(
    scripted_s3: ScriptedS3, desk: Desk
) -> None:
    _sent_to(scripted_s3, "http://10.0.0.1/copy?Signature=5")
    store = backend(scripted_s3, trusted=False)
    with pytest.raises(NotAStore, match=r"10\.0\.0\.1, which is 10\.0\.0\.1 in a private network") as error:
        desk.get(store, KEY)
    assert "Signature" not in str(error.value)
    store.close()


def test_a_server_that_sends_readers_in_circles_is_given_up(scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.script(Rule("GET", answer(302, Location=f"{scripted_s3.url}/bucket/pre/{KEY}"), times=-1))
    store = backend(scripted_s3)
    with pytest.raises(Unreachable, match="responds with 302"):
        desk.get(store, KEY)
    assert scripted_s3.methods().count("GET") == 4
    store.close()
