"""A small WebDAV server in this process that keeps its objects in a dict and plays scripted faults.

It records every request, so that tests can count them; `decide` may be replaced by a function that draws faults at
random, for runs of the real git-annex against a bad server.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import TypeAlias
from urllib.parse import quote_from_bytes, urlsplit
from xml.sax.saxutils import escape

from support.scripted import Answer, Handler, Scripted, Seen, decoded

MoreHeaders: TypeAlias = Callable[[Seen], Mapping[str, str]]
"""What an answer has besides."""


class DAVHandler(Handler):
    """Proper answers of a plain WebDAV server."""

    scripted: "ScriptedDAV"

    def decoded_path(self) -> str:
        # A client that takes this server for a proxy sends the whole URL (RFC 9112 section 3.2.2).
        return re.sub("^http://[^/]*", "", super().decoded_path()).rstrip("/")

    def keep_half(self, seen: Seen) -> None:
        self.scripted.objects[seen.path] = seen.body[: len(seen.body) // 2]

    def proper(self, seen: Seen) -> Answer:
        if not self._is_let_in(seen):
            return 401, {"WWW-Authenticate": 'Basic realm="scripted"'}, b""
        seen = seen._replace(path=self.scripted.spelled(seen.path))
        done: Answer = getattr(self, f"_{seen.method.lower()}", self._unknown)(seen)
        return done

    def _is_let_in(self, seen: Seen) -> bool:
        if self.scripted.login is None:
            return True
        wanted = base64.b64encode(":".join(self.scripted.login).encode()).decode()
        return seen.headers.get("Authorization") == f"Basic {wanted}"

    def _unknown(self, _seen: Seen) -> Answer:
        return 501, {}, b""

    def _put(self, seen: Seen) -> Answer:
        if _parent(seen.path) not in self.scripted.folders:
            return self.scripted.missing_parent, {}, b""
        if seen.path in self.scripted.folders:
            return 405, {}, b""
        if self._is_refused(seen):
            return 412, {}, b""
        status = 204 if seen.path in self.scripted.objects else 201
        self.scripted.write(seen.path, seen.body)
        return status, dict(self.scripted.on_put(seen)), b""

    def _mkcol(self, seen: Seen) -> Answer:
        if seen.path in self.scripted.folders or seen.path in self.scripted.objects:
            return 405, {}, b""
        if _parent(seen.path) not in self.scripted.folders:
            return 409, {}, b""
        self.scripted.folders.add(seen.path)
        return 201, {}, b""

    def _move(self, seen: Seen) -> Answer:
        target = decoded(urlsplit(seen.headers["Destination"]).path.rstrip("/"))
        if not seen.headers["Destination"].startswith(self.scripted.url):
            return 502, {}, b""
        if seen.path not in self.scripted.objects:
            return 404, {}, b""
        if self._is_refused(seen):
            return 412, {}, b""
        if _parent(target) not in self.scripted.folders:
            return 409, {}, b""
        there = self.scripted.spelled(target)
        is_there = there in {*self.scripted.objects, *self.scripted.folders}
        if seen.headers.get("Overwrite") == "F" and is_there:
            return 412, {}, b""
        if seen.path != there:
            self.scripted.remove(there)
        status = 204 if is_there else 201
        self.scripted.objects[target] = self.scripted.objects.pop(seen.path)
        if seen.path in self.scripted.etags:
            self.scripted.etags[target] = self.scripted.etags.pop(seen.path)
        return status, {}, b""

    def _delete(self, seen: Seen) -> Answer:
        if seen.path in self.scripted.folders and self.scripted.knows_depth and seen.headers.get("Depth") == "0":
            return 400, {}, b""
        if seen.path in self.scripted.objects and self._is_refused(seen):
            return 412, {}, b""
        return (204 if self.scripted.remove(seen.path) else 404), {}, b""

    def _is_refused(self, seen: Seen) -> bool:
        """Whether the server compares entity tags, and a condition of the request is not met."""
        if not self.scripted.compares:
            return False
        tag = self.scripted.etags.get(seen.path) if seen.path in self.scripted.objects else None
        if seen.headers.get("If-None-Match") == "*" and tag is not None:
            return True
        return seen.headers.get("If-Match", tag) != tag

    def _head(self, seen: Seen) -> Answer:
        status, headers, body = self._get(seen)
        return status, {**headers, "Content-Length": str(len(body))}, b""

    def _get(self, seen: Seen) -> Answer:
        body = self.scripted.objects.get(seen.path)
        if body is None:
            return 404, {"Content-Type": "text/html"}, b"<html>not here</html>"
        headers = {"Content-Type": self.scripted.types.get(seen.path, "application/octet-stream")}
        tag = self.scripted.etags.get(seen.path)
        if tag:
            headers["ETag"] = tag
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", seen.headers.get("Range", ""))
        if (
            not wanted
            or not self.scripted.knows_ranges
            or (self.scripted.knows_conditions and seen.headers.get("If-Range", tag) != tag)
        ):
            return 200, headers, body
        start = int(wanted[1])
        if start >= len(body):
            return 416, {"Content-Range": f"bytes */{len(body)}"}, b""
        end = min(int(wanted[2]) + 1, len(body)) if wanted[2] else len(body)
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(body)}"
        return 206, headers, body[start:end]

    def _propfind(self, seen: Seen) -> Answer:
        if seen.headers["Depth"] not in {"0", "1"}:
            return 403, {}, b""
        if seen.path not in self.scripted.folders and seen.path not in self.scripted.objects:
            return 404, {}, b""
        found = [seen.path]
        if seen.headers["Depth"] == "1" and seen.path in self.scripted.folders:
            found += [
                path for path in (*self.scripted.folders, *self.scripted.objects) if path and _parent(path) == seen.path
            ]
        things = "".join(self._response(path) for path in found)
        text = f'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">{things}</D:multistatus>'
        return 207, {"Content-Type": "application/xml"}, text.encode()

    def _response(self, path: str) -> str:
        href = quote_from_bytes(path.encode("utf-8", "surrogateescape")) + "/" * (path in self.scripted.folders)
        kind = "<D:collection/>" if path in self.scripted.folders else ""
        size = self.scripted.objects.get(path)
        length = "" if size is None else f"<D:getcontentlength>{len(size)}</D:getcontentlength>"
        if path in self.scripted.modified:
            length += f"<D:getlastmodified>{formatdate(self.scripted.modified[path], usegmt=True)}</D:getlastmodified>"
        if tag := self.scripted.etags.get(path):
            length += f"<D:getetag>{escape(tag)}</D:getetag>"
        return (
            f"<D:response><D:href>{escape(href)}</D:href><D:propstat><D:prop><D:resourcetype>{kind}</D:resourcetype>"
            f"{length}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        )


class ScriptedDAV(Scripted):
    """The server's state; paths have no slash at their end."""

    handler = DAVHandler

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, bytes] = {}
        self.folders: set[str] = {""}
        self.missing_parent = 409
        self.types: dict[str, str] = {}
        """Content types by path."""
        self.etags: dict[str, str] = {}
        """Entity tags by path, quotes included."""
        self.modified: dict[str, float] = {}
        """Seconds since 1970 by path, where the server tells."""
        self.knows_conditions = True
        """False for a server that takes no notice of If-Range."""
        self.gives_tags = False
        """True for a server that gives each file a tag of its content."""
        self.compares = False
        """True for a server that compares If-Match and If-None-Match before it changes a file."""
        self.knows_ranges = True
        """False for a server that always sends whole objects."""
        self.knows_depth = False
        """True for a server that deletes no folder with `Depth: 0`."""
        self.folds = False
        """True for a server to which names that differ only in case, or in the way `é` is written, are the same."""
        self.login: tuple[str, str] | None = None
        self.on_put: MoreHeaders = lambda _seen: {}
        """More headers for the answer to a PUT."""

    def spelled(self, path: str) -> str:
        """The path as the server has it, or as it was given if it has none."""
        if not self.folds or path in self.objects:
            return path
        return next((each for each in self.objects if _folded(each) == _folded(path)), path)

    def write(self, path: str, content: bytes) -> None:
        """Put a file there, as a PUT does."""
        self.objects[path] = content
        if self.gives_tags:
            self.etags[path] = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'

    def remove(self, path: str) -> bool:
        """Remove a file, or a folder with all that is in it; False if there is none."""
        there = {*self.objects, *self.folders}
        below = {each for each in there if each == path or each.startswith(f"{path}/")}
        self.folders -= below
        for each in below:
            self.objects.pop(each, None)
        return bool(below)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
