"""Brings objects back from an archive, in which they are present but cannot be read at once.

Amazon S3 User Guide, "Understanding archive retrieval options"; API Reference, "RestoreObject".
"""

from collections.abc import Mapping
from hashlib import sha256
from threading import Lock

from git_annex_remote_pyshare.backends.base import Readiness
from git_annex_remote_pyshare.backends.s3.errors import Archived
from git_annex_remote_pyshare.backends.s3.http import Client, Request
from git_annex_remote_pyshare.clone import Clone
from git_annex_remote_pyshare.errors import BadSetting, PyshareError

_ARCHIVES = {"GLACIER", "DEEP_ARCHIVE"}
_TIERS: Mapping[str, Mapping[str, str]] = {
    "Expedited": {"GLACIER": "1 to 5 minutes"},
    "Standard": {"GLACIER": "3 to 5 hours", "DEEP_ARCHIVE": "12 hours"},
    "Bulk": {"GLACIER": "5 to 12 hours", "DEEP_ARCHIVE": "48 hours"},
}
"""How fast an object may be wanted, and how long it takes then from which storage class."""

_STARTED = 202
_IN_PROGRESS = 409


class Archive:
    """What one store keeps in an archive.

    git config `remote.<name>.annex-s3-restore-tier` and `-days`, as for git-annex's own S3 remote, say how fast objects
    are wanted (standard, bulk or expedited) and for how many days they then stay readable (1).

    Args:
        client: Sends the requests.
        clone: Has the git config.
    """

    def __init__(self, client: Client, clone: Clone) -> None:
        self._client = client
        self._clone = clone
        self._asking = Lock()
        self._asked: set[str] = set()

    def readiness(self, name: str) -> Readiness:
        """See `Restores.readiness`."""
        with self._client.ask(Request("HEAD", self._client.address.path_of(name), f"look for {name}")) as answer:
            restore = answer.headers.get("x-amz-restore", "")
            storage_class = answer.headers.get("x-amz-storage-class", "")
            # Objects in Intelligent-Tiering tell by a header of their own that they have gone into an archive.
            in_archive = storage_class in _ARCHIVES or "x-amz-archive-status" in answer.headers
        if 'ongoing-request="true"' in restore:
            return "restoring"
        return "archived" if in_archive and not restore else "ready"

    def restore(self, name: str) -> Readiness:
        """See `Restores.restore`."""
        found = self.readiness(name)
        return self._ask(name) if found == "archived" else found

    def asked_for(self, name: str, refusal: Archived) -> PyshareError:
        """Ask for an object that could not be read, once in this process, and say when to come back."""
        with self._asking:
            is_new = name not in self._asked
            self._asked.add(name)
        try:
            if is_new:
                self._ask(name)
        except PyshareError as error:
            return Archived(f"{refusal.what}, and asking for that failed: {error.what}", remedy=error.remedy)
        return Archived(
            f"{refusal.what}; its restore was asked for",
            remedy=f"Get it again in {self._duration()}.",
        )

    def _ask(self, name: str) -> Readiness:
        body = (
            '<RestoreRequest xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Days>{self._days()}</Days><GlacierJobParameters><Tier>{self._tier()}</Tier></GlacierJobParameters>"
            "</RestoreRequest>"
        ).encode()
        request = Request(
            "POST",
            self._client.address.path_of(name),
            f"restore {name} from its archive",
            query=(("restore", ""),),
            headers={"Content-Type": "application/xml"},
            body=body,
            payload=sha256(body).hexdigest(),
            awaited=(_IN_PROGRESS,),
        )
        with self._client.ask(request) as answer:
            return "restoring" if answer.status in {_STARTED, _IN_PROGRESS} else "ready"

    def _duration(self) -> str:
        times = list(_TIERS[self._tier()].values())
        return times[0] if len(times) == 1 else f"{times[0]} ({times[1]} from DEEP_ARCHIVE)"

    def _tier(self) -> str:
        tier = self._clone.option("annex-s3-restore-tier").capitalize() or "Standard"
        if tier not in _TIERS:
            raise BadSetting(
                f"git config remote.{self._clone.remote}.annex-s3-restore-tier is {tier!r}",
                remedy=f"It is one of: {', '.join(known.lower() for known in _TIERS)}.",
            )
        return tier

    def _days(self) -> int:
        return int(self._clone.number("annex-s3-restore-days", 1))
