"""Finds the backend for a URL, in the table of built-in specs and in the specs of other packages."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.spec import BackendSpec
from git_annex_remote_pyshare.config.settings import COMMON, SECRETS, Setting, filled
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.errors import BadSetting, unexpected

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "git_annex_remote_pyshare.backends"
"""Entry point group for backends of other packages: the name is the scheme, and the object a BackendSpec."""

_OURS = "git_annex_remote_pyshare.backends"

BACKENDS: Mapping[str, str] = {
    "file:": f"{_OURS}.directory.spec:SPEC",
    "http:": f"{_OURS}.webdav.spec:SPEC",
    "https:": f"{_OURS}.webdav.spec:SPEC",
    "dav:": f"{_OURS}.webdav.spec:SPEC",
    "davs:": f"{_OURS}.webdav.spec:SPEC",
    "s3:": f"{_OURS}.s3.spec:SPEC",
    "gs:": f"{_OURS}.s3.spec:SPEC",
    "dropbox:": f"{_OURS}.dropbox.spec:SPEC",
    "sftp:": f"{_OURS}.sftp.spec:SPEC",
    "rclone:": f"{_OURS}.rclone.spec:SPEC",
    "https://www.dropbox.com/": f"{_OURS}.dropbox.spec:LINK",
    "https://dropbox.com/": f"{_OURS}.dropbox.spec:LINK",
}
"""Prefix of a URL, in lower case → `module:SPEC` of the backend that claims it.

The longest prefix wins, so that a service can claim its own hosts and paths of a shared scheme.
"""

_FOR_PATHS = "file:"
"""The prefix whose backend also gets the URLs without a scheme, which are paths."""


def spec_of(url: str) -> BackendSpec:
    """The kind of store that `url` points to.

    Raises:
        BadSetting: No backend claims the URL, or the package with its backend is broken.
    """
    if not _has_scheme(url):
        return _loaded(BACKENDS[_FOR_PATHS])
    claims = [beginning for beginning in BACKENDS if url.lower().startswith(beginning)]
    if claims:
        return _loaded(BACKENDS[max(claims, key=len)])
    if plugin := _plugin(url.partition(":")[0].lower()):
        return plugin
    raise BadSetting(
        f"url={url} is not a kind of address that pyshare knows",
        remedy=f"Give an absolute path, or a URL that begins with one of {', '.join(BACKENDS)}.",
    )


def spec_named(name: str) -> BackendSpec | None:
    """The kind of store of this name, under which its logins are stored; None if no backend has it.

    Imports the backends of all packages if it is not a built-in one.
    """
    return next((spec for spec in (*built_in(), *_plugins()) if spec.name == name), None)


def built_in() -> list[BackendSpec]:
    """The kinds of stores that pyshare itself contains."""
    return [_loaded(target) for target in dict.fromkeys(BACKENDS.values())]


def offered() -> list[BackendSpec]:
    """The kinds of stores that a new remote can be made in, those of other packages, too; folders on this machine last.

    Imports the backends of all packages.
    """
    kinds: dict[str, BackendSpec] = {}
    for spec in (*built_in(), *_plugins()):
        kinds.setdefault(spec.name, spec)
    return sorted(kinds.values(), key=lambda spec: (spec.local, spec.offered.title.lower()))


def settings_for(url: str) -> tuple[Setting, ...]:
    """The settings that a store at `url` may have; if the URL is empty, those of all built-in kinds."""
    return _together([spec_of(url)] if url else built_in())


def settings_beside(url: str) -> tuple[Setting, ...]:
    """The settings of the kind of `url`, which may be from another package, and then those of all built-in kinds."""
    return _together([*_kind_of(url), *built_in()])


def all_settings(url: str = "") -> tuple[Setting, ...]:
    """As `settings_beside`, with the settings of the backends of all other packages, which it imports."""
    return _together([*_kind_of(url), *built_in(), *_plugins()])


def parse(values: Mapping[str, str], settings: tuple[Setting, ...] = ()) -> dict[str, str]:
    """All settings, including defaults.

    Args:
        values: The settings in git-annex, name → value; empty means unset.
        settings: The possible settings; if empty, those of `settings_beside`.

    Raises:
        BadSetting: A setting is missing or wrong; the text says what to type instead.
    """
    given = filled(values, settings or settings_beside(values.get("url", "")))
    if not given["url"]:
        given["url"] = next(filter(None, (spec.default_url(given) for spec in built_in())), "")
    if not given["url"]:
        raise BadSetting("url= is missing", remedy="Give a folder or an address, e.g. url=/mnt/lab/share.")
    return given


def check(settings: Mapping[str, str]) -> BackendSpec:
    """Let the backend of `url=` check the settings, and return its kind of store.

    Raises:
        BadSetting: A setting is for another kind of store, or cannot work.
    """
    spec = spec_of(settings["url"])
    own = {setting.name for setting in _together([spec])}
    for name in settings:
        if settings[name] and name not in own and (owner := _owner_of(name)):
            raise BadSetting(
                f"{name}= is for {owner} stores, and url={settings['url']} is a {spec.name} store",
                remedy=f"Leave {name}= out.",
            )
    spec.check(settings)
    return spec


def account_of(settings: Mapping[str, str]) -> Account:
    """The account of a login for the store.

    Raises:
        BadSetting: No backend claims the URL, or it has no server.
    """
    return spec_of(settings["url"]).account_of(settings)


def make(place: StoreConfig) -> Backend:
    """Import and create the backend for a place."""
    return spec_of(place.url).backend(place)


def _has_scheme(url: str) -> bool:
    """Whether the URL has a scheme; one letter is not a scheme, since `C:/share` is a path on Windows."""
    scheme, colon, _ = url.partition(":")
    return bool(colon) and len(scheme) > 1 and scheme.isascii() and scheme.replace("+", "").isalnum()


def _together(specs: Iterable[BackendSpec]) -> tuple[Setting, ...]:
    """The common settings and those of the specs; of two with the same name the first wins, and a common one always."""
    common = {setting.name: setting for setting in (*COMMON, *SECRETS)}
    own: dict[str, Setting] = {}
    for spec in specs:
        for setting in spec.settings:
            if setting.name not in common:
                own.setdefault(setting.name, setting)
    return (*COMMON, *own.values(), *SECRETS)


def _kind_of(url: str) -> list[BackendSpec]:
    try:
        return [spec_of(url)] if url else []
    except BadSetting:  # raised when the URL is used; a login in it must be refused before the URL is shown
        return []


def _owner_of(name: str) -> str:
    """The kind of store that has the setting; empty if none has it."""
    specs = (*built_in(), *_plugins())
    return next((spec.name for spec in specs for setting in spec.settings if setting.name == name), "")


@cache
def _loaded(target: str) -> BackendSpec:
    module, _, name = target.partition(":")
    spec: BackendSpec = getattr(import_module(module), name)
    return spec


def _plugin(scheme: str) -> BackendSpec | None:
    """The backend of another package; raises BadSetting if the package is broken."""
    named = (entry for entry in _entries(tuple(sys.path)) if entry.name == scheme)
    return next(filter(None, map(_offered, named)), None)


def _plugins() -> Iterator[BackendSpec]:
    """The backends of all other packages, without broken ones."""
    for entry in _entries(tuple(sys.path)):
        with suppress(BadSetting):  # raised again when one of its stores is used
            if spec := _offered(entry):
                yield spec


@cache
def _entries(path: tuple[str, ...]) -> tuple["EntryPoint", ...]:
    """The entry points of the packages on Python's search path."""
    if not any(map(_may_have_backends, path)):
        return ()
    # As slow as the rest of the start-up, which `initremote` waits for several times.
    from importlib.metadata import entry_points  # noqa: PLC0415

    return tuple(entry_points(group=ENTRY_POINTS))


