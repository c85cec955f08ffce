"""Retries requests after temporary errors: the error says whether and how often, git config says how long.

tenacity does the waiting. It is imported after the first temporary error, since it slows the start and most processes
end without one.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from threading import Event
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Ability, Backend, Done, Entry, Receipt, Stat
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import NotReached, PyshareError
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.store.outage_notice import LONG, OutageNotice, asked_pause
from git_annex_remote_pyshare.transfer import Progress, Sink, Source
from git_annex_remote_pyshare.waiting import pause

if TYPE_CHECKING:
    from tenacity import RetryCallState

SHORTEST = 0.05
FIRST = 0.2
LONGEST = 30.0
"""Waits in seconds: the first is between SHORTEST and FIRST, and the range doubles each time, up to LONGEST."""

FIRST_CONTACT = 20.0
"""Seconds for which a server is tried that this process has never reached: a wrong address is likelier than an outage,
and git-annex shows nothing while it waits."""

_WAITING = "while waiting for the store to come back"


def _ignore(_: object) -> None:
    """Ignores a message or a progress report."""


class Retrying(Layer):
    """Retries a request after a temporary error; the wait is random, grows, and is at least the server's Retry-After.

    A request fails with its last error after as many attempts as that error allows, or if the next attempt would come
    more than the clone's time limit after the first failure. git config is read at that failure, not earlier. A
    transfer that gets further than any attempt before resets both the time and the wait. While no request succeeds, the
    time counts from the first failure of any request, so an outage is waited for once and not once for each key. A host
    that is unknown or refuses connections, and that this process has never reached, is given up sooner, unless the
    clone has a time limit of its own.

    Args:
        backend: Gets the requests.
        stopping: When it is set, waiting ends with `Cancelled`.
        tell: Shows the user a line if the wait is long.
        clock: Time in seconds; only differences matter.
        first_contact: Seconds after which to give up a server that was never reached.
    """

    def __init__(
        self,
        backend: Backend,
        stopping: Event,
        *,
        tell: Callable[[str], object] = _ignore,
        clock: Callable[[], float] = time.monotonic,
        first_contact: float = FIRST_CONTACT,
    ) -> None:
        super().__init__(backend)
        self._first_contact = first_contact
        self._was_reached = False
        self._stopping = stopping
        self._clock = clock
        self._notice = OutageNotice(tell, clock)
        self._failing_since: float | None = None
        self._last_failure = 0.0

    def run(self, attempt: Callable[[Progress], Done], progress: Progress) -> Done:
        request = self._request(progress)
        return self._persist(request, partial(super().run, attempt, request.watch))

    def call(self, kind: type[Ability], request: Callable[[Ability], Done]) -> Done:
        return self._persist(self._request(), partial(self.backend.call, kind, request))

    def stat(self, name: str) -> Stat | None:
        return self._persist(self._request(), partial(self.backend.stat, name))

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        request = self._request(progress, sink.size)
        self._persist(request, partial(self.backend.get, name, sink, request.watch))

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        request = self._request(progress)
        return self._persist(request, partial(self.backend.put, name, source, request.watch))

    def delete(self, name: str) -> None:
        self._persist(self._request(), partial(self.backend.delete, name))

    def list(self, folder: str = "") -> Iterator[Entry]:
        """As in the contract; retried until the first entry has arrived.

        Later a retry is impossible: entries have no order, so a second attempt would not know where to resume.
        """

        def begin() -> Iterator[Entry]:
            entries = self.backend.list(folder)
            first = next(entries, None)
            return iter(()) if first is None else chain((first,), entries)

        yield from self._persist(self._request(), begin)

    def _request(self, progress: Progress = _ignore, begin: int = 0) -> "_Request":
        return _Request(progress, begin, self._notice)

    def _persist(self, request: "_Request", attempt: Callable[[], Done]) -> Done:
        try:
            done = attempt()
        except PyshareError as error:
            self._note_failure(error)
            if not error.retryable:
                raise
            return self._retry(request, attempt, error)
        self._note_success(request)
        return done

    def _retry_once(self, request: "_Request", attempt: Callable[[], Done]) -> Done:
        """One attempt after the first."""
        try:
            done = attempt()
        except PyshareError as error:
            self._note_failure(error)
            raise
        self._note_success(request)
        return done

    def _note_success(self, request: "_Request") -> None:
        self._was_reached = True
        self._failing_since = None
        self._notice.resolved(request)

    def _note_failure(self, error: PyshareError) -> None:
        """Note a failure. Any response, also a refusal, ends an outage."""
        self._was_reached = self._was_reached or not isinstance(error, NotReached)
        if not error.retryable:
            self._failing_since = None

    def _retry(self, request: "_Request", attempt: Callable[[], Done], first: PyshareError) -> Done:
        """Retry `attempt` after its first failure; returns its result or raises its last error."""
        import tenacity  # noqa: PLC0415  # see the top of the file

        backoff = tenacity.wait_random_exponential(multiplier=FIRST, min=SHORTEST, max=LONGEST)

        def wait(state: "RetryCallState") -> float:
            if request.moved:
                state.attempt_number = 1  # it made progress, so the waits are short again
            return max(backoff(state), _error_of(state).retry_after or 0)

        persistent = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_retryable),
            wait=wait,
            stop=lambda state: self._gives_up(request, state),
            sleep=lambda seconds: pause(self._stopping, seconds, request.repeat, _WAITING),
            reraise=True,
        )
        try:
            return persistent(_replayed(first, partial(self._retry_once, request, attempt)))
        finally:
            self._notice.gives_up(request)  # no effect after a success

    def _gives_up(self, request: "_Request", state: "RetryCallState") -> bool:
        """Whether to give up; then the error's text says how often it was tried."""
        error = _error_of(state)
        waited, limit = self._clock() - self._since(request), self._limit(error)
        if (times := request.times(error)) >= error.max_attempts:
            _explain(error, times, waited)
            return True
        if waited + state.upcoming_sleep > limit:
            _explain(error, state.attempt_number, waited)
            if self._is_never_reached(error):
                error.remedy = self._check_address()
            return True
        if waited + state.upcoming_sleep > LONG:
            self._notice.waits(request, error, limit - waited)
        return False

    def _limit(self, error: PyshareError) -> float:
        """Seconds after which to give up; the clone's own limit always applies."""
        clone = self.place.clone
        return clone.get(options.TIMEOUT, self._first_contact) if self._is_never_reached(error) else clone.timeout

    def _is_never_reached(self, error: PyshareError) -> bool:
        return isinstance(error, NotReached) and not self._was_reached

    def _check_address(self) -> str:
        remote = self.place.clone.remote
        see = f" Type: {command('pyshare', 'info', remote)}" if remote else ""
        return f"Is it down, or is url= wrong?{see}"

    def _since(self, request: "_Request") -> float:
        """When the failures began from which the time limit of `request` counts; called at each failure."""
        now = self._clock()
        if request.moved:
            request.moved = False
            request.failing_since = self._failing_since = None
        # After such a long time without requests, an earlier outage says nothing any more.
        if self._failing_since is None or now - self._last_failure > self.place.clone.timeout:
            self._failing_since = now
        self._last_failure = now
        if request.failing_since is None:
            request.failing_since = self._failing_since
        return request.failing_since


