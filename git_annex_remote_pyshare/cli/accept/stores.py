"""The stores of a dataset in its new or existing clone: enables and verifies those that the user agreed to.

The settings of a store come from the dataset, so from other people. Each is shown as `Place`, and the user agrees to
its whole address. git-annex then gets exactly those settings as verified: if it would use others, the store is not
enabled, or stays unverified.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from git_annex_remote_pyshare.cli.accept.places import Place, has_login, place_of
from git_annex_remote_pyshare.cli.accept.programs import last_words, run
from git_annex_remote_pyshare.cli.dataset import publish_first, siblings
from git_annex_remote_pyshare.config.annex_branch import all_remotes, dead, proposed_settings
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.config.remotes import OURS, is_plain_name
from git_annex_remote_pyshare.errors import BadSetting, PyshareError

_SAFE = re.compile(r"--safe ([0-9]{1,9})\b", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
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

    @property
    def is_for_pushes(self) -> bool:
        """Whether a friend may have a way to store content there: through a link, they only read."""
        place = self.place
        return not self.is_address and not place.is_link and (not place.access or place.is_local or has_login(place))


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
    gone = dead(clone.git_dir)
    known = all_remotes(clone.git_dir).items()
    living = {uuid: row for uuid, row in known if not gone & {uuid, row.get("sameas-uuid", uuid)}}
    rows = {uuid: row for uuid, row in living.items() if row.get("externaltype") == OURS}
    names = Counter(_name(row) for row in living.values())
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
        if not _is_usable(name) or names[name] > 1 or _is_taken(clone, name, uuid):
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
    others = sorted(_name(row) for row in living.values() if _is_foreign(row))
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

    It is enabled by its name, which `stores_in` has found once among all remotes that are not dead. A UUID is worse:
    git-annex first takes it for the description of a repository, which is a text of strangers, and does not mark the
    remote as unverified.

    Raises:
        PyshareError: git-annex refuses, or has enabled something else than was shown, which is taken back.
    """
    if store.is_enabled:
        return
    before = LocalConfig(clone.git_dir).config
    done = run("git", "annex", "enableremote", store.name)
    said = done.stdout + done.stderr
    if done.returncode == 0 and _is_as_shown(store, clone, said):
        if store.is_automatic:
            let_read(store, clone)
        return
    for key in LocalConfig(clone.git_dir).config:
        if key not in before and key.rpartition(".")[0] == f"remote.{store.name}":
            run("git", "config", "--unset-all", key)
    if done.returncode:
        raise PyshareError(f"git-annex cannot enable {store.name}: {last_words(said)}")
    raise PyshareError(f"git-annex would use other settings for {store.name} than those shown, so it is not enabled")


def let_read(store: Store, clone: LocalConfig) -> None:
    """Let git-annex read an enabled store that is unverified: by itself, it does so for `autoenable=true` only."""
    if LocalConfig(clone.git_dir, store.name).verified == "manual":
        run("git", "config", f"remote.{store.name}.annex-verified", "automatic")


def is_readable(store: Store, clone: LocalConfig) -> bool:
    """Whether git-annex reads the store, once it is enabled."""
    return store.is_automatic or LocalConfig(clone.git_dir, store.name).verified == "automatic"


def is_verified(store: Store, clone: LocalConfig) -> bool:
    """Whether git-annex does not wait for the user to verify the store."""
    return LocalConfig(clone.git_dir, store.name).verified not in _WAITS_FOR_USER


def verify(store: Store, clone: LocalConfig) -> bool:
    """Verify a store if git-annex would accept exactly what was shown; whether it is verified now.

    Args:
        store: An enabled store, to whose address the user has agreed.
        clone: The clone.
    """
    if is_verified(store, clone):
        return True
    number = _SAFE.search(run("git", "annex", "verifyremote", store.name).stdout)
    if number is None or not _is_proposed(store, clone, number[1]):
        return False
    run("git", "annex", "verifyremote", store.name, "--safe", number[1])
    return is_verified(store, clone)


def bring_content_first(stores: Sequence[Store], clone: LocalConfig) -> list[str]:
    """Let later pushes of the history bring content to the stores first; the names of the stores for which they do.

    The owner's clone has the same setting, but git config is not a part of the dataset.

    Args:
        stores: Stores that the user trusts with what they push; none is a link.
        clone: The clone.
    """
    fresh = LocalConfig(clone.git_dir)
    sibling = next((name for name in ("origin", *siblings(fresh)) if name in siblings(fresh)), "")
    chosen = {store.store_uuid: store for store in stores}
    names = [store.name for store in chosen.values() if not store.is_address and store.name != sibling]
    for name in names if sibling else ():
        if step := publish_first(fresh, sibling, name):
            run(*step)
    return names if sibling else []


def _is_usable(name: str) -> bool:
    """Whether git-annex takes the name for this one remote, and for no UUID."""
    return is_plain_name(name) and not _UUID.fullmatch(name)


def _is_taken(clone: LocalConfig, name: str, uuid: str) -> bool:
    """Whether the clone has another remote of this name."""
    return f"remote.{name}.url" in clone.config or _uuid_here(clone, name) not in {"", uuid}


def _is_as_shown(store: Store, clone: LocalConfig, said: str) -> bool:
    """Whether git-annex, which has just enabled a store and asks to verify it, uses what was shown.

    An older git-annex does not ask, and then the UUID has to do.
    """
    if _uuid_here(LocalConfig(clone.git_dir), store.name) != store.uuid:
        return False
    number = _SAFE.search(said)
    return number is None or _is_proposed(store, clone, number[1])


def _is_proposed(store: Store, clone: LocalConfig, number: str) -> bool:
    """Whether `verifyremote --safe NUMBER` accepts the place that was shown, and a remote of ours."""
    row = proposed_settings(clone.git_dir, number)
    try:
        return row.get("externaltype") == OURS and place_of(row) == store.place
    except BadSetting:
        return False


def _uuid_here(clone: LocalConfig, name: str) -> str:
    start = f"remote.{name}.annex-"
    return clone.config.get(f"{start}config-uuid", "") or clone.config.get(f"{start}uuid", "")


def _name(row: Mapping[str, str]) -> str:
    return row.get("name") or row.get("sameas-name", "")


def _is_foreign(row: Mapping[str, str]) -> bool:
    return row.get("externaltype") != OURS and row.get("autoenable") == "true"
