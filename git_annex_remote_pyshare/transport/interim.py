"""What comes before and behind a proper answer and means nothing to us: a server sends little of it.

`http.client` reads interim answers ("100 Continue") and the trailer of a body in chunks without end.
"""

from typing import Any

from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ProtocolError

from git_annex_remote_pyshare.transport.request_log import LoggedConnection, LoggedResponse

_MOST = 20
"""Interim answers to one request."""

_LINES = 100
_LINE = 65536
"""Lines of a trailer, and bytes of one, as `http.client` allows them to the headers."""


class EndlessResponse(ProtocolError):
    """A server sends what means nothing without end; the text is ours, and safe to be shown."""


class Answer(LoggedResponse):
    """An answer that begins after few interim ones and ends soon after its body, or fails."""

    _heads = 0

    def _read_status(self) -> Any:
        """Called by http.client for the head of each answer, the interim ones included."""
        self._heads += 1
        if self._heads > _MOST:
            raise EndlessResponse("the server sends interim answers without end")
        return super()._read_status()  # type: ignore[misc]

    def _read_and_discard_trailer(self) -> None:
        """Called by http.client behind the last chunk of a body (RFC 9112 §7.1.2)."""
        for _ in range(_LINES):
            line = self.fp.readline(_LINE)
            if not line.rstrip(b"\r\n"):
                return
        raise EndlessResponse("the server sends a trailer without end")


class _Connection(LoggedConnection):
    response_class = Answer


class _TLSConnection(LoggedConnection, HTTPSConnection):
    response_class = Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


POOLS = {"http": _Pool, "https": _TLSPool}
"""For a pool manager (`pool_classes_by_scheme`) whose connections need nothing else of ours."""
