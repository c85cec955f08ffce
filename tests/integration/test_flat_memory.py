"""Memory does not grow with the files: what eight jobs and all their parts hold at once stays far below 64 MiB."""

import os
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import RawIOBase
from itertools import count
from pathlib import Path
from threading import Barrier, Event
from time import sleep

import pytest
from support.partskit import InClone
from urllib3.response import HTTPResponse

from git_annex_remote_pyshare.store import ranges
from git_annex_remote_pyshare.store.multipart import concurrency, downloads
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.store.resume import STREAMS
from git_annex_remote_pyshare.testing.files import nobody
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place
from git_annex_remote_pyshare.transfer import BLOCK, ByteRange, Progress, Sink, Source
from git_annex_remote_pyshare.transport.body import Body
from git_annex_remote_pyshare.transport.content_range import ContentRange, fill, read_part, span_of

MIB = 1 << 20
JOBS = 8
SIZE = 48 * MIB
VERSION = '"version"'


def peak(transfer: Callable[[int], object]) -> int:
    """Bytes held at most while so many transfers run as there are ever at once."""
    tracemalloc.start()
    try:
        with ThreadPoolExecutor(max(JOBS, STREAMS)) as pool:
            list(pool.map(transfer, range(max(JOBS, STREAMS))))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture
def large(tmp_path: Path) -> Source:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(SIZE)
    return Source(str(path))


def test_what_is_sent_takes_a_block_for_each_stream(large: Source) -> None:
    together = Barrier(max(JOBS, STREAMS))

    def send(_job: int) -> int:
        with Body(large, nobody).blocks() as blocks:
            first = len(next(blocks))
            together.wait(30)  # now all have their blocks
            return first + sum(map(len, blocks))

    assert peak(send) < max(JOBS, STREAMS) * 2 * BLOCK


class Endless(RawIOBase):
    """An answer's body that takes no room itself."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, room: bytearray) -> int:  # type: ignore[override]
        count = min(len(room), self._left)
        self._left -= count
        return count


def test_what_is_fetched_takes_a_few_blocks_for_each_job(tmp_path: Path) -> None:
    def fetch(job: int) -> None:
        answer = HTTPResponse(Endless(SIZE), preload_content=False, decode_content=False)
        sink = Sink(str(tmp_path / f"{job}"))
        fill(answer, sink, ContentRange(0, SIZE), nobody, "fetch")

    assert peak(fetch) < JOBS * 4 * BLOCK


class Far(MemoryBackend):
    """Has one object of SIZE bytes, which takes no memory itself; the first ranges of each job take longest."""

    def __init__(self) -> None:
        super().__init__(place()._replace(clone=InClone("", {"parts": str(2 * JOBS)})))
        self.requests = count()

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        begin = sink.size
        with sink.writing(begin, SIZE, VERSION) as file:
            for done in range(begin, SIZE, BLOCK):
                file.write(bytes(BLOCK))
                sleep(0.01)
                progress(done + BLOCK)

    def read_range(self, name: str, part: ByteRange, progress: Progress) -> bytearray:
        next(self.requests)
        last = part.start + part.size - 1
        headers = {"Content-Range": f"bytes {part.start}-{last}/{SIZE}", "ETag": VERSION}
        answer = HTTPResponse(Endless(part.size), headers, 206, preload_content=False, decode_content=False)
        body = read_part(answer, span_of(answer), part, progress, "fetch")
        sleep(0.2 if part.start < 8 * MIB else 0)
        return body


def test_what_is_fetched_over_several_connections_stays_below_64_mib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name, value in (
        (ranges, "MOMENT", 1e-9),
        (downloads, "WORTHWHILE", 0),
        (downloads, "GAIN", 0),
        (concurrency, "FIRST", 2 * JOBS),
    ):
        monkeypatch.setattr(module, name, value)
    far = Far()
    store = wrap(far, Event())

    def fetch(job: int) -> None:
        sink = Sink(str(tmp_path / f"{job}"))
        store.get("object", sink, nobody)
        assert sink.size == SIZE
        os.unlink(sink.path)

    assert peak(fetch) < 64 * MIB
    assert next(far.requests) > JOBS * SIZE // downloads.LARGEST
