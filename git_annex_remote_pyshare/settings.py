"""Every setting of a remote, declared once: from here come parsing, LISTCONFIGS and the documentation's table."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.errors import BadSetting

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
"""How keys become names; `layout.py` has the functions."""

_LOGIN = re.compile(
    r"([a-z][a-z0-9+.-]+):(?:(?://)?[^/\\?#@]*|[/\\]*[^/:@]*:(?![0-9]*[/?#])[^@]*)@", re.IGNORECASE | re.DOTALL
)
"""The beginning of a URL with a login, also with too few slashes, or with a slash in the password."""


class Setting(NamedTuple):
    """One `name=value` of `git annex initremote`."""

    name: str
    help: str
    """One line for LISTCONFIGS and the documentation."""
    check: Callable[[str], None]
    """Raises BadSetting when the value, which is not empty, is wrong."""
    default: str = ""
    kind: str = ""
    """The kind of store that it is for; empty for all."""


def parse(values: Mapping[str, str]) -> dict[str, str]:
    """All settings with their defaults filled in.

    Args:
        values: What git-annex has, setting name → value; an empty value is an unset one.

    Raises:
        BadSetting: One is missing or wrong; the text says what to type instead.
    """
    for setting in SETTINGS:
        if value := values.get(setting.name):
            setting.check(value)
    given = {setting.name: values.get(setting.name) or setting.default for setting in SETTINGS}
    if not given["url"] and given.get("bucket"):
        given["url"] = f"s3://{given['bucket']}"
    if not given["url"]:
        raise BadSetting("url= is missing", remedy="Give a folder or an address, e.g. url=/mnt/lab/share.")
    return given


def one_of(name: str, allowed: tuple[str, ...]) -> Callable[[str], None]:
    """A check that the value is one of `allowed`; its error names the nearest one."""

    def check(value: str) -> None:
        if value not in allowed:
            raise BadSetting(f"{name}={value} is not known{_nearest(value, allowed)}", remedy=_known(name, allowed))

    return check


def refused(name: str) -> Callable[[str], None]:
    """A check that always fails: git-annex would write the value into the published git-annex branch."""

    def check(_value: str) -> None:
        raise BadSetting(
            f"{name}= cannot be a setting, since git-annex publishes settings with the dataset",
            remedy=f"Leave {name}= out and type instead: pyshare login URL",
        )

    return check


def _nearest(value: str, allowed: tuple[str, ...]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # only a mistake pays for it

    near = get_close_matches(value, allowed, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _known(name: str, allowed: tuple[str, ...]) -> str:
    return f"{name}= is one of: {', '.join(allowed)}."


def _check_url(url: str) -> None:
    """Refuse a login in a URL of any kind; what else it may be is for its backend to say."""
    if found := _LOGIN.match(url):
        clean = f"{found[1]}://{url[found.end() :]}"
        raise BadSetting(
            "url= holds a login, which git-annex would publish with the dataset",
            remedy=f"Type instead: url={clean} and, for the login: pyshare login {clean}",
        )


SETTINGS = (
    Setting(
        "url",
        "where the data is kept: an absolute path, or the URL of a WebDAV folder or public link",
        _check_url,
    ),
    Setting("layout", f"how keys are named there: {', '.join(LAYOUTS)}", one_of("layout", LAYOUTS)),
    Setting("password", "refused, it would be published: type pyshare login instead", refused("password")),
    Setting("token", "refused, it would be published: type pyshare login instead", refused("token")),
)
"""Declared in the order in which people meet them."""
