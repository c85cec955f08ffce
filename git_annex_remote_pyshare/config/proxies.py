"""Finds the proxy that the environment names for a server.

The address of a proxy may contain a password, and libraries quote an address that they refuse. So pyshare parses the
address itself, and libraries get only valid ones.
"""

import os
import re
from typing import NamedTuple

from git_annex_remote_pyshare.errors import BadSetting

_NAMES = ("http_proxy", "https_proxy", "all_proxy")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_AUTHORITY = re.compile(r"(?:([^/?#\\\s]*)@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?/?")
_LAST_PORT = 65535


class Proxy(NamedTuple):
    """A proxy that the environment names."""

    url: str
    """The address of the proxy, without a login."""
    login: str = ""
    """`user:password`; empty if the proxy needs none."""

    @property
    def with_login(self) -> str:
        """The address with a percent-encoded login, for libraries that accept no proxy headers."""
        from urllib.parse import quote  # noqa: PLC0415  # rarely needed

        user, colon, password = self.login.partition(":")
        scheme, _, host = self.url.partition("://")
        return f"{scheme}://{quote(user, safe='')}{colon}{quote(password, safe='')}@{host}" if colon else self.url

    @property
    def headers(self) -> dict[str, str]:
        """The headers that log in to the proxy (RFC 9110 §11.7.2, RFC 7617 §2.1); empty without a login."""
        from base64 import b64encode  # noqa: PLC0415  # rarely needed

        proof = b64encode(self.login.encode("utf-8", "surrogateescape")).decode()
        return {"Proxy-Authorization": f"Basic {proof}"} if self.login else {}

    def __repr__(self) -> str:
        """The proxy without its login, for debug output."""
        return f"Proxy(url={self.url!r})"


def is_proxied(url: str) -> bool:
    """Whether the environment names a proxy for this URL, even one with an invalid address."""
    return bool(_named(url)[1])


def proxy_of(url: str) -> Proxy | None:
    """The proxy that the environment names for this URL, or None.

    Raises:
        BadSetting: The address of the proxy is invalid, or not http or https.
    """
    variable, named = _named(url)
    if not named:
        return None
    from urllib.parse import unquote  # noqa: PLC0415  # rarely needed

    parts = _SCHEME.fullmatch(named)
    scheme, rest = (parts[1].lower(), parts[2]) if parts else ("http", named)
    if scheme not in {"http", "https"}:
        raise BadSetting(
            f"{variable} in the environment names a {scheme} proxy, which is not supported",
            remedy=f"Set {variable} to an http:// proxy, or no_proxy to the server's name.",
        )
    match = _AUTHORITY.fullmatch(rest)
    if not match or int(match[3] or 0) > _LAST_PORT:
        raise BadSetting(
            f"the proxy in {variable} is no address",
            remedy=f"Set {variable} to http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with # as %23, / as %2F,"
            " ? as %3F and @ as %40.",
        )
    user, _, password = (match[1] or "").partition(":")
    port = f":{match[3]}" if match[3] else ""
    return Proxy(f"{scheme}://{match[2]}{port}", f"{unquote(user)}:{unquote(password)}" if user else "")


def _named(url: str) -> tuple[str, str]:
    """The environment variable with the proxy for this URL, and its value; both empty if there is no proxy."""
    if not any(os.environ.get(name) or os.environ.get(name.upper()) for name in _NAMES):
        return "", ""
    # Slow to import and rarely needed.
    from urllib.parse import urlsplit  # noqa: PLC0415
    from urllib.request import getproxies_environment, proxy_bypass  # noqa: PLC0415

    parts = urlsplit(url)
    if proxy_bypass(parts.netloc):
        return "", ""
    proxies = getproxies_environment()
    scheme = parts.scheme if proxies.get(parts.scheme) else "all"
    return f"{scheme}_proxy", proxies.get(scheme, "")
