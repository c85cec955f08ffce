"""Downloads the content of a key into a file, within the size that the key states or the space that the disk has."""

from functools import partial

from annexremote import Master

from git_annex_remote_pyshare.annex.disk_reserve import NoRoom, Reserve
from git_annex_remote_pyshare.annex.keys import expected_size, is_checked, is_replaced
from git_annex_remote_pyshare.annex.repository_chunks import Chunks
from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.errors import Corrupt, NotFound
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import FreshSink, LocalPath, Sink


class Retrieval:
    """One download.

    Args:
        annex: The job's connection to git-annex, for the progress.
        store: The store.
        key: The key of the content.
        path: The file to fill.
    """

    def __init__(self, annex: Master, store: Backend, key: str, path: LocalPath) -> None:
        self._annex = annex
        self._store = store
        self._key = key
        self._path = path
        self._expected = expected_size(key)
        self._reserve = Reserve(store.place.clone, path) if self._expected is None else None

    def whole(self, name: str) -> None:
        """Download the object `name`, and resume if the file already has its beginning.

        Raises:
            Corrupt: The object has the wrong size; the file is then empty.
            NoRoom: The disk is almost full; the file is then empty.
            PyshareError: Any other failure.
        """
        sink = FreshSink(self._path) if is_replaced(self._key) else Sink(self._path, is_checked=is_checked(self._key))
        try:
            self._store.get(name, sink, self._report)
            self._require_size(sink.size)
        except (Corrupt, NoRoom):
            self._empty()
            raise

    def chunked(self, chunks: Chunks) -> None:
        """Download the chunks one behind the other; a chunk that is shorter than the others is the last one.

        Raises:
            NotFound: A chunk is missing.
            PyshareError: As in `whole`.
        """
        try:
            self._require_size(self._joined(chunks))
        except (Corrupt, NoRoom):
            self._empty()
            raise

    def _joined(self, chunks: Chunks) -> int:
        """Download the chunks; returns the bytes of all."""
        done, number = 0, 1
        while True:
            sink = FreshSink(self._path, done)
            try:
                self._store.get(chunks.name(number), sink, partial(self._report_behind, done))
            except NotFound:
                if number > 1 and self._expected in {None, done}:
                    return done
                raise
            if sink.size > chunks.size:
                raise self._wrong_size(sink.size, chunks.size)
            done += sink.size
            if sink.size < chunks.size or done == self._expected:
                return done
            number += 1

    def _report_behind(self, begin: int, done: int) -> None:
        self._report(begin + done)

    def _report(self, done: int) -> None:
        if self._expected is not None and done > self._expected:
            # A server may send without end, until the disk is full.
            raise self._wrong_size(done, self._expected)
        if self._reserve is not None:
            self._reserve.check(done)
        self._annex.progress(done)

    def _require_size(self, done: int) -> None:
        if self._expected not in {None, done}:
            raise self._wrong_size(done, self._expected or 0)

    def _empty(self) -> None:
        """Empty the file: a later attempt must not resume from wrong data."""
        with Sink(self._path).writing(0):
            pass

    def _wrong_size(self, came: int, expected: int) -> Corrupt:
        name = command(self._store.place.clone.remote or "NAME")
        return Corrupt(
            f"the store sent {came} bytes instead of {expected}",
            # fsck fails, and git-annex then records that the remote does not have the content.
            remedy="Where you have the content, this stores it again:"
            f" git annex fsck --fast --from {name}; git annex copy --to {name}",
            detail=self._key,
        )
