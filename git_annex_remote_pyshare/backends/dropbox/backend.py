"""The Dropbox backend: each verb as one call of the API."""

from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends import ownership
from git_annex_remote_pyshare.backends.base import NO_TERMS, Initialized, Quota, Receipt, Share, StoreConfig, Terms
from git_annex_remote_pyshare.backends.dropbox.url import address_of
from git_annex_remote_pyshare.backends.lazy import LazyBackend
from git_annex_remote_pyshare.errors import Busy, PermissionDenied, Unreachable
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import Progress, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_annex_remote_pyshare.backends.dropbox.verbs import Verbs
    from git_annex_remote_pyshare.backends.multipart import Unfinished
    from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, Sent, Upload


class DropboxBackend(LazyBackend["Verbs"]):
    """A folder in somebody's own Dropbox, in a shared folder or in a team's space.

    Args:
        place: Its URL is the folder's.
    """

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self._address = address_of(place.url)

    def locate(self, name: str) -> str:
        """The object's path in the Dropbox, as `url=` has it."""
        return f"dropbox:{self._address.path_of(name)}"

    def quota(self) -> Quota:
        """How full the Dropbox is."""
        return self.verbs.quota()

    def share(self, terms: Terms = NO_TERMS) -> Share:
        """A link to the store's folder, with which any login at Dropbox reads it."""
        return self.verbs.share(terms)

    def revoke(self) -> "Sequence[str]":
        """Withdraw the links to the store's folder."""
        return self.verbs.revoke()

    def is_publishing(self) -> bool:
        """With `share=files`, unless that is a stranger's word: it opens files to everybody."""
        return self.place.settings["share"] == "files" and self.place.trusted()

    def publish(self, name: str) -> str:
        """A link from which anyone gets the object."""
        return self.verbs.publish(name)

    def has_published(self, name: str, url: str) -> bool:
        """Whether the link is one to a file of this name."""
        from git_annex_remote_pyshare.backends.dropbox.links import may_lead_to  # noqa: PLC0415  # with the verbs

        return may_lead_to(name, url)

    def initialize(self) -> Initialized:
        """Find out whose Dropbox it is, which the settings then say, and mark the place as this remote's own."""
        try:
            if self.place.credential():
                return self.verbs.initialize()
        except (Unreachable, Busy) as error:
            return self._unsettled(ownership.unchecked("Dropbox", error))
        return self._unsettled(ownership.without_login(self.place))

    def _unsettled(self, why: str) -> Initialized:
        """Nothing was found out, `why` not; the owner hears what to do later, if there is anything left to find out."""
        if self.place.settings["namespace"]:
            return Initialized(notes=(why,))
        later = f"Then, so that no other account's folder is taken for it, type: {self._enable()}"
        return Initialized(notes=(why, later), private=True)

    def _enable(self) -> str:
        return command("git", "annex", "enableremote", self.place.clone.remote or "NAME")

    def part_limits(self, size: int) -> "Limits | None":
        return self.verbs.parts.limits(size)

    def begin(self, name: str, plan: "Plan") -> str:
        return self.verbs.parts.begin(name, plan)

    def send(self, upload: "Upload", part: "Part", source: Source, progress: Progress) -> "Sent":
        return self.verbs.parts.send(upload, part, source, progress)

    def fingerprint(self, source: Source, part: "Part") -> str:
        from git_annex_remote_pyshare.backends.dropbox.parts import fingerprint  # noqa: PLC0415  # as in open_verbs

        return fingerprint(source, part)

    def sent(self, _upload: "Upload", known: "Mapping[int, Sent]") -> "Mapping[int, Sent]":
        """What we know: Dropbox does not tell, but refuses the next part of an upload that is gone."""
        return known

    def finish(self, upload: "Upload", sent: "Mapping[int, Sent]", source: Source, progress: Progress) -> Receipt:
        return self.verbs.finish(upload, sent, source, progress)

    def abort(self, _name: str, id: str) -> None:  # noqa: A002  # as in the contract
        """Dropbox forgets it by itself, seven days after its beginning."""

    def unfinished(self) -> "Iterator[Unfinished]":
        """None, since Dropbox does not list them."""
        return iter(())

    def _check_whose(self) -> None:
        """A stranger's folder is not to be looked for, nor written to, in the Dropbox of the user who is logged in."""
        if not self.place.settings["namespace"] and not self.place.trusted():
            raise PermissionDenied(
                f"it is not known in whose Dropbox {self.place.url} is: its owner made it without a login",
                remedy=f"Ask its owner to log in and to type, in the clone where the remote was made: {self._enable()}",
            )

    def open_verbs(self) -> "Verbs":
        self._check_whose()
        # With it come urllib3 and TLS: nothing before the first request needs them.
        from git_annex_remote_pyshare.backends.dropbox.verbs import Verbs  # noqa: PLC0415

        return Verbs(self.place, self._address)
