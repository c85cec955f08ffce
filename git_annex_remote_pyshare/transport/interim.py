"""Interim answers, which come before the proper one and mean nothing to us: a server sends few of them.

`http.client` reads "100 Continue" without end, and so waits for a proper answer for ever.
"""

from http.client import HTTPResponse
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ProtocolError

_MOST = 20
"""Interim answers to one request."""


class Answer(HTTPResponse):
    """An answer that begins after few interim ones, or fails."""

    _heads = 0

    def _read_status(self) -> Any:
        """Called by http.client for the head of each answer, the interim ones included."""
        self._heads += 1
        if self._heads > _MOST:
            raise ProtocolError("the server sends interim answers without end")
        return super()._read_status()  # type: ignore[misc]


class _Connection(HTTPConnection):
    response_class = Answer


class _TLSConnection(HTTPSConnection):
    response_class = Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


POOLS = {"http": _Pool, "https": _TLSPool}
"""For a pool manager (`pool_classes_by_scheme`) whose connections need nothing else of ours."""
