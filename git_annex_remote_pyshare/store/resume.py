"""Resumes interrupted transfers, and moves large objects in parts.

The modules for that are imported at the first large object.
"""

from contextlib import closing
from functools import cached_property
from threading import Event, Lock
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Backend, Receipt, StoreConfig, ability
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import UploadLost
from git_annex_remote_pyshare.store.ranges import Ranges, Switch
from git_annex_remote_pyshare.store.streams import Streams
from git_annex_remote_pyshare.transfer import PartialFile, Progress, Sink, Source

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.multipart import SupportsMultipart
    from git_annex_remote_pyshare.state.partial_downloads import PartialDownload
    from git_annex_remote_pyshare.store.multipart.uploads import Uploads

WHOLE = 8 << 20
"""Bytes up to which an object is sent whole, even if the store supports parts: sending it again takes little time."""

STREAMS = int(options.PARTS.default)
"""Parts that may be on their way at once, over all jobs; git config `remote.<name>.pyshare-parts` overrides it."""


class Resumed(Layer):
    """Uploads large objects in parts if the store supports that, and records which version a partial download is of.

    Args:
        backend: The layers that retry and limit, around the store.
        ranges: Downloads a large object over several connections.
        streams: Limits the parts that are sent at once.
        stopping: When it is set, uploads fail with `Cancelled`.
    """

    def __init__(self, backend: Backend, ranges: Ranges, streams: Streams, stopping: Event) -> None:
        super().__init__(backend)
        self._ranges = ranges
        self._streams = streams
        self._stopping = stopping
        self._making = Lock()
        self._made: Uploads | None = None

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        recorded = sink.with_record(_Recorded(self.place, name, sink))
        with closing(self._ranges.watch(name, recorded, progress)) as watch:
            while True:
                try:
                    return self.backend.get(name, recorded, watch)
                except Switch:  # noqa: PERF203  # rare, and what it asks for is to go on
                    if watch.switch():
                        return None

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        takes = self._takes_parts() if source.size > WHOLE else None
        if takes is None:
            return self.backend.put(name, source, progress)
        try:
            return self._put(takes, name, source, progress)
        except UploadLost:  # a resumed upload can be gone; that is no news for the user
            return self._put(takes, name, source, progress)

    def _put(self, takes: "SupportsMultipart", name: str, source: Source, progress: Progress) -> Receipt:
        limits = self.run(lambda _: takes.part_limits(source.size), progress)
        if limits is None:
            return self.backend.put(name, source, progress)
        return self._uploads(takes).store(name, source, limits, progress)

    def _takes_parts(self) -> "SupportsMultipart | None":
        from git_annex_remote_pyshare.backends.multipart import SupportsMultipart  # noqa: PLC0415  # see the top of the file

        return ability(self.backend, SupportsMultipart)

    def _uploads(self, takes: "SupportsMultipart") -> "Uploads":
        from git_annex_remote_pyshare.state.upload_journal import UploadJournal  # noqa: PLC0415  # see the top of the file
        from git_annex_remote_pyshare.store.multipart.uploads import Shared, Uploads  # noqa: PLC0415

        with self._making:
            if self._made is None:
                clone = self.place.clone
                part_size = int(clone.get(options.PART_SIZE))
                shared = Shared(
                    self.place.settings,
                    UploadJournal(clone.git_dir),
                    self._streams.limit,
                    self._stopping,
                    part_size,
                    clone.remote,
                )
                self._made = Uploads(takes, self.run, shared)
            return self._made


class _Recorded(PartialFile):
    """A partial file whose record is also kept for a later process.

    Args:
        place: The store that has the object.
        name: Name of the object.
        sink: The file, with what this process knows of it.
    """

    def __init__(self, place: StoreConfig, name: str, sink: Sink) -> None:
        super().__init__(sink.path, sink.validator)
        self._place = place
        self._name = name
        self._known = sink.partial
        if sink.size and not self._version:
            self._version = self._kept.read()

    def record(self, version: str) -> None:
        """Record it in this process, in the given sink, and below the git directory."""
        super().record(version)
        self._known.record(version)
        self._kept.write(version)

    @cached_property
    def _kept(self) -> "PartialDownload":
        from git_annex_remote_pyshare.state.partial_downloads import PartialDownload  # noqa: PLC0415  # see the top of the file

        return PartialDownload(self._place.clone.git_dir, self.path, self._place.settings, self._name)
