"""The address by which `git clone` gets a whole dataset out of a store: `annex::UUID?name=value&…`.

Source: git-remote-annex(1); spec of the query in git-annex, CmdLine/GitRemoteAnnex.hs.
"""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from git_annex_remote_pyshare.errors import BadSetting

SCHEME = "annex::"
"""Prefix of every such address; alone, it is the URL of a remote whose settings the clone already has."""


class AnnexUrl(NamedTuple):
    """A store that holds a git repository, and the settings with which git-annex opens it."""

    uuid: str
    """git-annex UUID of the remote."""
    settings: Mapping[str, str]
    """Settings of git-annex and of the store; for a link's remote, with `config-uuid`."""

    @property
    def text(self) -> str:
        """The address, to give to `git clone`; every value is percent-encoded."""
        pairs = (f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in self.settings.items())
        return f"{SCHEME}{self.uuid}?{'&'.join(pairs)}"


def parse_annex_url(text: str) -> AnnexUrl:
    """Read an address that holds its settings.

    Raises:
        BadSetting: It is no such address, or names a setting twice.
    """
    uuid, mark, query = text.removeprefix(SCHEME).partition("?")
    if not text.startswith(SCHEME) or not mark or not uuid:
        raise BadSetting(f"not an annex:: address with settings: {text}", remedy="Ask its owner for: pyshare invite")
    pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, strict_parsing=False)
    settings = dict(pairs)
    if len(settings) != len(pairs):
        raise BadSetting(f"the annex:: address names a setting twice: {text}")
    return AnnexUrl(uuid, settings)
