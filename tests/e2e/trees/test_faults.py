"""Renames in a tree while requests fail: nothing is lost, also what only the store has, and nothing is left over."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from support.annex import Repository
from support.fakes.dropbox.script import LOST, Play, Rule, refuses
from support.fault_proxy import FaultProxy, faulty
from support.marks import LONG
from support.places import SharedPlace, bucket_on, dropbox_of, folder_on
from support.trees import stored_tree

COUNT = 6
FILES = {f"many/f{number}.txt": b"%d" % number * 9 for number in range(COUNT)}
PATIENCE = "0.5"
"""Seconds for which a failing rename is repeated."""
FOR_EVER = 500

FAULTS = {
    "503": refuses("too_many_write_operations"),
    "swallow": LOST,
    "cut down 0": Play(cut=0),
    "reset": Play(reset=True),
}
"""A fault of a line, and the same of the fake Dropbox: refused, done without a reply, cut in the reply, broken."""


class Line(NamedTuple):
    """A place behind a line that fails and counts."""

    place: SharedPlace
    fail: Callable[[list[str], int], None]
    """Let so many requests of renames fail in each of these ways, and no others."""
    requests: Callable[[], Counter[str]]
    """What came since the last look: methods, or routes."""


@pytest.fixture(params=["apache", "moto", "dropbox"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """The place that the parameter names."""
    with LINES[request.param](request) as made:
        yield made


@contextmanager
def _webdav(request: pytest.FixtureRequest) -> Iterator[Line]:
    server = request.getfixturevalue("apache_server")
    with faulty(server.url.removeprefix("http://")) as proxy:
        yield _behind(proxy, folder_on(server._replace(url=proxy.url)), "MOVE")


@contextmanager
def _s3(request: pytest.FixtureRequest) -> Iterator[Line]:
    server = request.getfixturevalue("moto_server")
    with faulty(server.host) as proxy:
        yield _behind(proxy, bucket_on(server._replace(endpoint=proxy.url)), "PUT", "DELETE")


def _behind(proxy: FaultProxy, place: SharedPlace, *methods: str) -> Line:
    def requests() -> Counter[str]:
        seen, proxy.requests = proxy.requests, []
        return Counter(each.method for each in seen)

    return Line(
        place,
        lambda faults, times: proxy.fail("; ".join(f"{times}x {each} {fault}" for fault in faults for each in methods)),
        requests,
    )


@contextmanager
def _dropbox(request: pytest.FixtureRequest) -> Iterator[Line]:
    running = request.getfixturevalue("fake_dropbox")

    def fail(faults: list[str], times: int) -> None:
        running.service.script.clear()
        running.service.play(*(Rule("files/move_v2", FAULTS[fault], times) for fault in faults))

    def requests() -> Counter[str]:
        seen = Counter(route.removeprefix("files/") for route in running.service.routes() if route.startswith("files/"))
        running.service.forget()
        return seen

    yield Line(dropbox_of(running), fail, requests)


LINES = {"apache": _webdav, "moto": _s3, "dropbox": _dropbox}


@pytest.fixture
def exported(repository: Repository, line: Line) -> Repository:
    """A repository whose files are in the store's tree; there was never a fault."""
    repository.add(FILES)
    line.place.initremote(repository, {"exporttree": "yes"})
    line.requests()
    repository.annex("export", "HEAD", "--to", "store", "-J1")
    return repository


def _renamed(repository: Repository, folder: str) -> dict[str, bytes]:
    """Rename the folder of all files; what the store must have then."""
    (old,) = {name.partition("/")[0] for name in repository.git("ls-files").stdout.split()}
    repository.git("mv", old, folder)
    repository.git("commit", "-q", "-m", "a folder is renamed")
    return {name.replace("many/", f"{folder}/"): content for name, content in FILES.items()}


def test_a_rename_that_fails_for_a_while_is_done_in_the_same_export(exported: Repository, line: Line) -> None:
    exported.annex("drop", "--force", "-q", ".")
    line.requests()
    line.fail([*FAULTS], 2)
    wanted = _renamed(exported, "after")

    exported.annex("export", "HEAD", "--to", "store", "-J8")

    assert stored_tree(line.place) == wanted


@pytest.mark.parametrize(
    ("line", "jobs"),
    [("apache", "-J8"), pytest.param("moto", "-J8", marks=LONG), pytest.param("dropbox", "-J8", marks=LONG)],
    indirect=["line"],
)
def test_a_rename_that_fails_for_long_is_done_by_the_next_export(exported: Repository, line: Line, jobs: str) -> None:
    exported.annex("drop", "--force", "-q", ".")
    exported.git("config", "remote.store.pyshare-timeout", PATIENCE)
    line.fail(["503"], FOR_EVER)
    wanted = _renamed(exported, "after")
    assert exported.annex("export", "HEAD", "--to", "store", jobs, check=False).returncode == 1
    assert sorted({*stored_tree(line.place).values()}) == sorted(FILES.values())

    line.fail([], 0)
    exported.annex("export", "HEAD", "--to", "store", jobs)

    assert stored_tree(line.place) == wanted
    exported.annex("get", "-q", ".")


NEW = {
    "apache": {"HEAD": COUNT, "PUT": COUNT},
    "moto": {"HEAD": COUNT, "PUT": COUNT},
    "dropbox": {"get_metadata": COUNT, "upload": COUNT},
}
RENAMED = {
    "apache": {"MOVE": 2 * COUNT},
    "moto": {"PUT": 2 * COUNT, "DELETE": 2 * COUNT},
    "dropbox": {"move_v2": 2 * COUNT},
}
DELETED = {"apache": {"DELETE": COUNT - 1}, "moto": {"DELETE": COUNT - 1}, "dropbox": {"delete_v2": COUNT - 1}}
ONCE = {
    "apache": {"PUT": 1, "MOVE": 1, "MKCOL": 3, "PROPFIND": 1, "DELETE": 1, "HEAD": 2},
    "moto": {"HEAD": 2},
    "dropbox": {"get_metadata": 1, "list_folder": 2, "delete_v2": 1},
}
"""Requests that a process sends once, or once for a folder: to make it, to remove it, to know the server."""


def test_each_change_is_as_few_requests_as_the_service_allows(
    exported: Repository, line: Line, request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.params["line"]
    _check(line.requests(), NEW[kind], ONCE[kind])

    exported.annex("export", "HEAD", "--to", "store", "-J1")
    assert line.requests() == {}

    _renamed(exported, "after")
    exported.annex("export", "HEAD", "--to", "store", "-J1")
    _check(line.requests(), RENAMED[kind], ONCE[kind])

    exported.git("rm", "-q", *(f"after/f{number}.txt" for number in range(COUNT - 1)))
    exported.git("commit", "-q", "-m", "all but one are gone")
    exported.annex("export", "HEAD", "--to", "store", "-J1")
    _check(line.requests(), DELETED[kind], ONCE[kind])


def _check(seen: Counter[str], wanted: dict[str, int], once: dict[str, int]) -> None:
    """Compare requests with those that are wanted, and those that may come besides."""
    assert {name: count for name, count in wanted.items() if seen[name] < count} == {}
    assert {name: count for name, count in seen.items() if count > wanted.get(name, 0) + once.get(name, 0)} == {}
