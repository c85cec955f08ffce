"""One object on its way in parts: begun or gone on with, sent, finished; or given up, so that nothing is left of it."""

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
    """Does something through the layers that retry and limit: `Layer.run`."""

    def __call__(self, attempt: Callable[[Progress], Done], progress: Progress) -> Done:
        """See there."""


class Shared(NamedTuple):
    """What all uploads of a process have in common."""

    settings: Mapping[str, str]
    """Where the store is, and how objects are stored."""
    journal: UploadJournal
    streams: AdaptiveLimit
    stopping: Event
    part_size: int = 0
    """Bytes that this clone wants a part to have; 0 for a good choice."""
    remote: str = ""
    """The remote's name in this clone, for error texts."""


class Uploads:
    """All uploads in parts of one store.

    Args:
        takes: The store.
        run: Does its requests.
        shared: See there.
    """

    def __init__(self, takes: SupportsMultipart, run: Run, shared: Shared) -> None:
        self._takes = takes
        self._run = run
        self._shared = shared

    def store(self, name: str, source: Source, limits: Limits, progress: Progress) -> Receipt:
        """Store one object, going on with an upload of the very same bytes.

        Raises:
            UploadLost: The server has lost what was sent; nothing is kept of it.
            PyshareError: Any other failure; where it may pass, the next call goes on with what was sent.
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
        upload = self._gone_on_with(limits, progress) or self._begun(name, limits, progress)
        try:
            self._send(upload, limits, progress)
            if self._source.stamp() != stamp:
                raise SourceChanged("the file changed while it was being stored", detail=name)
            receipt = self._finish(upload, progress)
        except PyshareError as error:
            if not self._is_worth_keeping(error):
                self._give_up(upload)
            raise
        self._entry.forget()
        return receipt

    def _gone_on_with(self, limits: Limits, progress: Progress) -> Upload | None:
        """The upload that the journal has, if it is one of the same bytes that the server has still."""
        kept = self._entry.kept
        if kept is None:
            return None
        # How it was cut may be what only the process that began it had learnt, so it need not be the plan of today.
        fits = kept.upload.plan.size == self._source.size and is_within(kept.upload.plan, limits)
        if fits and not kept.is_old and self._is_ours(kept, progress):
            return kept.upload
        self._give_up(kept.upload)
        return None

    def _begun(self, name: str, limits: Limits, progress: Progress) -> Upload:
        """A new upload."""
        self._sent = {}
        wanted = plan(self._source.size, limits, self._shared.part_size, self._shared.remote)
        upload = Upload(name, self._ask(lambda: self._takes.begin(name, wanted), progress), wanted)
        self._entry.begin(upload)
        return upload

    def _finish(self, upload: Upload, progress: Progress) -> Receipt:
        """Have the server finish it. No bytes move then, so what is told meanwhile counts against no bandwidth."""
        size = upload.plan.size
        return self._ask(lambda: self._takes.finish(upload, self._sent, self._source, progress), progress, size)

    def _is_ours(self, kept: Kept, progress: Progress) -> bool:
        """Whether what was sent are bytes of this very file: git-annex encrypts anew for each attempt.

        A part that we noted and that is not of this file says that nothing is. One that only the server knows may have
        arrived damaged, and goes again.
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
        """What the server has of it; None when it has nothing, or does not let us."""
        try:
            there = self._ask(lambda: self._takes.sent(kept.upload, kept.sent), progress)
        except PyshareError as error:
            if error.retryable or isinstance(error, Cancelled):
                raise
            return None  # another login's, perhaps
        if there is None and len(kept.sent) == kept.upload.plan.last:
            return kept.sent  # it was finished, perhaps, and nobody heard of it
        return there

    def _send(self, upload: Upload, limits: Limits, progress: Progress) -> None:
        """Send all that the server does not have."""
        missing = [part for part in upload.plan.parts() if part.number not in self._sent]
        if limits.last_alone:
            self._send_together(upload, missing[:-1], progress)
            missing = missing[-1:]
        self._send_together(upload, missing, progress)

    def _send_together(self, upload: Upload, parts: list[Part], progress: Progress) -> None:
        done = sum(upload.plan.part(number).size for number in self._sent)
        crew = WorkerPool(self._shared.streams, self._shared.stopping, progress, done)
        crew.send(parts, lambda part: self._send_part(crew, upload, part))

    def _send_part(self, crew: WorkerPool, upload: Upload, part: Part) -> None:
        """Send one part, in a thread of the crew."""

        def attempt(progress: Progress) -> None:
            with crew.request(part):
                sent = self._takes.send(upload, part, self._source, progress)
                with crew.unless_over():
                    self._sent[part.number] = sent
                    self._entry.add(part.number, sent)

        self._run(attempt, crew.progress_of(part))

    def _ask(self, request: Callable[[], Done], progress: Progress, done: int = 0) -> Done:
        """A request that moves nothing of the object, of which `done` bytes are there."""
        return self._run(lambda _: request(), lambda _: progress(done))

    def _is_worth_keeping(self, error: PyshareError) -> bool:
        """Whether the next attempt can go on with what was sent, and may succeed."""
        if isinstance(error, Cancelled):
            return True  # without a journal, too: there is no time for anything else
        return self._entry.lasts and (
            error.retryable or isinstance(error, PermissionDenied | QuotaExceeded | Unreachable)
        )

    def _give_up(self, upload: Upload) -> None:
        """Have the server throw it away, if it can be had at the first attempt: no store may fail for that."""
        self._entry.forget()
        with suppress(PyshareError):
            self._takes.abort(upload.name, upload.id)
