"""The remotes of the clone that a person stands in, as git-annex knows them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import NamedTuple

from click import echo

from git_annex_remote_pyshare.backends.base import Backend, Place
from git_annex_remote_pyshare.branch import remote_settings
from git_annex_remote_pyshare.clone import Clone, git_dir_here
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, Denied
from git_annex_remote_pyshare.place import CREDS, place_of, trust_of
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.settings import SETTINGS, parse

_OURS = "pyshare"


class Remote(NamedTuple):
    """One of ours."""

    place: Place
    uuid: str
    annex: Mapping[str, str]
    """All that git-annex was told of it, its own settings included: `encryption`, `chunk`, `autoenable`."""


def remote_named(name: str) -> Remote:
    """The remote of this name in the clone of the working directory.

    Raises:
        BadSetting: There is no such clone or remote, or it is not one of ours.
    """
    git_dir = git_dir_here()
    if not git_dir:
        raise BadSetting("this folder is in no git repository", remedy="Type it inside of the dataset's clone.")
    clone = Clone(git_dir, name)
    uuid = clone.option("annex-uuid")
    if clone.option("annex-externaltype") != _OURS or not uuid:
        raise BadSetting(f"this clone has no pyshare remote {name}{_others(clone)}", remedy="See: git annex info")
    told = _told(clone, uuid)
    settings = parse(told)
    held = _held(git_dir, uuid)
    return Remote(place_of(settings, trust_of(settings, clone), held), uuid, told)


def require_verified(remote: Remote) -> None:
    """Refuse what changes a store or publishes it, unless this clone's user stands behind the remote's settings.

    Raises:
        Denied: Whoever made the dataset chose them, and no user of this clone has looked.
    """
    if not remote.place.trusted():
        name = remote.place.clone.remote
        raise Denied(
            f"the remote {name} came with the dataset, and you have not verified it",
            remedy=f"To look at its settings, type: {command('git', 'annex', 'verifyremote', name)}",
        )


@contextmanager
def opened(place: Place) -> Iterator[Backend]:
    """The store of a place, with all its layers."""
    from git_annex_remote_pyshare.store import open_store  # noqa: PLC0415  # not for help and wrong words

    store = open_store(place, Event(), partial(echo, err=True))
    try:
        yield store
    finally:
        store.close()


def _told(clone: Clone, uuid: str) -> Mapping[str, str]:
    """A remote made by `--sameas` inherits how content is cut and encrypted, but not where it is kept.

    git-annex documentation, "git-annex-initremote", --sameas.
    """
    told = remote_settings(clone.git_dir, uuid)
    own = clone.option("annex-config-uuid")
    if not own:
        return told
    ours = {setting.name for setting in SETTINGS}
    inherited = {name: value for name, value in told.items() if name not in ours}
    return {**inherited, **remote_settings(clone.git_dir, own)}


def _others(clone: Clone) -> str:
    keys = [
        key.split(".") for key, value in clone.config.items() if key.endswith(".annex-externaltype") and value == _OURS
    ]
    names = [".".join(key[1:-1]) for key in keys]
    return f"; it has {', '.join(names)}" if names else ""


def _held(git_dir: str, uuid: str) -> Credential | None:
    """The login that git-annex keeps for the remote; it gives special remotes the same by GETCREDS."""
    try:
        with open(os.path.join(git_dir, "annex", "creds", f"{uuid}-{CREDS}"), encoding="utf-8") as file:
            user, _, secret = file.read().removesuffix("\n").partition("\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Credential(user, secret, "git-annex")
