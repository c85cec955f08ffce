"""Temporary names, unique to one process, and the MOVE that gives a complete temporary object its final name."""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from threading import Lock
from types import MappingProxyType
from typing import Literal, NamedTuple

from git_annex_remote_pyshare.backends.webdav import in_the_way
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.download import stat
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import Cancelled, ContentChanged, PyshareError, Unreachable
from git_annex_remote_pyshare.state.process_slot import ProcessSlot
from git_annex_remote_pyshare.transport.response import HTTPResponse
from git_annex_remote_pyshare.transport.statuses import IN_DOUBT
from git_annex_remote_pyshare.waiting import NEVER, pause

_TEMPORARY = re.compile(r"pyshare-tmp-[0-9a-f]{32}")
_PAUSES = (0.2, 1, 2, 4, 8, 16)
"""Seconds between checks of a MOVE whose result is unknown."""


def is_temporary(name: str) -> bool:
    """Whether the name is that of a temporary object."""
    return bool(_TEMPORARY.fullmatch(name.rpartition("/")[2]))


def is_success(response: HTTPResponse) -> bool:
    """Whether a PUT or MOVE succeeded; 200 with HTML is a login page, 202 means later, 207 means partly."""
    html = response.headers.get("Content-Type", "").startswith("text/html")
    return response.status in {201, 204} or (response.status == 200 and not html)


class Temporaries:
    """Temporary names: the same for each attempt at an object, so that leftovers do not accumulate.

    Args:
        client: Removes the temporary object of a failed store.
        clone: Its identity, and this process's number in it, make names unique to one writer.
    """

    def __init__(self, client: Client, clone: LocalConfig) -> None:
        self._client = client
        self._clone = clone
        self._in_use: set[str] = set()
        self._lock = Lock()

    @contextmanager
    def one_for(self, path: str) -> Iterator[str]:
        """A temporary path in the folder of `path`; its object is removed if the block fails."""
        temporary = self._take(path)
        try:
            yield temporary
        except Cancelled:
            raise  # There is no time for a request; the next attempt overwrites it.
        except BaseException:  # an incomplete object is of no use
            self._remove(temporary)
            raise
        finally:
            self._in_use.discard(temporary)

    @cached_property
    def _writer(self) -> str:
        """Identifies this process among concurrent ones; sequential processes of a clone share it."""
        self._slot = ProcessSlot(self._clone.git_dir) if self._clone.git_dir else None
        return f"{self._clone.id or secrets.token_hex(16)}{self._slot.number if self._slot else ''}"

    def _take(self, path: str) -> str:
        # The same folder, since only there a MOVE is certainly a rename.
        folder, slash, _ = path.rpartition("/")
        with self._lock:
            seed = f"{self._writer}/{path}"
            while (temporary := f"{folder}{slash}pyshare-tmp-{_short_hash(seed)}") in self._in_use:
                seed += secrets.token_hex(8)  # another job stores the same object
            self._in_use.add(temporary)
        return temporary

    def _remove(self, temporary: str) -> None:
        with suppress(PyshareError), self._client.send(Request("DELETE", temporary, "remove a half-stored file")):
            pass


class Move(NamedTuple):
    """The arguments of a MOVE."""

    temporary: str
    """The temporary path of the object."""
    path: str
    size: int | None
    """Bytes of the object; None if unknown."""
    what: str
    """For error texts."""
    overwrite: Literal["T", "F"] = "T"
    """What the MOVE replaces: `T` whatever is there, also a folder; `F` only what the server has said to be a file."""
    replacing: Mapping[str, str] = MappingProxyType({})
    """Headers of a MOVE that replaces a file, for the server to compare the version of that."""
    look: Callable[[], None] = lambda: None
    """Called once it is known that there is a file, to raise ContentChanged if that must not be replaced."""


def move(client: Client, wanted: Move, tick: Callable[[], None]) -> None:
    """Rename the temporary object to its final name, replacing an existing object.

    MOVE is not idempotent: after a lost response the target is checked before it is repeated.

    Args:
        client: Sends the requests.
        wanted: What to move.
        tick: Called while waiting; may raise to stop.
    """
    doubt = _try(client, wanted, wanted.overwrite, None)
    for seconds in _PAUSES:
        if doubt is None or _has_moved(client, wanted):
            return
        pause(NEVER, max(seconds, min(doubt.retry_after or 0, _PAUSES[-1])), tick)
        doubt = _try(client, wanted, wanted.overwrite, doubt)
    if doubt is not None and not _has_moved(client, wanted):
        raise doubt


def _try(client: Client, wanted: Move, overwrite: str, doubt: PyshareError | None) -> PyshareError | None:
    """Send one MOVE: None if it succeeded, an error if its result is unknown; raises a final error."""
    headers = {"Overwrite": overwrite}
    if overwrite == "T":
        headers |= wanted.replacing
    request = Request("MOVE", wanted.temporary, wanted.what, headers, destination=wanted.path)
    try:
        with client.send(request) as response:
            if is_success(response):
                return None
            refusal = client.failure(request, response)
            status = response.status
    except Unreachable as lost:
        return lost
    if status == 412 and overwrite == "F":
        if in_the_way.is_file(client, wanted.path, wanted.what):
            wanted.look()
        return _try(client, wanted, "T", doubt)
    if isinstance(refusal, ContentChanged):
        raise refusal
    if status == 412:
        # This server does not overwrite; the new object is already complete.
        clear = in_the_way.delete_file if wanted.overwrite == "F" else in_the_way.delete
        clear(client, wanted.path, wanted.what)
    elif doubt is None and status not in IN_DOUBT:
        if wanted.overwrite == "F":
            in_the_way.explain(client, wanted.path, wanted.what)
        raise refusal
    return refusal


def _has_moved(client: Client, wanted: Move) -> bool:
    """Whether the temporary object is gone and the target exists; False while that is unknown.

    Raises:
        Unreachable: Neither exists, so the object must be sent again.
    """
    try:
        if stat(client, wanted.temporary, wanted.what) is not None:
            return False
        found = stat(client, wanted.path, wanted.what)
    except Unreachable:
        return False
    if found is None or (wanted.size is not None and found.size not in {None, wanted.size}):
        raise Unreachable(f"{client.doing(wanted.what)}: the server lost the file while renaming it")
    return True


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
