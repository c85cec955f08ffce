"""Holding what the server says of a stored object against the file that it was made from."""

from git_annex_remote_pyshare.backends.base import Receipt
from git_annex_remote_pyshare.backends.layer import Layer
from git_annex_remote_pyshare.errors import CorruptUpload, PyshareError, SourceChanged
from git_annex_remote_pyshare.transfer import Progress, Source


class Verified(Layer):
    """Compares each receipt with its source; an object that differs is removed and sent once more.

    One that differs then, too, is removed and reported as `CorruptUpload`. One that cannot be removed is reported at
    once, since another failure must not hide that it is there.

    What is retrieved is not hashed here: git-annex does that itself, with the key's own checksum.
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
        """How the object differs, or None; raises SourceChanged where nobody can tell any more."""
        try:
            how = _difference(source, receipt)
        except SourceChanged as changed:
            self._remove(name, changed)
            raise
        return CorruptUpload(f"the store took the file, but has something else: {how}", detail=name) if how else None

    def _remove(self, name: str, reason: PyshareError) -> None:
        """Remove a wrong object; raises `reason`, which then says so, if that cannot be done."""
        try:
            self.backend.delete(name)
        except PyshareError as error:
            reason.what += f"; it is still there, since {error.what}"
            raise reason from error


def _difference(source: Source, receipt: Receipt) -> str:
    """What is not as it should be; empty when all is well."""
    if receipt.size not in {None, source.size}:
        return f"{receipt.size} bytes instead of {source.size}"
    differing = (algorithm for algorithm, told in receipt.digests.items() if told.lower() != source.digest(algorithm))
    return next((f"another {algorithm}" for algorithm in differing), "")
