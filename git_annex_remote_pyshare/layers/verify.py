"""Holding what the server says of a stored object against the file that it was made from."""

from contextlib import suppress

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.errors import Damaged, PyshareError, SourceChanged
from git_annex_remote_pyshare.layers.layer import Layer
from git_annex_remote_pyshare.transfer import Progress, Source


class Verified(Layer):
    """Compares each receipt with its source; an object that differs is removed and sent once more.

    One that differs then, too, is removed and reported as `Damaged`.

    What is retrieved is not hashed here: git-annex does that itself, with the key's own checksum.
    """

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        receipt = self.backend.put(name, source, progress)
        try:
            self._check(name, source, receipt)
        except Damaged:  # an accident, perhaps; nobody hears of the first one
            receipt = self.backend.put(name, source, progress)
            self._check(name, source, receipt)
        return receipt

    def _check(self, name: str, source: Source, receipt: Receipt) -> None:
        try:
            _compare(name, source, receipt)
        except (Damaged, SourceChanged):
            # Whatever hinders the removal, the user must hear of the wrong object.
            with suppress(PyshareError):
                self.backend.delete(name)
            raise


def _compare(name: str, source: Source, receipt: Receipt) -> None:
    if receipt.size not in {None, source.size}:
        raise _differs(name, f"{receipt.size} bytes instead of {source.size}")
    for algorithm, digest in receipt.digests.items():
        if digest.lower() != source.digest(algorithm):
            raise _differs(name, f"another {algorithm}")


def _differs(name: str, how: str) -> Damaged:
    return Damaged(f"the store took {name}, but holds something else: {how} (tried twice)")
