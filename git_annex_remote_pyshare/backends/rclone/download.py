"""Downloads an object through rclone, from its beginning or from where an earlier attempt stopped."""

import re
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse

from git_annex_remote_pyshare.backends.rclone.remote import Remote
from git_annex_remote_pyshare.errors import Unreachable
from git_annex_remote_pyshare.transfer import BLOCK, SMALL, Progress, Sink

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


def download(remote: Remote, name: str, sink: Sink, progress: Progress) -> bool:
    """Download the object; returns False if rclone has no such object, as `Remote.find` does.

    rclone sends no identifier of the version with the object. So one that may be resumed is looked up first; a small
    one is not, and is sent with the first request.

    Raises:
        Refused: rclone reports a failure.
        PyshareError: Any other failure.
    """
    if not sink.size:
        with remote.control.read(remote.fs, name, 0) as response:
            total = response.length
            if total is not None and total <= SMALL:
                _write(response, sink, 0, total, "", progress)
                return True
    item = remote.find(name)
    if item is None:
        return False
    total = item.size
    offset = sink.size if total is not None and sink.size <= total and sink.fits(item.version) else 0
    if offset and offset == total:
        progress(total)
        return True
    with remote.control.read(remote.fs, name, offset) as response:
        if offset and not _begins_at(response, offset, total):
            raise Unreachable("rclone sent another part of the file than it was asked for")
        if not offset and response.length != total:
            raise Unreachable("the file changed while it was being read")
        _write(response, sink, offset, total, item.version, progress)
    if offset and (now := remote.find(name)) != item:
        with sink.writing(0, None, now.version if now else ""):  # it has bytes of two versions
            pass
        raise Unreachable("the file changed while it was being read")
    return True


def _begins_at(response: HTTPResponse, offset: int, total: int | None) -> bool:
    found = _RANGE.fullmatch(response.getheader("Content-Range", ""))
    return found is not None and (int(found[1]), int(found[2])) == (offset, total)


def _write(
    response: HTTPResponse, sink: Sink, offset: int, total: int | None, version: str, progress: Progress
) -> None:
    done = offset
    with sink.writing(offset, total, version) as file:
        for block in _blocks(response, None if total is None else total - offset):
            file.write(block)
            done += len(block)
            progress(done)
        if total is not None and done != total:
            raise Unreachable("the connection ended in the middle of the file")


def _blocks(response: HTTPResponse, size: int | None) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(BLOCK if size is None else max(1, min(BLOCK, size))))
    while True:
        try:
            count = response.readinto(buffer)
        except (OSError, HTTPException) as error:
            raise Unreachable("the connection ended in the middle of the file") from error
        if not count:
            return
        yield buffer[:count]
