"""What `initremote` checks beyond each setting by itself: settings that do not go together, and shared UUIDs.

git-annex's own settings count, too: `chunk=`, `autoenable=`, and which other remote has the same UUID.
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
from git_annex_remote_pyshare.store.place import place_of, trust_of

_OF_TYPES = {"directory": "annex-directory", "webdav": "annex-webdav", "S3": "annex-s3"}
"""Type of git-annex's own remotes → their layout."""

_RCLONE = ("rclone_layout", "rclonelayout")
"""The same setting in git-annex-remote-rclone and in `rclone gitannex`, which knows both words."""

_NODIR = "nodir"
"""rclone's word for `flat`, and what `rclone gitannex` takes where nothing is set (cmd/gitannex/gitannex.go)."""

_NO_FILES = re.compile(r" (?:chunk=|sameas-uuid=|encryption=(?!none ))")
"""In a line of remote.log: the remote's objects are no files, or another entry says whether they are."""

_OF_ANNEX = ("encryption", "mac", "chunk", "autoenable", "embedcreds", "cost")
"""Settings of git-annex's own that a remote of ours may have."""

_UNPLUGGED = {"", "0"}


def better_refusal(annex: Master, refusal: BadSetting) -> BadSetting:
    """A refusal of settings, with what the server can tell of the right ones.

    Asks the server at the first `initremote` only, and with no other login than one that is kept for that server, since
    the settings may be a stranger's.
    """
    settings = {**{setting.name: "" for setting in registry.all_settings()}, "url": annex.getconfig("url")}
    clone = clone_of(annex)
    if known_remote(clone.git_dir, annex.getuuid()):
        return refusal
    try:
        place = place_of(settings, trust_of(settings, clone), None)
    except BadSetting:
        return refusal
    return registry.spec_of(place.url).correct(place, refusal)


def own_words(annex: Master) -> Iterator[str]:
    """What the user typed to `git annex initremote` for git-annex itself, as words for the same command."""
    for name in _OF_ANNEX:
        if value := annex.getconfig(name):
            yield f"{name}={value}"
    # git-annex writes keyid= down as the keys that it found.
    keys = filter(None, annex.getconfig("cipherkeys").split(","))
    yield from (f"keyid{'+' if number else ''}={key}" for number, key in enumerate(keys))
    if uuid := annex.getconfig("sameas-uuid"):
        yield f"--sameas={uuid}"


def shared_layout(annex: Master, git_dir: str) -> str:
    """The layout of the remote that this one shares its UUID with, and so its objects; empty if there is none.

    Raises:
        BadSetting: The settings name another layout, in which the objects would look absent.
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
    """What corrects a layout: another word at `initremote`, or a command for a remote that is published with it."""
    name = annex.getconfig("sameas-name")
    if any(f" sameas-name={name} " in line for line in _lines_of(git_dir, uuid)):
        return f"Type: {command('git', 'annex', 'enableremote', name, f'layout={shared}')}"
    return f"Type instead: layout={shared}"


def layout_of(told: Mapping[str, str]) -> str:
    """How a remote names its objects, from its settings; empty where we do not know."""
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
    """Refuse links to each file of a remote whose objects are no files, unless it has both already.

    Returns:
        What the owner should know.

    Raises:
        BadSetting: The links would never be made.
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
    """Whether git-annex has written down links and what excludes them before; who shares a UUID inherits the latter."""
    return any(f" {word}" in line and _NO_FILES.search(line) for line in known)


def _lines_of(git_dir: str, uuid: str) -> Iterator[str]:
    return (line for log in texts(git_dir, "remote.log") for line in log.split("\n") if uuid in line)


def note_private(annex: Master, name: str) -> tuple[str, ...]:
    """What the owner should know of a remote that each clone will enable, and only its owner's login opens."""
    if annex.getconfig("autoenable") not in {"true", "yes"}:
        return ()
    stop, share = command("git", "annex", "configremote", name, "autoenable=false"), command("pyshare", "share", name)
    why = f"autoenable=true enables {one_line(name)} in each friend's clone, but only your own login opens it."
    return (f"{why} When this has ended, type: {stop} and, for a link that friends can use: {share}",)
