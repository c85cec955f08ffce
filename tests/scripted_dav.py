"""A small WebDAV server in this process that keeps its objects in a dict and plays scripted faults.

It records every request, so that tests can count them; `decide` may be replaced by a function that draws faults at
random, for runs of the real git-annex against a bad server.
"""

import base64
import re
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Event, Lock, Thread
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit
from xml.sax.saxutils import escape


class Seen(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    """Decoded, without a slash at its end."""
    target: str
    """As it was sent."""
    headers: Mapping[str, str]
    body: bytes


class Play(NamedTuple):
    """What happens to one request instead of a proper answer; the parts are made by the functions below."""

    status: int = 0
    """Sent without doing anything; 0 for doing what was asked."""
    headers: Mapping[str, str] = {}
    """Sent with that status, or besides those of the proper answer."""
    body: bytes = b""
    cut: int | None = None
    """Bytes of the answer's body after which the connection ends."""
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
    wait: float = 0
    """Seconds before the answer."""
    drip: float = 0
    """Seconds between the bytes of the answer's body."""


class Rule(NamedTuple):
    """A play for the next `times` requests of a method whose decoded path matches."""

    method: str
    play: Play
    path: str = ""
    """Regular expression that is searched for in the path."""
    times: int = 1


class ScriptedDAV:
    """The server's state and script; `served` runs it."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.folders: set[str] = {""}
        self.requests: list[Seen] = []
        self.url = ""
        self.server_name = "Scripted/1"
        self.missing_parent = 409
        self.types: dict[str, str] = {}
        """Content types by path."""
        self.etags: dict[str, str] = {}
        """Entity tags by path, quotes included."""
        self.login: tuple[str, str] | None = None
        self.on_put: Callable[[Seen], Mapping[str, str]] = lambda _seen: {}
        """More headers for the answer to a PUT."""
        self.decide: Callable[[Seen], Play | None] = self._next_of_script
        self._rules: list[Rule] = []
        self.lock = Lock()
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
            if rule.method == seen.method and re.search(rule.path, seen.path):
                left = rule._replace(times=rule.times - 1)
                self._rules[index : index + 1] = [left] if left.times else []
                return rule.play
        return None


@contextmanager
def served(dav: ScriptedDAV, tls: SSLContext | None = None) -> Iterator[ScriptedDAV]:
    """Run the server on a free loopback port; with `tls` it speaks https as `localhost`."""
    handler = type("Handler", (_Handler,), {"dav": dav})
    with _Server(("127.0.0.1", 0), handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        port = server.server_address[1]
        dav.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield dav
        finally:
            dav.ended.set()
            server.shutdown()
            server.hang_up()
            thread.join()


def answer(status: int, body: bytes = b"", **headers: str) -> Play:
    """Answer so; underscores in the names of headers stand for hyphens."""
    return Play(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    dav: ScriptedDAV

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Keep quiet."""

    def version_string(self) -> str:
        return self.dav.server_name

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        path = _decoded(urlsplit(self.path).path)
        play = self.dav.decide(Seen(self.command, path, self.path, dict(self.headers.items()), b"")) or Play()
        if play.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        length = int(self.headers.get("Content-Length", 0))
        if play.hasty:
            self._answer(play.status, play.headers, play.body, play)
        body = b"" if play.early else self.rfile.read(length)
        if play.hasty or (len(body) < length and not play.early):
            return  # Who breaks off gets nothing done.
        seen = Seen(self.command, path, self.path, dict(self.headers.items()), body)
        with self.dav.lock:
            self.dav.requests.append(seen)
        self.dav.ended.wait(play.wait)
        self._play(seen, play)

    def _play(self, seen: Seen, play: Play) -> None:
        self.close_connection = self.close_connection or play.early or play.lost or play.half or play.cut is not None
        if play.half:
            with self.dav.lock:
                self.dav.objects[seen.path] = seen.body[: len(seen.body) // 2]
            return
        status, headers, body = self._result(seen, play)
        if not play.lost:
            self._answer(status, headers, body, play)

    def _result(self, seen: Seen, play: Play) -> tuple[int, dict[str, str], bytes]:
        if play.status:
            return play.status, dict(play.headers), play.body
        if not self._is_let_in(seen):
            return 401, {"WWW-Authenticate": 'Basic realm="scripted"'}, b""
        with self.dav.lock:
            status, headers, body = getattr(self, f"_{seen.method.lower()}", self._unknown)(seen)
        return status, {**headers, **play.headers}, body

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes, play: Play) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers and status != 204:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        if play.drip:
            for byte in body:
                self.dav.ended.wait(play.drip)
                self.wfile.write(bytes([byte]))
        else:
            self.wfile.write(body[: play.cut])

    def _is_let_in(self, seen: Seen) -> bool:
        if self.dav.login is None:
            return True
        wanted = base64.b64encode(":".join(self.dav.login).encode()).decode()
        return seen.headers.get("Authorization") == f"Basic {wanted}"

    def _unknown(self, _seen: Seen) -> tuple[int, dict[str, str], bytes]:
        return 501, {}, b""

    def _put(self, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        if _parent(seen.path) not in self.dav.folders:
            return self.dav.missing_parent, {}, b""
        if seen.path in self.dav.folders:
            return 405, {}, b""
        status = 204 if seen.path in self.dav.objects else 201
        self.dav.objects[seen.path] = seen.body
        return status, dict(self.dav.on_put(seen)), b""

    def _mkcol(self, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        if seen.path in self.dav.folders or seen.path in self.dav.objects:
            return 405, {}, b""
        if _parent(seen.path) not in self.dav.folders:
            return 409, {}, b""
        self.dav.folders.add(seen.path)
        return 201, {}, b""

    def _move(self, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        target = _decoded(urlsplit(seen.headers["Destination"]).path)
        if not seen.headers["Destination"].startswith(self.dav.url):
            return 502, {}, b""
        if seen.path not in self.dav.objects:
            return 404, {}, b""
        if _parent(target) not in self.dav.folders:
            return 409, {}, b""
        status = 204 if target in self.dav.objects else 201
        self.dav.objects[target] = self.dav.objects.pop(seen.path)
        return status, {}, b""

    def _delete(self, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        return (404, {}, b"") if self.dav.objects.pop(seen.path, None) is None else (204, {}, b"")

    def _head(self, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = self._get(seen)
        return status, {**headers, "Content-Length": str(len(body))}, b""

    def _get(self, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        body = self.dav.objects.get(seen.path)
        if body is None:
            return 404, {"Content-Type": "text/html"}, b"<html>not here</html>"
        headers = {"Content-Type": self.dav.types.get(seen.path, "application/octet-stream")}
        tag = self.dav.etags.get(seen.path)
        if tag:
            headers["ETag"] = tag
        wanted = re.fullmatch(r"bytes=(\d+)-", seen.headers.get("Range", ""))
        if not wanted or seen.headers.get("If-Range", tag) != tag:
            return 200, headers, body
        start = int(wanted[1])
        if start >= len(body):
            return 416, {"Content-Range": f"bytes */{len(body)}"}, b""
        headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return 206, headers, body[start:]

    def _propfind(self, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        if seen.headers["Depth"] not in {"0", "1"}:
            return 403, {}, b""
        if seen.path not in self.dav.folders and seen.path not in self.dav.objects:
            return 404, {}, b""
        found = [seen.path]
        if seen.headers["Depth"] == "1" and seen.path in self.dav.folders:
            found += [path for path in (*self.dav.folders, *self.dav.objects) if path and _parent(path) == seen.path]
        things = "".join(self._response(path) for path in found)
        text = f'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">{things}</D:multistatus>'
        return 207, {"Content-Type": "application/xml"}, text.encode()

    def _response(self, path: str) -> str:
        href = quote_from_bytes(path.encode("utf-8", "surrogateescape")) + "/" * (path in self.dav.folders)
        kind = "<D:collection/>" if path in self.dav.folders else ""
        size = self.dav.objects.get(path)
        length = "" if size is None else f"<D:getcontentlength>{len(size)}</D:getcontentlength>"
        return (
            f"<D:response><D:href>{escape(href)}</D:href><D:propstat><D:prop><D:resourcetype>{kind}</D:resourcetype>"
            f"{length}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        )


def _decoded(path: str) -> str:
    return unquote_to_bytes(path.rstrip("/")).decode("utf-8", "surrogateescape")


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
