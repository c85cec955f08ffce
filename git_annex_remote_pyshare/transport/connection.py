"""Sends requests over pooled connections that notice early responses and trust what system and clone trust.

A time limit is always for the time without a byte, never for a whole transfer, also while sending.
"""

import socket
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from typing import Any
from urllib.parse import urlsplit

from urllib3 import PoolManager, ProxyManager, Timeout
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError
from urllib3.util import wait_for_read
from urllib3.util.connection import create_connection

from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.config.proxies import Proxy, proxy_of
from git_annex_remote_pyshare.credentials.authorities import authority_of
from git_annex_remote_pyshare.credentials.host import host_of
from git_annex_remote_pyshare.transport.body import Body
from git_annex_remote_pyshare.transport.fence import Fence
from git_annex_remote_pyshare.transport.interim import LimitedResponse
from git_annex_remote_pyshare.transport.preconnect import CONNECT, Preconnector
from git_annex_remote_pyshare.transport.request_log import LoggedConnection
from git_annex_remote_pyshare.transport.response import HTTPResponse
from git_annex_remote_pyshare.transport.tls import Trust, context_of

IDLE = 60.0
"""Seconds without a byte in either direction, after which a new connection is the better choice. A longer
`pyshare-timeout` of the clone makes this longer in proportion."""

KEPT = 64
"""Idle connections kept for each server: more than there are jobs."""

_PORTS = {"http": 80, "https": 443}

_QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)


class _TimedConnection(LoggedConnection):
    """A connection that applies its time limit to each piece that it sends, and notices early responses."""

    response_class = LimitedResponse
    idle = IDLE
    preconnector: Preconnector
    fence: Fence | None = None
    peer = ""
    """The address of the server or proxy."""
    _early = False

    def connect(self) -> None:
        self._early = False
        super().connect()

    def send(self, data: Any) -> None:
        """Send, unless the server has already responded (413 or 401 before the end of the body)."""
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self.idle)
        # Over TLS a readable socket can mean anything; an early response shows only as a broken pipe.
        if isinstance(data, memoryview) and not isinstance(self, HTTPSConnection) and wait_for_read(self.sock, 0):
            self._early = True
            raise BrokenPipeError  # urllib3 then reads the response
        rest = memoryview(data)
        # Not sendall: its time limit is for all of the data.
        while rest:
            rest = rest[self.sock.send(rest) :]
        self.count(data)

    def getresponse(self) -> Any:
        # Some servers send head and body apart and wait for our ACK in between, which Linux holds back for 40 ms.
        if _QUICK_ACK is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        response = super().getresponse()
        if self._early and self.sock is not None:
            # The server still waits for the rest of the body, so this socket cannot be used again. `close` would also
            # close the response, and its body may not have arrived yet; the response keeps its own handle.
            self.sock.close()
            self.sock = None
        return response

    def _new_conn(self) -> socket.socket:
        connected = self._inside(self.fence) if self.fence is not None else self._anywhere()
        with suppress(OSError):  # it is already closed
            self.peer = str(connected.getpeername()[0])
        return connected

    def _anywhere(self) -> socket.socket:
        try:
            return self.preconnector.take((self.host, self.port)) or super()._new_conn()
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"no connection to {self.host} within {CONNECT:.0f} s") from error

    def _inside(self, fence: Fence) -> socket.socket:
        """A connection to one of the addresses that the fence allows; raises Private as it does."""
        failure: OSError = OSError("no address")
        try:
            for address in fence.addresses(self.host, self.port):
                try:
                    return create_connection((address, self.port), CONNECT, socket_options=self.socket_options)
                except OSError as error:  # noqa: PERF203  # a host has few addresses
                    failure = error
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except UnicodeError as error:
            raise LocationParseError(self.host) from error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, f"no connection to {self.host} within {CONNECT:.0f} s") from failure
        raise NewConnectionError(self, f"no connection: {failure}") from failure


class _TimedTLSConnection(_TimedConnection, HTTPSConnection):
    """The same over TLS."""


