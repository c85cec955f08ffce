"""Sends requests to rclone's remote control (https://rclone.org/rc/), and reads objects through it."""

import json
import math
import selectors
import socket
import time
import weakref
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, RemoteDisconnected
from threading import Lock
from typing import Any
from urllib.parse import quote

from git_annex_remote_pyshare.backends.rclone.child import CHILDREN, HAS_SOCKETS, Child
from git_annex_remote_pyshare.backends.rclone.errors import Refused
from git_annex_remote_pyshare.backends.rclone.program import require_version
from git_annex_remote_pyshare.errors import Unreachable

_LARGEST = 256 << 20
"""Bytes of the longest answer that is read: the listing of a folder with a million objects."""

_POLL = 0.25
"""Seconds between two questions how far a transfer is."""

Answer = Mapping[str, Any]


class _Socket(HTTPConnection):
    """A connection to a socket in a folder."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """See HTTPConnection."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Lease:
    """The use of one rclone process, with connections to it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._child: Child | None = None
        self._idle: list[HTTPConnection] = []

    def child(self) -> tuple[Child, bool]:
        """The running process, and whether it is another than at the last call."""
        with self._lock:
            if self._child is not None and self._child.is_running():
                return self._child, False
            self._forget(CHILDREN.release)
            self._child = CHILDREN.take()
            return self._child, True

    def connection(self) -> HTTPConnection | None:
        """A connection that was used before; None if there is none."""
        with self._lock:
            return self._idle.pop() if self._idle else None

    def keep(self, child: Child, connection: HTTPConnection) -> None:
        """Keep a connection for the next request."""
        with self._lock:
            if child is self._child:
                self._idle.append(connection)
                return
        connection.close()

    def end(self) -> None:
        """End the process if no other store uses it; may be called twice."""
        with self._lock:
            self._forget(CHILDREN.release)

    def abandon(self) -> None:
        """As `end`, from a destructor: nothing else refers to this object any more."""
        self._forget(CHILDREN.abandon)

    def _forget(self, give_back: Callable[[Child], None]) -> None:
        child, self._child = self._child, None
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        if child is not None:
            give_back(child)


class RemoteControl:
    """The requests of one store to rclone, which is started by the first of them.

    Args:
        timeout: Seconds for which an answer, or the next piece of an object, may not move.
        rate: Bytes per second for all transfers; infinite for no limit.
    """

    def __init__(self, timeout: float, rate: float) -> None:
        self._timeout = timeout
        self._rate = rate
        self._lease = _Lease()
        weakref.finalize(self, self._lease.abandon).atexit = False

    @property
    def child(self) -> Child:
        """The running process; started if there is none, or if it has ended.

        Raises:
            BadSetting: rclone is missing or too old.
            PermissionDenied: Its configuration is encrypted.
        """
        child, is_new = self._lease.child()
        if is_new and self._rate < math.inf:
            self.call("core/bwlimit", {"rate": f"{max(1, int(self._rate))}B"})
        return child

    def close(self) -> None:
        """End the process if no other store uses it; may be called twice."""
        self._lease.end()

    def call(self, method: str, parameters: Answer) -> Answer:
        """One request, and its answer.

        Raises:
            Refused: rclone says that it failed.
            Unreachable: There is no answer.
        """
        with self._exchange("POST", f"/{method}", json.dumps(parameters)) as response:
            return _answer(response)

    def transfer(self, method: str, parameters: Answer, moved: Callable[[int], object], patience: float = 0) -> Answer:
        """A request that copies an object: `moved` is called regularly with the bytes so far, and may raise to stop it.

        Args:
            method: As for `call`.
            parameters: As for `call`.
            moved: Gets the number of bytes.
            patience: Seconds, besides the time limit, for which nothing may move.
        """
        group = f"pyshare-{id(parameters)}-{time.monotonic_ns()}"
        body = json.dumps({**parameters, "_group": group})

        def wait(connection: HTTPConnection) -> None:
            last, since = -1, time.monotonic()
            while not _has_answer(connection):
                done = int(self.call("core/stats", {"group": group}).get("bytes") or 0)
                if done != last:
                    last, since = done, time.monotonic()
                elif time.monotonic() - since > self._timeout + patience:
                    raise Unreachable("nothing moved for too long")
                moved(done)

        with self._exchange("POST", f"/{method}", body, wait=wait) as response:
            return _answer(response)

    @contextmanager
    def read(self, fs: str, name: str, offset: int) -> Iterator[HTTPResponse]:
        """The response with an object, or with its rest from `offset`.

        Raises:
            Refused: As for `call`; the status 404 with a text means that the object is not there.
            Unreachable: There is no answer.
        """
        if "]" in fs:  # rclone ends the name of the folder at the first one
            remote, _, folder = fs.partition(":")
            fs, name = f"{remote}:", f"{folder.rstrip('/')}/{name}"
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        path = f"/[{quote(fs, safe='')}]/{quote(name)}"
        with self._exchange("GET", path.replace("[", "%5B", 1).replace("]", "%5D", 1), headers=headers) as response:
            if response.status not in {200, 206}:
                _answer(response)
            yield response

    @contextmanager
    def _exchange(
        self,
        verb: str,
        path: str,
        body: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        wait: Callable[[HTTPConnection], object] = lambda _: None,
    ) -> Iterator[HTTPResponse]:
        """Send a request and yield the response; its connection is kept if the block has read all of it."""
        child = self.child
        try:
            connection, response = self._respond(child, verb, path, body, headers or {}, wait)
        except (OSError, HTTPException) as error:
            raise self._lost(child) from error
        try:
            require_version(response.getheader("Server", ""))
            yield response
        except BaseException:  # whatever ended the block, the rest of the response must not be taken for the next one
            connection.close()
            raise
        if response.isclosed() and not response.will_close:
            self._lease.keep(child, connection)
        else:
            connection.close()

    def _respond(
        self,
        child: Child,
        verb: str,
        path: str,
        body: str | None,
        headers: Mapping[str, str],
        wait: Callable[[HTTPConnection], object],
    ) -> tuple[HTTPConnection, HTTPResponse]:
        while True:
            connection, is_used = self._connection(child)
            try:
                connection.request(verb, path, body, {**_headers(child), **headers})
                wait(connection)
                return connection, connection.getresponse()
            except (RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                connection.close()  # rclone closes idle connections after a minute
                if not is_used:
                    raise
            except BaseException:  # also if git-annex ends us: no other request may use it, half way through this one
                connection.close()
                raise

    def _connection(self, child: Child) -> tuple[HTTPConnection, bool]:
        """A connection, and whether it was used before."""
        if used := self._lease.connection():
            return used, True
        if HAS_SOCKETS:
            return _Socket(child.address, self._timeout), False
        return HTTPConnection(child.address, timeout=self._timeout), False

    def _lost(self, child: Child) -> Exception:
        """The error for a request without an answer."""
        if child.is_ending():
            return child.failure()
        return Unreachable("rclone does not answer")


def _headers(child: Child) -> Mapping[str, str]:
    kind = {"Content-Type": "application/json"}
    if not child.login:
        return kind
    return {**kind, "Authorization": f"Basic {b64encode(child.login.encode()).decode()}"}


def _has_answer(connection: HTTPConnection) -> bool:
    """Whether the answer begins to arrive within _POLL seconds."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(_POLL))


def _answer(response: HTTPResponse) -> Answer:
    """The JSON object of a response.

    Raises:
        Refused: The request failed.
        Unreachable: It is not what rclone answers.
    """
    body = response.read(_LARGEST)
    if not response.isclosed():
        raise Unreachable("the answer of rclone is too long", remedy="Use a layout with more folders.", retryable=False)
    is_json = response.getheader("Content-Type", "").partition(";")[0] == "application/json"
    try:
        answer = json.loads(body) if is_json else None
    except (ValueError, RecursionError):
        answer = None
    if response.status != 200:  # noqa: PLR2004  # OK
        raise Refused(response.status, str(answer.get("error", "")) if isinstance(answer, dict) else "")
    if not isinstance(answer, dict):
        raise Unreachable("rclone answered something that is no answer")
    return answer
