"""Provides a store in memory that accepts multipart uploads."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import Receipt, StoreConfig, encode_name
from git_annex_remote_pyshare.backends.multipart import Unfinished
from git_annex_remote_pyshare.errors import CorruptUpload, PyshareError, UploadLost
from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload
from git_annex_remote_pyshare.testing.faults import Faults
from git_annex_remote_pyshare.testing.memory import MemoryBackend, arriving, received
from git_annex_remote_pyshare.transfer import Progress, Source

__all__ = ["PartsBackend"]


class _Begun(NamedTuple):
    """An unfinished upload on the server."""

    name: str
    begun: float
    plan: Plan
    bodies: dict[int, bytes]


class PartsBackend(MemoryBackend):
    """Accepts parts of each object within the limits; a part's digest is its SHA-256, and its token an id of the part.

    Args:
        limits: The limits for parts; None for a store without multipart uploads.
        place: As for MemoryBackend.
        faults: As for MemoryBackend; `part_limits` and `fingerprint` never fail.
        digests: As for MemoryBackend.
    """

    def __init__(
        self,
        limits: Limits | None,
        place: StoreConfig | None = None,
        *,
        faults: Faults | None = None,
        digests: tuple[str, ...] = (),
    ) -> None:
        super().__init__(place, faults=faults, digests=digests)
        self.limits = limits
        self.accepted: list[tuple[str, int]] = []
        """Upload and number of each part that arrived complete, in order of arrival."""
        self._uploads: dict[str, _Begun] = {}
        self._count = 0

    def part_limits(self, _size: int) -> Limits | None:
        return self.limits

    def begin(self, name: str, plan: Plan) -> str:
        encode_name(name)
        with self._met("begin"), self._lock:
            self._count += 1
            self._uploads[f"upload {self._count}"] = _Begun(name, time.time(), plan, {})
            return f"upload {self._count}"

    def send(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        with self._met("send") as fault:
            self._expect(upload, part)
            body = received(source, part, progress, fault)
            came = arriving(body, fault)
            self._keep(upload, part, came)
            if came != body:
                raise CorruptUpload(f"part {part.number} of {upload.name} was damaged on its way")
            return _told(part.number, came)

    def fingerprint(self, source: Source, part: Part) -> str:
        return _told(part.number, received(source, part, lambda _: None, None)).digest

    def sent(self, upload: Upload, _known: Mapping[int, Sent]) -> Mapping[int, Sent] | None:
        with self._met("sent"), self._lock:
            found = self._uploads.get(upload.id)
            return {number: _told(number, body) for number, body in found.bodies.items()} if found else None

    def finish(self, upload: Upload, sent: Mapping[int, Sent], source: Source, progress: Progress) -> Receipt:
        with self._met("finish") as fault:
            begun = self._uploads.get(upload.id)
            if begun is None:
                return self._finished_before(upload, source)
            if {number: _told(number, body) for number, body in begun.bodies.items()} != sent:
                raise UploadLost(f"the server has not the parts of {upload.name} that it should have")
            progress(upload.plan.size)
            body = b"".join(begun.bodies[part.number] for part in upload.plan.parts())
            receipt = self._stored(upload.name, arriving(body, fault))
            self.lose_uploads(upload.id)
            return receipt

    def abort(self, _name: str, id: str) -> None:  # noqa: A002  # as in the contract
        with self._met("abort"):
            self.lose_uploads(id)

    def unfinished(self) -> Iterator[Unfinished]:
        with self._met("unfinished"), self._lock:
            uploads = list(self._uploads.items())
        for id_, upload in uploads:
            yield Unfinished(upload.name, id_, upload.begun, sum(map(len, upload.bodies.values())))

    def lose_uploads(self, *ids: str) -> None:
        """Forget these uploads; all if you give none."""
        with self._lock:
            for upload in ids or list(self._uploads):
                self._uploads.pop(upload, None)

    def _expect(self, upload: Upload, part: Part) -> None:
        """Refuse a part that the limits forbid."""
        with self._lock:
            if upload.id not in self._uploads:
                raise UploadLost(f"the server knows no {upload.id}")
            there = self._uploads[upload.id].bodies
            if self.limits is None or part.number > self.limits.most or part.size > self.limits.largest:
                raise PyshareError(f"the server does not take {part}")
            is_last = part.number == upload.plan.last
            if not is_last and (part.size < self.limits.smallest or part.size % self.limits.step):
                raise PyshareError(f"the server does not take {part}")
            if is_last and self.limits.last_alone and len(there.keys() - {part.number}) < part.number - 1:
                raise PyshareError("the last part came before all others were there")

    def _keep(self, upload: Upload, part: Part, body: bytes) -> None:
        with self._lock:
            if upload.id not in self._uploads:
                raise UploadLost(f"the server knows no {upload.id}")
            self._uploads[upload.id].bodies[part.number] = body
            self.accepted.append((upload.id, part.number))

    def _finished_before(self, upload: Upload, source: Source) -> Receipt:
        """The receipt of a repeated `finish`, after the response to the first was lost."""
        found = self._read(upload.name, None)
        if found is None or hashlib.sha256(found).hexdigest() != source.digest("sha256"):
            raise UploadLost(f"the server knows no {upload.id}")
        return Receipt(len(found))


def _told(number: int, body: bytes) -> Sent:
    """What the server reports of a part that it has."""
    return Sent(hashlib.sha256(body).hexdigest(), f"part {number}")
