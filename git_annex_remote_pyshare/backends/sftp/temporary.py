"""Names of temporary files beside the objects: the same for each attempt, so that leftovers do not accumulate."""

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import NamedTuple

from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import NotAStore, Unreachable

PREFIX = ".pyshare-tmp-"
PART = ".pyshare-part-"
"""Beginnings of the names of files that are stored whole, and of files that are stored in parts."""

_TEMPORARY = re.compile(rf"(?:{re.escape(PREFIX)}|{re.escape(PART)})[0-9a-f]{{32}}")
_IN_PARTS = re.compile(rf"(?:[^\n]*/)?{re.escape(PART)}[0-9a-f]{{32}}")


def is_temporary(name: str) -> bool:
    """Whether the last segment of the name is that of a temporary file."""
    return bool(_TEMPORARY.fullmatch(name.rpartition("/")[2]))


def is_in_parts(name: str) -> bool:
    """Whether the name is that of a file which is stored in parts."""
    return bool(_IN_PARTS.fullmatch(name))


def beside(name: str, last: str) -> str:
    """The name of another file in the same folder."""
    folder, slash, _ = name.rpartition("/")
    return f"{folder}{slash}{last}"


def aside_of(temporary: bytes) -> bytes:
    """The path to which an old file goes while the temporary one takes its place."""
    folder, slash, _ = temporary.rpartition(b"/")
    return folder + slash + PREFIX.encode() + hashlib.sha256(temporary).hexdigest()[:32].encode()


class Temporary(NamedTuple):
    """The name of a temporary file, for one writer."""

    name: str
    lost: tuple[str, ...]
    """Those of earlier attempts that ended with their connection. What was sent on it may still arrive: the rename of
    such a file must find none, and no file that is being written may have its name."""


class Temporaries:
    """The temporary names that this process uses now.

    Args:
        clone: Its identity, and this process's number in it, make names unique to one writer.
    """

    def __init__(self, clone: LocalConfig) -> None:
        self._clone = clone
        self._in_use: set[str] = set()
        self._lost: dict[str, tuple[str, ...]] = {}
        self._lock = Lock()

    @contextmanager
    def one_for(self, name: str) -> Iterator[Temporary]:
        """A name in the same folder, which no other job uses during the block; the block removes the lost ones."""
        with self._lock:
            lost = self._lost.pop(name, ())
            seed = f"{self._writer}/{name}"
            while (temporary := beside(name, PREFIX + _short(seed))) in self._in_use:
                seed += secrets.token_hex(8)  # another job stores the same object
            self._in_use.add(temporary)
        done = (*lost, temporary)
        try:
            yield Temporary(temporary, lost)
        except (Unreachable, NotAStore):
            with self._lock:
                self._lost[name] = (*self._lost.get(name, ()), *done)
            done = ()
            raise
        finally:
            self._in_use.difference_update(done)

    @cached_property
    def _writer(self) -> str:
        """Identifies this process among those that run now; later processes of the clone are called the same."""
        # Only storing needs it.
        from git_annex_remote_pyshare.state.process_slot import ProcessSlot  # noqa: PLC0415

        self._slot = ProcessSlot(self._clone.git_dir) if self._clone.git_dir else None
        return f"{self._clone.id or secrets.token_hex(16)}{self._slot.number if self._slot else ''}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
