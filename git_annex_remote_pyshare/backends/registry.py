"""Finds the backend for a URL: in one table of light specs, and in those of other packages."""

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
"""Group in which other packages offer backends: the entry's name is the scheme, its object a BackendSpec."""

_OURS = "git_annex_remote_pyshare.backends"

BACKENDS: Mapping[str, str] = {
    "file:": f"{_OURS}.directory.spec:SPEC",
    "http:": f"{_OURS}.webdav.spec:SPEC",
    "https:": f"{_OURS}.webdav.spec:SPEC",
    "dav:": f"{_OURS}.webdav.spec:SPEC",
    "davs:": f"{_OURS}.webdav.spec:SPEC",
    "s3:": f"{_OURS}.s3.spec:SPEC",
    "dropbox:": f"{_OURS}.dropbox.spec:SPEC",
    "https://www.dropbox.com/": f"{_OURS}.dropbox.spec:LINK",
    "https://dropbox.com/": f"{_OURS}.dropbox.spec:LINK",
}
"""Beginning of a URL, in lower case → `module:SPEC` of the backend that claims it.

The longest one counts, so that a service can claim its own hosts and paths of a scheme that it shares.
"""

_FOR_PATHS = "file:"
"""Whose backend has the URLs without a scheme, which are paths."""


def spec_of(url: str) -> BackendSpec:
    """The kind of store that `url` points to.

    Raises:
        BadSetting: No backend claims the URL, or the package whose backend does is broken.
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
    """The kind of store of that name, as logins are kept for it; None where no backend has it.

    Imports the backends of all packages where it is none of ours.
    """
    return next((spec for spec in (*built_in(), *_plugins()) if spec.name == name), None)


def built_in() -> list[BackendSpec]:
    """The kinds of stores that need no other package."""
    return [_loaded(target) for target in dict.fromkeys(BACKENDS.values())]


def settings_for(url: str) -> tuple[Setting, ...]:
    """The settings that a store at `url` may have; those of all our kinds where the URL is empty."""
    return _together([spec_of(url)] if url else built_in())


def settings_beside(url: str) -> tuple[Setting, ...]:
    """The settings of all our kinds and, where the URL tells it, of another package's; its own checks come first."""
    return _together([*_kind_of(url), *built_in()])


def all_settings(url: str = "") -> tuple[Setting, ...]:
    """The same with the settings of all other packages' backends, which it imports."""
    return _together([*_kind_of(url), *built_in(), *_plugins()])


def parse(values: Mapping[str, str], settings: tuple[Setting, ...] = ()) -> dict[str, str]:
    """All settings with their defaults filled in.

    Args:
        values: What git-annex has, setting name → value; an empty value is an unset one.
        settings: Which ones there are; those of `settings_beside` where it is empty.

    Raises:
        BadSetting: One is missing or wrong; the text says what to type instead.
    """
    given = filled(values, settings or settings_beside(values.get("url", "")))
    if not given["url"]:
        given["url"] = next(filter(None, (spec.default_url(given) for spec in built_in())), "")
    if not given["url"]:
        raise BadSetting("url= is missing", remedy="Give a folder or an address, e.g. url=/mnt/lab/share.")
    return given


def check(settings: Mapping[str, str]) -> BackendSpec:
    """The kind of `url=` after its backend found nothing wrong with the settings.

    Raises:
        BadSetting: One of them is for stores of another kind, or cannot work.
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
    """What a login for the store is bound to.

    Raises:
        BadSetting: No backend claims the URL, or it leads to no server.
    """
    return spec_of(settings["url"]).account_of(settings)


def make(place: StoreConfig) -> Backend:
    """The backend for a place; imports it."""
    return spec_of(place.url).backend(place)


def _has_scheme(url: str) -> bool:
    """Whether the URL begins with a scheme; `C:/share` is a path on Windows, so one letter is none."""
    scheme, colon, _ = url.partition(":")
    return bool(colon) and len(scheme) > 1 and scheme.isascii() and scheme.replace("+", "").isalnum()


def _together(specs: Iterable[BackendSpec]) -> tuple[Setting, ...]:
    """The common settings and those of the specs; of two with one name the first counts, and a common one always."""
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
    except BadSetting:  # raised when the URL is used; before it is shown, a login in it must have been refused
        return []


def _owner_of(name: str) -> str:
    """The kind of store that has the setting; empty where none has."""
    specs = (*built_in(), *_plugins())
    return next((spec.name for spec in specs for setting in spec.settings if setting.name == name), "")


@cache
def _loaded(target: str) -> BackendSpec:
    module, _, name = target.partition(":")
    spec: BackendSpec = getattr(import_module(module), name)
    return spec


def _plugin(scheme: str) -> BackendSpec | None:
    """The backend of another package; raises BadSetting where the package is broken."""
    named = (entry for entry in _entries(tuple(sys.path)) if entry.name == scheme)
    return next(filter(None, map(_offered, named)), None)


def _plugins() -> Iterator[BackendSpec]:
    """The backends of all other packages; one that is broken must not hinder the others."""
    for entry in _entries(tuple(sys.path)):
        with suppress(BadSetting):  # raised where its own stores are used
            if spec := _offered(entry):
                yield spec


@cache
def _entries(_path: tuple[str, ...]) -> tuple["EntryPoint", ...]:
    """What the packages on Python's search path offer."""
    # Listing what is installed costs as much as our whole start-up, hence only for a scheme that is not ours.
    from importlib.metadata import entry_points  # noqa: PLC0415

    return tuple(entry_points(group=ENTRY_POINTS))


def _offered(entry: "EntryPoint") -> BackendSpec | None:
    """What the entry point offers, if it is a backend.

    A stranger's `url=` may choose the scheme, so nothing but a declared BackendSpec of an installed package counts.
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
    from git_annex_remote_pyshare.backends.kind import Kind  # noqa: PLC0415  # only packages for older versions have it

    return found.spec() if isinstance(found, Kind) else None


if not TYPE_CHECKING:  # mypy would believe in any name

    def __getattr__(name: str) -> type:
        """What packages for older versions import from here; it costs nothing where none does."""
        if name == "Kind":
            from git_annex_remote_pyshare.backends.kind import Kind  # noqa: PLC0415

            return Kind
        raise AttributeError(name)
