"""Brings objects back from an archive, in which they are present but cannot be read at once.

Amazon S3 User Guide, "Understanding archive retrieval options"; API Reference, "RestoreObject".
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import Readiness
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.errors import Archived
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import BadSetting, PyshareError

_TIERS: Mapping[str, Mapping[str, str]] = {
    "Expedited": {"GLACIER": "1 to 5 minutes", "DEEP_ARCHIVE": "1 to 5 minutes"},
    "Standard": {"GLACIER": "3 to 5 hours", "DEEP_ARCHIVE": "12 hours"},
    "Bulk": {"GLACIER": "5 to 12 hours", "DEEP_ARCHIVE": "48 hours"},
}
"""How fast an object may be wanted, and how long it takes then from which archive."""

_ARCHIVES: Mapping[str, str] = {
    "GLACIER": "GLACIER",
    "DEEP_ARCHIVE": "DEEP_ARCHIVE",
    "ARCHIVE_ACCESS": "GLACIER",
    "DEEP_ARCHIVE_ACCESS": "DEEP_ARCHIVE",
}
"""What a storage class, or the archive that Intelligent-Tiering chose, is as fast as."""

_STARTED = 202
_IN_PROGRESS = 409


class _ObjectState(NamedTuple):
    """An object of which only the headers were asked for."""

    readiness: Readiness
    archive: str
    """One of those that `_TIERS` knows; empty for none."""
    is_permanent: bool
    """Whether a restore is for good, so that no days may be named (Intelligent-Tiering)."""


class Archive:
    """What one store keeps in an archive.

    git config `remote.<name>.annex-s3-restore-tier` and `-days`, as for git-annex's own S3 remote, say how fast objects
    are wanted (standard, bulk or expedited) and for how many days they then stay readable (1).

    Args:
        client: Sends the requests.
        clone: Has the git config.
    """

    def __init__(self, client: Client, clone: LocalConfig) -> None:
        self._client = client
        self._clone = clone

    def readiness(self, name: str) -> Readiness:
        """See `Restores.readiness`."""
        return self._stat(name).readiness

    def restore(self, name: str) -> Readiness:
        """See `Restores.restore`."""
        found = self._stat(name)
        return self._post_restore(name, found) if found.readiness == "archived" else found.readiness

    def request_restore(self, name: str, refusal: Archived) -> Archived:
        """Ask for an object that could not be read, unless somebody has already; the error says when to come back."""
        try:
            found = self._stat(name)
            state = "its restore was asked for" if found.readiness == "archived" else "it is being restored already"
            if found.readiness == "archived":
                self._post_restore(name, found)
            duration = _TIERS[self._tier()].get(found.archive, "some hours")
        except PyshareError as error:
            return Archived(f"{refusal.what}, and asking for that failed: {error.what}", remedy=error.remedy)
        return Archived(f"{refusal.what}; {state}", remedy=f"That takes {duration}; get it again then.")

    def _stat(self, name: str) -> _ObjectState:
        with self._client.send(Request("HEAD", self._client.address.path_of(name), "look for the file")) as response:
            restore = response.headers.get("x-amz-restore", "")
            storage_class = response.headers.get("x-amz-storage-class", "")
            status = response.headers.get("x-amz-archive-status", "")
        archive = _ARCHIVES.get(status or storage_class, "")
        readiness: Readiness = "archived" if archive and not restore else "ready"
        if 'ongoing-request="true"' in restore:
            readiness = "restoring"
        return _ObjectState(readiness, archive, is_permanent=bool(status))

    def _post_restore(self, name: str, found: _ObjectState) -> Readiness:
        days = "" if found.is_permanent else f"<Days>{int(self._clone.get(options.RESTORE_DAYS))}</Days>"
        body = (
            f'<RestoreRequest xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{days}'
            f"<GlacierJobParameters><Tier>{self._tier()}</Tier></GlacierJobParameters></RestoreRequest>"
        ).encode()
        request = Request(
            "POST",
            self._client.address.path_of(name),
            "restore the file from its archive",
            query=(("restore", ""),),
            headers={"Content-Type": "application/xml"},
            body=body,
            payload=sha256(body).hexdigest(),
            expected_statuses=(_IN_PROGRESS,),
        )
        with self._client.send(request) as response:
            return "restoring" if response.status in {_STARTED, _IN_PROGRESS} else "ready"

    def _tier(self) -> str:
        tier = self._clone.get(options.RESTORE_TIER).capitalize()
        if tier not in _TIERS:
            raise BadSetting(
                f"git config remote.{self._clone.remote}.{options.RESTORE_TIER.name} is {tier!r}",
                remedy=f"It is one of: {', '.join(known.lower() for known in _TIERS)}.",
            )
        return tier
