"""Reads one object as a friend would, before the link is shown."""

import json
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Backend, Opens, Share, StoreConfig, ability
from git_annex_remote_pyshare.cli.contents import copies_of, layout_of
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.config.git_config import git_command, git_environment
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, NotFound, PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import Sink

_SAMPLE = 100
"""Number of contents from which to choose the smallest."""
_LOOKS, _PAUSE = 5, 2.0
"""Attempts, and seconds between them, for a bucket that has just been opened: at Amazon that takes some time."""


class Guest(NamedTuple):
    """A friend who has only the link."""

    sample: str
    """The key to read, or the name of an object if git-annex encrypts names."""
    password: str
    """The password of the link; empty if it has none, or its owner has not typed it."""
    just_opened: bool
    """Whether the store may need a moment to grant access."""


class _EnoughError(Exception):
    """The first bytes have arrived."""


def require_content(remote: Remote, store: Backend | None = None) -> str:
    """A key that the remote has, or the name of an object if git-annex encrypts names.

    Raises:
        BadSetting: The remote has no content yet.
    """
    name = remote.place.clone.remote
    key = _some_key(name)
    if _has_no_layout(remote) and key and store is not None:
        entry = next(store.list(), None)
        key = entry.name if entry else ""
    if key:
        return key
    push = ("datalad", "push", "--to", name) if shutil.which("datalad") else ("git", "annex", "push", name)
    raise BadSetting(
        f"nothing is stored in {name} yet",
        remedy=f"Type: {command(*push)}, then: {command('pyshare', 'share', name)}",
    )


def require_readable(remote: Remote, link: Share, guest: Guest) -> None:
    """Read one object by the link, without the owner's login if possible.

    A link with an unknown password is not tried.

    Raises:
        PyshareError: Friends cannot read the store; the remedy says how to give them access.
    """
    if link.has_password and not guest.password:
        return
    place = _as_guest(remote, link, guest)
    for _ in range(_LOOKS - 1 if guest.just_opened else 0):
        with suppress(PermissionDenied):
            _read(remote, place, guest.sample)
            return
        time.sleep(_PAUSE)
    try:
        _read(remote, place, guest.sample)
    except PermissionDenied as error:
        raise _shut(remote, link, error, guest) from error
    except NotFound as error:
        check = command("pyshare", "verify", remote.place.clone.remote)
        raise NotFound(f"your friends cannot read the store: {error.what}", remedy=f"Type: {check}") from error
    except PyshareError as error:
        raise _as_friends_see(error) from error


def is_open(remote: Remote, sample: str) -> bool:
    """Whether anyone can read the store without a login; raises PyshareError if that is unknown."""
    try:
        _read(remote, remote.place._replace(credential=lambda: None, trusted=lambda: False), sample)
    except PermissionDenied:
        return False
    return True


def _as_guest(remote: Remote, link: Share, guest: Guest) -> StoreConfig:
    settings = {"url": link.url, "layout": remote.place.settings["layout"] or _layout_of(remote), **link.settings}
    if link.url == remote.place.url:
        settings = {**remote.place.settings, **settings}
    credential = Credential(_user_of(settings), guest.password, "pyshare share") if guest.password else None
    made = StoreConfig(link.url, registry.parse(settings), remote.place.clone, lambda: credential)
    # If the service accepts any login, the owner's is as good for a test as a friend's.
    return made._replace(credential=remote.place.credential) if link.login and not link.has_password else made


def _user_of(settings: dict[str, str]) -> str:
    """The user name that all guests of a link have."""
    endpoints = registry.account_of(settings).endpoints
    return endpoints[0].user if endpoints else ""


def _read(remote: Remote, place: StoreConfig, sample: str) -> None:
    """Get the beginning of an object: a server can list objects that it does not serve."""
    name = sample
    if not _has_no_layout(remote):
        as_guest = remote._replace(place=place)
        copies = copies_of(as_guest, sample, layout_of(as_guest))
        name = next(iter(next(copies))).name  # the first chunk, or the whole
    # Without the layers, which would retry for minutes.
    backend = registry.make(place)
    try:
        with tempfile.TemporaryDirectory(prefix="pyshare-share-") as folder:
            backend.get(name, Sink(str(Path(folder) / "object")), _stop)
    except _EnoughError:
        pass
    finally:
        backend.close()


def _stop(done: int) -> None:
    if done:
        raise _EnoughError


def _shut(remote: Remote, link: Share, error: PermissionDenied, guest: Guest) -> PyshareError:
    if link.url != remote.place.url or not ability(registry.make(remote.place), Opens):
        return _as_friends_see(error)
    if guest.just_opened:
        remedy = "The server took the policy, but does not act on it yet. Type the same again in a minute."
    else:
        remedy = f"Type: {command('pyshare', 'share', remote.place.clone.remote, '--public')}"
    return PermissionDenied(f"the bucket is still closed to your friends: {error.what}", remedy=remedy)


def _as_friends_see(error: PyshareError) -> PyshareError:
    return PyshareError(f"your friends cannot read the store: {error.what}", remedy=error.remedy)


def _layout_of(remote: Remote) -> str:
    return registry.spec_of(remote.place.url).layout


def _has_no_layout(remote: Remote) -> bool:
    """Whether the names of the objects do not follow from the keys alone: encrypted names, or those of files."""
    return remote.place.is_tree or remote.annex.get("encryption", "none") != "none"


def _some_key(name: str) -> str:
    """The smallest of some keys that git-annex lists for a remote; empty if it lists none."""
    words = ("annex", "findkeys", f"--in={name}", "--json")
    with subprocess.Popen(
        git_command(*words), env=git_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as listing:
        assert listing.stdout is not None  # noqa: S101  # for mypy: it is a pipe
        rows = [json.loads(line) for line in islice(listing.stdout, _SAMPLE)]
        listing.kill()
    smallest = min(rows, key=lambda row: int(row.get("bytesize") or 0), default=None)
    return str(smallest["key"]) if smallest else ""
