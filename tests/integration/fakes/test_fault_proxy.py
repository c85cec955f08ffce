"""The fault proxy does what its schedule says, and nothing else."""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse

import pytest
from support.fakes.dav import ScriptedDAV
from support.fault_proxy import FaultProxy, faulty
from support.fault_schedule import Fault, Schedule
from support.servers import Server

from git_annex_remote_pyshare.testing.files import body_of

BODY = body_of(300_000)
PATH = "/dav/object"


@pytest.fixture
def line(dav: ScriptedDAV) -> Iterator[FaultProxy]:
    with faulty(dav.url.removeprefix("http://")) as proxy:
        yield proxy


@pytest.fixture
def client(line: FaultProxy) -> Iterator[HTTPConnection]:
    with closing(HTTPConnection(line.host, timeout=10)) as connection:
        yield connection


def put(client: HTTPConnection) -> HTTPResponse:
    client.request("PUT", PATH, BODY)
    answer = client.getresponse()
    answer.read()
    return answer


def got(client: HTTPConnection) -> bytes:
    client.request("GET", PATH)
    return client.getresponse().read()


def test_without_faults_everything_goes_through_on_one_connection(
    line: FaultProxy, dav: ScriptedDAV, client: HTTPConnection
) -> None:
    assert put(client).status == 201
    own_end = client.sock.getsockname()
    assert got(client) == BODY
    client.request("HEAD", PATH)
    assert client.getresponse().read() == b""
    assert client.sock.getsockname() == own_end
    assert [seen.method for seen in line.requests] == dav.methods() == ["PUT", "GET", "HEAD"]
    assert dav.requests[0].headers["Host"] == line.host
    assert len(BODY) < line.sent < len(BODY) + 1000
    assert len(BODY) < line.received < len(BODY) + 1500


def test_a_status_comes_in_the_place_of_the_server_with_the_time_to_wait(
    line: FaultProxy, dav: ScriptedDAV, client: HTTPConnection
) -> None:
    line.fail("PUT 503 after 7")
    answer = put(client)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    assert put(client).status == 201
    assert dav.methods() == ["PUT"]


@pytest.mark.parametrize("fault", ["reset", "cut up 0", "cut up 100000", "cut up 99999999", "stall up 200000"])
def test_a_request_that_breaks_reaches_nobody(
    line: FaultProxy, dav: ScriptedDAV, client: HTTPConnection, fault: str, short_stall: None
) -> None:
    line.fail(fault)
    with pytest.raises((OSError, HTTPException)):
        put(client)
    assert dav.objects == {}
    client.close()
    assert put(client).status == 201


@pytest.mark.parametrize("fault", ["swallow", "cut down 0", "truncate 0"])
def test_a_server_does_what_nobody_hears_of(
    line: FaultProxy, dav: ScriptedDAV, client: HTTPConnection, fault: str
) -> None:
    line.fail(fault)
    with pytest.raises((OSError, HTTPException)):
        put(client)
    assert dav.objects[PATH] == BODY


@pytest.mark.parametrize("fault", ["cut down 1000", "truncate 1000", "truncate 99999999", "stall down 1000"])
def test_an_answer_that_breaks_is_never_whole(
    line: FaultProxy, dav: ScriptedDAV, client: HTTPConnection, fault: str, short_stall: None
) -> None:
    dav.objects[PATH] = BODY
    line.fail(f"GET {fault}")
    with pytest.raises((OSError, HTTPException)):
        got(client)


def test_a_truncated_answer_is_there_up_to_that_byte(
    line: FaultProxy, dav: ScriptedDAV, client: HTTPConnection
) -> None:
    dav.objects[PATH] = BODY
    line.fail("truncate 1000")
    client.request("GET", PATH)
    assert client.getresponse().read(1000) == BODY[:1000]


@pytest.mark.parametrize(("way", "act"), [("up", put), ("down", got)])
def test_one_byte_is_corrupt(
    line: FaultProxy, dav: ScriptedDAV, client: HTTPConnection, way: str, act: Callable[[HTTPConnection], object]
) -> None:
    dav.objects[PATH] = BODY
    line.fail(f"corrupt {way} 100000")
    came = act(client)
    arrived = dav.objects[PATH] if way == "up" else came
    assert arrived == BODY[:100_000] + bytes([BODY[100_000] ^ 0xFF]) + BODY[100_001:]


def test_a_slow_line_takes_its_time_and_a_long_one_keeps_answers_back(line: FaultProxy, client: HTTPConnection) -> None:
    line.fail("slow 1000000")
    line.latency = 0.1
    begin = time.monotonic()
    assert put(client).status == 201
    assert 0.4 <= time.monotonic() - begin < 4


def test_a_real_server_s_answers_of_unknown_length_go_through(apache_server: Server) -> None:
    host = apache_server.url.removeprefix("http://")
    with faulty(host) as line, closing(HTTPConnection(line.host, timeout=10)) as client:
        for _ in range(2):
            client.request("PROPFIND", "/", headers={"Depth": "1", "Authorization": _login(apache_server)})
            answer = client.getresponse()
            assert (answer.status, answer.read().strip()[-16:]) == (207, b"</D:multistatus>")


def test_each_step_is_for_the_next_request_that_it_fits() -> None:
    schedule = Schedule("2x PUT 503 after 2; ok; GET cut down 5; swallow;")
    methods = ["PUT", "GET", "PUT", "GET", "DELETE", "PUT"]
    assert [schedule.next(method) for method in methods] == [
        Fault("status", "", 503, 2),
        Fault("ok"),
        Fault("status", "", 503, 2),
        Fault("cut", "down", 5),
        Fault("swallow"),
        Fault("ok"),
    ]


@pytest.mark.parametrize("wrong", ["break", "cut 5", "cut sideways 5", "PUT", "503 after", "x reset"])
def test_a_word_that_is_not_in_the_language_is_refused(wrong: str) -> None:
    with pytest.raises(AssertionError):
        Schedule(wrong)


@pytest.fixture
def short_stall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.fault_proxy.STALL", 0.2)


def _login(server: Server) -> str:
    return "Basic " + b64encode(f"{server.user}:{server.password}".encode()).decode()