class Connections:
    """All connections of one store: a pool for each server, shared by all jobs.

    Args:
        clone: Its git config has the time limit and the certificates.
        preconnector: Has sockets that were connected before the first request.

    Raises:
        BadSetting: A value in the clone's git config cannot be used.
    """

    def __init__(self, clone: LocalConfig, preconnector: Preconnector | None = None) -> None:
        self._clone = clone
        self._preconnector = preconnector or Preconnector()
        self.idle = min(clone.timeout, IDLE * max(1, clone.timeout / options.TIMEOUT.default))
        self._managers: dict[tuple[str, Proxy | None, Fence | None, str], PoolManager] = {}
        self._pools: dict[tuple[str, str, Fence | None], HTTPConnectionPool] = {}
        self._contexts: dict[str, Any] = {}

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Body | bytes | None = None,
        *,
        response_timeout: float = 0,
        fence: Fence | None = None,
    ) -> HTTPResponse:
        """Send one request, once; the response's body is not read or decoded yet, and redirects are not followed.

        Args:
            method: The request's method.
            url: Absolute and percent-encoded; sent as it is.
            headers: All headers but Content-Length, which is added.
            body: The request's body.
            response_timeout: Seconds until the response must begin, if that is longer than the time limit.
            fence: The addresses to which it may go; None for any.

        Raises:
            Private: The fence does not allow the server's address.
            BadSetting: A value in the clone's git config, or in the environment, cannot be used.
        """
        pool = self._pool(url, fence)
        through_proxy = pool.proxy is not None and url.startswith("http:")
        length = {"Content-Length": str(body.size)} if isinstance(body, Body) else {}
        with body.blocks() if isinstance(body, Body) else nullcontext(body) as content:
            return pool.urlopen(
                method,
                url if through_proxy else url[url.index("/", 8) :],
                body=content,  # type: ignore[arg-type]
                headers={**headers, **length},
                timeout=Timeout(connect=CONNECT, read=max(response_timeout, self.idle)),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
            )

    def close(self) -> None:
        """Close idle connections; a busy one is closed when its request ends."""
        self._preconnector.close()
        for manager in list(self._managers.values()):
            manager.clear()

    def _pool(self, url: str, fence: Fence | None) -> HTTPConnectionPool:
        """The pool of connections to the server of `url`, through a proxy if the environment names one."""
        scheme, _, rest = url.partition("://")
        known = (scheme, rest.partition("/")[0], fence)
        if known not in self._pools:
            proxy = proxy_of(url)
            if fence and proxy:
                parts = urlsplit(url)
                fence.check_name(parts.hostname or "", parts.port or _PORTS[scheme])
                fence = None  # the connection goes to the proxy
            authority = authority_of(host_of(f"{scheme}://{known[1]}")) if scheme == "https" else ""
            self._pools[known] = self._manager(proxy, scheme, fence, authority).connection_from_url(url)
        return self._pools[known]

    def _manager(self, proxy: Proxy | None, scheme: str, fence: Fence | None, authority: str) -> PoolManager:
        """A manager for each kind of connection: certificates for one host (`pyshare login --ca`) apply to no other."""
        known = (scheme, proxy, fence, authority)
        if known not in self._managers:
            options: dict[str, Any] = {"maxsize": KEPT, "retries": False}
            if scheme == "https":
                options["ssl_context"] = self._tls(authority)
            self._managers[known] = self._timed(_through(proxy, options) if proxy else PoolManager(**options), fence)
        return self._managers[known]

    def _timed(self, manager: PoolManager, fence: Fence | None) -> PoolManager:
        shared = {"idle": self.idle, "preconnector": self._preconnector, "fence": fence}
        plain = {"ConnectionCls": type("Connection", (_TimedConnection,), shared)}
        tls = {"ConnectionCls": type("TLSConnection", (_TimedTLSConnection,), shared)}
        manager.pool_classes_by_scheme = {
            "http": type("Pool", (HTTPConnectionPool,), plain),
            "https": type("TLSPool", (HTTPSConnectionPool,), tls),
        }
        return manager

    def _tls(self, authority: str) -> Any:
        """The TLS context; made once for each authority, since loading certificates takes long."""
        if authority not in self._contexts:
            get = self._clone.get
            trust = Trust(authority, get(options.CA), get(options.CERT), get(options.KEY))
            self._contexts[authority] = context_of(trust)
        return self._contexts[authority]


def peer_of(response: HTTPResponse) -> str:
    """The address of the server that sent a response, while its body is unread; empty if unknown."""
    return str(getattr(response.connection, "peer", ""))


def _through(proxy: Proxy, options: dict[str, Any]) -> ProxyManager:
    return ProxyManager(proxy.url, proxy_headers=proxy.headers, **options)
