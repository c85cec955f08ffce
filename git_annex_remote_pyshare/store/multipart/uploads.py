"""Uploads one object in parts: begin or resume, send, finish; or abort, so that nothing is left of it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Event
from typing import NamedTuple, Protocol, TypeVar

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.multipart import SupportsMultipart
from git_annex_remote_pyshare.errors import (
    Cancelled,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    SourceChanged,
    Unreachable,
)
from git_annex_remote_pyshare.part_plan import Limits, Part, Sent, Upload, is_within, plan
from git_annex_remote_pyshare.state.upload_journal import Entry, Kept, UploadJournal
from git_annex_remote_pyshare.store.multipart.concurrency import AdaptiveLimit
from git_annex_remote_pyshare.store.multipart.part_workers import WorkerPool
from git_annex_remote_pyshare.transfer import Progress, Source

Done = TypeVar("Done")


class Run(Protocol):
    """Sends a request through the layers that retry and limit it: `Layer.run`."""

    def __call__(self, attempt: Callable[[Progress], Done], progress: Progress) -> Done:
        """See `Layer.run`."""


class Shared(NamedTuple):
    """What all uploads of a process share."""

    settings: Mapping[str, str]
    """Where the store is, and how objects are stored."""
    journal: UploadJournal
    streams: AdaptiveLimit
    stopping: Event
    part_size: int = 0
    """Size of a part in bytes, from git config; 0 to choose one."""
    remote: str = ""
    """The remote's name in this clone, for error texts."""


class Uploads:
    """All uploads in parts of one store.

    Args:
        takes: The store.
        run: Sends its requests.
        shared: What all uploads share.
    """

    def __init__(self, takes: SupportsMultipart, run: Run, shared: Shared) -> None:
        self._takes = takes
        self._run = run
        self._shared = shared

    def store(self, name: str, source: Source, limits: Limits, progress: Progress) -> Receipt:
        """Store one object; resumes an earlier upload of the same bytes.

        Raises:
            UploadLost: The server has lost what was sent; the next call starts from the beginning.
            PyshareError: Any other failure; after a temporary one, the next call resumes the upload.
        """
        with self._shared.journal.entry(self._shared.settings, name) as entry:
            attempt = _Attempt(self._takes, self._run, self._shared, entry, source)
            return attempt.store(name, limits, progress)


class _Attempt:
    """One call of `Uploads.store`."""

    def __init__(self, takes: SupportsMultipart, run: Run, shared: Shared, entry: Entry, source: Source) -> None:
        self._takes = takes
        self._run = run
        self._shared = shared
        self._entry = entry
        self._source = source
        self._sent: dict[int, Sent] = {}

    def store(self, name: str, limits: Limits, progress: Progress) -> Receipt:
        """See `Uploads.store`."""
        stamp = self._source.stamp()
        upload = self._resumed(limits, progress) or self._new(name, limits, progress)
        try:
            self._send(upload, limits, progress)
            if self._source.stamp() != stamp:
                raise SourceChanged("the file changed while it was being stored", detail=name)
            receipt = self._finish(upload, progress)
        except PyshareError as error:
            if not self._can_resume(error):
                self._abort(upload)
            raise
        self._entry.forget()
        return receipt

    def _resumed(self, limits: Limits, progress: Progress) -> Upload | None:
        """The upload in the journal, if it is one of the same bytes and the server still has it."""
        kept = self._entry.kept
        if kept is None:
            return None
        # The process that began it may have known other limits of the server, so its plan can differ from a new one.
        fits = kept.upload.plan.size == self._source.size and is_within(kept.upload.plan, limits)
        if fits and not kept.is_old and self._is_ours(kept, progress):
            return kept.upload
        self._abort(kept.upload)
        return None

    def _new(self, name: str, limits: Limits, progress: Progress) -> Upload:
        """A new upload."""
        self._sent = {}
        wanted = plan(self._source.size, limits, self._shared.part_size, self._shared.remote)
        upload = Upload(name, self._quick_request(lambda: self._takes.begin(name, wanted), progress), wanted)
        self._entry.begin(upload)
        return upload

    def _finish(self, upload: Upload, progress: Progress) -> Receipt:
        """Let the server finish the upload. The heartbeat moves no bytes, so it uses no bandwidth."""
        size = upload.plan.size
        return self._quick_request(
            lambda: self._takes.finish(upload, self._sent, self._source, progress), progress, size
        )

    def _is_ours(self, kept: Kept, progress: Progress) -> bool:
        """Whether the parts on the server are bytes of this file: git-annex encrypts again for each attempt.

        If a part in the journal does not match the file, no part does. A part that only the server knows may be
        corrupt, and is sent again.
        """
        there = self._still_there(kept, progress)
        if there is None:
            return False
        done = 0
        for number, sent in sorted(there.items()):
            part = kept.upload.plan.part(number)
            if sent.digest == self._takes.fingerprint(self._source, part):
                self._sent[number] = sent
                done += part.size
                progress(done)
            elif sent == kept.sent.get(number):
                return False
        return True

    def _still_there(self, kept: Kept, progress: Progress) -> Mapping[int, Sent] | None:
        """The parts that the server has; None if it has none, or denies access."""
        try:
            there = self._quick_request(lambda: self._takes.sent(kept.upload, kept.sent), progress)
        except PyshareError as error:
            if error.retryable or isinstance(error, Cancelled):
                raise
            return None  # it may belong to another login
        if there is None and len(kept.sent) == kept.upload.plan.last:
            return kept.sent  # it may be finished, with the response lost
        return there

    def _send(self, upload: Upload, limits: Limits, progress: Progress) -> None:
        """Send the parts that the server does not have."""
        missing = [part for part in upload.plan.parts() if part.number not in self._sent]
        if limits.last_alone:
            self._send_together(upload, missing[:-1], progress)
            missing = missing[-1:]
        self._send_together(upload, missing, progress)

    def _send_together(self, upload: Upload, parts: list[Part], progress: Progress) -> None:
        done = sum(upload.plan.part(number).size for number in self._sent)
        pool = WorkerPool(self._shared.streams, self._shared.stopping, progress, done)
        pool.send(parts, lambda part: self._send_part(pool, upload, part))

    def _send_part(self, pool: WorkerPool, upload: Upload, part: Part) -> None:
        """Send one part, in a thread of the pool."""

        def attempt(progress: Progress) -> None:
            with pool.request(part):
                sent = self._takes.send(upload, part, self._source, progress)
                with pool.unless_ended():
                    self._sent[part.number] = sent
                    self._entry.add(part.number, sent)

        self._run(attempt, pool.progress_of(part))

    def _quick_request(self, request: Callable[[], Done], progress: Progress, done: int = 0) -> Done:
        """Send a request that moves no bytes of the object; `done` bytes have arrived."""
        return self._run(lambda _: request(), lambda _: progress(done))

    def _can_resume(self, error: PyshareError) -> bool:
        """Whether the next attempt can resume the upload, and may succeed."""
        if isinstance(error, Cancelled):
            return True  # also without a journal: there is no time to abort it
        return self._entry.lasts and (
            error.retryable or isinstance(error, PermissionDenied | QuotaExceeded | Unreachable)
        )

    def _abort(self, upload: Upload) -> None:
        """Let the server delete the parts. Tried once: a failure here must not fail the transfer."""
        self._entry.forget()
        with suppress(PyshareError):
            self._takes.abort(upload.name, upload.id)
