"""What was typed behind `pyshare login` and its like: a URL, and settings where the URL does not say everything."""

from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.settings import SETTINGS, parse

_WORDS = {"dropbox": "dropbox:"}
"""What may be typed instead of a URL."""


class Wish(NamedTuple):
    """One `pyshare login`."""

    settings: Mapping[str, str]
    """The URL, and what else is known of the store, as `git annex initremote` would be told."""
    user: str = ""
    token: bool = False
    no_browser: bool = False
    no_check: bool = False
    insecure: bool = False
    sharing: bool = False
    app_key: str = ""

    @property
    def url(self) -> str:
        """Where the store is."""
        return self.settings["url"]


def settings_of(url: str, words: tuple[str, ...] = ()) -> Mapping[str, str]:
    """All settings that a URL and `name=value` words make.

    Raises:
        BadSetting: A word is no setting.
    """
    given = {"url": _WORDS.get(url.lower(), url)}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in {setting.name for setting in SETTINGS}:
            raise BadSetting(f"{word} is not a setting", remedy="Settings look like region=eu-west-1.")
        given[name] = value
    return parse(given)
