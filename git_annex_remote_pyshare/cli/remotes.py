"""Finds the remotes of the clone in the working directory."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.cli.output import warn
from git_annex_remote_pyshare.config.annex_branch import remote_settings
from git_annex_remote_pyshare.config.git_config import LocalConfig, git_dir_here
from git_annex_remote_pyshare.config.remotes import OURS, names, waiting
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.store.store_config import CREDS, store_config_of, trust_of

_FIRST_CONTACT = 10.0
"""Seconds for which a server is tried that does not respond: the user waits for it."""

_UNVERIFIED = ("automatic", "manual")
"""Values of git config `remote.<name>.annex-verified` for remotes that `git annex verifyremote` can verify (git-annex,
Types/GitConfig.hs: enabled at `git annex init`, or by `enableremote`)."""


class Remote(NamedTuple):
    """A pyshare remote."""

    place: StoreConfig
    uuid: str
    annex: Mapping[str, str]
    """All its settings, also those of git-annex itself: `encryption`, `chunk`, `autoenable`."""


def clone_here(remote: str = "") -> LocalConfig:
    """The clone of the working directory, with the name of one of its remotes.

    Raises:
        BadSetting: The working directory is in no git repository.
    """
    git_dir = git_dir_here()
    if not git_dir:
        raise BadSetting("this folder is in no git repository", remedy="Type it inside of the dataset's clone.")
    return LocalConfig(git_dir, remote)


def remote_named(name: str) -> Remote:
    """The remote of this name in the clone of the working directory.

    Raises:
        BadSetting: There is no such clone or remote, or it is no pyshare remote.
    """
    clone = clone_here(name)
    uuid = clone.remote_uuid
    if clone.external_type != OURS or not uuid:
        raise _unknown(clone, name)
    annex = _annex_settings(clone, uuid)
    settings = registry.parse(annex)
    held = _held(clone.git_dir, uuid)
    place = store_config_of(settings, trust_of(settings, clone), held)
    return Remote(place._replace(is_tree=annex.get("exporttree") == "yes"), uuid, annex)


@contextmanager
def opened(place: StoreConfig) -> Iterator[Backend]:
    """The store, with all its layers."""
    from git_annex_remote_pyshare.store.open import open_store  # noqa: PLC0415  # not for help and wrong words

    store = open_store(place, Event(), warn, first_contact=_FIRST_CONTACT)
    try:
        yield store
    finally:
        store.close()


class Unverified(NamedTuple):
    """Why a remote counts as a stranger's, and the command with which the user accepts it."""

    what: str
    accept: str
    """Quoted for a shell."""


def unverified(remote: Remote) -> Unverified | None:
    """None for a remote whose settings the user has accepted."""
    if remote.place.trusted():
        return None
    name, url = remote.place.clone.remote, remote.place.url
    trust = trust_of(remote.place.settings, remote.place.clone)
    if trust.moved:
        return Unverified(
            f"the address of remote {name} changed: it leads to {trust.host} now, and you accepted {trust.bound}",
            trust.acceptance(),
        )
    # An older git-annex has no verifyremote, and leaves this option out.
    by_annex = remote.place.clone.verified in _UNVERIFIED or not trust.host
    return Unverified(
        f"remote {name} is not verified: its address {url} comes from the dataset, and you have not accepted it yet",
        command("git", "annex", "verifyremote", name) if by_annex else trust.acceptance(),
    )


def require_verified(remote: Remote) -> None:
    """Raise PermissionDenied for a remote that the user has not verified; called before a command changes a store.

    git-annex itself does not write to such a remote either.
    """
    if found := unverified(remote):
        trust = trust_of(remote.place.settings, remote.place.clone)
        it = trust.host if trust.moved else "it"
        raise PermissionDenied(found.what, remedy=f"If you trust {it}, type: {found.accept}")


def _annex_settings(clone: LocalConfig, uuid: str) -> Mapping[str, str]:
    """All settings of a remote. One made by `--sameas` inherits chunking and encryption, but not the address.

    git-annex documentation, "git-annex-initremote", --sameas.
    """
    shared = remote_settings(clone.git_dir, uuid)
    own = clone.config_uuid
    if not own:
        return shared
    return with_inherited(remote_settings(clone.git_dir, own), shared)


def with_inherited(own: Mapping[str, str], shared: Mapping[str, str]) -> Mapping[str, str]:
    """The settings of a remote made by `--sameas`, with those of git-annex itself that it inherits.

    Args:
        own: The settings that the remote itself has.
        shared: The settings of the remote with the same UUID.
    """
    ours = {setting.name for setting in registry.all_settings()}
    return {**{name: value for name, value in shared.items() if name not in ours}, **own}


def _unknown(clone: LocalConfig, name: str) -> BadSetting:
    """The error for an unknown remote: it is not enabled here, or the dataset has none of this name."""
    if name in waiting(clone):
        both = f"{command('git', 'annex', 'enableremote', name)} && {command('git', 'annex', 'verifyremote', name)}"
        return BadSetting(
            f"{name} is not enabled yet",
            remedy=f"Type: {both} (which shows its address and, if you expect that, the command that accepts it)",
        )
    others = f"; it has {', '.join(known)}" if (known := names(clone)) else ""
    return BadSetting(f"this clone has no pyshare remote {name}{others}", remedy="Type: pyshare info")


def _held(git_dir: str, uuid: str) -> Credential | None:
    """The login that git-annex keeps for the remote; special remotes get the same by GETCREDS."""
    try:
        with open(os.path.join(git_dir, "annex", "creds", f"{uuid}-{CREDS}"), encoding="utf-8") as file:
            user, _, secret = file.read().removesuffix("\n").partition("\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Credential(user, secret, "git-annex")
