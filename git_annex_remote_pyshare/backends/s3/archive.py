"""Restores objects from an archive storage class, which must happen before they can be read.

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
"""Retrieval tier → archive → how long a restore takes."""

_ARCHIVES: Mapping[str, str] = {
    "GLACIER": "GLACIER",
    "DEEP_ARCHIVE": "DEEP_ARCHIVE",
    "ARCHIVE_ACCESS": "GLACIER",
    "DEEP_ARCHIVE_ACCESS": "DEEP_ARCHIVE",
}
"""Storage class, or Intelligent-Tiering's archive status → the archive in `_TIERS` that is as fast."""

_STARTED = 202
_IN_PROGRESS = 409


class _ObjectState(NamedTuple):
    """What the headers of an object say."""

    readiness: Readiness
    archive: str
    """One of the archives in `_TIERS`; empty for none."""
    is_permanent: bool
    """Whether a restore is permanent, so that the request must not give days (Intelligent-Tiering)."""


class Archive:
    """The archived objects of one store.

    As for git-annex's own S3 remote, git config `remote.<name>.annex-s3-restore-tier` is the speed (standard, bulk or
    expedited), and `-days` is how many days a restored object stays readable (1).

    Args:
        client: Sends the requests.
        clone: Reads the git config.
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
        """Restore an object that could not be read, unless that is in progress; the error says when to try again."""
        try:
            found = self._stat(name)
            state = "a restore was requested" if found.readiness == "archived" else "it is already being restored"
            if found.readiness == "archived":
                self._post_restore(name, found)
            duration = _TIERS[self._tier()].get(found.archive, "a few hours")
        except PyshareError as error:
            return Archived(f"{refusal.what}, and the request to restore it failed: {error.what}", remedy=error.remedy)
        return Archived(f"{refusal.what}; {state}", remedy=f"That takes {duration}; then get it again.")

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
