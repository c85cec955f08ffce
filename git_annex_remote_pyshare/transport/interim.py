"""Limits interim responses and trailers, which a server could send without end.

`http.client` has no limit for interim responses ("100 Continue") and for the trailer of a chunked body.
"""

from typing import Any

from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ProtocolError

from git_annex_remote_pyshare.transport.request_log import LoggedConnection, LoggedResponse

_MOST = 20
"""Most interim responses to one request."""

_LINES = 100
_LINE = 65536
"""Most lines of a trailer, and bytes of a line, as `http.client` allows for headers."""


class EndlessResponse(ProtocolError):
    """A server sends interim responses or a trailer without end; the text is ours, and safe to show."""


class LimitedResponse(LoggedResponse):
    """A response that fails after too many interim responses or too long a trailer."""

    _heads = 0

    def _read_status(self) -> Any:
        """Called by http.client for the head of each response, including interim ones."""
        self._heads += 1
        if self._heads > _MOST:
            raise EndlessResponse("the server sends interim responses without end")
        return super()._read_status()  # type: ignore[misc]

    def _read_and_discard_trailer(self) -> None:
        """Called by http.client after the last chunk of a body (RFC 9112 §7.1.2)."""
        for _ in range(_LINES):
            line = self.fp.readline(_LINE)
            if not line.rstrip(b"\r\n"):
                return
        raise EndlessResponse("the server sends a trailer without end")


class _Connection(LoggedConnection):
    response_class = LimitedResponse


class _TLSConnection(LoggedConnection, HTTPSConnection):
    response_class = LimitedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


POOLS = {"http": _Pool, "https": _TLSPool}
"""Pool classes with these limits, for `pool_classes_by_scheme` of a pool manager."""
