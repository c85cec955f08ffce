"""Makes the limit on connections that large uploads and downloads share."""

import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.git_config import LocalConfig

if TYPE_CHECKING:
    from git_annex_remote_pyshare.store.multipart.concurrency import AdaptiveLimit


class Streams:
    """The streams of one process. The limit is made, and git config read, when the first large object needs it.

    Args:
        clone: Its git config says how many streams there may be.
        clock: Time in seconds; only differences matter.
    """

    def __init__(self, clone: LocalConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._clone = clone
        self._clock = clock
        self._making = Lock()
        self._made: AdaptiveLimit | None = None

    @property
    def most(self) -> int:
        """How many there may be at once."""
        return max(1, int(min(self._clone.get(options.PARTS), self._clone.get(options.CONNECTIONS))))

    @property
    def limit(self) -> "AdaptiveLimit":
        """How many there are, and should be."""
        from git_annex_remote_pyshare.store.multipart.concurrency import AdaptiveLimit  # noqa: PLC0415  # see the class

        with self._making:
            if self._made is None:
                self._made = AdaptiveLimit(self.most, self._clock)
            return self._made
