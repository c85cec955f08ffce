"""Downloads that another process goes on with: what is there is never joined to the rest of another object."""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest
from support.davkit import dav as dav  # noqa: PLC0414  # a fixture
from support.dropboxkit import NAME, Owner, credential, place_for
from support.folderkit import established
from support.partskit import InClone
from support.s3kit import place_at
from support.scripted import Play

from git_annex_remote_pyshare.backends.base import Backend, Shares, StoreConfig, ability
from git_annex_remote_pyshare.backends.directory import copying
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.backends.registry import make
from git_annex_remote_pyshare.errors import Cancelled
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.store.ranges import Ranges
from git_annex_remote_pyshare.store.resume import Resumed
from git_annex_remote_pyshare.store.streams import Streams
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place
from git_annex_remote_pyshare.transfer import Sink

if TYPE_CHECKING:
    from support.fakes.dav import ScriptedDAV
    from support.fakes.s3 import ScriptedS3

pytest_plugins = ["support.dropbox_stores"]

SIZE = (3 << 20) + 5
OLD, NEW = body_of(SIZE), body_of(SIZE, b"another ciphertext of the same key")
HALF = SIZE // 2
"""Bytes after which a process dies, at the end of the block that they are in."""


class Server(Protocol):
    """A store seen from behind, and as each process of a clone opens it anew."""

    def hold(self, body: bytes) -> None:
        """From now on this is the object."""

    def process(self, place_of: Callable[[StoreConfig], StoreConfig]) -> Backend:
        """The backend, at a place that is in the clone."""


class Memory:
    def __init__(self, _request: pytest.FixtureRequest) -> None:
        self.backend = MemoryBackend()

    def hold(self, body: bytes) -> None:
        self.backend._objects[NAME] = body

    def process(self, place_of: Callable[[StoreConfig], StoreConfig]) -> Backend:
        self.backend.place = place_of(self.backend.place)
        return self.backend


class Folder:
    def __init__(self, request: pytest.FixtureRequest) -> None:
        request.getfixturevalue("monkeypatch").setattr(copying, "STEP", 1 << 20)
        self.desk = Desk(request.getfixturevalue("tmp_path"))
        self.backend = established(request.getfixturevalue("tmp_path") / "store")

    def hold(self, body: bytes) -> None:
        self.desk.put(self.backend, NAME, body)

    def process(self, place_of: Callable[[StoreConfig], StoreConfig]) -> Backend:
        return make(place_of(place(self.backend.place.url)))


class Manner(NamedTuple):
    """How a server answers."""

    old: Mapping[str, str]
    """What it calls the first object."""
    new: Mapping[str, str]
    """What it calls the second one."""
    knows_conditions: bool = True


DATES = [{"Last-Modified": f"Tue, 15 Nov 1994 12:45:2{second} GMT"} for second in (6, 7)]
MANNERS = {
    "strong": Manner({"ETag": '"old"'}, {"ETag": '"new"'}),
    "strong, and no conditions": Manner({"ETag": '"old"'}, {"ETag": '"new"'}, knows_conditions=False),
    "weak": Manner({"ETag": 'W/"old"'}, {"ETag": 'W/"new"'}),
    "odd": Manner({"ETag": "old"}, {"ETag": "new"}),
    "no tags": Manner(DATES[0], DATES[1]),
    "tags for the first": Manner({"ETag": '"old"', **DATES[0]}, DATES[1]),
}


class WebDAV:
    path = f"/dav/{NAME}"

    def __init__(self, manner: Manner, request: pytest.FixtureRequest) -> None:
        self.dav: ScriptedDAV = request.getfixturevalue("dav")
        self.dav.knows_conditions = manner.knows_conditions
        self.manner = manner

    def hold(self, body: bytes) -> None:
        self.dav.objects[self.path] = body
        says = dict(self.manner.new if body == NEW else self.manner.old)
        self.dav.etags[self.path] = says.pop("ETag", "")
        self.dav.decide = lambda _seen: Play(headers=says)

    def process(self, place_of: Callable[[StoreConfig], StoreConfig]) -> Backend:
        return make(place_of(place(f"{self.dav.url}/dav")))


