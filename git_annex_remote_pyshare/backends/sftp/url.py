"""Parses and checks the URL of an SFTP store: `sftp://[USER@]HOST[:PORT]/FOLDER`, or `/~/FOLDER` in the user's home.

Host and user become words of an ssh command, and a stranger may have chosen them. So only plain characters are allowed:
ssh takes a word that begins with a dash for an option, and older versions give the host to a shell (CVE-2017-1000117,
CVE-2023-51385).
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command

_URL = re.compile(r"sftp://(?:([^/@]*)@)?(\[[^]/]*\]|[^/:]*)(?::([^/]*))?(/.*)?", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}", re.ASCII)
_IPV6 = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\]", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_LAST_PORT = 65535
_HOME = b"/~"
_EXAMPLE = "Give one like url=sftp://bob@sftp.example.org/~/my-dataset"


class Address(NamedTuple):
    """The parsed URL of a store."""

    host: str
    """As ssh gets it: a name, an alias in the user's ssh configuration, or an IP address without brackets."""
    user: str = ""
    """Empty for the user that ssh chooses."""
    port: int = 0
    """0 for the port that ssh chooses."""
    path: bytes = b""
    """The folder, without a slash at its end; relative to the user's home unless it begins with a slash. Empty if the
    URL names a server only."""

    @property
    def account(self) -> str:
        """`USER@HOST:PORT`, without what the URL does not name."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@" * bool(self.user) + host + f":{self.port}" * bool(self.port)

    @property
    def server(self) -> str:
        """The URL of the server: the argument of `pyshare login`."""
        return f"sftp://{self.account}"

    @property
    def url(self) -> str:
        """The URL of the store's folder, percent-encoded."""
        return self.url_of(self.path)

    def url_of(self, path: bytes) -> str:
        """The URL of a file or folder there, percent-encoded."""
        full = path if path.startswith(b"/") else _HOME if path == b"." else _HOME + b"/" + path
        return self.server + quote_from_bytes(full, safe="/~")


def check(settings: Mapping[str, str]) -> None:
    """Raise BadSetting, with what to type instead, if the URL does not name a folder on an SFTP server."""
    address = address_of(settings["url"])
    if not address.path.strip(b"/."):
        raise BadSetting(
            f"url={settings['url']} names no folder",
            remedy=f"Type instead: {command(f'url={address.server}/~/FOLDER')}, for a folder in your home there.",
        )


def address_of(url: str) -> Address:
    """Parse the URL in `url=`.

    Raises:
        BadSetting: It is not the address of an SFTP server.
    """
    match = _URL.fullmatch(url)
    if not match:
        raise BadSetting("url= is not the address of an SFTP server", remedy=_EXAMPLE)
    user, host, port, path = match.groups()
    if user is not None and not _USER.fullmatch(user):
        raise BadSetting(
            "the user in url= has characters that pyshare does not give to ssh",
            remedy="Give it another name in your ssh configuration (Host, User), and that name as host.",
        )
    address = _IPV6.fullmatch(host)
    if not address and not _HOST.fullmatch(host):
        raise BadSetting("the host in url= has characters that no host has", remedy=_EXAMPLE)
    if port is not None and not (_PORT.fullmatch(port) and 0 < int(port) <= _LAST_PORT):
        raise BadSetting("the port in url= is no number from 1 to 65535", remedy=_EXAMPLE)
    return Address(address[1] if address else host, user or "", int(port or 0), _folder(url, path or ""))


def account_of(settings: Mapping[str, str]) -> Account:
    """The account that ssh logs in to, which is what the user trusts; raises BadSetting as `address_of` does."""
    address = address_of(settings["url"])
    return Account(address.account, words=(address.server,))


def _folder(url: str, path: str) -> bytes:
    if not {"?", "#"}.isdisjoint(path):
        raise BadSetting(f"url={url} has a ? or #", remedy="In a folder's name, write %3F for ? and %23 for #.")
    decoded = unquote_to_bytes(path.encode("utf-8", "surrogateescape"))
    if re.search("%(?![0-9A-Fa-f]{2})", path):
        raise BadSetting(f"url={url} has a % without two hex digits after it", remedy="Type %25 for each % in it.")
    if not {0, 10}.isdisjoint(decoded):
        raise BadSetting(f"url={url} contains a NUL byte or a line break", remedy="Leave it out.")
    if any(segment in {b"", b".", b".."} for segment in decoded.rstrip(b"/").split(b"/")[1:]):
        raise BadSetting(f"url={url} has an empty, . or .. segment in its path", remedy="Write the full path.")
    folder = decoded.rstrip(b"/")
    if folder == _HOME:
        return b"."
    return folder.removeprefix(_HOME + b"/")
