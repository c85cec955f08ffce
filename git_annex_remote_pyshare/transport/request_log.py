"""Logs requests in the connection, so that transfers, logins and Dropbox's SDK are all logged."""

from http.client import HTTPResponse
from typing import Any

from urllib3.connection import HTTPConnection

from git_annex_remote_pyshare import log


class LoggedResponse(HTTPResponse):
    """A response that is logged when its body is read or abandoned."""

    exchange: log.Exchange | None = None

    def read(self, amt: int | None = None) -> bytes:
        """Called by urllib3 for a piece of the body."""
        if self.exchange is None:
            return super().read(amt)
        before = self.exchange.received
        data = super().read(amt)
        if self.exchange is not None:
            self.exchange.received = before + len(data)
            if self.isclosed():
                self._end()
        return data

    def _safe_read(self, amt: int) -> bytes:
        """Called by urllib3 for a chunk of the body, if `requests` reads by chunks; also within `read`."""
        data: bytes = super()._safe_read(amt)  # type: ignore[misc]
        if self.exchange is not None and data != b"\r\n":  # the end of a chunk is read in the same way
            self.exchange.received += len(data)
        return data

    def close(self) -> None:
        """Called by urllib3 when no more of the body is wanted."""
        super().close()
        self._end()

    def __del__(self) -> None:
        # Collected garbage logs nothing: its thread may hold the lock that logging needs.
        self.exchange = None
        super().__del__()

    def _end(self) -> None:
        if self.exchange is not None:
            self.exchange.end()
            self.exchange = None


class LoggedConnection(HTTPConnection):
    """A connection that knows the request that it is sending, if requests are logged."""

    _exchange: log.Exchange | None = None

    def connect(self) -> None:
        """Called by urllib3 before the first request, for TLS, or during it."""
        try:
            super().connect()
        except Exception as error:
            if self._exchange is None:
                log.no_connection(self._server, type(error).__name__)
            raise

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> None:
        """Called by urllib3 for each request."""
        self._exchange = log.exchange(method, self._server, url)
        try:
            super().request(method, url, *arguments, **options)
        except BrokenPipeError:
            raise  # there may still be a response, which urllib3 reads
        except Exception as error:
            self._fail(error)
            raise

    def send(self, data: Any) -> None:
        """Called by http.client for the headers, in one piece, and by urllib3 for each piece of the body."""
        super().send(data)
        self.count(data)

    def count(self, data: Any) -> None:
        """Note what was sent: the first piece of a request is its headers, which do not count."""
        if self._exchange is not None:
            self._exchange.sent = 0 if self._exchange.sent < 0 else self._exchange.sent + len(data)

    def getresponse(self) -> Any:
        """Called by urllib3 after sending, also if the server did not read everything."""
        try:
            response = super().getresponse()
        except Exception as error:
            self._fail(error)
            raise
        original = getattr(response, "_original_response", None)
        exchange, self._exchange = self._exchange, None
        if exchange is not None and original is not None:
            exchange.begin_response(response.status, response.headers)
            original.exchange = exchange
        return response

    @property
    def _server(self) -> str:
        """The server, also behind a proxy."""
        host, port = self._tunnel_host or self.host, self._tunnel_port if self._tunnel_host else self.port
        host = f"[{host}]" if ":" in host.strip("[]") and not host.startswith("[") else host
        return host if port in {80, 443, None} else f"{host}:{port}"

    def _fail(self, error: Exception) -> None:
        if self._exchange is not None:
            self._exchange.end(type(error).__name__)
            self._exchange = None
