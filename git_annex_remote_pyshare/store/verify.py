"""Compares what the server reports about a stored object with the local file."""

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.errors import CorruptUpload, PyshareError, SourceChanged
from git_annex_remote_pyshare.transfer import Progress, Source


class Verified(Layer):
    """Compares each receipt with its source; an object that differs is deleted and sent once more.

    If it differs again, it is deleted and reported as `CorruptUpload`. An object that cannot be deleted is reported at
    once, since another failure must not hide it.

    Downloads are not hashed here: git-annex verifies them with the key's checksum.
    """

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        receipt = self.backend.put(name, source, progress)
        if damage := self._damage(name, source, receipt):
            self._remove(name, damage)
            receipt = self.backend.put(name, source, progress)
            if damage := self._damage(name, source, receipt):
                self._remove(name, damage)
                damage.what += " (tried twice)"
                raise damage
        return receipt

    def _damage(self, name: str, source: Source, receipt: Receipt) -> CorruptUpload | None:
        """How the object differs, or None; raises SourceChanged if the local file changed."""
        try:
            how = _difference(source, receipt)
        except SourceChanged as changed:
            self._remove(name, changed)
            raise
        return CorruptUpload(f"the store took the file, but has something else: {how}", detail=name) if how else None

    def _remove(self, name: str, reason: PyshareError) -> None:
        """Delete a wrong object; if that fails, raise `reason` with that added."""
        try:
            self.backend.delete(name)
        except PyshareError as error:
            reason.what += f"; it is still there, since {error.what}"
            raise reason from error


def _difference(source: Source, receipt: Receipt) -> str:
    """How the receipt differs from the source; empty if it does not."""
    if receipt.size not in {None, source.size}:
        return f"{receipt.size} bytes instead of {source.size}"
    differing = (
        algorithm for algorithm, digest in receipt.digests.items() if digest.lower() != source.digest(algorithm)
    )
    return next((f"another {algorithm}" for algorithm in differing), "")
