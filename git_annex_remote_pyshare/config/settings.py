"""Defines what a setting of a remote is, the checks of values, and the settings that every store has."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command, is_invisible

LAYOUTS = (
    "shard",
    "flat",
    "lower",
    "directory",
    "mixed",
    "frankencase",
    "annex-directory",
    "annex-webdav",
    "annex-s3",
)
"""The ways to map keys to object names; `annex/layout.py` has the functions."""

_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Matches surrogates that do not represent a byte; the others represent a byte that is not UTF-8, e.g. in a path."""

_LOGIN = re.compile(
    r"([a-z][a-z0-9+.-]+):(?:(?://)?[^/\\?#@]*|[/\\]*[^/:@]*:(?![0-9]*[/?#])[^@]*)@", re.IGNORECASE | re.DOTALL
)
"""Matches the start of a URL with a login, even with missing slashes or a slash in the password."""


_USER = re.compile(r"sftp://[^/\\?#@:]*@(?![^/]*@)", re.IGNORECASE)
"""Matches the start of a URL with a user and no password, for the only scheme where the user is part of the address."""


class Setting(NamedTuple):
    """One `name=value` of `git annex initremote`."""

    name: str
    help: str
    """One line for LISTCONFIGS and the documentation."""
    check: Callable[[str], None] = lambda _: None
    """Raises BadSetting if the value is wrong; never gets an empty value. Omit it if only the backend can check."""
    default: str = ""
    trusted_only: bool = False
    """Whether a store gets the value only after the user accepts the settings, e.g. since it can start a program."""
    publishes: bool = False
    """Whether it gives each file a link of its own, which needs files that are neither chunked nor encrypted."""


def filled(values: Mapping[str, str], settings: Iterable[Setting]) -> dict[str, str]:
    """The settings with their defaults filled in.

    Args:
        values: The values from git-annex: setting name → value. An empty value means that the setting is not set.
        settings: The settings that the store may have; values of other names are ignored.

    Raises:
        BadSetting: A value is wrong; the text says what to type instead.
    """
    settings = tuple(settings)
    for setting in settings:
        if value := values.get(setting.name):
            _check_signs(setting.name, value)
            setting.check(value)
    return {setting.name: values.get(setting.name) or setting.default for setting in settings}


def _check_signs(name: str, value: str) -> None:
    """Refuse control and invisible characters, since other people's terminals show settings that a stranger chose.

    A control character can send commands to the terminal; an invisible or bidirectional character can disguise an
    address.
    """
    if is_invisible(value) or _HALVES.search(value):
        raise BadSetting(f"{name}= contains a control character or an invisible one", remedy="Leave it out.")


def one_of(name: str, allowed: tuple[str, ...]) -> Callable[[str], None]:
    """A check that the value is one of `allowed`; its error suggests the closest one."""

    def check(value: str) -> None:
        if value not in allowed:
            raise BadSetting(f"{name}={value} is not known{_nearest(value, allowed)}", remedy=_known(name, allowed))

    return check


def matching(name: str, pattern: str, example: str) -> Callable[[str], None]:
    """A check that the whole value matches the regular expression `pattern`; its error shows `example`."""

    def check(value: str) -> None:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise BadSetting(f"invalid {name}: {value}", remedy=f"Give one like {name}={example}")

    return check


def refused(name: str) -> Callable[[str], None]:
    """A check that always fails, since git-annex would publish the value in the git-annex branch."""

    def check(_value: str) -> None:
        raise BadSetting(
            f"{name}= cannot be a setting, since git-annex publishes settings with the dataset",
            remedy=f"Leave {name}= out and type instead: pyshare login URL",
        )

    return check


def _nearest(value: str, allowed: tuple[str, ...]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # only a wrong value needs it

    near = get_close_matches(value, allowed, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _known(name: str, allowed: tuple[str, ...]) -> str:
    return f"{name}= is one of: {', '.join(allowed)}."


def _check_url(url: str) -> None:
    """Refuse a login in a URL of any kind; the backend checks the rest of the URL."""
    if (found := _LOGIN.match(url)) and not _USER.match(url):
        server, slash, path = url[found.end() :].partition("/")
        clean = f"{found[1]}://{server.rpartition('@')[2]}{slash}{path}"
        login = command("pyshare", "login", clean)
        raise BadSetting(
            "url= contains a login, which git-annex would publish with the dataset",
            remedy=f"Type instead: {command(f'url={clean}')} and, for the login: {login}",
        )


COMMON = (
    Setting(
        "url",
        "where the data is kept: an absolute path, the URL of a WebDAV folder or public link,"
        " s3://BUCKET/FOLDER, gs://BUCKET/FOLDER, dropbox:/FOLDER, a shared link of Dropbox, sftp://HOST/FOLDER, or"
        " rclone:NAME:/FOLDER",
        _check_url,
    ),
    Setting("layout", f"how keys are named there: {', '.join(LAYOUTS)}", one_of("layout", LAYOUTS)),
)
"""The settings that every store has."""

SECRETS = (
    Setting("password", "refused, it would be published: type pyshare login instead", refused("password")),
    Setting("token", "refused, it would be published: type pyshare login instead", refused("token")),
)
"""The settings that every store refuses."""
