"""Stores a large object in parts, by a concurrent upload session; the methods are those of `SupportsMultipart`.

After Dropbox's documentation of files/upload_session/start: parts are whole blocks of 4 MiB, except the last,
which closes the session and must come after all others. Sessions cannot be listed or ended; they expire after seven
days.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from git_annex_remote_pyshare.backends.base import Receipt, StoreConfig
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.backends.dropbox.content_hash import ALGORITHM, HASHED, digests_of
from git_annex_remote_pyshare.backends.dropbox.upload import MAX_REQUEST, Piece, append, open_session
from git_annex_remote_pyshare.backends.dropbox.url import Address
from git_annex_remote_pyshare.backends.dropbox.writes import LARGEST, Pending, Writes, is_taken, receipt
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import NotAStore, SourceChanged, UploadLost
from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload, plan
from git_annex_remote_pyshare.transfer import Condition, Progress, Source
from git_annex_remote_pyshare.waiting import telling

MIN_MULTIPART = 32 << 20
"""Bytes up to which an object is sent in one piece. That takes one call, where parts take six; a team's calls per
month can be limited."""

_LARGEST_PART = MAX_REQUEST // HASHED * HASHED
_LIMITS = Limits(HASHED, _LARGEST_PART, -(-LARGEST // _LARGEST_PART), HASHED, last_alone=True)
"""Dropbox does not limit the number of parts; these suffice for the largest file."""


class Parts:
    """All uploads in parts of one store.

    A part's digest is the SHA-256 digests of its blocks; those of all parts give the object's content hash.

    Args:
        place: Its clone may set the size of parts.
        client: Sends the requests.
        address: The store's folder.
        writes: Shared with all other writes to the store.
    """

    def __init__(self, place: StoreConfig, client: Client, address: Address, writes: Writes) -> None:
        self._place = place
        self._client = client
        self._address = address
        self._writes = writes

    def limits(self, size: int) -> Limits | None:
        """See `SupportsMultipart.part_limits`."""
        # The resume layer applies the option; an object of fewer than two parts is sent in one piece.
        part_size = int(self._place.clone.get(options.PART_SIZE))
        return _LIMITS if size > min(2 * part_size or MIN_MULTIPART, MAX_REQUEST) else None

    def begin(self, name: str, plan: Plan) -> str:
        """See `SupportsMultipart.begin`."""
        what = "store the file"
        self._writes.check(plan.size, what)
        self._writes.info(
            self._address.path_of(name), what
        )  # refuses a file that could not be committed before it is sent
        with self._writes.explaining_quota():
            return open_session(self._client, what)

    def send(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        """See `SupportsMultipart.send`."""
        digests = digests_of(source, part.start, part.size)
        what = f"store part {part.number} of the file"
        piece = Piece(source, lambda done: progress(done - part.start), what, part.start, part.size)
        with self._writes.explaining_quota():
            append(self._client, upload.id, piece, digests)
        return Sent(b"".join(digests).hex())

    def fingerprint(self, source: Source, part: Part) -> str:
        """See `SupportsMultipart.fingerprint`."""
        return b"".join(digests_of(source, part.start, part.size)).hex()

    def finish(self, upload: Upload, sent: Mapping[int, Sent], source: Source, progress: Progress) -> Receipt:
        """See `SupportsMultipart.finish`."""
        hashed = _content_hash(sent)
        made = telling(lambda: self._finished(upload, hashed, source.condition), lambda: progress(upload.plan.size))
        return receipt(source, hashed, made)

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        """Store an object that is too large for one request, one part after the other; see `Backend.put`."""
        stamp = source.stamp()
        cut = plan(source.size, _LIMITS, remote=self._place.clone.remote)
        upload = Upload(name, self.begin(name, cut), cut)
        sent = {part.number: self._send_next(upload, part, source, progress) for part in cut.parts()}
        if source.stamp() != stamp:
            raise SourceChanged("the file changed while it was being stored", detail=name)
        return self.finish(upload, sent, source, progress)

    def _send_next(self, upload: Upload, part: Part, source: Source, progress: Progress) -> Sent:
        return self.send(upload, part, source, lambda done: progress(part.start + done))

    def _finished(self, upload: Upload, hashed: str, condition: Condition | None) -> Mapping[str, Any]:
        """The object's metadata after the commit, or after an earlier attempt whose response was lost."""
        path, what = self._address.path_of(upload.name), "store the file"
        info = self._writes.info(path, what) if condition is None else self._writes.info_if(path, condition)
        pending = Pending(upload.id, upload.plan.size, info, what)
        try:
            with self._writes.explaining_quota():
                made = self._writes.commit(pending)
        except NotAStore as error:
            if condition is None or not is_taken(error):
                raise
            made = self._writes.stored_already(path, hashed, what)
        except UploadLost:
            made = self._client.rpc(Call("files/get_metadata", {"path": path}, what, ("path/not_found",))).result
            if (made.get("size"), made.get(ALGORITHM)) != (upload.plan.size, hashed):
                raise
        self._client.name_case.check(made, path, self._client.doing(what))
        return made


def _content_hash(sent: Mapping[int, Sent]) -> str:
    """The content hash of an object, from the digests of all its parts."""
    return hashlib.sha256(bytes.fromhex("".join(sent[number].digest for number in sorted(sent)))).hexdigest()
