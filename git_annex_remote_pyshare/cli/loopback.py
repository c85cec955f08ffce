"""Serves the page on this machine to which a browser returns at the end of a login (RFC 8252 section 7.3)."""

import os
import sys
import time
from contextlib import suppress
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from socketserver import TCPServer
from threading import Event
from typing import Any
from urllib.parse import parse_qsl

from git_annex_remote_pyshare.backends.login import Page, Receive
from git_annex_remote_pyshare.errors import PermissionDenied, Unreachable

PORTS = (28417, 28418)
"""The second is used if the first is taken. Both are registered with the app, so no others are possible."""

_LOOK = 0.2
"""Seconds after which Ctrl-C takes effect at the latest, also on Windows."""
_ELSEWHERE = Page("Nothing here", "This address is only used while a login waits.", HTTPStatus.NOT_FOUND, last=False)
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The address contains the code, so the page must not leak it."""


_STYLE = """
:root { color-scheme: light dark; --ground: #f4f5f7; --card: #fff; --ink: #1d232b; --soft: #56616f; --edge: #e1e5ea;
  --good: #1a7f4b; --bad: #b3541e }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --card: #1d2127; --ink: #eceff3; --soft: #a5afbb;
  --edge: #30363e; --good: #4cc38a; --bad: #f0945c } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; padding: 1.25rem; display: flex; align-items: center; justify-content: center;
  background: var(--ground); color: var(--ink); font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif }
main { width: 100%; max-width: 30rem; padding: 2.25rem 2rem; background: var(--card); border: 1px solid var(--edge);
  border-radius: 14px; overflow-wrap: anywhere }
svg { display: block; width: 3rem; height: 3rem; padding: .5rem; border-radius: 50%; fill: none; stroke: var(--card);
  stroke-width: 3.2; stroke-linecap: round; stroke-linejoin: round }
.good { background: var(--good) } .bad { background: var(--bad) }
h1 { margin: 1.25rem 0 .5rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em }
p { margin: 0; color: var(--soft) }
footer { margin-top: 1.75rem; padding-top: 1rem; border-top: 1px solid var(--edge); color: var(--soft);
  font-size: .875rem }
""".strip()

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - pyshare</title>
<link rel="icon" href="data:,">
<style>
{style}
</style>
</head>
<body>
<main>
<svg class="{tone}" viewBox="0 0 32 32" aria-hidden="true"><path d="{mark}"/></svg>
<h1>{title}</h1>
<p>{text}</p>
<footer>This page comes from pyshare on your own computer.</footer>
</main>
</body>
</html>
"""


class Loopback(ThreadingHTTPServer):
    """Listens on one of `PORTS`, on this machine only.

    Another program could listen on the same port of `[::1]`, which some browsers try first. It would get a code that
    only this process can redeem (PKCE).

    Args:
        again: The command that waits here, for error texts.
        instead: The command that needs no such page.

    Raises:
        Unreachable: Other programs use both ports.
    """

    limit = 600.0
    """Seconds for the login, including two-factor login and a forgotten password."""
    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # on Windows two programs could then share one port

    def __init__(self, again: str, instead: str) -> None:
        self._again, self._instead = again, instead
        self.shown = Event()
        self.receive: Receive = lambda _: _ELSEWHERE
        self._connections: list[socket] = []
        for port in PORTS:
            with suppress(OSError):
                super().__init__(("127.0.0.1", port), _Visit)
                self.timeout = _LOOK
                return
        raise Unreachable(
            f"other programs have the ports {PORTS[0]} and {PORTS[1]}, where the browser would come back",
            remedy=f"End one of them (another login may be waiting), or type: {instead}",
            retryable=False,
        )

    def server_bind(self) -> None:
        """As the base class, but without a DNS lookup of our name, which takes seconds on some machines."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def get_request(self) -> tuple[socket, Any]:
        """As the base class; also remembers the connection."""
        connection, address = super().get_request()
        self._connections.append(connection)
        return connection, address

    def server_close(self) -> None:
        """Close the port, and connections that a browser keeps open: the next login must not get those."""
        super().server_close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """As the base class, but without a traceback for a browser that disconnected."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    @property
    def address(self) -> str:
        """The address to which the browser returns."""
        return f"http://localhost:{self.server_port}/"

    def wait(self, receive: Receive) -> None:
        """Serve the pages that `receive` returns until one is the last.

        Raises:
            PermissionDenied: The browser did not return within `limit` seconds.
        """
        self.receive = receive
        end = time.monotonic() + self.limit
        while not self.shown.is_set():
            if time.monotonic() > end:
                raise PermissionDenied(
                    f"access was not allowed within {self.limit / 60:.0f} minutes",
                    remedy=f"Type again: {self._again}; where the browser is on another machine: {self._instead}",
                )
            self.handle_request()


class _Visit(BaseHTTPRequestHandler):
    server: Loopback
    timeout = 10  # browsers open connections that they do not use

    def do_GET(self) -> None:
        """Show the page for the parameters in the address."""
        path, _, query = self.path.partition("?")
        page = self.server.receive(dict(parse_qsl(query))) if path == "/" else _ELSEWHERE
        try:
            self._send(page)
        finally:
            if page.last:  # also if the browser disconnected: the code can be redeemed only once
                self.server.shown.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's word
        """Log nothing: the request contains the code."""

    def _send(self, page: Page) -> None:
        body = html(page)
        self.send_response(page.status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def html(page: Page) -> bytes:
    """The page as HTML, for light and dark mode and phones."""
    good = page.status is HTTPStatus.OK
    fields = {
        "title": escape(page.title),
        "text": escape(page.text),
        "tone": "good" if good else "bad",
        "mark": "M8 16.5l5.5 5.5L24 11" if good else "M16 6.5v11.5M16 24.5v.1",
    }
    return _FRAME.format(style=_STYLE, **fields).encode()
