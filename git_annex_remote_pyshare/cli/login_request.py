"""What was typed behind `pyshare login` and its like: a URL, and settings where the URL does not say everything."""

import re
from collections.abc import Mapping

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.errors import BadSetting

_HOST = re.compile(r"(localhost|\[[0-9a-f:]+\]|[\w-]+(\.[\w-]+)+)(:[0-9]{1,5})?([/?#].*)?", re.IGNORECASE | re.DOTALL)
"""An address without its scheme, as people read it from a browser."""

_DROPBOX = re.compile(r"(?:https?://)?(?:www\.)?dropbox\.com/?", re.IGNORECASE)
"""The front page of Dropbox, at which one logs in otherwise."""


def settings_of(url: str, words: tuple[str, ...] = ()) -> Mapping[str, str]:
    """All settings that a URL and `name=value` words make; a host without a scheme is one of https://.

    Raises:
        BadSetting: A word is no setting, or the URL is a mistyped word.
    """
    given = {"url": _meant(url)}
    known = {setting.name for setting in registry.settings_beside(given["url"])}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in known:
            raise BadSetting(f"{word} is not a setting", remedy="Settings look like region=eu-west-1.")
        given[name] = value
    return registry.parse(given)


def _meant(url: str) -> str:
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