class S3:
    path = f"bucket/pre/{NAME}"

    def __init__(self, manner: Manner, request: pytest.FixtureRequest) -> None:
        self.s3: ScriptedS3 = request.getfixturevalue("scripted_s3")
        self.s3.knows_conditions = manner.knows_conditions
        self.manner = manner

    def hold(self, body: bytes) -> None:
        self.s3.objects[self.path] = body
        self.s3.headers[self.path] = {"ETag": "", **(self.manner.new if body == NEW else self.manner.old)}

    def process(self, place_of: Callable[[StoreConfig], StoreConfig]) -> Backend:
        return make(place_of(place_at(self.s3)))


class Dropbox:
    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.owner: Owner = request.getfixturevalue("owner")

    def hold(self, body: bytes) -> None:
        self.owner.service.put(self.owner.home, f"/annex/{NAME}", body)

    def process(self, place_of: Callable[[StoreConfig], StoreConfig]) -> Backend:
        return make(place_of(place_for(self.owner.login)))


class DropboxLink(Dropbox):
    def process(self, place_of: Callable[[StoreConfig], StoreConfig]) -> Backend:
        shares = ability(self.owner.store(), Shares)
        assert shares
        link = shares.share()
        assert link
        login = credential(self.owner.service, self.owner.service.person("Bob"))
        return make(place_of(place_for(login, link.url)))


SERVERS: dict[str, Callable[[pytest.FixtureRequest], Server]] = {
    "memory": Memory,
    "directory": Folder,
    "dropbox": Dropbox,
    "dropbox link": DropboxLink,
    **{f"webdav, {name}": partial(WebDAV, manner) for name, manner in MANNERS.items()},
    **{f"s3, {name}": partial(S3, manner) for name, manner in MANNERS.items()},
}


def resumed(backend: Backend) -> Resumed:
    """The layer that resumes, around the store itself."""
    streams, stopping = Streams(backend.place.clone), Event()
    return Resumed(backend, Ranges(Layer(backend), backend, streams, stopping), streams, stopping)


class Computer:
    """A clone with a partial file, and one process after the other."""

    def __init__(self, folder: Path, server: Server) -> None:
        (folder / "git" / "annex").mkdir(parents=True)
        self.git_dir = folder / "git"
        self.file = self.git_dir / "annex" / "tmp"
        self.server = server
        self._opened: list[Backend] = []

    def process(self) -> Backend:
        """A new process, without the layers that would try again."""
        clone = InClone(str(self.git_dir), {})
        self._opened.append(self.server.process(lambda where: where._replace(clone=clone)))
        return resumed(self._opened[-1])

    def get_until(self, count: int) -> None:
        """A process that is ended once it has so many bytes."""

        def stop(done: int) -> None:
            if done >= count:
                raise Cancelled("ended by the test")

        with pytest.raises(Cancelled):
            self.process().get(NAME, Sink(str(self.file)), stop)
        assert count <= self.file.stat().st_size < count + (1 << 20)

    def get(self) -> int:
        """The next process; the first number that it reports."""
        told: list[int] = []
        self.process().get(NAME, Sink(str(self.file)), told.append)
        return told[0]

    def notes(self) -> list[Path]:
        return sorted((self.git_dir / "annex" / "pyshare" / "downloads").glob("*"))

    def close(self) -> None:
        for store in self._opened:
            store.close()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    return SERVERS[request.param](request)


@pytest.fixture
def computer(tmp_path: Path, server: Server) -> Iterator[Computer]:
    made = Computer(tmp_path, server)
    yield made
    made.close()


every_server = pytest.mark.parametrize("server", SERVERS, indirect=True)


