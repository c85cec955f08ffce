"""Keeps a stranger's redirects out of the user's own network.

Who made a dataset chooses its remotes' servers, and a server chooses where it sends us on to. So while the user has not
verified a remote, its redirects lead to public addresses only, as git-annex itself has it for what it downloads: not to
this machine, not into a private network, not to what only the network's own hosts can reach. Git config
`annex.security.allowed-ip-addresses` allows more (git-annex's manual: `all`, or addresses, each perhaps as
`[address]:port`). The address in `url=` itself is the user's to judge, and may send on to itself.

A name is resolved once, and the connection goes to an address that was checked: a name that means something else a
moment later gains nothing. A proxy resolves names itself, perhaps to other addresses than we would see. So through
one only addresses that stand in the redirect itself are checked, and `localhost`; the rest is left to its own rules.
"""

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address, IPv6Address

_ALL = "all"


class Private(Exception):
    """A redirect leads to an address that it must not lead to.

    Args:
        address: Which one, or the name that stands for one.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


class Fence(NamedTuple):
    """Where redirects may lead to."""

    allowed: str = ""
    """The words of `annex.security.allowed-ip-addresses`."""
    own: str = ""
    """An address that is allowed, too: that of the store's own server."""

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be connected to, in the order to try them.

        Raises:
            Private: There is none.
            gaierror: There is no such host.
        """
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        good = [address for address in dict.fromkeys(found) if self.permits(address, port)]
        if not good:
            raise Private(found[0])
        return good

    def check_name(self, host: str, port: int) -> None:
        """Check what can be checked of a host whose name somebody else will resolve.

        Raises:
            Private: It is an address that must not be connected to, or a name of this machine.
        """
        name = host.strip("[]").rstrip(".").lower()
        if name == "localhost" or name.endswith(".localhost"):  # RFC 6761 §6.3
            name = "127.0.0.1"
        with suppress(OSError):
            name = socket.inet_ntoa(socket.inet_aton(name))  # 127.1 and 2130706433 are addresses, too
        if _plain(name) is not None and not self.permits(name, port):
            raise Private(name)

    def permits(self, address: str, port: int) -> bool:
        """Whether this address, at this port, may be connected to."""
        ip = _plain(address)
        if ip is None:
            return False
        allowed = self.allowed.split()
        if allowed == [_ALL] or (self.own and ip == _plain(self.own)):
            return True
        return _is_public(ip) or any(ip == other and at in {None, port} for other, at in _listed(allowed))


def _listed(words: list[str]) -> "Iterator[tuple[IPv4Address | IPv6Address, int | None]]":
    """The addresses, and ports where they have one, that git config allows; what is none allows nothing."""
    for word in words:
        address, colon, port = word[1:].partition("]") if word.startswith("[") else (word, "", "")
        ip = _plain(address)
        if ip is not None and colon and port:
            if port.startswith(":") and port[1:].isascii() and port[1:].isdigit():
                yield ip, int(port[1:])
        elif ip is not None:
            yield ip, None


def _plain(address: str) -> "IPv4Address | IPv6Address | None":
    """The address; that of IPv4 where IPv6 wraps one (RFC 4291 §2.5.5.2)."""
    from ipaddress import ip_address  # noqa: PLC0415  # only a redirect needs it

    try:
        ip = ip_address(address)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def _is_public(ip: "IPv4Address | IPv6Address") -> bool:
    """Whether anybody in the internet reaches the same host there.

    `is_global` alone takes multicast for public, and translated addresses (NAT64, RFC 6052; 6to4, RFC 3056) for what
    they are not.
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
