"""Lists folders, and identifies the versions of files by size and time in seconds, all that SFTP tells."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import Content, Entry, is_importable
from git_annex_remote_pyshare.backends.ownership import MARK
from git_annex_remote_pyshare.backends.sftp.client import Client, Connection, Refusal
from git_annex_remote_pyshare.backends.sftp.packets import MOST, Attributes, Code, Flag, Kind, text
from git_annex_remote_pyshare.backends.sftp.temporary import PREFIX, is_temporary
from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
from git_annex_remote_pyshare.transport.bounds import Listing

_AT_ONCE = 8
"""Requests for the names in a folder that are under way at once; one has about a hundred names."""

_YOUNG = 3
"""Seconds within which another edit of a file may leave it the same time."""


class Named(NamedTuple):
    """A file or folder in a listing."""

    name: str
    """As that of an object."""
    found: Attributes


def entries(client: Client, connection: Connection, folder: str) -> Iterator[Entry]:
    """All objects below a folder; none if there is no such folder."""
    listing = Listing(f"cannot list the files on {client.address.host}")
    waiting = [(folder, 0)]
    while waiting:
        above, depth = waiting.pop()
        for each in _children(client, connection, above, listing):
            if each.found.is_folder:
                listing.count_request(depth + 1)
                waiting.append((each.name, depth + 1))
            elif each.found.is_file and each.name != MARK and not is_temporary(each.name):
                listing.count_object()
                yield Entry(each.name, each.found.size)


def temporaries(client: Client, connection: Connection) -> Iterator[Named]:
    """Names of all temporary files in the store."""
    listing = Listing(f"cannot list the files on {client.address.host}")
    waiting = [""]
    while waiting:
        for each in _children(client, connection, waiting.pop(), listing):
            if each.found.is_folder:
                listing.count_request()
                waiting.append(each.name)
            elif is_temporary(each.name):
                yield each


def clock(client: Client, connection: Connection) -> float:
    """How many seconds the server's clock is ahead of ours, by the time of a new file; 0 if it may not be made.

    The protocol has no other way to ask for the time.
    """
    path = client.path_of(PREFIX + os.urandom(16).hex())
    code = connection.code(opening := connection.open(path, Flag.WRITE | Flag.CREATE | Flag.NEW))
    if code != Code.OK:
        return 0.0
    handle = connection.opened(opening)
    asked = connection.attributes(handle)
    connection.close(handle)
    connection.code(connection.on_path(Kind.REMOVE, path))
    found = connection.found(asked)
    return 0.0 if found is None or found.changed is None else found.changed - time.time()


def of_folder(
    client: Client, connection: Connection, folder: str, ahead: float, add: Callable[[Content], None]
) -> list[str] | None:
    """The versions of the files in one folder; returns its subfolders, or None if it is gone.

    Links and special files are left out: they are no files of the store.
    """
    below = []
    listing = Listing(f"cannot list the files on {client.address.host}")
    handle = _opened(client, connection, folder)
    if handle is None:
        return None
    for each in _names(connection, handle, folder, listing):
        if each.found.is_folder:
            if is_importable(each.name.rpartition("/")[2]):
                below.append(each.name)
            else:
                add(Content(each.name, 0, ""))
        elif is_temporary(each.name):
            add(Content(each.name, each.found.size or 0, "", is_temporary=True))
        elif each.found.is_file and each.name != MARK:
            add(version(each.name, each.found, ahead))
    return below


def version(name: str, found: Attributes, ahead: float) -> Content:
    """The version of a file; `ahead` is what `clock` returned."""
    is_young = found.changed is None or time.time() + ahead - found.changed < _YOUNG
    return Content(name, found.size or 0, _id_of(name, found) + (YOUNG if is_young else ""))


def ids_of(name: str, found: Attributes) -> tuple[str, str]:
    """The content identifiers that this version of a file may have been listed with."""
    known = _id_of(name, found)
    return known, known + YOUNG


def _id_of(name: str, found: Attributes) -> str:
    """With the name, since two files may have the same size and time, and the protocol tells no more of them."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{found.size}-{found.changed}-{digest}"


def names_in(connection: Connection, path: bytes) -> list[str] | None:
    """The names in a folder; None if it is gone, or no folder."""
    code = connection.code(opening := connection.on_path(Kind.OPENDIR, path))
    if code != Code.OK:
        return None
    listing = Listing("cannot list a folder")
    return [each.name for each in _names(connection, connection.opened(opening), "", listing)]


def _children(client: Client, connection: Connection, folder: str, listing: Listing) -> Iterator[Named]:
    handle = _opened(client, connection, folder)
    return iter(()) if handle is None else _names(connection, handle, folder, listing)


def _opened(client: Client, connection: Connection, folder: str) -> bytes | None:
    try:
        return connection.opened(connection.on_path(Kind.OPENDIR, client.folder_of(folder)))
    except Refusal as refusal:
        if refusal.code == Code.NO_SUCH_FILE:
            return None
        raise


def _names(connection: Connection, handle: bytes, folder: str, listing: Listing) -> Iterator[Named]:
    """What is in an open folder, which is closed at the end."""
    waiting = [connection.channel.send(Kind.READDIR, text(handle), limit=MOST)]
    try:
        while waiting:
            try:
                fields = connection.wait(waiting.pop(0), Kind.NAME)
            except Refusal as refusal:
                if refusal.code != Code.EOF:
                    raise
                return
            while len(waiting) < _AT_ONCE:
                waiting.append(connection.channel.send(Kind.READDIR, text(handle), limit=MOST))
            for _ in range(fields.number()):
                last = fields.text()
                line = fields.text()
                found = fields.attributes().with_type(line)
                if last in {b"", b".", b".."} or not {0, 0x2F}.isdisjoint(last):
                    continue
                listing.count_name()
                shown = last.decode("utf-8", "surrogateescape")
                yield Named(f"{folder}/{shown}" if folder else shown, found)
    finally:
        if connection.channel.is_open:
            connection.close(handle)
