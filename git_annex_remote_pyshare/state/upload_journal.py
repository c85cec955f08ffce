"""Keeps a journal of multipart uploads below the git directory, so that a later process can resume them.

Each upload has its own file with lines of JSON: the first describes the upload, and each further one is a part that the
server has. Only the owner can read the file, and it is locked while a process uses it. Nothing here is needed for
correctness: what cannot be read is ignored, and if nothing can be written, the upload works without the journal.

Imported late: only the store of a large object needs it.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from typing import Any, NamedTuple

from git_annex_remote_pyshare.part_plan import Plan, Sent, Upload
from git_annex_remote_pyshare.state.lock import is_at, try_lock
from git_annex_remote_pyshare.state.state_dir import StateDir

AGE = 6 * 86400.0
"""Seconds after which an upload is not resumed; Dropbox, for example, keeps it for seven days."""

_VERSION = 1

_WHERE = (
    *("url", "layout", "bucket", "endpoint", "region", "addressing", "storageclass", "public", "publicurl"),
    *("requesterpays", "profile", "host", "port", "protocol", "datacenter", "requeststyle", "fileprefix", "signature"),
    *("partsize", "restore", "versioning", "x-amz-tagging", "namespace", "share", "password", "token"),
)
"""Settings that are always part of an upload's file name, even if empty, as in version 0.1. A newer setting is part of
it only if set, so that a new version still finds the uploads of an older one."""


class Kept(NamedTuple):
    """An unfinished upload of an earlier process."""

    upload: Upload
    sent: Mapping[int, Sent]
    """Part number → part."""
    is_old: bool
    """Whether the upload is so old that the server may have deleted it."""


class Entry:
    """One upload in the journal. Not thread-safe: the threads that send its parts must call it one at a time.

    Args:
        file: Locked, and open for reading and appending; None if nothing can be kept.
        now: Returns the time in seconds since 1970.
    """

    def __init__(self, file: FileIO | None, now: Callable[[], float]) -> None:
        self._file = file
        self._now = now
        self.kept = self._read()
        """The upload as it was when the entry was opened; None if there was none."""

    @property
    def lasts(self) -> bool:
        """Whether a later process can read the entry."""
        return self._file is not None

    def begin(self, upload: Upload) -> None:
        """Record a new upload; replaces an earlier one."""
        self.forget()
        self._append({"version": _VERSION, "begun": self._now(), **upload._asdict(), "plan": list(upload.plan)})

    def add(self, number: int, sent: Sent) -> None:
        """Record that the server has part `number`."""
        self._append({"part": number, **sent._asdict()})

    def forget(self) -> None:
        """Remove the record, because nothing is left to resume."""
        self._truncate(0)

    def close(self) -> None:
        """Release the entry for other processes, and remove it if it is empty."""
        if self._file is None:
            return
        with suppress(OSError):  # Windows cannot remove an open file; it is removed later, with expired files
            if not os.fstat(self._file.fileno()).st_size:
                os.unlink(self._file.name)
        self._file.close()
        self._file = None

    def _read(self) -> Kept | None:
        if self._file is None:
            return None
        try:
            self._file.seek(0)
            lines = _whole_lines(self._file.readall())
            head = json.loads(next(lines, b"null"))
            upload = _upload_of(head)
            age = self._now() - head["begun"]
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return Kept(upload, self._parts(lines, upload.plan), not 0 <= age < AGE)

    def _parts(self, lines: Iterator[bytes], plan: Plan) -> Mapping[int, Sent]:
        """The parts in these lines; skips invalid lines, which a power cut can leave."""
        sent: dict[int, Sent] = {}
        for line in lines:
            with suppress(ValueError, TypeError, KeyError):
                said = json.loads(line)
                if 1 <= said["part"] <= plan.last:
                    sent[said["part"]] = Sent(str(said["digest"]), str(said["token"]))
        return sent

    def _append(self, content: Mapping[str, Any]) -> None:
        """Write a line so that it survives a power cut."""
        if self._file is None:
            return
        try:
            # End a line that was cut off first, so that it does not damage the new one.
            self._file.write(b"\n" + json.dumps(content).encode() + b"\n")
            os.fsync(self._file.fileno())
        except OSError:
            self._give_up()

    def _truncate(self, size: int) -> None:
        if self._file is None:
            return
        try:
            self._file.truncate(size)
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        """Keep nothing from now on: an incomplete journal would be worse than none."""
        with suppress(OSError):
            if self._file:
                self._file.truncate(0)
        self.close()


class UploadJournal:
    """The multipart uploads of one clone.

    Args:
        git_dir: Path of the clone's git directory; if empty, nothing is kept.
        now: Returns the time in seconds since 1970.
    """

    def __init__(self, git_dir: str, *, now: Callable[[], float] = time.time) -> None:
        self._drawer = StateDir(git_dir, "uploads", lambda file: now() - file.stat().st_mtime > AGE)
        self._now = now

    @contextmanager
    def entry(self, place: Mapping[str, str], name: str) -> Iterator[Entry]:
        """Hold the entry of one object during the block; if another process holds it, the entry keeps nothing.

        Args:
            place: The settings that say where and how the object is stored.
            name: The object's name.
        """
        entry = Entry(self._opened(place, name), self._now)
        try:
            yield entry
        finally:
            entry.close()

    def uploads(self) -> Iterator[Upload]:
        """All recorded uploads that are not finished, to any store, including those in progress."""
        for file in self._drawer.files():
            with suppress(OSError, ValueError, TypeError, KeyError), FileIO(file, "r") as lines:
                yield _upload_of(json.loads(next(_whole_lines(lines.readall()), b"null")))

    def _opened(self, place: Mapping[str, str], name: str) -> FileIO | None:
        if not self._drawer.is_there:
            return None
        path = self._drawer.path(_where(place), name)
        try:
            return _locked(FileIO(path, "a+", opener=self._drawer.open))
        except OSError:
            return None


def _where(place: Mapping[str, str]) -> list[tuple[str, str]]:
    """The settings that say where and how an object is stored; see `_WHERE`."""
    given = {name: value for name, value in place.items() if value}
    return sorted((dict.fromkeys(_WHERE, "") | given).items())


def _locked(file: FileIO) -> FileIO | None:
    """The file, now locked; None while another process or job has it."""
    if _is_ours(file.fileno()) and is_at(file.fileno(), lambda: os.stat(file.name)):
        return file
    file.close()
    return None


def _is_ours(descriptor: int) -> bool:
    try:
        return try_lock(descriptor)
    except OSError:
        # The file system has no locks. That is safe: git-annex sends a key to a remote only once at a time.
        return True


def _whole_lines(text: bytes) -> Iterator[bytes]:
    return (line for line in text[: text.rfind(b"\n") + 1].split(b"\n") if line)


def _upload_of(head: Any) -> Upload:
    """The upload that `begin` wrote; raises ValueError, TypeError or KeyError for anything else."""
    size, part_size = (int(number) for number in head["plan"])
    if head["version"] != _VERSION or size < 0 or part_size <= 0:
        raise ValueError(head)
    return Upload(str(head["name"]), str(head["id"]), Plan(size, part_size))
