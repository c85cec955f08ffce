"""Temporary names, unique to one process, and the MOVE that gives a complete temporary object its final name."""

import hashlib
import os
import re
import secrets
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from threading import Lock
from typing import NamedTuple

from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.download import stat
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import Cancelled, PyshareError, Unreachable
from git_annex_remote_pyshare.state.lock import try_lock
from git_annex_remote_pyshare.transport.response import HTTPResponse
from git_annex_remote_pyshare.transport.statuses import IN_DOUBT
from git_annex_remote_pyshare.waiting import NEVER, pause

_TEMPORARY = re.compile(r"pyshare-tmp-[0-9a-f]{32}")
_PAUSES = (0.2, 1, 2, 4, 8, 16)
"""Seconds between looks at a MOVE in doubt."""

_MOST = 64
"""Processes of one clone that are told apart by locks: some network folders say for ever that another has it."""


def is_temporary(name: str) -> bool:
    """Whether the name is one of an unfinished store."""
    return bool(_TEMPORARY.fullmatch(name.rpartition("/")[2]))


def is_success(response: HTTPResponse) -> bool:
    """Whether a PUT or MOVE was done; 200 with a page is a login's, 202 and 207 are promises and parts."""
    html = response.headers.get("Content-Type", "").startswith("text/html")
    return response.status in {201, 204} or (response.status == 200 and not html)


class Temporaries:
    """Names for unfinished stores: the same for the same object again, so that leftovers cannot grow in number.

    Args:
        client: Removes what a failed store left.
        clone: Its identity, and the number of this process in it, keep two writers from sharing a name.
    """

    def __init__(self, client: Client, clone: LocalConfig) -> None:
        self._client = client
        self._clone = clone
        self._in_use: set[str] = set()
        self._lock = Lock()

    @contextmanager
    def one_for(self, path: str) -> Iterator[str]:
        """A path beside `path`, whose object is removed if the block fails."""
        temporary = self._take(path)
        try:
            yield temporary
        except Cancelled:
            raise  # There is no time to ask the server; the next attempt overwrites it.
        except BaseException:  # whatever ended the store, half an object is of no use
            self._remove(temporary)
            raise
        finally:
            self._in_use.discard(temporary)

    @cached_property
    def _writer(self) -> str:
        """The same for all processes of this clone that come one after the other."""
        self._claim = Claim(self._clone.git_dir) if self._clone.git_dir else None
        return f"{self._clone.id or secrets.token_hex(16)}{self._claim.number if self._claim else ''}"

    def _take(self, path: str) -> str:
        # The same folder, since only there a MOVE is sure to be a rename.
        folder, slash, _ = path.rpartition("/")
        with self._lock:
            mark = f"{self._writer}/{path}"
            while (temporary := f"{folder}{slash}pyshare-tmp-{_short_hash(mark)}") in self._in_use:
                mark += secrets.token_hex(8)  # another job stores the same object
            self._in_use.add(temporary)
        return temporary

    def _remove(self, temporary: str) -> None:
        with suppress(PyshareError), self._client.send(Request("DELETE", temporary, "remove a half-stored file")):
            pass


class Move(NamedTuple):
    """A MOVE to be done."""

    temporary: str
    path: str
    size: int
    """Bytes of the object."""
    what: str
    """For error texts."""


def move(client: Client, wanted: Move, tick: Callable[[], None]) -> None:
    """Give the temporary object its name, replacing what is there.

    MOVE must not be repeated blindly: after a lost answer the target is looked at first.

    Args:
        client: Sends the requests.
        wanted: What to move.
        tick: Called while waiting; may raise to stop.
    """
    request = Request("MOVE", wanted.temporary, wanted.what, {"Overwrite": "T"}, destination=wanted.path)
    doubt = _try(client, request, None)
    for seconds in _PAUSES:
        if doubt is None or _has_moved(client, wanted):
            return
        pause(NEVER, max(seconds, min(doubt.retry_after or 0, _PAUSES[-1])), tick)
        doubt = _try(client, request, doubt)
    if doubt is not None and not _has_moved(client, wanted):
        raise doubt


def _try(client: Client, request: Request, doubt: PyshareError | None) -> PyshareError | None:
    """One MOVE: None when it is done, an error when it may have been done; raises one that is final."""
    try:
        with client.send(request) as response:
            if is_success(response):
                return None
            refusal = client.failure(request, response)
            status = response.status
    except Unreachable as lost:
        return lost
    if status == 412:
        _clear(client, request)
    elif doubt is None and status not in IN_DOUBT:
        raise refusal
    return refusal


def _clear(client: Client, request: Request) -> None:
    """Remove the old object for a server that does not overwrite: the new one is there whole."""
    removal = Request("DELETE", request.destination or "", request.what)
    with client.send(removal) as response:
        if response.status not in {200, 204, 404, 410}:
            raise client.failure(removal, response)


def _has_moved(client: Client, wanted: Move) -> bool:
    """Whether the temporary object is gone and the wanted one there; False while that cannot be known.

    Raises:
        Unreachable: Both are gone, so the object must be sent again.
    """
    try:
        if stat(client, wanted.temporary, wanted.what) is not None:
            return False
        found = stat(client, wanted.path, wanted.what)
    except Unreachable:
        return False
    if found is None or found.size not in {None, wanted.size}:
        raise Unreachable(f"{client.doing(wanted.what)}: the server lost the file while renaming it")
    return True


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Claim:
    """The lowest number that no other living process of the clone has; kept until this object or its process ends.

    Args:
        git_dir: The clone's git directory.
    """

    def __init__(self, git_dir: str) -> None:
        # Where nothing can be locked, the number must be one that nobody else has.
        self.number = secrets.token_hex(16)
        with suppress(OSError):
            self._take(git_dir)

    def _take(self, git_dir: str) -> None:
        for number in range(_MOST):
            path = os.path.join(git_dir, "annex", f"pyshare-{number}.lck")
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            # The system frees the lock of a process that was killed.
            weakref.finalize(self, os.close, descriptor)
            if try_lock(descriptor):
                self.number = str(number)
                return
