"""An SFTP server of a few lines, in this process, that answers as a test says; in place of ssh."""

import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from typing import IO, NamedTuple

import pytest

from git_annex_remote_pyshare.backends.sftp.backend import SFTPBackend
from git_annex_remote_pyshare.backends.sftp.client import Client
from git_annex_remote_pyshare.backends.sftp.packets import Code, Kind, long, number, packet, text
from git_annex_remote_pyshare.errors import PyshareError, Unreachable
from support.sftpkit import place_at

HELLO = packet(Kind.VERSION, number(3), *map(text, (b"posix-rename@openssh.com", b"1", b"fsync@openssh.com", b"1")))
REGULAR = 0o100644
FOLDER = 0o40755


class Asked(NamedTuple):
    """A request: its kind, and what stands behind its id."""

    kind: int
    label: bytes
    body: bytes

    def reply(self, kind: Kind, *fields: bytes) -> bytes:
        return packet(kind, self.label, *fields)

    def status(self, code: int) -> bytes:
        return self.reply(Kind.STATUS, number(code), text(b"words"), text(b""))

    @property
    def name(self) -> bytes:
        """The first string: a path, a handle, or the name of an extension."""
        (size,) = struct.unpack(">I", self.body[:4])
        return self.body[4 : 4 + size]


Answer = Callable[[Asked], bytes | None]


def attributes(size: int, permissions: int = REGULAR, changed: int = 1) -> bytes:
    return number(1 | 4 | 8) + long(size) + number(permissions) + number(changed) + number(changed)


def kind(asked: Asked) -> bytes | None:
    """What a server of a store with the object of 11 bytes answers."""
    if asked.kind in {Kind.LSTAT, Kind.FSTAT, Kind.STAT}:
        return asked.reply(Kind.ATTRS, attributes(11))
    if asked.kind in {Kind.OPEN, Kind.OPENDIR}:
        return asked.reply(Kind.HANDLE, text(b"handle"))
    if asked.kind == Kind.READ:
        return asked.reply(Kind.DATA, text(b"the content"))
    return asked.status(Code.EOF if asked.kind == Kind.READDIR else Code.OK)


class Script:
    """The server, and what it was asked.

    Args:
        answer: Makes the answer to a request; None ends the connection.
        hello: What it says first.
    """

    def __init__(self, answer: Answer = kind, hello: bytes = HELLO) -> None:
        self.asked: list[Asked] = []
        self.starts = 0
        self.answer = answer
        self.hello = hello

    def start(self, _address: object) -> "Session":
        self.starts += 1
        return Session(self)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until it was asked so far."""
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, self.kinds()
            time.sleep(0.01)

    def kinds(self) -> list[int]:
        return [asked.kind for asked in self.asked]


class Session:
    """One connection: a `Program`."""

    def __init__(self, script: Script) -> None:
        self._script = script
        requests, ours = os.pipe()
        theirs, answers = os.pipe()
        self.input: IO[bytes] = os.fdopen(ours, "wb", buffering=0)
        self.output: IO[bytes] = os.fdopen(theirs, "rb", buffering=0)
        self._requests: IO[bytes] = os.fdopen(requests, "rb")
        self._answers: IO[bytes] = os.fdopen(answers, "wb", buffering=0)
        self._thread = Thread(target=self._serve)
        self._thread.start()

    def why(self) -> PyshareError:
        return Unreachable("the script ended")

    def kill(self) -> None:
        """The thread ends when its pipes do."""
        with suppress(OSError):
            self.input.close()

    def dispose(self) -> None:
        self.kill()
        self.output.close()
        self._thread.join(10)

    def _serve(self) -> None:
        with self._requests, self._answers, suppress(BrokenPipeError):
            for kind, body in _packets(self._requests):
                if kind == Kind.INIT:
                    self._answers.write(self._script.hello)
                    if self._script.hello[4] != Kind.VERSION:
                        return
                    continue
                asked = Asked(kind, body[:4], body[4:])
                self._script.asked.append(asked)
                answer = self._script.answer(asked)
                if answer is None:
                    return
                rest = memoryview(answer)
                while rest:
                    rest = rest[self._answers.write(rest) :]


def _packets(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    while head := stream.read(5):
        size, kind = struct.unpack(">IB", head)
        yield kind, stream.read(size - 1)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def scripted(script: Script) -> Iterator[SFTPBackend]:
    """A store on the server that the test scripts."""
    place = place_at("/share")
    store = SFTPBackend(place, Client(place, script.start))
    yield store
    store.close()
