"""The connection that all jobs share, and requests on it: made when first needed, and again when it has ended."""

import copy
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Lock
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import StoreConfig, encode_name
from git_annex_remote_pyshare.backends.sftp import errors
from git_annex_remote_pyshare.backends.sftp.channel import Channel, Heartbeat, Program, Reply
from git_annex_remote_pyshare.backends.sftp.packets import (
    MOST,
    NO_ATTRIBUTES,
    Attributes,
    Code,
    Fields,
    Garbled,
    Kind,
    number,
    text,
)
from git_annex_remote_pyshare.backends.sftp.ssh import Ssh, has_login
from git_annex_remote_pyshare.backends.sftp.url import Address, address_of
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError, Unreachable, tracing
from git_annex_remote_pyshare.safe_text import command

WINDOW = 4 << 20
"""Bytes of content that are under way at most, over all jobs. One ssh takes 2 MiB before the server has taken any."""

SAFE_BLOCK = 32 << 10
"""Bytes of content in one request that every server takes."""

_LARGEST_BLOCK = MOST - 1024

_REST = 20.0
"""Seconds for which a refusal by ssh counts, so that a list of files does not try a wrong login once for each."""

FSYNC = b"fsync@openssh.com"
RENAME = b"posix-rename@openssh.com"
STATVFS = b"statvfs@openssh.com"
_LIMITS = b"limits@openssh.com"

_MOST_HANDLE = 256


def still() -> None:
    """The heartbeat of a request that no progress can stop."""


class Refusal(Exception):
    """A STATUS that is not OK."""

    def __init__(self, code: int, words: bytes) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


class Blocks(NamedTuple):
    """How much content one request may have, in bytes."""

    read: int = SAFE_BLOCK
    write: int = SAFE_BLOCK


class Window:
    """Bytes that are under way, over all jobs, so that memory stays bounded.

    Args:
        size: How many there may be.
    """

    def __init__(self, size: int = WINDOW) -> None:
        self._free = size
        self._changed = Condition()

    def take(self, size: int, heartbeat: Heartbeat | None) -> bool:
        """Reserve some.

        Args:
            size: How many.
            heartbeat: Called while it waits until so many are free; None to return False instead of waiting.
        """
        with self._changed:
            while self._free < size:
                if heartbeat is None:
                    return False
                self._changed.wait(0.25)
                heartbeat()
            self._free -= size
            return True

    def give(self, size: int) -> None:
        """Give back what has arrived."""
        with self._changed:
            self._free += size
            self._changed.notify_all()


class Client:
    """Sends requests to the server of one store, over one ssh.

    Args:
        place: The store.
        start: Starts the program that leads to the server.
        has_login: Whether the user has a connection open to the host, as the user, that `start` uses.
    """

    def __init__(
        self,
        place: StoreConfig,
        start: Callable[[Address], Program] = Ssh,
        has_login: Callable[[Address], bool] = has_login,
    ) -> None:
        self.place = place
        self.address = address_of(place.url)
        self.window = Window()
        self._start = start
        self._has_login = has_login
        self._connecting = Lock()
        self._channel: Channel | None = None
        self._connection: Connection | None = None
        self._refused: PyshareError | None = None
        self._refused_at = 0.0
        self._is_closed = False

    def path_of(self, name: str) -> bytes:
        """The path of an object or folder on the server; raises BadName for one that no store can hold."""
        return self.address.path + b"/" + encode_name(name)

    def folder_of(self, name: str) -> bytes:
        """The path of a folder; that of the store's own for an empty name."""
        return self.path_of(name) if name else self.address.path

    @contextmanager
    def doing(self, what: str, name: str = "", heartbeat: Heartbeat = still) -> Iterator["Connection"]:
        """The connection for the requests of one verb; errors name the verb and the server, and trace the object.

        Args:
            what: "store the file".
            name: Of the object.
            heartbeat: Called while a request waits for its answer; may raise to stop.

        Raises:
            PyshareError: There is no connection, or a Refusal left the block.
        """
        where = f"cannot {what} on {self.address.host}"
        with tracing(f"{what}: {self.address.url}/{name}"):
            connection = self._connected(heartbeat)
            try:
                yield connection.with_heartbeat(heartbeat)
            except Refusal as refusal:
                raise errors.of_status(where, refusal.code, refusal.words) from refusal
            except Garbled as error:
                raise connection.channel.garbled(error) from error

    def is_logged_in(self) -> bool:
        """Whether the user has typed `pyshare login` for this host and user, and so accepted both."""
        return self._has_login(self.address)

    def close(self) -> None:
        """End the connection; jobs that wait get an error."""
        self._is_closed = True
        if self._channel:
            self._channel.fail(Unreachable("the connection was closed"))

    def _connected(self, heartbeat: Heartbeat) -> "Connection":
        if not (self.place.trusted() or self.is_logged_in()):
            raise self.untrusted()
        while not self._connecting.acquire(timeout=0.25):
            heartbeat()
        try:
            if self._connection and self._connection.channel.is_open:
                return self._connection
            if self._refused and time.monotonic() - self._refused_at < _REST:
                raise copy.copy(self._refused)
            try:
                self._connection = self._connect(heartbeat)
            except PyshareError as error:
                if not error.retryable:
                    self._refused, self._refused_at = error, time.monotonic()
                raise
            return self._connection
        finally:
            self._connecting.release()

    def _connect(self, heartbeat: Heartbeat) -> "Connection":
        address = self.address
        channel = self._channel = Channel(
            self._start(address),
            lambda garbage: errors.of_text(address, garbage),
            address.host,
            self.place.clone.timeout,
        )
        if self._is_closed:
            self.close()
        try:
            channel.greet(heartbeat)
            connection = Connection(channel, heartbeat)
            return connection._replace(blocks=connection.ask_blocks())
        except Garbled as error:
            raise channel.garbled(error) from error
        except BaseException:  # no caller has it yet, to end it
            channel.fail(Unreachable("the connection was given up"))
            raise

    def untrusted(self) -> PermissionDenied:
        """The error for settings that the user has not accepted."""
        accept = self.place.acceptance() or command("git", "annex", "verifyremote", self.place.clone.remote or "NAME")
        return PermissionDenied(
            f"{self.address.account} comes from the dataset, and you have not accepted that ssh logs in there",
            remedy=f"If you trust it, type: {accept}",
        )


