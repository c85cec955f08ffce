"""What was typed behind `pyshare login` and its like: a URL, and settings where the URL does not say everything."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.config.settings import SETTINGS, parse
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command

_WORDS = {"dropbox": "dropbox:"}
"""What may be typed instead of a URL."""

_HOST = re.compile(r"(localhost|\[[0-9a-f:]+\]|[\w-]+(\.[\w-]+)+)(:[0-9]{1,5})?([/?#].*)?", re.IGNORECASE | re.DOTALL)
"""An address without its scheme, as people read it from a browser."""

_DROPBOX = re.compile(r"(?:https?://)?(?:www\.)?dropbox\.com/?", re.IGNORECASE)
"""The front page of Dropbox, at which one logs in otherwise."""


class LoginRequest(NamedTuple):
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
    ca: str = ""
    words: tuple[str, ...] = ()
    """The URL and the settings as they were typed."""

    @property
    def url(self) -> str:
        """Where the store is."""
        return self.settings["url"]

    def command(self, *more: str, without: tuple[str, ...] = ()) -> str:
        """The command as it was typed, to be pasted.

        Args:
            more: Words to put behind it.
            without: Names of fields whose options are left out.
        """
        given = {name: value for name, value in self._asdict().items() if name not in {"settings", "words", *without}}
        options: list[str] = []
        for name, value in given.items():
            if value:
                options += [f"--{name.replace('_', '-')}", *([] if value is True else [value])]
        return command("pyshare", "login", *self.words, *options, *more)


def settings_of(url: str, words: tuple[str, ...] = ()) -> Mapping[str, str]:
    """All settings that a URL and `name=value` words make; a host without a scheme is one of https://.

    Raises:
        BadSetting: A word is no setting, or the URL is a mistyped word.
    """
    given = {"url": _meant(url)}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in {setting.name for setting in SETTINGS}:
            raise BadSetting(f"{word} is not a setting", remedy="Settings look like region=eu-west-1.")
        given[name] = value
    return parse(given)


def _meant(url: str) -> str:
    if word := _WORDS.get(url.lower()):
        return word
    if _DROPBOX.fullmatch(url):
        raise BadSetting(f"{url} is the address of Dropbox", remedy="Type: pyshare login dropbox")
    if _HOST.fullmatch(url):
        return f"https://{url}"
    from difflib import get_close_matches  # noqa: PLC0415  # only a mistake pays for it

    if url.isalnum() and (near := get_close_matches(url.lower(), _WORDS, n=1)):
        raise BadSetting(f"{url} is not the address of a server", remedy=f"Did you mean {near[0]}?")
    return url
