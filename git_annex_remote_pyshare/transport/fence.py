"""Keeps a stranger's redirects out of the user's own network.

The author of a dataset chooses the servers of its remotes, and a server chooses its redirects. So until the user has
verified a remote, its redirects may only lead to public addresses, like git-annex's own downloads: not to this machine,
not into a private network, not to addresses that only hosts in the network can reach. Git config
`annex.security.allowed-ip-addresses` allows more (git-annex's manual: `all`, or addresses, optionally as
`[address]:port`). The user checks the address in `url=` itself, which may redirect to itself.

A name is resolved once, and the connection goes to an address that was checked, so DNS rebinding does not work. A proxy
resolves names itself, perhaps to other addresses. So through a proxy only `localhost` and literal addresses in the
redirect are checked; for the rest the proxy's own rules apply.
"""

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address, IPv6Address

_ALL = "all"


class Private(Exception):
    """A redirect leads to an address that is not allowed.

    Args:
        address: The address, or a name for it.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


class Fence(NamedTuple):
    """The addresses to which redirects may lead."""

    allowed: str = ""
    """The value of `annex.security.allowed-ip-addresses`."""
    own: str = ""
    """The address of the store's own server, which is allowed, too."""

    def addresses(self, host: str, port: int) -> list[str]:
        """The allowed addresses of a host, in the order in which to try them.

        Raises:
            Private: No address is allowed.
            gaierror: There is no such host.
        """
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        good = [address for address in dict.fromkeys(found) if self.permits(address, port)]
        if not good:
            raise Private(found[0])
        return good

    def check_name(self, host: str, port: int) -> None:
        """Check a host whose name a proxy will resolve, as well as that is possible.

        Raises:
            Private: It is an address that is not allowed, or a name of this machine.
        """
        name = host.strip("[]").rstrip(".").lower()
        if name == "localhost" or name.endswith(".localhost"):  # RFC 6761 §6.3
            name = "127.0.0.1"
        with suppress(OSError):
            name = socket.inet_ntoa(socket.inet_aton(name))  # 127.1 and 2130706433 are addresses, too
        if _plain(name) is not None and not self.permits(name, port):
            raise Private(name)

    def permits(self, address: str, port: int) -> bool:
        """Whether this address and port are allowed."""
        ip = _plain(address)
        if ip is None:
            return False
        allowed = self.allowed.split()
        if allowed == [_ALL] or (self.own and ip == _plain(self.own)):
            return True
        return _is_public(ip) or any(ip == other and at in {None, port} for other, at in _listed(allowed))


def _listed(words: list[str]) -> "Iterator[tuple[IPv4Address | IPv6Address, int | None]]":
    """The addresses that git config allows, with their ports if given; other words are ignored."""
    for word in words:
        address, colon, port = word[1:].partition("]") if word.startswith("[") else (word, "", "")
        ip = _plain(address)
        if ip is not None and colon and port:
            if port.startswith(":") and port[1:].isascii() and port[1:].isdigit():
                yield ip, int(port[1:])
        elif ip is not None:
            yield ip, None


def _plain(address: str) -> "IPv4Address | IPv6Address | None":
    """The parsed address; the IPv4 one if IPv6 wraps it (RFC 4291 §2.5.5.2)."""
    from ipaddress import ip_address  # noqa: PLC0415  # only a redirect needs it

    try:
        ip = ip_address(address)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def _is_public(ip: "IPv4Address | IPv6Address") -> bool:
    """Whether the address means the same host everywhere in the internet.

    `is_global` alone counts multicast as public, and misjudges translated addresses (NAT64, RFC 6052; 6to4, RFC 3056).
    """
    from ipaddress import IPv4Address, IPv6Address, ip_network  # noqa: PLC0415  # as above

    special = ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local
    if isinstance(ip, IPv6Address):
        if ip in ip_network("64:ff9b::/96"):
            return _is_public(IPv4Address(int(ip) & 0xFFFFFFFF))
        if ip.sixtofour is not None:
            return _is_public(ip.sixtofour)
        return ip in ip_network("2000::/3") and ip.is_global and not special
    return ip.is_global and not special and ip not in ip_network("192.0.0.0/24")
