"""What the scripted servers share: each runs in this process, records every request, and plays faults as told.

A server is a `Scripted`, which holds state and script, and a `Handler` that knows its proper answers;
`served` runs it.
"""

import re
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Event, Lock, Thread
from typing import Any, ClassVar, NamedTuple, TypeAlias, TypeVar
from urllib.parse import unquote_to_bytes

from urllib3 import HTTPHeaderDict

Answer: TypeAlias = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


class Seen(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    """Decoded, without the query."""
    target: str
    """As it was sent."""
    headers: Mapping[str, str]
    """Found by their names in any case."""
    body: bytes


class Play(NamedTuple):
    """What happens to one request instead of a proper answer; `answer` makes the commonest."""

    status: int = 0
    """Sent without doing anything; 0 for doing what was asked."""
    headers: Mapping[str, str] = {}
    """Sent with that status, or besides those of the proper answer."""
    body: bytes = b""
    cut: int | None = None
    """Bytes of the answer's body after which the connection ends."""
    unsized: bool = False
    """Leave out the answer's length; where its body ends, so does the connection."""
    lost: bool = False
    """Do it, and end the connection without an answer."""
    reset: bool = False
    """Reset the connection before the body is read."""
    early: bool = False
    """Answer before the body is read, and end the connection."""
    hasty: bool = False
    """Answer before the body is read, and take the rest of it all the same."""
    half: bool = False
    """Store the first half of the body and end the connection, as a server without atomic PUT."""
    keeps: bool = False
    """Store half of what came of a body that breaks off, as a server without atomic PUT."""
    wait: float = 0
    """Seconds before the answer."""
    drip: float = 0
    """Seconds between the bytes of the answer's body."""


class Rule(NamedTuple):
    """A play for the next `times` requests of a method whose decoded path matches; -1 times is for ever."""

    method: str
    play: Play
    path: str = ""
    """Regular expression that is searched for in the path."""
    times: int = 1
    target: str = ""
    """Regular expression that is searched for in the request's target as it was sent, where the query is."""


class Scripted:
    """A server's state and script; `decide` may be replaced by a function that draws faults at random."""

    handler: "ClassVar[type[Handler]]"

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.url = ""
        self.server_name = "Scripted/1"
        self.decide: Callable[[Seen], Play | None] = self._next_of_script
        self._rules: list[Rule] = []
        self.lock = Lock()
        self.unbroken = Lock()
        """Held while a body comes of which half would be kept; who asks after its end is answered by what was kept."""
        self.ended = Event()

    def script(self, *rules: Rule) -> None:
        """Play these from now on, each as often as it says, the first that fits first."""
        self._rules = list(rules)

    def methods(self) -> list[str]:
        """The methods of all requests so far."""
        return [seen.method for seen in self.requests]

    def forget(self) -> None:
        """Count requests from zero."""
        self.requests.clear()

    def _next_of_script(self, seen: Seen) -> Play | None:
        for index, rule in enumerate(self._rules):
            fits = re.search(rule.path, seen.path) and re.search(rule.target, seen.target)
            if rule.method == seen.method and fits:
                left = rule._replace(times=rule.times - 1)
                self._rules[index : index + 1] = [left] if left.times else []
                return rule.play
        return None


AScripted = TypeVar("AScripted", bound=Scripted)


@contextmanager
def served(scripted: AScripted, tls: SSLContext | None = None) -> Iterator[AScripted]:
    """Run the server on a free loopback port; with `tls` it speaks https as `localhost`."""
    handler = type("BoundHandler", (scripted.handler,), {"scripted": scripted})
    with _Server(("127.0.0.1", 0), handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        port = server.server_address[1]
        scripted.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield scripted
        finally:
            scripted.ended.set()
            server.shutdown()
            server.hang_up()
            thread.join()


def answer(status: int, body: bytes = b"", **headers: str) -> Play:
    """Answer so; underscores in the names of headers stand for hyphens."""
    return Play(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def decoded(path: str) -> str:
    """The text of a path as URLs have it; bytes that are no UTF-8 become surrogates."""
    return unquote_to_bytes(path).decode("utf-8", "surrogateescape")


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep open."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""


class Handler(BaseHTTPRequestHandler):
    """Reads, records and answers requests; a server's own gives the proper answers and what half a PUT leaves."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    scripted: Any

    def proper(self, seen: Seen) -> Answer:
        """Do what was asked. It holds the server's lock."""
        raise NotImplementedError

    def keep_half(self, seen: Seen) -> None:
        """Store the first half of the request's body. It holds the server's lock."""
        raise NotImplementedError

    @property
    def target(self) -> str:
        """As it was sent; http.server's own `path` has lost leading slashes."""
        return self.requestline.split(" ")[1]

    def decoded_path(self) -> str:
        """The path of the request line, decoded."""
        return decoded(self.target.partition("?")[0])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Keep quiet."""

    def version_string(self) -> str:
        return str(self.scripted.server_name)

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        asked = Seen(self.command, self.decoded_path(), self.target, HTTPHeaderDict(self.headers.items()), b"")
        play = self.scripted.decide(asked) or Play()
        if play.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        length = int(self.headers.get("Content-Length", 0))
        if play.hasty:
            self._answer(play.status, play.headers, play.body, play)
        with self.scripted.unbroken if play.keeps else nullcontext():
            body = b"" if play.early else self.rfile.read(length)
            if play.keeps and len(body) < length:
                with self.scripted.lock:
                    self.keep_half(asked._replace(body=body))
        if play.hasty or (len(body) < length and not play.early):
            return  # Who breaks off gets nothing else done.
        with self.scripted.unbroken:
            pass
        seen = asked._replace(body=body)
        with self.scripted.lock:
            self.scripted.requests.append(seen)
        self.scripted.ended.wait(play.wait)
        self._play(seen, play)

    def _play(self, seen: Seen, play: Play) -> None:
        ends = play.early or play.lost or play.half or play.unsized or play.cut is not None
        self.close_connection = self.close_connection or ends
        if play.half:
            with self.scripted.lock:
                self.keep_half(seen)
            return
        status, headers, body = self._result(seen, play)
        if not play.lost:
            self._answer(status, headers, body, play)

    def _result(self, seen: Seen, play: Play) -> Answer:
        if play.status:
            return play.status, dict(play.headers), play.body
        with self.scripted.lock:
            status, headers, body = self.proper(seen)
        return status, {**headers, **play.headers}, body

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes, play: Play) -> None:
        self.send_response_only(status)
        sent = {"Server": self.version_string(), "Date": self.date_time_string(), **headers}
        if status != 204:
            sent.setdefault("Content-Length", str(len(body)))
        if play.unsized:
            sent.pop("Content-Length", None)
        for name, value in sent.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        if play.drip:
            for byte in body:
                self.scripted.ended.wait(play.drip)
                self.wfile.write(bytes([byte]))
        else:
            self.wfile.write(body[: play.cut])
