"""Checks for `initremote` that involve several settings or remotes: conflicting settings, and shared UUIDs.

They also read settings of git-annex itself: `chunk=`, `encryption=`, `autoenable=` and `sameas-uuid=`.
"""

import re
from collections.abc import Iterator, Mapping

from annexremote import Master

from git_annex_remote_pyshare.annex import layout
from git_annex_remote_pyshare.annex.session import clone_of
from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.config.annex_branch import remote_settings, texts
from git_annex_remote_pyshare.config.settings import LAYOUTS
from git_annex_remote_pyshare.credentials.trust import known_remote
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.store.store_config import store_config_of, trust_of

_OF_TYPES = {"directory": "annex-directory", "webdav": "annex-webdav", "S3": "annex-s3"}
"""Type of a built-in remote of git-annex → layout."""

_RCLONE = ("rclone_layout", "rclonelayout")
"""The names of the layout setting: the first in git-annex-remote-rclone, both in `rclone gitannex`."""

_NODIR = "nodir"
"""rclone's name for `flat`, and the default of `rclone gitannex` (cmd/gitannex/gitannex.go)."""

_NO_FILES = re.compile(r" (?:chunk=|sameas-uuid=|encryption=(?!none ))")
"""Matches a line of remote.log if the objects are not whole files, or the settings of its main remote decide that."""

_OF_ANNEX = ("encryption", "mac", "chunk", "autoenable", "embedcreds", "cost")
"""Settings of git-annex itself that a pyshare remote may have."""

_UNPLUGGED = {"", "0"}


def better_refusal(annex: Master, refusal: BadSetting) -> BadSetting:
    """The refusal of wrong settings, with a suggestion that the server helps to make.

    Contacts the server only at the first `initremote`, and only with a login that is kept for that server, since the
    settings may be a stranger's.
    """
    settings = {**{setting.name: "" for setting in registry.all_settings()}, "url": annex.getconfig("url")}
    clone = clone_of(annex)
    if known_remote(clone.git_dir, annex.getuuid()):
        return refusal
    try:
        place = store_config_of(settings, trust_of(settings, clone), None)
    except BadSetting:
        return refusal
    return registry.spec_of(place.url).correct(place, refusal)


def own_words(annex: Master) -> Iterator[str]:
    """The arguments of `git annex initremote` that are for git-annex itself, to repeat in another command."""
    for name in _OF_ANNEX:
        if value := annex.getconfig(name):
            yield f"{name}={value}"
    # git-annex records the keys that it finds for keyid=, not what the user typed.
    keys = filter(None, annex.getconfig("cipherkeys").split(","))
    yield from (f"keyid{'+' if number else ''}={key}" for number, key in enumerate(keys))
    if uuid := annex.getconfig("sameas-uuid"):
        yield f"--sameas={uuid}"


def shared_layout(annex: Master, git_dir: str) -> str:
    """The layout of the remote that has the same UUID, and so the same objects; else the given layout, maybe empty.

    Raises:
        BadSetting: The settings name a different layout, with which pyshare would not find the objects.
    """
    uuid = annex.getconfig("sameas-uuid")
    told = remote_settings(git_dir, uuid) if uuid else {}
    shared, given = layout_of(told), annex.getconfig("layout")
    if shared and given and layout.LAYOUTS[given] is not layout.LAYOUTS[shared]:
        other = told.get("name", "the remote of the same UUID")
        raise BadSetting(
            f"layout={given} is not the layout of {other}, with which this remote shares its objects",
            remedy=_layout_to_type(annex, git_dir, uuid, shared),
        )
    return given or shared


def _layout_to_type(annex: Master, git_dir: str, uuid: str, shared: str) -> str:
    """How to correct a layout: another argument of `initremote`, or a command if the wrong layout is published."""
    name = annex.getconfig("sameas-name")
    if any(f" sameas-name={name} " in line for line in _lines_of(git_dir, uuid)):
        return f"Type: {command('git', 'annex', 'enableremote', name, f'layout={shared}')}"
    return f"Type instead: layout={shared}"


def layout_of(told: Mapping[str, str]) -> str:
    """The layout of a remote of any type, from its settings; empty if it is unknown."""
    is_own = told.get("type") != "external"
    kind = told.get("type", "") if is_own else told.get("externaltype", "")
    if told.get("exporttree") == "yes":
        return ""
    if kind == "pyshare":
        found = told.get("layout", "")
    elif kind.startswith("rclone"):
        is_of_rclone = is_own or kind != "rclone" or "rcloneremotename" in told
        by_itself = _NODIR if is_of_rclone else "lower"  # git-annex-remote-rclone's own default
        found = next((told[word] for word in _RCLONE if word in told), by_itself)
        found = "flat" if found == _NODIR else found
    else:
        found = _OF_TYPES.get(kind, "")
    return found if found in LAYOUTS else ""


def check_links(annex: Master, values: Mapping[str, str], git_dir: str) -> tuple[str, ...]:
    """Refuse links to files if the objects are chunked or encrypted, unless the remote already has both settings.

    Returns:
        Notes for the owner.

    Raises:
        BadSetting: pyshare could never make the links.
    """
    cut = annex.getconfig("chunk") not in _UNPLUGGED
    if not cut and annex.getconfig("encryption") in {"", "none"}:
        return ()
    known = list(_lines_of(git_dir, annex.getuuid()))
    spec = registry.spec_of(values["url"])
    for name in (setting.name for setting in spec.settings if setting.publishes):
        if not values[name] or _has_both(known, f"{name}="):
            continue
        if cut:
            raise BadSetting("chunked files have no links", remedy=f"Leave chunk= out, or {name}={values[name]}.")
        raise BadSetting("encrypted files have no links", remedy=f"Type encryption=none, or leave {name}= out.")
    if values.get("public") == "yes" and not _has_both(known, "public=yes"):
        why = "chunk=" if cut else "encryption"
        return (f"with {why} files have no URLs that a browser could open; clones still read the public bucket",)
    return ()


def _has_both(known: list[str], word: str) -> bool:
    """Whether git-annex has recorded links together with a setting that excludes them, maybe one from `--sameas`."""
    return any(f" {word}" in line and _NO_FILES.search(line) for line in known)


def _lines_of(git_dir: str, uuid: str) -> Iterator[str]:
    return (line for log in texts(git_dir, "remote.log") for line in log.split("\n") if uuid in line)


def note_private(annex: Master, name: str) -> tuple[str, ...]:
    """Notes for the owner of a remote that each clone enables automatically, but only the owner's login can read."""
    if annex.getconfig("autoenable") not in {"true", "yes"}:
        return ()
    stop, share = command("git", "annex", "configremote", name, "autoenable=false"), command("pyshare", "share", name)
    why = f"autoenable=true enables {one_line(name)} in each friend's clone, but only your own login opens it."
    return (f"{why} When this has ended, type: {stop} and, for a link that friends can use: {share}",)
