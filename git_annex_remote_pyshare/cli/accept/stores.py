"""The stores of a dataset in its new or existing clone: enables and verifies those that the user agreed to.

The settings of a store come from the dataset, so from other people. Each is shown as `Place`, and the user agrees to
its hosts. git-annex then gets exactly those settings as verified: if it would accept others, the store stays
unverified.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.cli.accept.places import Place, place_of
from git_annex_remote_pyshare.cli.accept.programs import last_words, run
from git_annex_remote_pyshare.cli.dataset import publish_first, siblings
from git_annex_remote_pyshare.config.annex_branch import all_remotes, proposed_settings
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.config.remotes import OURS
from git_annex_remote_pyshare.errors import BadSetting, PyshareError

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_+-]|\.(?!\.|$)){0,99}", re.ASCII)
_SAFE = re.compile(r"--safe ([0-9]{1,9})\b", re.ASCII)
_WAITS_FOR_USER = ("automatic", "manual")
"""Values of git config `remote.NAME.annex-verified` while git-annex waits for `verifyremote`."""


class Store(NamedTuple):
    """One of our remotes in the dataset."""

    name: str
    place: Place
    uuid: str
    """The UUID of its settings."""
    store_uuid: str
    """The UUID of its content, which a link's remote shares with the owner's."""
    is_automatic: bool
    """Whether its owner wants each clone to have it (`autoenable=true`)."""
    is_enabled: bool
    is_address: bool = False
    """Whether it is the git remote with an annex:: address from which this is a clone."""


class Found(NamedTuple):
    """What a dataset says about its stores."""

    stores: tuple[Store, ...]
    left_alone: tuple[str, ...]
    """Sentences about remotes that pyshare does not touch, and why; contain text of strangers."""


def stores_in(clone: LocalConfig, address: Place | None = None) -> Found:
    """The stores of the dataset, enabled here or not, as its git-annex branch describes them.

    Args:
        clone: The clone of the working directory.
        address: The place of the annex:: address from which this is a clone; None if git has another one.
    """
    rows = {uuid: row for uuid, row in all_remotes(clone.git_dir).items() if row.get("externaltype") == OURS}
    names = Counter(_name(row) for row in rows.values())
    found: list[Store] = []
    left: list[str] = []
    if address is not None:
        uuid = clone.config.get("remote.origin.annex-uuid", "")
        own = clone.config.get("remote.origin.annex-config-uuid", uuid)
        found.append(Store("origin", address, own, uuid, True, True, True))  # noqa: FBT003  # fields of a record
    for uuid, row in rows.items():
        name = _name(row)
        if any(store.is_address and store.uuid == uuid for store in found):
            continue
        if not _NAME.fullmatch(name) or names[name] > 1 or f"remote.{name}.url" in clone.config:
            left.append(f"The dataset has a remote with a name that is unusable or already taken: {name}")
            continue
        try:
            place = place_of(row)
        except BadSetting as error:
            left.append(f"The remote {name} has wrong settings: {error.what}")
            continue
        automatic = row.get("autoenable") == "true"
        here = _uuid_here(clone, name) == uuid
        found.append(Store(name, place, uuid, row.get("sameas-uuid", uuid), automatic, here))
    others = sorted(_name(row) for row in all_remotes(clone.git_dir).values() if _is_foreign(row))
    left += [f"A remote of git-annex itself, which pyshare does not enable: {name}" for name in others]
    return Found(tuple(found), tuple(left))


def for_friends(found: Found, wanted: str = "") -> tuple[Store, ...]:
    """The stores that a friend's clone uses: what is enabled, what the owner means for all, and the invitation's.

    Args:
        found: The stores of the dataset.
        wanted: Name of a remote in the invitation; empty if it names none.
    """
    return tuple(store for store in found.stores if store.is_enabled or store.is_automatic or store.name == wanted)


def enable(store: Store, clone: LocalConfig) -> None:
    """Enable a store, as git-annex does for `autoenable=true`: it can be read, and no login is sent or kept.

    Raises:
        PyshareError: git-annex refuses.
    """
    if store.is_enabled:
        return
    done = run("git", "annex", "enableremote", store.name)
    fresh = LocalConfig(clone.git_dir, store.name)
    if done.returncode or _uuid_here(fresh, store.name) != store.uuid:
        raise PyshareError(f"git-annex cannot enable {store.name}: {last_words(done.stdout + done.stderr)}")
    if fresh.verified == "manual" and store.is_automatic:
        run("git", "config", f"remote.{store.name}.annex-verified", "automatic")


def is_verified(store: Store, clone: LocalConfig) -> bool:
    """Whether git-annex does not wait for the user to verify the store."""
    return LocalConfig(clone.git_dir, store.name).verified not in _WAITS_FOR_USER


def verify(store: Store, clone: LocalConfig, agreed: frozenset[str]) -> bool:
    """Verify a store if git-annex would accept exactly hosts to which the user agreed; whether it is verified now.

    Args:
        store: An enabled store.
        clone: The clone.
        agreed: The hosts, and paths of folders, to which the user agreed.
    """
    if is_verified(store, clone):
        return True
    number = _SAFE.search(run("git", "annex", "verifyremote", store.name).stdout)
    if number is None:
        return False
    try:
        place = place_of(proposed_settings(clone.git_dir, number[1]))
    except BadSetting:
        return False
    if place.settings != store.place.settings or not agreed.issuperset(place.hosts):
        return False
    run("git", "annex", "verifyremote", store.name, "--safe", number[1])
    return is_verified(store, clone)


def bring_content_first(stores: tuple[Store, ...], clone: LocalConfig) -> list[str]:
    """Let later pushes of the history bring content to the stores first; the names of the stores for which they do.

    The owner's clone has the same setting, but git config is not a part of the dataset.

    Args:
        stores: The enabled stores. Of two that share their content, the one that is no link is used.
        clone: The clone.
    """
    fresh = LocalConfig(clone.git_dir)
    sibling = next((name for name in ("origin", *siblings(fresh)) if name in siblings(fresh)), "")
    links_first = sorted(stores, key=lambda store: not store.place.is_link)
    chosen = {store.store_uuid: store for store in links_first}
    names = [store.name for store in chosen.values() if not store.is_address and store.name != sibling]
    for name in names if sibling else ():
        if step := publish_first(fresh, sibling, name):
            run(*step)
    return names if sibling else []


def _uuid_here(clone: LocalConfig, name: str) -> str:
    start = f"remote.{name}.annex-"
    return clone.config.get(f"{start}config-uuid", "") or clone.config.get(f"{start}uuid", "")


def _name(row: Mapping[str, str]) -> str:
    return row.get("name") or row.get("sameas-name", "")


def _is_foreign(row: Mapping[str, str]) -> bool:
    return row.get("externaltype") != OURS and row.get("autoenable") == "true"
