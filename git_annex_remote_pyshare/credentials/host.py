"""Finds the host in a URL; pyshare binds a login to this name."""

import re

from git_annex_remote_pyshare.errors import BadSetting

# Stricter than RFC 3986 on purpose: it refuses URLs in which two parsers may find different hosts (user:password@,
# backslashes, spaces, line breaks). Else pyshare could bind a login to one host and send it to the other.
_URL = re.compile(r"([A-Za-z]+)://([\w.-]+|\[[0-9A-Za-z:.%]+\])(?::([0-9]{0,5}))?(?:[/?#].*)?", re.DOTALL)
_PORTS = {"https": 443, "davs": 443, "http": 80, "dav": 80}
_LAST_PORT = 65535
_OF_SERVICES = {"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "dropbox.com"}
"""Names for logins to services that have many hosts; no server may have such a name."""

OPEN = "http://"
"""Prefix of a login's host if others can read the connection."""


def host_of(url: str) -> str:
    """The host of an http(s) or dav(s) URL as `host` or `host:port`, in lower case.

    The default port 443 is left out; an http host always has its port (`host:80`). A name that is not ASCII stays
    unchanged, so different spellings are different hosts.

    Raises:
        BadSetting: The URL has another scheme, or its host is ambiguous.
    """
    match = _URL.fullmatch(url)
    scheme = match[1].lower() if match else ""
    if not match or scheme not in _PORTS or int(match[3] or 0) > _LAST_PORT:
        shown = re.sub("://.*@", "://", url, flags=re.DOTALL)  # a password may contain a slash
        raise BadSetting(
            f"{shown} is not the address of a server",
            remedy="Give one like https://cloud.example.org/remote.php/dav/files/bob/share.",
        )
    name = match[2].lower() if match[2].isascii() else match[2]
    default = _PORTS[scheme]
    port = int(match[3] or default)
    return name if port == default == _PORTS["https"] else f"{name}:{port}"


def bound_host(url: str) -> str:
    """The name that a login for this URL is bound to: the host, with the prefix `http://` if others can listen.

    So a login for a server's https address never matches its http address, on any port. On this machine, where others
    cannot listen, http and https have the same name.

    Raises:
        BadSetting: The URL has another scheme, its host is ambiguous, or the name is that of a service.
    """
    host = host_of(url)
    if host in _OF_SERVICES:
        raise BadSetting(f"{host} is the name of a service, not of a server", remedy="Give the server's own name.")
    return host if is_confidential(url) else f"{OPEN}{host}"


def is_confidential(url: str) -> bool:
    """Whether others cannot listen, due to TLS or a server on this machine; raises BadSetting as `host_of` does."""
    name = host_of(url).rpartition(":")[0]
    loopback = name in {"localhost", "[::1]"} or re.fullmatch(r"127(\.[0-9]{1,3}){3}", name)
    return url.lower().startswith(("https:", "davs:")) or bool(loopback)


def without_login(url: str) -> str:
    """The URL without the login before the `@` of its host part, safe to show."""
    return re.sub(r"://[^/?#]*@", "://", url)
