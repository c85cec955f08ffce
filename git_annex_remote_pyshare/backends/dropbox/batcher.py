"""Group commit: many uploads at once, one commit at a time, and no waiting for a batch to fill.

Each commit locks the account's namespace briefly, and meanwhile Dropbox refuses other commits
(`too_many_write_operations`). A thread that has an entry ready while no commit is under way becomes the leader: it
commits all entries that are ready in one request. Threads that become ready meanwhile wait, and one of them leads the
next commit. There are no threads besides those of the uploads. A thread sleeps only while another thread's request is
under way, or after Dropbox has refused the last commit.
"""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition
from typing import Generic, TypeVar

from git_annex_remote_pyshare.errors import Busy, Cancelled, PyshareError
from git_annex_remote_pyshare.waiting import pause_after

Entry = TypeVar("Entry")
Result = TypeVar("Result")

MAX_BATCH = 1000
"""Entries of one commit (documentation of files/upload_session/finish_batch_v2)."""

RETRY_TIMEOUT = 60.0
"""Seconds for which an entry is retried while other programs write."""

_MIN_PAUSE, _MAX_PAUSE = 0.1, 5.0
"""Pauses in seconds after a refused commit: at most _MIN_PAUSE at first, doubled each time up to _MAX_PAUSE."""


class Batcher(Generic[Entry, Result]):
    """The commits that this process makes in one namespace.

    All state is guarded by one condition, which is notified whenever the namespace becomes free. A ticket is either
    waiting, or in the batch of one leader, or done; a leader always brings its whole batch back to waiting or to done
    before it frees the namespace, even after an error, so that no thread waits forever.

    Args:
        send: Commits entries in one request, and returns each entry's result or error, in the same order. `Busy` means
            that another program was writing, so the entry is retried. An exception counts as every entry's error.
    """

    def __init__(self, send: Callable[[Sequence[Entry]], Sequence[Result | PyshareError]]) -> None:
        self._send = send
        self._changed = Condition()
        self._taken = False
        self._closed = False
        self._waiting: list[_Ticket[Entry, Result]] = []
        self._refused = 0
        """Consecutive commits with an entry that was refused because others wrote."""
        self._next_start = 0.0
        """When the next commit may start, on the monotonic clock."""

    def commit(self, entry: Entry) -> Result:
        """Commit an entry, together with all others that are ready.

        Raises:
            PyshareError: The entry's own error.
            Cancelled: `close` was called; the entry may be committed nevertheless.
        """
        ticket: _Ticket[Entry, Result] = _Ticket(entry)
        with self._changed:
            self._waiting.append(ticket)
        while batch := self._batch_to_lead(ticket):
            self._lead(batch)
        return ticket.result()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the namespace exclusively, for another kind of write; raises Cancelled like `commit`."""
        with self._changed:
            self._await_turn(lambda: False)
            self._taken = True
        try:
            yield
        finally:
            self._free()

    def close(self) -> None:
        """End all waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _batch_to_lead(self, ticket: "_Ticket[Entry, Result]") -> "list[_Ticket[Entry, Result]]":
        """Wait until the ticket is done (returns an empty batch), or the namespace is free for a batch."""
        with self._changed:
            try:
                self._await_turn(lambda: ticket.is_done)
            except Cancelled:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                raise
            if ticket.is_done:
                return []
            self._taken = True
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            return batch

    def _await_turn(self, is_done: Callable[[], bool]) -> None:
        while not is_done():
            if self._closed:
                raise Cancelled("stopped while waiting for a commit")
            pause = self._next_start - time.monotonic()
            if not self._taken and pause <= 0:
                return
            self._changed.wait(None if self._taken else pause)

    def _lead(self, batch: "list[_Ticket[Entry, Result]]") -> None:
        refused: list[Busy] = []
        try:
            refused = self._settle(batch)
        finally:
            self._free([ticket for ticket in batch if not ticket.is_done], refused)

    def _settle(self, batch: "list[_Ticket[Entry, Result]]") -> list[Busy]:
        """Commit the batch and end each ticket, except those to retry; returns the errors of the latter."""
        outcomes: Sequence[Result | BaseException]
        try:
            outcomes = self._send([ticket.entry for ticket in batch])
        except BaseException as error:  # noqa: BLE001  # each upload must end, if need be with the leader's error
            outcomes = [error] * len(batch)
        refused = []
        for ticket, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Busy) and ticket.may_wait(outcome.retry_after or 0):
                refused.append(outcome)
            else:
                ticket.end(outcome)
        return refused

    def _free(self, again: "Sequence[_Ticket[Entry, Result]]" = (), refused: Sequence[Busy] = ()) -> None:
        """Pass the namespace on, after a pause if other programs write there."""
        with self._changed:
            self._refused = self._refused + 1 if refused else 0
            if refused:
                delay = max(error.retry_after or 0 for error in refused)
                self._next_start = time.monotonic() + pause_after(self._refused, _MIN_PAUSE, _MAX_PAUSE, delay)
            self._waiting[:0] = again
            self._taken = False
            self._changed.notify_all()


class _Ticket(Generic[Entry, Result]):
    """An entry that waits for its commit."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.is_done = False
        self._outcome: Result | BaseException | None = None
        self._refused_since: float | None = None

    def may_wait(self, delay: float) -> bool:
        """Whether to retry the refused entry, `delay` seconds from now at the earliest."""
        now = time.monotonic()
        if self._refused_since is None:
            self._refused_since = now
        return now + delay - self._refused_since < RETRY_TIMEOUT

    def end(self, outcome: "Result | BaseException") -> None:
        """Record the final outcome."""
        self._outcome = outcome
        self.is_done = True

    def result(self) -> Result:
        """The result; an error is this ticket's own copy, since each upload adds its own context to it."""
        if isinstance(self._outcome, BaseException):
            raise copy.copy(self._outcome) from self._outcome
        return self._outcome  # type: ignore[return-value]  # it is set before the ticket is done
