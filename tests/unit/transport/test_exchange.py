"""What remains of a response whose body breaks off, and of one that comes before the request is sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.davkit import quiet, source
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Rule

from git_annex_remote_pyshare.backends.s3.error_codes import EXPLAINED_BY_BODY
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import Unreachable
from git_annex_remote_pyshare.transport.body import Body
from git_annex_remote_pyshare.transport.connection import Connections
from git_annex_remote_pyshare.transport.exchange import EXCERPT, excerpt, exchange

CUT = {
    "is cut off": Play(body=b"<Error>why", cut=7),
    "ends before it begins": Play(body=b"<Error>why", cut=0),
    "never comes": Play(headers={"Content-Length": "10"}),
    "stops in the middle": Play(headers={"Content-Length": "10"}, body=b"<Error>"),
}


@pytest.fixture
def connections() -> Iterator[Connections]:
    made = Connections(LocalConfig())
    made.idle = 1.5  # seconds; a busy machine can be late by half a one
    yield made
    made.close()


def read(dav: ScriptedDAV, connections: Connections) -> tuple[int, bytes]:
    """Status and excerpt of the next response."""
    with exchange("cannot look", LocalConfig(), lambda: connections.send("GET", f"{dav.url}/dav/x", {})) as response:
        return response.status, excerpt(response, EXPLAINED_BY_BODY)


@pytest.mark.parametrize("status", [413, 503])
@pytest.mark.parametrize("how", CUT)
def test_a_refusal_keeps_its_status_if_only_its_body(
    how: str, status: int, dav: ScriptedDAV, connections: Connections
) -> None:
    dav.script(Rule("GET", CUT[how]._replace(status=status)))
    seen, body = read(dav, connections)
    assert seen == status
    assert b"<Error>why".startswith(body)
    assert len(body) == (7 if how in {"is cut off", "stops in the middle"} else 0)
    dav.script(Rule("GET", Play(status=status, body=b"whole")))
    assert read(dav, connections) == (status, b"whole")


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("how", CUT)
def test_a_response_that_only_its_body_explains_is_a_broken_connection_if_that(
    how: str, status: int, dav: ScriptedDAV, connections: Connections
) -> None:
    dav.script(Rule("GET", CUT[how]._replace(status=status)))
    with pytest.raises(Unreachable) as broken:
        read(dav, connections)
    assert broken.value.retryable


def test_no_more_than_an_excerpt_is_read(dav: ScriptedDAV, connections: Connections) -> None:
    dav.script(Rule("GET", Play(status=404, body=bytes(2 * EXCERPT))))
    assert read(dav, connections) == (404, bytes(EXCERPT))


def test_the_body_of_a_response_to_half_a_request_is_read_whole(
    dav: ScriptedDAV, connections: Connections, tmp_path: Path
) -> None:
    """A server that responds early may send the body after the head, and not announce that it closes (Ceph RGW)."""
    dav.script(Rule("PUT", Play(400, hasty=True, body=b"<Error>why</Error>", drip=0.005)))
    body = Body(source(tmp_path, bytes(32 << 20)), quiet)
    with exchange(
        "cannot store", LocalConfig(), lambda: connections.send("PUT", f"{dav.url}/dav/x", {}, body)
    ) as response:
        assert excerpt(response, EXPLAINED_BY_BODY) == b"<Error>why</Error>"
    assert connections.send("PROPFIND", f"{dav.url}/dav/", {"Depth": "0"}).status == 207
