"""Provides a store in memory: a backend that meets the whole contract, and fails where a script says so."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import BinaryIO

from git_annex_remote_pyshare.backends.base import Backend, Content, Entry, Receipt, Stat, StoreConfig, encode_name
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import ContentChanged, NotFound, RangeRefused, SourceChanged, Unreachable
from git_annex_remote_pyshare.part_plan import Part
from git_annex_remote_pyshare.testing.faults import Cut, Drip, Fail, Fault, Faults, LoseReply, Mangle, Stale
from git_annex_remote_pyshare.transfer import BLOCK, ByteRange, Condition, Progress, Sink, Source

__all__ = ["MemoryBackend", "place"]


def place(url: str = "memory:", **settings: str) -> StoreConfig:
    """A StoreConfig for tests: with these settings, without a clone or a login."""
    return StoreConfig(url, {"url": url, **settings}, LocalConfig())


class MemoryBackend(Backend):
    """Objects in a dict; one lock makes every change atomic.

    Args:
        place: Where the store appears to be; its settings have no effect.
        faults: The failures; you can add to them at any time.
        digests: Algorithms (hashlib names) of the digests in the receipts.
    """

    def __init__(
        self,
        place: StoreConfig | None = None,
        *,
        faults: Faults | None = None,
        digests: tuple[str, ...] = (),
    ) -> None:
        super().__init__(place or _SOMEWHERE)
        self.faults = faults or Faults()
        self._digests = digests
        self._lock = Lock()
        self._objects: dict[str, bytes] = {}
        self._before: dict[str, bytes | None] = {}

    def stat(self, name: str) -> Stat | None:
        with self._met("stat") as fault:
            body = self._read(name, fault)
            return None if body is None else Stat(len(body))

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        with self._met("get") as fault:
            body = self._read(name, fault)
            if body is None:
                raise NotFound(f"{name} is not in the store")
            sink.require(self._id_of(body))
            _send(arriving(body, fault), sink, progress, fault)

    def is_exact(self, version: str) -> bool:
        """Whether there is one: it is the content's MD5."""
        return bool(version)

    def read_range(self, name: str, part: ByteRange, progress: Progress) -> bytearray:
        """See `ReadsRanges.read_range`."""
        with self._met("read_range") as fault:
            body = self._read(name, fault)
            if body is None:
                raise NotFound(f"{name} is not in the store")
            if (_digest("md5", body), len(body)) != (part.version, part.total):
                raise RangeRefused(f"{name} is another version")
            sent = arriving(body[part.start : part.start + part.size], fault)
            came = bytearray()
            for piece in _line((sent[start : start + BLOCK] for start in range(0, len(sent), BLOCK)), fault):
                came += piece
                progress(len(came))
            return came

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        encode_name(name)
        with self._met("put") as fault:
            body = received(source, Part(1, 0, source.size), progress, fault)
            self._require(name, source.condition)
            return self._stored(name, arriving(body, fault))

    def delete(self, name: str) -> None:
        with self._met("delete"):
            self._change(name, None)

    def move(self, source: str, target: str) -> None:
        self.move_if(source, target, None, None)

    def delete_if(self, name: str, condition: Condition) -> None:
        with self._met("delete"):
            self._require(name, condition)
            self._change(name, None)

    def move_if(self, source: str, target: str, moved: Condition | None, replaced: Condition | None) -> None:
        encode_name(target)
        with self._met("move") as fault:
            if self._read(source, fault) is None:
                raise NotFound(f"{source} is not in the store")
            self._require(source, moved)
            self._require(target, replaced)
            with self._lock:
                self._objects[target] = self._objects.pop(source)

    def unconditional(self) -> str:
        return ""

    def _require(self, name: str, condition: Condition | None) -> None:
        body = self._objects.get(name)
        found = "" if body is None else self._id_of(body)
        if condition is not None and found != condition.content:
            raise ContentChanged(f"{name} is another version")

    def list(self, folder: str = "") -> Iterator[Entry]:
        with self._met("list") as fault:
            with self._lock:
                names = sorted({*self._objects, *self._before})
            found = ((name, self._read(name, fault)) for name in names if _below(folder, name))
            yield from [Entry(name, len(body)) for name, body in found if body is not None]

    def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
        """See `ListsContents.list_contents`: PAGE files behind the one that `cursor` names."""
        with self._met("list_contents"):
            with self._lock:
                names = sorted(name for name in self._objects if name > cursor)
            for name in names[:PAGE]:
                add(Content(name, len(self._objects[name]), self._id_of(self._objects[name])))
            return [names[PAGE - 1]] if len(names) > PAGE else []

    def content_of(self, name: str) -> Content | None:
        with self._met("content_of") as fault:
            body = self._read(name, fault)
            return None if body is None else Content(name, len(body), self._id_of(body))

    def remove_version(self, name: str, content: str) -> None:
        """See `RemovesVersions.remove_version`."""
        with self._met("remove_version"), self._lock:
            body = self._objects.get(name)
            if body is None:
                raise NotFound(f"{name} is not in the store")
            if self._id_of(body) != content:
                raise ContentChanged(f"{name} has changed")
            self._before[name] = self._objects.pop(name)

    @contextmanager
    def _met(self, verb: str) -> Iterator[Fault | None]:
        """Run the work of one call in this block, with the faults that are the same for all verbs."""
        fault = self.faults.meet(verb)
        if isinstance(fault, Fail):
            raise fault.again()
        yield fault
        if isinstance(fault, LoseReply):
            raise Unreachable("the connection broke before the answer came")

    def _stored(self, name: str, body: bytes) -> Receipt:
        self._change(name, body)
        digests = {algorithm: _digest(algorithm, body) for algorithm in self._digests}
        return Receipt(len(body), digests, self._id_of(self._objects[name]))

    def _read(self, name: str, fault: Fault | None) -> bytes | None:
        encode_name(name)
        with self._lock:
            if isinstance(fault, Stale) and name in self._before:
                return self._before[name]
            return self._objects.get(name)

    def _id_of(self, body: bytes) -> str:
        """The content identifier."""
        return f"{len(body)}-{_digest('md5', body)}"

    def _change(self, name: str, body: bytes | None) -> None:
        encode_name(name)
        with self._lock:
            self._before[name] = self._objects.pop(name, None)
            if body is not None:
                self._objects[name] = body


