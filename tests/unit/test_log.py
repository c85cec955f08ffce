"""What a line of the log says, what it leaves out, and to whom it goes."""

import logging
from collections.abc import Iterator
from threading import Thread

import pytest

from git_annex_remote_pyshare import log
from git_annex_remote_pyshare.waiting import telling


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What git-annex gets through one job, whose thread this is."""
    taken: list[str] = []

    def send(line: str) -> bool:
        taken.append(line)
        return True

    with log.to_git_annex(send):
        yield taken


def request(target: str, server: str = "cloud.example.org") -> None:
    exchange = log.exchange("GET", server, target)
    assert exchange is not None
    exchange.status = 200
    exchange.sent, exchange.received = 3, 4
    exchange.end()


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/dav/annex/a/KEY", "/dav/annex/a/KEY"),
        ("/bucket/KEY?X-Amz-Signature=SECRET", "/bucket/KEY"),
        ("/s/SECRET", "/s/…"),
        ("/cloud/index.php/s/SECRET/download", "/cloud/index.php/s/…/download"),
        ("/public.php/dav/files/SECRET/a/KEY", "/public.php/dav/files/…/a/KEY"),
        ("/remote.php/dav/public-files/SECRET/a", "/remote.php/dav/public-files/…/a"),
        ("/remote.php/direct/SECRET", "/remote.php/direct/…"),
        ("/login/v2/flow/SECRET", "/login/v2/flow/…"),
        ("/scl/fo/SECRET/x?rlkey=SECRET", "/scl/fo/…/x"),
        ("/cd/0/get/SECRET/file", "/cd/0/get/…/file"),
        ("/seafhttp/files/SECRET/KEY", "/seafhttp/files/…/KEY"),
        ("http://bob:SECRET@cloud.example.org/dav/KEY?token=SECRET", "/dav/KEY"),
        ("/dav/line\nbreak\x1b[2J", "/dav/line break [2J"),
    ],
)
def test_a_line_has_neither_queries_nor_logins_nor_what_opens_a_link(target: str, shown: str, lines: list[str]) -> None:
    request(target)
    (line,) = lines
    assert line.startswith(f"GET cloud.example.org {shown}: 200, ")
    assert line.endswith(" ms, 3 bytes sent, 4 received")


def test_nothing_is_measured_while_nobody_listens() -> None:
    assert log.exchange("GET", "cloud.example.org", "/") is None
    with log.to_stderr():
        assert log.exchange("GET", "cloud.example.org", "/") is not None
    assert log.exchange("GET", "cloud.example.org", "/") is None


def test_a_person_reads_it_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with log.to_stderr():
        request("/dav")
        logging.getLogger("pyshare.http").debug("more")
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == [
        "GET cloud.example.org /dav",
        "more",
    ]


def test_a_jobs_lines_go_to_that_job_and_those_of_a_shared_thread_to_one_that_listens() -> None:
    taken: dict[str, list[str]] = {"J 1": [], "J 2": []}
    listening = {"J 2"}

    def job(name: str) -> None:
        def send(line: str) -> bool:
            if name in listening:
                taken[name].append(line)
            return name in listening

        with log.to_git_annex(send):
            request(f"/{name[-1]}")
            telling(lambda: request(f"/{name[-1]}/waited-for"), lambda: None)
            if name == "J 1":
                other = Thread(target=job, args=["J 2"])
                other.start()
                other.join()
                listening.add("J 1")
                request("/1/again")
                listening.remove("J 1")
            else:
                shared = Thread(target=request, args=["/shared"])
                shared.start()
                shared.join()

    job("J 1")
    assert [line.split(" ")[2] for line in taken["J 2"]] == ["/2:", "/2/waited-for:", "/shared:"]
    assert [line.split(" ")[2] for line in taken["J 1"]] == ["/1/again:"]
