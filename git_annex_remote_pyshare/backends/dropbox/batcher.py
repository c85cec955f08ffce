"""Group commit: many stores at once, one commit at a time, and nobody waits for company.

Each commit locks the account's namespace for a moment, and Dropbox refuses another one meanwhile
(`too_many_write_operations`). So whoever is ready while no commit is under way takes all that are ready and commits
them in one request, as their leader; whoever becomes ready meanwhile waits, and one of those leads the next commit.
There is no thread besides those of the stores, and none of them sleeps unless another one's request is under way
or Dropbox has refused the last one.
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

MOST = 1000
"""Entries of one commit (documentation of files/upload_session/finish_batch_v2)."""

PATIENCE = 60.0
"""Seconds that an entry is committed again and again while others write."""

_FIRST, _LONGEST = 0.1, 5.0
"""Pauses in seconds after a refused commit: the first is up to _FIRST, the range doubles each time up to _LONGEST."""


class Commits(Generic[Entry, Result]):
    """The commits of one namespace, as far as this process makes them.

    All state is guarded by one condition, which is notified whenever the namespace becomes free. A ticket is either
    waiting, or in the batch of one leader, or done; a leader always brings its whole batch back to waiting or to done
    before it frees the namespace, whatever happens, so that nobody waits for ever.

    Args:
        send: Commits entries in one request, and says for each in turn what came of it: its result, or its error. A
            `Busy` means that somebody else was writing, so that the entry is committed again. It may raise: then that
            is every entry's error.
    """

    def __init__(self, send: Callable[[Sequence[Entry]], Sequence[Result | PyshareError]]) -> None:
        self._send = send
        self._changed = Condition()
        self._taken = False
        self._closed = False
        self._waiting: list[_Ticket[Entry, Result]] = []
        self._refused = 0
        """Commits in a row of which something was refused since others wrote."""
        self._opens = 0.0
        """When the next commit may begin, on the monotonic clock."""

    def commit(self, entry: Entry) -> Result:
        """Commit an entry, together with whatever else is ready.

        Raises:
            PyshareError: The entry's own error.
            Stopped: `close` was called; the entry may be committed nevertheless.
        """
        ticket: _Ticket[Entry, Result] = _Ticket(entry)
        with self._changed:
            self._waiting.append(ticket)
        while batch := self._batch_to_lead(ticket):
            self._lead(batch)
        return ticket.result()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have the namespace alone, for a commit of another kind; raises Stopped as `commit`."""
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
        """Wait until the ticket is done (then nothing is to lead), or the namespace is free for a batch."""
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
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            return batch

    def _await_turn(self, is_done: Callable[[], bool]) -> None:
        while not is_done():
            if self._closed:
                raise Cancelled("stopped while waiting for a commit")
            pause = self._opens - time.monotonic()
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
        """Commit the batch and tell each ticket what came of it, but for those that are to be committed again."""
        outcomes: Sequence[Result | BaseException]
        try:
            outcomes = self._send([ticket.entry for ticket in batch])
        except BaseException as error:  # noqa: BLE001  # each store must end, with the leader's error if need be
            outcomes = [error] * len(batch)
        refused = []
        for ticket, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Busy) and ticket.may_wait(outcome.retry_after or 0):
                refused.append(outcome)
            else:
                ticket.end(outcome)
        return refused

    def _free(self, again: "Sequence[_Ticket[Entry, Result]]" = (), refused: Sequence[Busy] = ()) -> None:
        """Let the next one have the namespace, after a pause if others write there."""
        with self._changed:
            self._refused = self._refused + 1 if refused else 0
            if refused:
                asked = max(error.retry_after or 0 for error in refused)
                self._opens = time.monotonic() + pause_after(self._refused, _FIRST, _LONGEST, asked)
            self._waiting[:0] = again
            self._taken = False
            self._changed.notify_all()


class _Ticket(Generic[Entry, Result]):
    """An entry on its way."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.is_done = False
        self._outcome: Result | BaseException | None = None
        self._refused_since: float | None = None

    def may_wait(self, asked: float) -> bool:
        """Whether the entry is to be committed again after it was refused, `asked` seconds from now at the earliest."""
        now = time.monotonic()
        if self._refused_since is None:
            self._refused_since = now
        return now + asked - self._refused_since < PATIENCE

    def end(self, outcome: "Result | BaseException") -> None:
        """Nothing more is to be done."""
        self._outcome = outcome
        self.is_done = True

    def result(self) -> Result:
        """What came of it; an error is this ticket's own copy, since each store adds its own words to it."""
        if isinstance(self._outcome, BaseException):
            raise copy.copy(self._outcome) from self._outcome
        return self._outcome  # type: ignore[return-value]  # it is set before the ticket is done