def _may_have_backends(place: str) -> bool:
    """Whether a package at this place of the search path may name our group of entry points; an archive always may."""
    try:
        with os.scandir(place or os.curdir) as entries:
            packages = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return os.path.isfile(place)
    return any(map(_names_our_group, packages))


def _names_our_group(package: str) -> bool:
    with suppress(OSError), open(os.path.join(package, "entry_points.txt"), "rb") as file:
        return ENTRY_POINTS.encode() in file.read()
    return False


def _offered(entry: "EntryPoint") -> BackendSpec | None:
    """The backend of an entry point; None if it is not a backend.

    An untrusted `url=` may choose the scheme, so only a declared BackendSpec of an installed package is accepted.
    """
    try:
        found = entry.load()
    except Exception as error:
        raise BadSetting(
            f"the backend for {entry.name}: of another package cannot be loaded ({unexpected(error)})",
            remedy="Update that package, or remove it.",
        ) from error
    if isinstance(found, BackendSpec):
        return found
    from git_annex_remote_pyshare.backends.kind import Kind  # noqa: PLC0415  # only packages for older versions use it

    return found.spec() if isinstance(found, Kind) else None


if not TYPE_CHECKING:  # otherwise mypy would accept any name

    def __getattr__(name: str) -> type:
        """Names that packages for older versions import from here; imported only if needed."""
        if name == "Kind":
            from git_annex_remote_pyshare.backends.kind import Kind  # noqa: PLC0415

            return Kind
        raise AttributeError(name)
