"""Opens a store: the backend of its URL, wrapped in the layers that every transfer goes through."""

import time
from collections.abc import Callable
from threading import Event

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.registry import make
from git_annex_remote_pyshare.store.limit import Limited
from git_annex_remote_pyshare.store.presence import Presence
from git_annex_remote_pyshare.store.progress import Reporting
from git_annex_remote_pyshare.store.ranges import Ranges
from git_annex_remote_pyshare.store.readahead import Forecast, ReadAhead
from git_annex_remote_pyshare.store.resume import Resumed
from git_annex_remote_pyshare.store.retry import FIRST_CONTACT, Retrying
from git_annex_remote_pyshare.store.streams import Streams
from git_annex_remote_pyshare.store.verify import Verified


def open_store(
    place: StoreConfig,
    stopping: Event,
    tell: Callable[[str], object],
    *,
    first_contact: float = FIRST_CONTACT,
    forecast: Forecast | None = None,
) -> Backend:
    """The store at `place`, ready for use; nothing is connected before the first request.

    Args:
        place: Address, settings and login of the store.
        stopping: When it is set, waits end and transfers fail with `Cancelled`.
        tell: Shows the user a line if the wait is long; called in any thread.
        first_contact: Seconds for which a server is tried that this process has never reached.
        forecast: What git-annex will ask for, so that it is fetched ahead; None to fetch only what is asked for.
    """
    return wrap(make(place), stopping, tell, first_contact=first_contact, forecast=forecast)


def wrap(
    backend: Backend,
    stopping: Event,
    tell: Callable[[str], object] = lambda _: None,
    *,
    clock: Callable[[], float] = time.monotonic,
    first_contact: float = FIRST_CONTACT,
    forecast: Forecast | None = None,
) -> Backend:
    """A backend inside its layers, innermost first."""
    limited = Limited(backend, stopping, clock=clock)
    retrying = Retrying(limited, stopping, tell=tell, clock=clock, first_contact=first_contact)
    streams = Streams(backend.place.clone, clock)
    ranges = Ranges(retrying, limited, streams, stopping, clock=clock)
    resumed = Resumed(retrying, ranges, streams, stopping)
    presence = Presence(resumed, limited, stopping, clock=clock)
    store: Backend = Verified(presence)
    if forecast:
        store = ReadAhead(store, limited, forecast, stopping, clock=clock)
    return Reporting(store, stopping, clock=clock)
