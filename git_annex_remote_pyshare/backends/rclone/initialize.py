"""Prepares a folder of an rclone remote at initremote: marks it, and says what the service cannot do."""

import os
from collections.abc import Iterator, Mapping

from git_annex_remote_pyshare.backends import ownership
from git_annex_remote_pyshare.backends.base import Initialized
from git_annex_remote_pyshare.backends.rclone.base_folder import Base
from git_annex_remote_pyshare.backends.rclone.errors import Refused, is_absent
from git_annex_remote_pyshare.backends.rclone.remote import Remote, Traits
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command

_LISTS_TO_FIND = frozenset(
    ("pcloud", "zoho", "sugarsync", "premiumizeme", "filefabric", "pikpak", "fichier", "huaweidrive", "internetarchive")
)
"""Types of remotes where rclone lists a whole folder to find one object (their NewObject in rclone's source)."""

_LISTS_LATE: Mapping[str, str] = {
    "internetarchive": "some minutes or hours",
    "fichier": "some seconds",
    "opendrive": "some seconds",
}
"""Types of remotes that show a new object only later (rclone's pages about them) → when."""

_RELATIVE = frozenset(("local",))
"""Types of remotes whose folders without a slash at the beginning are relative to rclone's own working directory."""


def initialize(remote: Remote, base: Base) -> Initialized:
    """See `CanInitialize.initialize`."""
    remote.target  # noqa: B018  # raises PermissionDenied before anything is started
    try:
        with remote.trying("prepare the folder"):
            _require_name(remote)
            traits = remote.traits
            _require_absolute(remote, traits)
            if remote.place.is_tree:
                if traits.has_empty_folders:
                    remote.control.call("operations/mkdir", {"fs": remote.fs, "remote": ""})
                notes: tuple[str, ...] = ()
            else:
                notes = _claim(remote)
                base.saw()
    except PyshareError as error:
        if not error.retryable:
            raise
        return Initialized(notes=(ownership.unchecked(remote.target.shown, error),), failure=error)
    return Initialized({"rclonetype": traits.kind} if traits.kind else {}, (*notes, *_notes(remote, traits)))


def _require_name(remote: Remote) -> None:
    """Raise BadSetting if rclone has no such remote; its list has those of its configuration and environment."""
    names = remote.control.call("config/listremotes", {}).get("remotes") or []
    name = remote.target.name
    if name not in names:
        raise BadSetting(
            f"rclone has no remote {name} on this machine",
            remedy=f"Type: {command('pyshare', 'login', f'rclone:{name}')}",
        )


def _require_absolute(remote: Remote, traits: Traits) -> None:
    target = remote.target
    if traits.kind in _RELATIVE and not os.path.isabs(target.folder):
        raise BadSetting(f"{target.shown} is relative", remedy="Give an absolute path behind the colon.")


def _claim(remote: Remote) -> tuple[str, ...]:
    """Mark the folder; returns notes for the owner."""
    shown = remote.target.shown
    try:
        return ownership.claim(remote.place, shown, lambda: _read(remote), lambda mark: _write(remote, mark))
    except PermissionDenied:
        return (ownership.unmarked(shown),)


def _read(remote: Remote) -> bytes:
    try:
        with remote.control.read(remote.fs, ownership.MARK, 0) as response:
            return response.read(ownership.LONGEST)
    except Refused as refused:
        if is_absent(refused):
            return b""
        raise


def _write(remote: Remote, mark: bytes) -> None:
    folder = remote.control.child.folder
    path = os.path.join(folder, f"mark-{os.urandom(8).hex()}")
    with open(path, "wb") as file:
        file.write(mark)
    try:
        remote.control.call(
            "operations/copyfile",
            {
                "srcFs": folder,
                "srcRemote": os.path.basename(path),
                "dstFs": remote.fs,
                "dstRemote": ownership.MARK,
                "_config": {"NoCheckDest": True},
            },
        )
    finally:
        os.unlink(path)


def _notes(remote: Remote, traits: Traits) -> Iterator[str]:
    """What the owner should know about the service."""
    name = remote.target.name
    if not traits.hashes:
        yield f"{name} has no checksums, so only the size of what was stored is compared"
    if traits.has_duplicates:
        yield f"{name} can hold two files of one name, if two people store the same file at the same time"
    if traits.kind in _LISTS_LATE:
        yield f"{name} shows new files only after {_LISTS_LATE[traits.kind]}"
    if traits.kind in _LISTS_TO_FIND and remote.place.settings.get("layout") in {"shard", "flat"}:
        yield f"{name} lists a whole folder to find a file, so layout=lower is faster there"
