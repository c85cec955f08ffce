"""Lets rclone store a local file: says where the file is in rclone's words, and watches that it stays the same."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from git_annex_remote_pyshare.backends.rclone.errors import Refused, is_absent
from git_annex_remote_pyshare.backends.rclone.remote import Remote
from git_annex_remote_pyshare.errors import SourceChanged
from git_annex_remote_pyshare.transfer import LocalPath, Progress, Source

_CONFIG = {
    # Otherwise rclone keeps what is there if its size and time are the same, and reports success.
    "NoCheckDest": True,
    "IgnoreChecksum": False,
    "IgnoreSize": False,
    "DryRun": False,
}

_HASHING = 20e6
"""Bytes per second at which a slow disk is read: rclone computes a hash before it sends the first byte."""


def upload(remote: Remote, name: str, source: Source, progress: Progress) -> None:
    """Store the source as object `name`. rclone compares size and hash with those that the service reports.

    Raises:
        SourceChanged: The file has changed; nothing of it is stored.
        Refused: rclone reports a failure.
        PyshareError: Any other failure.
    """
    progress(0)
    with source.open(), _as_rclone_finds(source.path, remote.control.child.folder) as (folder, path):
        before = source.stamp()
        _require_same(source, before)
        where = {"srcFs": folder, "srcRemote": path, "dstFs": remote.fs, "dstRemote": name, "_config": _CONFIG}
        told = 0

        def moved(done: int) -> None:
            nonlocal told  # rclone counts what it sends again
            told = max(told, min(done, source.size))
            progress(told)

        try:
            remote.control.transfer("operations/copyfile", where, moved, source.size / _HASHING)
        except Refused as refused:
            if is_absent(refused):
                raise SourceChanged("the file was removed while it was being stored") from refused
            raise
        try:
            _require_same(source, before)
        except SourceChanged:
            remote.control.call("operations/deletefile", {"fs": remote.fs, "remote": name})
            raise
    progress(source.size)


def _require_same(source: Source, before: tuple[int, int]) -> None:
    now = source.stamp()
    if now != before or now[0] != source.size:
        raise SourceChanged("the file changed while it was being stored", detail=os.fsdecode(source.path))


@contextmanager
def _as_rclone_finds(path: LocalPath, folder: str) -> Iterator[tuple[str, str]]:
    """The folder and the name of a local file for rclone, which replaces some characters in the names of local files.

    Args:
        path: The file.
        folder: A private folder, for a link to a file whose path is not ASCII.
    """
    full = os.path.abspath(os.fsdecode(os.path.realpath(path) if os.path.islink(path) else path))
    if os.name == "nt":
        drive, rest = os.path.splitdrive(full)
        yield f"{drive}/", rest.replace("\\", "/").lstrip("/")
    elif full.isascii():
        yield "/", full[1:]
    else:
        link = uuid.uuid4().hex
        os.symlink(full, os.path.join(folder, link))
        try:
            yield f":local,copy_links=true:{folder}", link
        finally:
            with suppress(OSError):
                os.unlink(os.path.join(folder, link))
