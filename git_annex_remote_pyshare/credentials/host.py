"""Finds the host of a URL, which is the name to which a login is bound."""

import re

from git_annex_remote_pyshare.errors import BadSetting

# Stricter than RFC 3986 on purpose: if two URL parsers can find different hosts (user:password@, backslashes, spaces,
# line breaks), the URL is refused, or a login could be bound to one host and sent to the other.
_URL = re.compile(r"([A-Za-z]+)://([\w.-]+|\[[0-9A-Za-z:.%]+\])(?::([0-9]{0,5}))?(?:[/?#].*)?", re.DOTALL)
_PORTS = {"https": 443, "davs": 443, "http": 80, "dav": 80}
_LAST_PORT = 65535
_OF_SERVICES = {"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "dropbox.com"}
"""The names to which a login for a service with many hosts is bound; no server can have such a name."""

OPEN = "http://"
"""Prefix of the name to which a login is bound if the connection can be read by others."""


def host_of(url: str) -> str:
    """The host of an http(s) or dav(s) URL as `host` or `host:port`, in lower case.

    Port 443 is left out if it is the default of the scheme; an http host always has its port (`host:80`). A name that
    is not ASCII stays as it is written: no two spellings count as one host.

    Raises:
        BadSetting: The URL has another scheme, or its host is ambiguous.
    """
    match = _URL.fullmatch(url)
    scheme = match[1].lower() if match else ""
    if not match or scheme not in _PORTS or int(match[3] or 0) > _LAST_PORT:
        shown = re.sub("://.*@", "://", url, flags=re.DOTALL)  # a password may have a slash in it
        raise BadSetting(
            f"{shown} is not the address of a server",
            remedy="Give one like https://cloud.example.org/remote.php/dav/files/bob/share.",
        )
    name = match[2].lower() if match[2].isascii() else match[2]
    default = _PORTS[scheme]
    port = int(match[3] or default)
    return name if port == default == _PORTS["https"] else f"{name}:{port}"


def bound_host(url: str) -> str:
    """The name to which a login for the server is bound: its host, with the prefix `http://` if others can listen.

    So a login for a server's https address does not match its http address, whatever the port. On this machine no
    one can listen, and both count as one.

    Raises:
        BadSetting: As `host_of`, or the name is that of a service and not of a server.
    """
    host = host_of(url)
    if host in _OF_SERVICES:
        raise BadSetting(f"{host} is the name of a service, not of a server", remedy="Give the server's own name.")
    return host if is_confidential(url) else f"{OPEN}{host}"


def is_confidential(url: str) -> bool:
    """Whether no one else can listen: TLS, or this machine. Raises BadSetting as `host_of` does."""
    name = host_of(url).rpartition(":")[0]
    loopback = name in {"localhost", "[::1]"} or re.fullmatch(r"127(\.[0-9]{1,3}){3}", name)
    return url.lower().startswith(("https:", "davs:")) or bool(loopback)


def without_login(url: str) -> str:
    """The URL without the login before the `@` of its host part, so that it can be shown."""
    return re.sub(r"://[^/?#]*@", "://", url)
