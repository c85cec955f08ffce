"""Trying again what may pass: the error itself says whether and how often, the clock says how long.

tenacity does the waiting. It is imported after the first failure that may pass, since start-up is measured and
most processes end without one.
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
"""Waits in seconds: the first is between SHORTEST and FIRST, the range doubles each time, up to LONGEST."""

FIRST_CONTACT = 20.0
"""Seconds for which a server that was never reached in this process is tried: a wrong address is likelier than an
outage, and git-annex shows nothing while it waits."""

_WAITING = "while waiting for the store to come back"


def _nobody(_news: object) -> None:
    """Takes what nobody wants to hear."""


class Retrying(Layer):
    """Repeats a request whose error may pass, after a random wait that grows and is at least the server's Retry-After.

    A request gives up, with its last error, when it failed so as often as that error allows, or when its next attempt
    would come more than the clone's time limit after its first failure; git config is read at that failure, not
    earlier. A transfer that got further than ever before begins anew, with that time and a short wait. While nothing at
    all succeeds, the time is counted from the first failure of any request, so that an outage is waited out once and
    not once for every key. A host that is unknown or refuses connections, and that this process never reached, is given
    up sooner, unless the clone has a time limit of its own.

    Args:
        backend: What is asked again.
        stopping: When it is set, waiting ends with `Cancelled`.
        tell: Shows the user a line, when it takes long.
        clock: Tells seconds; only differences matter.
        first_contact: Seconds after which a server that was never reached is given up.
    """

    def __init__(
        self,
        backend: Backend,
        stopping: Event,
        *,
        tell: Callable[[str], object] = _nobody,
        clock: Callable[[], float] = time.monotonic,
        first_contact: float = FIRST_CONTACT,
    ) -> None:
        super().__init__(backend)
        self._first_contact = first_contact
        self._was_reached = False
        self._stopping = stopping
        self._clock = clock
        self._news = OutageNotice(tell, clock)
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
        """As in the contract; tried again until its first entry has come.

        Later it cannot be: entries have no order, so nobody could say where the second attempt has to go on.
        """

        def begin() -> Iterator[Entry]:
            entries = self.backend.list(folder)
            first = next(entries, None)
            return iter(()) if first is None else chain((first,), entries)

        yield from self._persist(self._request(), begin)

    def _request(self, progress: Progress = _nobody, begin: int = 0) -> "_Request":
        return _Request(progress, begin, self._news)

    def _persist(self, request: "_Request", attempt: Callable[[], Done]) -> Done:
        try:
            done = attempt()
        except PyshareError as error:
            self._failed(error)
            if not error.retryable:
                raise
            return self._again(request, attempt, error)
        self._answered(request)
        return done

    def _once_more(self, request: "_Request", attempt: Callable[[], Done]) -> Done:
        """One attempt of those after the first."""
        try:
            done = attempt()
        except PyshareError as error:
            self._failed(error)
            raise
        self._answered(request)
        return done

    def _answered(self, request: "_Request") -> None:
        self._was_reached = True
        self._failing_since = None
        self._news.gets_on(request)

    def _failed(self, error: PyshareError) -> None:
        """Any answer, a refusal too, ends an outage."""
        self._was_reached = self._was_reached or not isinstance(error, NotReached)
        if not error.retryable:
            self._failing_since = None

    def _again(self, request: "_Request", attempt: Callable[[], Done], first: PyshareError) -> Done:
        """What `attempt` returns in the end, after its first failure; else its last error."""
        import tenacity  # noqa: PLC0415  # see the top of the file

        backoff = tenacity.wait_random_exponential(multiplier=FIRST, min=SHORTEST, max=LONGEST)

        def wait(state: "RetryCallState") -> float:
            if request.moved:
                state.attempt_number = 1  # it got on, so the waits are short again
            return max(backoff(state), _error_of(state).retry_after or 0)

        persistent = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            wait=wait,
            stop=lambda state: self._gives_up(request, state),
            sleep=lambda seconds: pause(self._stopping, seconds, request.repeat, _WAITING),
            reraise=True,
        )
        try:
            return persistent(_replayed(first, partial(self._once_more, request, attempt)))
        finally:
            self._news.gives_up(request)  # unless it was answered

    def _gives_up(self, request: "_Request", state: "RetryCallState") -> bool:
        """Whether a failure is the last one, in which it then stands how often it was tried."""
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
            self._news.waits(request, error, limit - waited)
        return False

    def _limit(self, error: PyshareError) -> float:
        """Seconds after which to give up; the clone's own limit counts in any case."""
        clone = self.place.clone
        return clone.get(options.TIMEOUT, self._first_contact) if self._is_never_reached(error) else clone.timeout

    def _is_never_reached(self, error: PyshareError) -> bool:
        return isinstance(error, NotReached) and not self._was_reached

    def _check_address(self) -> str:
        remote = self.place.clone.remote
        see = f" Type: {command('pyshare', 'info', remote)}" if remote else ""
        return f"Is it down, or is url= wrong?{see}"

    def _since(self, request: "_Request") -> float:
        """When the failures began that `request` has to answer for; called at each of them."""
        now = self._clock()
        if request.moved:
            request.moved = False
            request.failing_since = self._failing_since = None
        # Of an outage that nobody met for so long we know nothing any more.
        if self._failing_since is None or now - self._last_failure > self.place.clone.timeout:
            self._failing_since = now
        self._last_failure = now
        if request.failing_since is None:
            request.failing_since = self._failing_since
        return request.failing_since


class _Request:
    """One request with all its attempts: since when it fails, and whether it got on in the last attempt."""

    def __init__(self, progress: Progress, begin: int, news: OutageNotice) -> None:
        self.failing_since: float | None = None
        self.moved = False
        self._progress = progress
        self._furthest = self._last = begin
        self._news = news
        self._endings: Counter[type[PyshareError]] = Counter()

    def times(self, error: PyshareError) -> int:
        """How many attempts have ended so, this one included; called once for each."""
        self._endings[type(error)] += 1
        return self._endings[type(error)]

    def watch(self, done: int) -> None:
        """Takes the progress of each attempt, and notes when it gets further than any attempt before."""
        self._last = done
        if done > self._furthest:
            self._furthest = done
            self.moved = True
            self._news.gets_on(self)
        self._progress(done)

    def repeat(self) -> None:
        """Nothing has moved, but we are alive."""
        self._progress(self._last)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, PyshareError) and error.retryable


def _error_of(state: "RetryCallState") -> PyshareError:
    """The failure that the wait is about; tenacity asks for one only after an error that may pass."""
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, PyshareError)  # noqa: S101  # see _may_pass
    return error


def _replayed(first: PyshareError, attempt: Callable[[], Done]) -> Callable[[], Done]:
    """Fails with `first` when it is first called, as `attempt` did; tenacity counts attempts that it made itself."""
    failures = [first]

    def run() -> Done:
        if failures:
            raise failures.pop()
        return attempt()

    return run


def _explain(error: PyshareError, attempts: int, seconds: float) -> None:
    """Say in the error how long we tried, and how long we should have waited."""
    times = {1: "once", 2: "twice"}.get(attempts, f"{attempts} times")
    span = f" in {seconds:.0f} s" if attempts > 1 else ""
    error.what = f"{error.what} (tried {times}{span}{asked_pause(error)})"