class _Request:
    """One request with all its attempts: since when it fails, and whether the last attempt made progress."""

    def __init__(self, progress: Progress, begin: int, notice: OutageNotice) -> None:
        self.failing_since: float | None = None
        self.moved = False
        self._progress = progress
        self._furthest = self._last = begin
        self._notice = notice
        self._endings: Counter[type[PyshareError]] = Counter()

    def times(self, error: PyshareError) -> int:
        """How many attempts have failed with such an error, this one included; called once for each."""
        self._endings[type(error)] += 1
        return self._endings[type(error)]

    def watch(self, done: int) -> None:
        """The progress callback of each attempt; notes when one gets further than any before."""
        self._last = done
        if done > self._furthest:
            self._furthest = done
            self.moved = True
            self._notice.resolved(self)
        self._progress(done)

    def repeat(self) -> None:
        """Report the same progress again, as a heartbeat."""
        self._progress(self._last)


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, PyshareError) and error.retryable


def _error_of(state: "RetryCallState") -> PyshareError:
    """The error that the wait follows; tenacity waits only after a temporary error."""
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, PyshareError)  # noqa: S101  # see _is_retryable
    return error


def _replayed(first: PyshareError, attempt: Callable[[], Done]) -> Callable[[], Done]:
    """A function that raises `first` at its first call, as `attempt` did: tenacity counts only attempts of its own."""
    failures = [first]

    def run() -> Done:
        if failures:
            raise failures.pop()
        return attempt()

    return run


def _explain(error: PyshareError, attempts: int, seconds: float) -> None:
    """Add to the error how long and how often it was tried, and how long the server asked to wait."""
    times = {1: "once", 2: "twice"}.get(attempts, f"{attempts} times")
    span = f" in {seconds:.0f} s" if attempts > 1 else ""
    error.what = f"{error.what} (tried {times}{span}{asked_pause(error)})"
