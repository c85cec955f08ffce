"""A stand-in for Pixeldrain's files, of which rclone can be told the address; with links that can be withdrawn.

Source: rclone's backend/pixeldrain/api_client.go.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit

_BELOW = "/api/filesystem"


class Pixeldrain:
    """The service.

    Args:
        server: The HTTP server.
    """

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.nodes: dict[str, bytes | None] = {"/me": None}
        """Path → content; None for a folder."""
        self.links: dict[str, str] = {}
        """Path of what is shared → the id in its link."""

    def node(self, path: str) -> Mapping[str, object]:
        """What the API says about a file or folder."""
        content = self.nodes[path]
        facts = {"type": "dir"} if content is None else {"type": "file", "file_size": len(content)}
        dates = dict.fromkeys(("created", "modified"), "2026-01-01T00:00:00Z")
        return {"path": path, "name": path.rpartition("/")[2], "id": self.links.get(path, ""), **facts, **dates}

    def stat(self, path: str) -> Mapping[str, object]:
        """A file, or a folder and what is in it."""
        children = [each for each in self.nodes if each.rpartition("/")[0] == path]
        return {"path": [self.node(path)], "base_index": 0, "children": [*map(self.node, children)]}

    def make_folder(self, path: str) -> None:
        """Make a folder, and those above it."""
        while path and path not in self.nodes:
            self.nodes[path] = None
            path = path.rpartition("/")[0]


class _Handler(BaseHTTPRequestHandler):
    service: Pixeldrain

    def do_GET(self) -> None:
        path, query = self._asked()
        if path == "/api/user":
            return self._answer({"username": "alice", "subscription": {}, "storage_space_used": 0})
        if path not in self.service.nodes:
            return self._missing()
        if "stat" in query:
            return self._answer(self.service.stat(path))
        return self._send(200, self.service.nodes[path] or b"")

    def do_PUT(self) -> None:
        path, _ = self._asked()
        self.service.make_folder(path.rpartition("/")[0])
        self.service.nodes[path] = self._body()
        self._answer(self.service.node(path))

    def do_POST(self) -> None:
        path, _ = self._asked()
        body = self._body()
        if b"mkdirall" in body:
            self.service.make_folder(path)
            return self._answer({})
        if path not in self.service.nodes:
            return self._missing()
        if b'name="shared"\r\n\r\ntrue' in body:
            self.service.links.setdefault(path, secrets.token_hex(4))
        elif b'name="shared"' in body:
            self.service.links.pop(path, None)
        return self._answer(self.service.node(path))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's word
        """Say nothing."""

    def _asked(self) -> tuple[str, Mapping[str, list[str]]]:
        parts = urlsplit(self.path)
        path = unquote(parts.path).removeprefix(_BELOW).rstrip("/")
        return path, parse_qs(parts.query, keep_blank_values=True)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _missing(self) -> None:
        self._answer({"success": False, "value": "path_not_found"}, 404)

    def _answer(self, answer: Mapping[str, object], status: int = 200) -> None:
        self._send(status, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def pixeldrain() -> Iterator[Pixeldrain]:
    """The running service, which ends with the block."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        service = Pixeldrain(server)
        _Handler.service = service
        Thread(target=server.serve_forever, daemon=True).start()
        yield service
        server.shutdown()
