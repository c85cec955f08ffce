"""Sockets of the fake Dropbox: a CONNECT proxy that speaks TLS itself for the hosts of Dropbox."""

import http.server
import socket
import ssl
import struct
import traceback
from contextlib import suppress
from threading import Lock
from urllib.parse import urlsplit

import trustme

from support.fakes.dropbox.answers import Answer, Call, parameters
from support.fakes.dropbox.hosts import API_HOSTS, DOWNLOADS, WEB_HOST, is_ours, reply, route_of
from support.fakes.dropbox.script import Play
from support.fakes.dropbox.service import FakeDropbox

_PIECE = 1 << 16
_QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)


class Server(http.server.ThreadingHTTPServer):
    """Listens on a free loopback port."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, service: FakeDropbox, authority: trustme.CA) -> None:
        self.service = service
        self.bugs: list[str] = []
        """Tracebacks of what went wrong in the fake itself."""
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*API_HOSTS, WEB_HOST, f"*{DOWNLOADS}").configure_cert(self.tls)
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._is_over = False
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """As HTTPS_PROXY wants it."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection that is to be ended with the server."""
        with self._lock:
            self._open.add(connection)
            if self._is_over:
                connection.close()

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def hang_up(self) -> None:
        """End the connections that clients keep open."""
        with self._lock:
            self._is_over = True
            for connection in self._open:
                with suppress(OSError):
                    # Of a TLS connection only the socket below it: another thread may be using the TLS.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection: CONNECT, then TLS, then calls until one side has enough."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server
    host = ""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Keep quiet."""

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        with suppress(OSError):
            super().finish()
        if self.host:
            self.connection.close()

    def do_CONNECT(self) -> None:
        host = self.path.rpartition(":")[0]
        if not is_ours(host):
            self.send_error(502, f"this proxy knows Dropbox only, not {host}")
            self.close_connection = True
            return
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.server.closed(self.connection)
        self.connection = self.request = self.server.tls.wrap_socket(
            self.connection, server_side=True, do_handshake_on_connect=False
        )
        self.host = host
        self.server.opened(self.connection)
        self.connection.do_handshake()
        self.server.service.connections.append(host)
        self.rfile = self.connection.makefile("rb", self.rbufsize)
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        if not self.host:
            self.send_error(405, "this proxy takes CONNECT only")
            return
        parts = urlsplit(self.path)
        arg = self.headers.get("Dropbox-API-Arg")
        # A body that is no file is read at once, since the script may ask for what is in it.
        body = self._body() if arg is None else b""
        route = route_of(self.host, self.command, parts.path)
        play = self.server.service.script.next(route, body.decode(errors="replace") if arg is None else arg)
        if play.reset:
            self._reset()
            return
        call = Call(self.command, self.host, parts.path, parameters(parts.query), self.headers, body or self._body())
        self._answer(call, play)

    def _body(self) -> bytes:
        if _QUICK_ACK is not None:
            # Through a proxy urllib3 sends head and body apart and waits for our ACK, which Linux holds back for 40 ms.
            self.connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, call: Call, play: Play) -> None:
        if call.headers.get("Transfer-Encoding"):
            self._send(Answer(411, {"Connection": "close"}), play)
            return
        try:
            answered = reply(self.server.service, call, play)
        except Exception:  # noqa: BLE001  # a test must see the fake's own bugs, whatever they are
            self.server.bugs.append(traceback.format_exc())
            self._send(Answer(500, {"Content-Type": "text/plain"}, b"the fake has a bug"), play)
            return
        if play.lost:
            self.close_connection = True
        else:
            self._send(answered.answer, play)

    def _send(self, answer: Answer, play: Play) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if play.cut is not None:
            self.close_connection = True
        self.end_headers()
        if self.command == "HEAD":
            return
        body = answer.body[: play.cut]
        for start in range(0, len(body), _PIECE) if play.drip else ():
            self.server.service.ended.wait(play.drip)
            self.wfile.write(body[start : start + _PIECE])
        if not play.drip:
            self.wfile.write(body)

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.socket.close(self.connection)