@every_server
@pytest.mark.parametrize("count", [pytest.param(HALF, id="PR21-half"), pytest.param(SIZE, id="PR21-all")])
def test_another_process_brings_a_replaced_object_from_its_beginning(
    computer: Computer, server: Server, count: int
) -> None:
    server.hold(OLD)
    computer.get_until(count)
    server.hold(NEW)
    assert computer.get() <= 1 << 20
    assert computer.file.read_bytes() == NEW
    assert len(computer.notes()) == 1


@every_server
def test_a_whole_file_that_git_annex_did_not_live_to_take_is_a_beginning_like_any_other_pr21(
    computer: Computer, server: Server
) -> None:
    server.hold(OLD)
    computer.get()
    server.hold(NEW)
    computer.get()
    assert computer.file.read_bytes() == NEW


@every_server
def test_another_process_goes_on_with_the_same_object(computer: Computer, server: Server) -> None:
    server.hold(OLD)
    computer.get_until(HALF)
    assert computer.get() > HALF
    assert computer.file.read_bytes() == OLD


@every_server
def test_a_third_process_knows_what_the_second_one_began(computer: Computer, server: Server) -> None:
    server.hold(OLD)
    computer.get_until(HALF)
    server.hold(NEW)
    computer.get_until(HALF)
    assert computer.get() > HALF
    assert computer.file.read_bytes() == NEW
    computer.file.write_bytes(NEW[:HALF])
    server.hold(OLD)
    computer.get_until(2 * HALF)  # of nobody knows what, and so gone on with; but from now on it is known
    server.hold(NEW)
    assert computer.get() <= 1 << 20
    assert computer.file.read_bytes() == NEW


@pytest.mark.parametrize("kind", [WebDAV, S3])
@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param({"ETag": 'W/"tag"'}, {"ETag": '"tag"'}, id="Apache, a second after it was stored"),
        pytest.param({"ETag": '"tag"'}, {"ETag": 'W/"tag"'}, id="nginx, whose other worker compresses"),
        pytest.param({"ETag": '"tag"'}, {}, id="no names any more"),
        pytest.param({}, {"ETag": '"tag"'}, id="no names at first"),
        pytest.param({}, {}, id="no names"),
    ],
)
def test_only_another_name_makes_it_another_object(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    kind: type[WebDAV | S3],
    first: Mapping[str, str],
    then: Mapping[str, str],
) -> None:
    server = kind(Manner(first, then, knows_conditions=False), request)
    computer = Computer(tmp_path, server)
    server.hold(OLD)
    computer.get_until(HALF)
    server.manner = Manner(then, then, knows_conditions=False)
    server.hold(OLD)
    assert computer.get() > HALF
    assert computer.file.read_bytes() == OLD
    computer.close()


def test_without_a_git_directory_all_attempts_of_one_transfer_know_it(tmp_path: Path) -> None:
    server, desk = MemoryBackend(), Desk(tmp_path)
    desk.put(server, NAME, OLD)
    sink, store = desk.sink(), resumed(server)

    def stop(_done: int) -> None:
        raise Cancelled("ended by the test")

    with pytest.raises(Cancelled):
        store.get(NAME, sink, stop)
    desk.put(server, NAME, NEW)
    store.get(NAME, sink, nobody)
    assert content(sink) == NEW


def test_nothing_of_it_is_loaded_or_made_for_a_small_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git" / "annex").mkdir(parents=True)
    server, desk = MemoryBackend(place()._replace(clone=InClone(str(tmp_path / "git"), {}))), Desk(tmp_path)
    desk.put(server, NAME, b"small")
    monkeypatch.setitem(sys.modules, "git_annex_remote_pyshare.state.partial_downloads", None)  # importing it fails
    assert desk.get(wrap(server, Event()), NAME) == b"small"
    assert list((tmp_path / "git" / "annex").iterdir()) == []