class Connection(NamedTuple):
    """One connection, with the requests of one verb."""

    channel: Channel
    heartbeat: Heartbeat = still
    blocks: Blocks = Blocks()

    def with_heartbeat(self, heartbeat: Heartbeat) -> "Connection":
        """The same connection for another verb."""
        return self._replace(heartbeat=heartbeat)

    def can(self, extension: bytes) -> bool:
        """Whether the server has an extension of the protocol."""
        return extension in self.channel.extensions

    def wait(self, reply: Reply, kind: Kind = Kind.STATUS) -> Fields:
        """The fields of an answer, when it has come.

        Args:
            reply: What was sent.
            kind: The kind of answer that was asked for.

        Raises:
            Refusal: The server refuses.
            Garbled: It is another kind of answer.
            PyshareError: The connection has ended.
        """
        body = self.channel.wait(reply, self.heartbeat)
        if reply.code != Code.OK:
            raise Refusal(reply.code, reply.text)
        if reply.kind != kind:
            raise Garbled("an answer of another kind than what was asked")
        return Fields(body)

    def code(self, reply: Reply) -> int:
        """The code of an answer; waits for it. Raises as `wait`, but no Refusal."""
        self.channel.wait(reply, self.heartbeat)
        return reply.code

    def look(self, path: bytes) -> Reply:
        """Ask for the attributes of a path, without following a link."""
        return self.channel.send(Kind.LSTAT, text(path))

    def is_folder(self, path: bytes) -> bool:
        """Whether there is a folder, or a link to one."""
        found = self.found(self.channel.send(Kind.STAT, text(path)))
        return found is not None and found.is_folder

    def found(self, reply: Reply) -> Attributes | None:
        """The attributes that `look` asked for; None if there is no such file."""
        try:
            return self.wait(reply, Kind.ATTRS).attributes()
        except Refusal as refusal:
            if refusal.code == Code.NO_SUCH_FILE:
                return None
            raise

    def open(self, path: bytes, flags: int) -> Reply:
        """Ask to open a file; `Flag` says how."""
        return self.channel.send(Kind.OPEN, text(path), number(flags), NO_ATTRIBUTES)

    def opened(self, reply: Reply) -> bytes:
        """The handle of what was opened; raises as `wait`."""
        handle = self.wait(reply, Kind.HANDLE).text()
        if len(handle) > _MOST_HANDLE:
            raise Garbled("a handle is too long")
        return handle

    def close(self, handle: bytes) -> Reply:
        """Close a handle; you need not wait for the answer."""
        return self.channel.send(Kind.CLOSE, text(handle))

    def attributes(self, handle: bytes) -> Reply:
        """Ask for the attributes of an open file; `found` has them."""
        return self.channel.send(Kind.FSTAT, text(handle))

    def on_path(self, kind: Kind, path: bytes) -> Reply:
        """REMOVE, RMDIR, MKDIR or OPENDIR."""
        fields = (text(path), NO_ATTRIBUTES) if kind == Kind.MKDIR else (text(path),)
        return self.channel.send(kind, *fields)

    def extended(self, name: bytes, *fields: bytes) -> Reply:
        """A request that is an extension of the protocol."""
        return self.channel.send(Kind.EXTENDED, text(name), *map(text, fields))

    def rename(self, old: bytes, new: bytes) -> Reply:
        """Rename a file, and replace one with the new name where the server can do that at once."""
        if self.can(RENAME):
            return self.extended(RENAME, old, new)
        return self.channel.send(Kind.RENAME, text(old), text(new))

    def ask_blocks(self) -> Blocks:
        """How much one request may have; what every server takes, unless this one says more."""
        if not self.can(_LIMITS):
            return Blocks()
        try:
            fields = self.wait(self.extended(_LIMITS), Kind.EXTENDED_REPLY)
        except Refusal:
            return Blocks()
        fields.long()
        read, write = fields.long(), fields.long()
        return Blocks(*(min(max(size, SAFE_BLOCK), _LARGEST_BLOCK) if size else SAFE_BLOCK for size in (read, write)))

    def space(self, path: bytes) -> tuple[int, int] | None:
        """Bytes that are used and that this user may still write, on the file system; None if the server cannot say."""
        if not self.can(STATVFS):
            return None
        body = self.channel.wait(reply := self.extended(STATVFS, path), self.heartbeat)
        if reply.code != Code.OK:
            raise Refusal(reply.code, reply.text)
        try:
            _, fragment, blocks, free, available, *_ = struct.unpack(">11Q", body)
        except struct.error as error:
            raise Garbled("the free space has another form than the extension says") from error
        return (blocks - free) * fragment, available * fragment
