"""One folder of one of the user's rclone remotes: what it can do, and what is in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from git_annex_remote_pyshare.backends.base import StoreConfig, encode_name
from git_annex_remote_pyshare.backends.rclone.errors import Refused, convert_errors, is_absent
from git_annex_remote_pyshare.backends.rclone.items import Item, item_of
from git_annex_remote_pyshare.backends.rclone.url import Target, accepted, allowance
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import BadName, BadSetting, Unreachable

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.rclone.rc import RemoteControl


class Traits(NamedTuple):
    """What rclone can do with the service."""

    kind: str
    """The type of the remote, as rclone calls it."""
    hashes: tuple[str, ...]
    hashes_are_slow: bool
    """Whether a hash is computed from the object each time that it is asked for."""
    has_buckets: bool
    """Whether folders exist only as a part of the names of objects."""
    has_empty_folders: bool
    has_duplicates: bool
    """Whether two objects can have one name."""
    has_links: bool
    """Whether rclone can make public links."""
    is_case_insensitive: bool
    """Whether names that differ only in case are one."""


class Remote:
    """The folder, through one rclone process; nothing is started before the first request.

    Args:
        place: The settings, and whether the user has accepted them.
    """

    def __init__(self, place: StoreConfig) -> None:
        self.place = place
        self._lock = Lock()
        self._control: RemoteControl | None = None
        self._traits: Traits | None = None

    @cached_property
    def target(self) -> Target:
        """Where the folder is; raises PermissionDenied unless the user has accepted it."""
        return accepted(self.place)

    @property
    def fs(self) -> str:
        """The folder in requests; with a slash at its end, rclone does not ask whether it is a file."""
        return f"{self.target.fs.rstrip('/')}/"

    @property
    def control(self) -> "RemoteControl":
        """Sends requests to rclone; raises PermissionDenied unless the user has accepted the settings."""
        self.target  # noqa: B018  # before anything is started
        with self._lock:
            if self._control is None:
                # Only a store that is used needs it, and importing takes time.
                from git_annex_remote_pyshare.backends.rclone.rc import RemoteControl  # noqa: PLC0415

                clone = self.place.clone
                self._control = RemoteControl(clone.timeout, clone.get(options.BWLIMIT))
            return self._control

    @property
    def traits(self) -> Traits:
        """What rclone can do with the service; asked for once, without a request to the service.

        Raises:
            Refused: rclone has no such remote.
            BadSetting: The remote has another type than that of the owner.
        """
        if self._traits is None:
            self._traits = self._ask()
        return self._traits

    @contextmanager
    def trying(self, doing: str, name: str = "") -> Iterator[None]:
        """Errors in the block name the operation and the folder; the object is only in their trace."""
        with convert_errors(f"{doing} in {self.target.shown}", self.target, name, self._known_kind):
            yield

    def find(self, name: str) -> Item | None:
        """The object, None if rclone has none in its answer: the folder itself may be missing, too."""
        wants_hash = bool(self.traits.hashes) and not self.traits.hashes_are_slow
        opt = {"filesOnly": True, "noMimeType": True, "showHash": wants_hash}
        try:
            answer = self.control.call("operations/stat", {"fs": self.fs, "remote": name, "opt": opt})
        except Refused as refused:
            if is_absent(refused):
                return None
            raise
        if "item" not in answer:
            raise Unreachable("rclone answered something that is no file")
        if answer["item"] is None:
            return None
        item = item_of(answer["item"])
        return None if item.is_folder else item

    def items(self, folder: str) -> list[Item] | None:
        """What is in a folder, without what is below it; None if rclone says that it is not there."""
        wants_hash = bool(self.traits.hashes) and not self.traits.hashes_are_slow
        opt = {"noMimeType": True, "showHash": wants_hash}
        try:
            answer = self.control.call("operations/list", {"fs": self.fs, "remote": folder, "opt": opt})
        except Refused as refused:
            if is_absent(refused):
                return None
            raise
        return items_of(answer)

    def items_of_folder(self, name: str) -> list[Item] | None:
        """What is in a folder; None if there is none of this name, but a file or nothing.

        Each service has an answer of its own to the listing of a file: absent, empty, or a failure in words of its own.
        To ask for the folder would list the one above it.
        """
        try:
            items = self.items(name)
        except Refused:
            if self.find(name) is None:
                raise
            return None
        return items or (None if items is None or self.find(name) else [])

    def has_folder(self, name: str) -> bool:
        """Whether there is a folder of this name, even an empty one."""
        return self.items_of_folder(name) is not None

    def close(self) -> None:
        """End rclone if no other store uses it."""
        with self._lock:
            if self._control is not None:
                self._control.close()

    def _ask(self) -> Traits:
        answer = self.control.call("operations/fsinfo", {"fs": self.fs})
        features = answer.get("Features")
        if not isinstance(features, dict):
            raise Unreachable("rclone does not say what the remote can do")
        kind = self._kind()
        self._require_kind(kind)
        hashes = answer.get("Hashes")
        return Traits(
            kind,
            tuple(map(str, hashes)) if isinstance(hashes, list) else (),
            bool(features.get("SlowHash")),
            bool(features.get("BucketBased")),
            bool(features.get("CanHaveEmptyDirectories")),
            bool(features.get("DuplicateFiles")),
            bool(features.get("PublicLink")),
            bool(features.get("CaseInsensitive")),
        )

    def _kind(self) -> str:
        """The type of the remote; the answer also has its logins, which nothing must keep."""
        return str(self.control.call("config/get", {"name": self.target.name}).get("type", ""))

    @property
    def _known_kind(self) -> str:
        """The type of the remote, without a request: as rclone has said, or else its owner; empty if unknown."""
        if self._traits is not None:
            return self._traits.kind
        is_another = bool(self.place.clone.get(options.RCLONE))
        return "" if is_another else self.place.settings.get("rclonetype", "")

    def _require_kind(self, kind: str) -> None:
        """Raise BadSetting if the name means another service here than it does for the owner."""
        wanted = self.place.settings.get("rclonetype", "")
        if not wanted or wanted == kind or self.place.clone.get(options.RCLONE):
            return
        other = allowance(self.place, self.target._replace(name="MYNAME"))
        raise BadSetting(
            f"the remote {self.target.name} is {kind} in your rclone, and {wanted} in that of the store's owner",
            remedy=f"If you have the store under another name, type: {other}",
        )


def items_of(answer: Any) -> list[Item]:
    """The items of a listing, each once; raises Unreachable if it is not one.

    In a bucket, a file and a folder can have the same name.
    """
    found = answer.get("list")
    if found is None:
        found = []
    if not isinstance(found, list):
        raise Unreachable("rclone answered something that is no list of files")
    items: dict[tuple[str, bool], Item] = {}
    for each in found:
        item = item_of(each)
        if item.name not in {"", ".", ".."} and "/" not in item.name:
            items.setdefault((item.name, item.is_folder), item)
    return list(items.values())


def checked(name: str) -> str:
    """A valid name, as rclone takes it.

    Raises:
        BadName: The name is not valid, not UTF-8, which rclone cannot pass on, or has a control character, which rclone
            lists as a visible one.
    """
    if any(character < " " or character == "\x7f" for character in name):
        raise BadName("rclone cannot store a name that has a control character")
    try:
        encode_name(name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadName("rclone cannot store a name that is not UTF-8") from error
    return name
