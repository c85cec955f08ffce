"""Parses the arguments of `pyshare login` and similar commands: a URL, and settings that the URL does not contain."""

import re
from collections.abc import Mapping

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.errors import BadSetting

_HOST = re.compile(r"(localhost|\[[0-9a-f:]+\]|[\w-]+(\.[\w-]+)+)(:[0-9]{1,5})?([/?#].*)?", re.IGNORECASE | re.DOTALL)
"""An address without its scheme, as a browser shows it."""

_DROPBOX = re.compile(r"(?:https?://)?(?:www\.)?dropbox\.com/?", re.IGNORECASE)
"""The home page of Dropbox."""


def settings_of(url: str, words: tuple[str, ...] = ()) -> Mapping[str, str]:
    """All settings from a URL and `name=value` arguments; a host without a scheme means https://.

    Raises:
        BadSetting: An argument is no setting, or the URL is misspelled.
    """
    given = {"url": _full_url(url)}
    known = {setting.name for setting in registry.settings_beside(given["url"])}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in known:
            raise BadSetting(f"{word} is not a setting", remedy="Settings look like region=eu-west-1.")
        given[name] = value
    return registry.parse(given)


def _full_url(url: str) -> str:
    services = {spec.name: spec.login.url for spec in registry.built_in() if spec.login and spec.login.url}
    if word := services.get(url.lower()):
        return word
    if _DROPBOX.fullmatch(url):
        raise BadSetting(f"{url} is the address of Dropbox", remedy="Type: pyshare login dropbox")
    if _HOST.fullmatch(url):
        return f"https://{url}"
    from difflib import get_close_matches  # noqa: PLC0415  # only a mistake pays for it

    if url.isalnum() and (near := get_close_matches(url.lower(), services, n=1)):
        raise BadSetting(f"{url} is not the address of a server", remedy=f"Did you mean {near[0]}?")
    return url
