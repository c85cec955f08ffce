"""Logs a line for each HTTP request; `git annex --debug` and `pyshare -v` show it, and `pyshare doctor` reads it.

No line contains a secret: headers, queries and the user name in an address are not logged, and the token of a public
link is removed from the path.

A special remote cannot know whether the user gave `--debug`: neither the protocol nor the environment says so. So each
line is sent, which takes about 20 µs per request, and without `--debug` git-annex discards it.
"""

import logging
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from git_annex_remote_pyshare.safe_text import one_line

Send = Callable[[str], bool]
"""Sends a line to git-annex for its user; returns False if git-annex would not read it now."""

SHOWN_HEADERS = ("Content-Type", "Date", "Server")
"""Headers of a response that say what kind of server sent it; none of them has a secret."""

_ALL = logging.getLogger("pyshare")
_ALL.addHandler(logging.NullHandler())  # otherwise Python prints records that have no handler
_HTTP = logging.getLogger("pyshare.http")

_BEFORE_OPENER = (
    r"(/(?:s|sh|d/s|scl/f[io]|public\.php/dav/files|dav/public-files|remote\.php/direct|seafhttp/files|login/v2/flow"
    r"|cd/0/get)/)"
)
_OPENERS = re.compile(rf"{_BEFORE_OPENER}[^/]+", re.IGNORECASE)
"""Where addresses of Nextcloud, ownCloud and Dropbox contain a token of a link, a login or a download."""
_OPENERS_IN_TEXT = re.compile(rf"{_BEFORE_OPENER}[^/\s\"'?#,]+", re.IGNORECASE)
"""The same where the address is in a text, and ends before a space or a quote."""


class Exchange:
    """One HTTP request and its response, while it is in progress.

    Args:
        method: The HTTP method.
        server: Host, and port unless it is the default of the scheme.
        target: The target in the request line: a path with its query, or a whole URL for a proxy.
    """

    def __init__(self, method: str, server: str, target: str) -> None:
        self.sent = -1
        """Bytes of the request body that were sent."""
        self.received = 0
        """Bytes of the response body that were received."""
        self.status = 0
        self.method = method
        self.headers: Mapping[str, str] = {}
        """Of the response: those of `SHOWN_HEADERS` that it has, by these names."""
        self.responded = 0.0
        """When the response began, in seconds since 1970 by this machine's clock."""
        self._begin = time.monotonic()
        self._server, self._path = _shown(server, target)

    def end(self, outcome: str = "") -> None:
        """Log the request.

        Args:
            outcome: How the request ended; if empty, the status of the response.
        """
        took = (time.monotonic() - self._begin) * 1000
        _HTTP.debug(
            "%s %s %s: %s, %.0f ms, %d bytes sent, %d received",
            *(self.method, self._server, self._path, outcome or self.status, took, max(self.sent, 0), self.received),
            extra={"exchange": self},
        )

    def begin_response(self, status: int, headers: Mapping[str, str]) -> None:
        """Note the beginning of the response."""
        self.status = status
        self.responded = time.time()
        self.headers = {name: headers[name] for name in SHOWN_HEADERS if name in headers}


def exchange(method: str, server: str, target: str) -> Exchange | None:
    """Start to log a request; None if nothing is logged. Arguments as for `Exchange`."""
    return Exchange(method, server, target) if _HTTP.isEnabledFor(logging.DEBUG) else None


def no_connection(server: str, why: str) -> None:
    """Log that a connection failed before a request could begin."""
    _HTTP.debug("no connection to %s: %s", server, why)


@contextmanager
def to_stderr() -> Iterator[None]:
    """Show all lines of the block on standard error, as the user requested with `-v`."""
    handler = _StandardError()
    _add(handler)
    try:
        yield
    finally:
        _remove(handler)


@contextmanager
def to_git_annex(send: Send) -> Iterator[None]:
    """During the block, send to git-annex the lines of this thread, and those of threads that belong to no job.

    Args:
        send: Sends a line through the job of the calling thread.
    """
    _GIT_ANNEX.jobs.append(send)
    _add(_GIT_ANNEX)
    before = _JOB.set(send)
    try:
        yield
    finally:
        _JOB.reset(before)
        _GIT_ANNEX.jobs.remove(send)
        if not _GIT_ANNEX.jobs:
            _remove(_GIT_ANNEX)


class Recorded(logging.Handler):
    """The lines of a block, and the requests that they are about."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.exchanges: list[Exchange] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging for each line, in any thread."""
        self.lines.append(one_line(record.getMessage()))
        if isinstance(done := getattr(record, "exchange", None), Exchange):
            self.exchanges.append(done)


@contextmanager
def recorded() -> Iterator[Recorded]:
    """Keep all lines of the block, for a command that looks at what a server does."""
    handler = Recorded()
    _add(handler)
    try:
        yield handler
    finally:
        _remove(handler)


def without_tokens(text: str) -> str:
    """The text without what opens a public link, in addresses of the services that pyshare knows."""
    return _OPENERS_IN_TEXT.sub(r"\1…", text)


class _StandardError(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{one_line(record.getMessage())}\n")


class _GitAnnex(logging.Handler):
    """Passes a line to the job whose thread logs it, and a line of a shared thread to any job that has a request."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Send] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = one_line(record.getMessage())
        job = _JOB.get()
        any((send(line) for send in tuple(self.jobs)) if job is None else (job(line),))


_GIT_ANNEX = _GitAnnex()
_JOB: ContextVar[Send | None] = ContextVar("job", default=None)


def _add(handler: logging.Handler) -> None:
    _ALL.addHandler(handler)  # adding it again has no effect
    _ALL.setLevel(logging.DEBUG)


def _remove(handler: logging.Handler) -> None:
    _ALL.removeHandler(handler)
    if len(_ALL.handlers) == 1:
        _ALL.setLevel(logging.NOTSET)


def _shown(server: str, target: str) -> tuple[str, str]:
    """Server and path, without anything that could be a secret."""
    path = target.partition("?")[0]
    if not path.startswith("/") and "://" in path:
        server, slash, rest = path.partition("://")[2].partition("/")
        path = slash + rest
    return server.rpartition("@")[2], _OPENERS.sub(r"\1…", path)
