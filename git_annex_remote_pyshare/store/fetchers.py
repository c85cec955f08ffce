"""Runs the threads that fetch objects ahead, and gives each object its private file."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread

from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.state.ahead_dir import AheadDir
from git_annex_remote_pyshare.store.readahead import MOST_BYTES, Fetched, Wanted

MOST_THREADS = 16
"""Objects that are on their way at once; at 80 ms, 200 small files a second."""

_GRACE = 0.3
"""Seconds that the threads have to end: a process ends within two seconds, whatever the server does."""


class Fetchers:
    """Threads that wait for objects to fetch; as many as there are objects on their way, and no more.

    `begin` and `close` must not be called at once.

    Args:
        fetch: Fetches one object; must not raise.
        clone: The clone whose git directory has the files; raises BadSetting if its options are wrong.
    """

    def __init__(self, fetch: Callable[[Fetched], None], clone: LocalConfig) -> None:
        self._fetch = fetch
        self._files = AheadDir(clone.git_dir)
        self._reserve = clone.disk_reserve + MOST_BYTES
        self._most = min(MOST_THREADS, clone.get(options.CONNECTIONS))
        self._queue: SimpleQueue[Fetched | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._counting = Lock()
        self._idle = 0
        self._number = 0

    def begin(self, wanted: Wanted) -> Fetched | None:
        """Begin to fetch an object in the background; None if the disk lacks the space, or no thread can be started."""
        try:
            if self._files.free < self._reserve:
                return None
            self._number += 1
            held = Fetched(wanted, self._files.path(self._number))
        except OSError:
            return None
        with self._counting:
            self._idle -= 1
            is_short = self._idle < 0 and len(self._threads) < self._most
        if is_short and not self._start():
            with self._counting:
                self._idle += 1
            return None
        self._queue.put(held)
        return held

    def close(self) -> None:
        """End the threads, and remove all files."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(_GRACE / len(self._threads))
        self._files.close()

    def _start(self) -> bool:
        """Start one more thread; False if there are too many."""
        thread = Thread(target=self._work, name="read-ahead", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._threads.append(thread)
        return True

    def _work(self) -> None:
        while True:
            with self._counting:
                self._idle += 1
            held = self._queue.get()
            if held is None:
                return
            self._fetch(held)