_SOMEWHERE = place()

PAGE = 10
"""Files in one part of a listing."""


def _below(folder: str, name: str) -> bool:
    return not folder or name.startswith(f"{folder.rstrip('/')}/")


def received(source: Source, part: Part, progress: Progress, fault: Fault | None) -> bytes:
    """A part of a source as the server receives it; `progress` counts from the start of the part."""
    body = bytearray()
    with source.open(part.start) as file:
        for piece in _line(_blocks(file, part.size), fault):
            body += piece
            progress(len(body))
    if len(body) != part.size:
        raise SourceChanged(f"{os.fsdecode(source.path)} changed while it was being stored")
    return bytes(body)


def _blocks(file: BinaryIO, left: int) -> Iterator[bytes]:
    while block := file.read(min(BLOCK, left)):
        yield block
        left -= len(block)


def _send(body: bytes, sink: Sink, progress: Progress, fault: Fault | None) -> None:
    validator = _digest("md5", body)
    offset = sink.size if sink.size <= len(body) and sink.fits(validator) else 0
    with sink.writing(offset, len(body), validator) as file:
        blocks = (body[start : start + BLOCK] for start in range(offset, len(body), BLOCK))
        for piece in _line(blocks, fault):
            file.write(piece)
            offset += len(piece)
            progress(offset)


def arriving(body: bytes, fault: Fault | None) -> bytes:
    """The body as it arrives, after a Mangle has changed it."""
    return fault.change(body) if isinstance(fault, Mangle) else body


def _line(blocks: Iterable[bytes], fault: Fault | None) -> Iterator[bytes]:
    """The blocks as they come through a connection that may be cut or drip."""
    if isinstance(fault, Cut):
        return _cut(blocks, fault.after)
    if isinstance(fault, Drip):
        return _dripping(blocks, fault)
    return iter(blocks)


def _cut(blocks: Iterable[bytes], left: int) -> Iterator[bytes]:
    for block in blocks:
        if left:
            yield block[:left]
        if left < len(block):
            raise Unreachable("the connection broke in the middle of the body")
        left -= len(block)


def _dripping(blocks: Iterable[bytes], drip: Drip) -> Iterator[bytes]:
    for block in blocks:
        for start in range(0, len(block), drip.step):
            yield block[start : start + drip.step]
            drip.pause()


def _digest(algorithm: str, body: bytes) -> str:
    return hashlib.new(algorithm, body, usedforsecurity=False).hexdigest()
