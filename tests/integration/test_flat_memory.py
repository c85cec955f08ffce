"""Memory does not grow with the files: what eight jobs and all their parts hold at once stays far below 64 MiB."""

import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import RawIOBase
from pathlib import Path
from threading import Barrier

import pytest
from urllib3.response import HTTPResponse

from git_annex_remote_pyshare.store.resume import STREAMS
from git_annex_remote_pyshare.testing.files import nobody
from git_annex_remote_pyshare.transfer import BLOCK, Sink, Source
from git_annex_remote_pyshare.transport.body import Body
from git_annex_remote_pyshare.transport.content_range import ContentRange, fill

MIB = 1 << 20
JOBS = 8
SIZE = 48 * MIB


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
