"""The objects of a store as files: checks their names, finds, opens, lists and removes them, and puts one in place."""

import errno
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress

from git_annex_remote_pyshare.backends.base import Content, Entry, encode_name, is_importable
from git_annex_remote_pyshare.backends.directory.errors import as_text
from git_annex_remote_pyshare.backends.directory.folder import Folder, LinkInStore
from git_annex_remote_pyshare.backends.directory.temporary import Temporary, is_temporary, remove_dead
from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
from git_annex_remote_pyshare.errors import BadName, ContentChanged, CorruptUpload
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import Condition

_NOT_ON_WINDOWS = frozenset(b'\\:*?"<>|')
"""On Windows `\\` separates folders and `:` begins a hidden stream of a file, so the name would be another object's."""

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
"""O_NONBLOCK: opening a pipe could otherwise block forever."""

_STEP = 20_000_000
_LONG_STEP = 2_000_000_000
"""Nanoseconds in which a second edit may leave a file the same time: Linux counts in steps of up to 10 ms, FAT of two
seconds."""


def segments_of(name: str) -> list[bytes]:
    """The folders of the object `name`, and its last segment.

    Raises:
        BadName: The name is not valid on this system.
    """
    encoded = encode_name(name)
    if os.name == "nt" and not _NOT_ON_WINDOWS.isdisjoint(encoded):
        raise BadName(f"{name!r} is not a valid name on Windows")
    return encoded.split(b"/")


def find(root: Folder, segments: Sequence[bytes]) -> os.stat_result | None:
    """The status of the object's file; None if there is none, or if it is not a regular file."""
    *folders, last = segments
    try:
        with root.open_below(folders) as folder:
            found = folder.lstat(last)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def open_object(root: Folder, segments: Sequence[bytes]) -> int | None:
    """A descriptor for reading the object; None as for `find`."""
    *folders, last = segments
    try:
        with root.open_below(folders) as folder:
            descriptor = folder.open(last, _READ)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def move_into_place(
    root: Folder, written: Temporary, segments: Sequence[bytes], condition: Condition | None = None
) -> str:
    """Rename the finished file to the object's name, replacing an existing one, so that it survives a power cut.

    Returns:
        Its content identifier; empty if the file system gives it another one, as some network drives do.

    Raises:
        CorruptUpload: Another user or program has replaced the file.
        ContentChanged: Something is there that does not meet the condition.
    """
    *folders, last = segments
    try:
        with root.open_below(folders) as folder:
            return _move(written, folder, last, condition)
    except FileNotFoundError:
        with root.make_below(folders) as folder:
            return _move(written, folder, last, condition)


def require(folder: Folder, name: bytes, condition: Condition | None) -> None:
    """Raise ContentChanged unless the file meets the condition; a link or folder is no version of a file."""
    if condition is None:
        return
    found = ""
    with suppress(FileNotFoundError):
        found = content_id(folder.lstat(name))
    if found != condition.content:
        raise ContentChanged(f"{as_text(folder.path + b'/' + name)} was changed a moment ago")


def rename(
    root: Folder,
    source: Sequence[bytes],
    target: Sequence[bytes],
    moved: Condition | None = None,
    replaced: Condition | None = None,
) -> bool:
    """Rename a file, replacing one at the target, so that it survives a power cut; False if there is none to rename.

    Raises:
        ContentChanged: One of the names does not meet its condition.
    """
    *folders, last = source
    try:
        with root.open_below(folders) as old:
            if not stat.S_ISREG(old.lstat(last).st_mode):
                return False
            with root.make_below(target[:-1]) as new:
                require(old, last, moved)
                require(new, target[-1], replaced)
                old.rename(last, new, target[-1])
                new.sync()
            old.sync()
    except (FileNotFoundError, NotADirectoryError):
        if find(root, source) is not None:
            raise  # a folder of the target has just been removed
        return False
    return True


def remove_folder(root: Folder, segments: Sequence[bytes]) -> None:
    """Remove a folder if it is empty, except for temporary files of killed writers."""
    *folders, last = segments
    with suppress(FileNotFoundError, NotADirectoryError), root.open_below(folders) as above:
        if _rmdir(above, last):
            return
        with above.enter(last) as folder:
            names = [os.fsencode(entry.name) for entry in folder.entries()]
            if not all(map(is_temporary, map(os.fsdecode, names))):
                return
            for name in names:
                remove_dead(folder, name)
        _rmdir(above, last)


def _rmdir(above: Folder, name: bytes) -> bool:
    """Remove the folder; False if it is not empty."""
    try:
        above.rmdir(name)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            return False
        raise
    return True


def remove(root: Folder, segments: Sequence[bytes], condition: Condition | None = None) -> bool:
    """Remove the object, if it exists, and its own folder if that is then empty; returns whether there was one.

    Raises:
        ContentChanged: The object is there and does not meet the condition.
    """
    *folders, last = segments
    is_removed = False
    with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError), root.open_below(folders) as folder:
        if condition is not None:
            folder.lstat(last)  # raises if it is gone, which is a success
            require(folder, last, condition)
        try:
            folder.unlink(last)
            is_removed = True
        except PermissionError:
            # macOS reports this for a folder, and a folder is not an object.
            if not stat.S_ISDIR(folder.lstat(last).st_mode):
                folder.unlock(last)
                folder.unlink(last)
                is_removed = True
    if folders[-1:] == [last]:
        # The key's own folder in git-annex's layouts; the hash folders above it are shared, and stay.
        with suppress(OSError, LinkInStore), root.open_below(folders[:-1]) as above:
            above.rmdir(last)
    return is_removed


def _move(written: Temporary, folder: Folder, last: bytes, condition: Condition | None) -> str:
    # Check before, so that an existing object is kept, and after, since others may replace the file in between.
    _require_ours(written, written.folder, written.name)
    if condition == Condition():
        try:
            written.folder.rename_new(written.name, folder, last)
        except FileExistsError as error:
            if stat.S_ISDIR(folder.lstat(last).st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), last) from error
            raise ContentChanged(f"{as_text(folder.path + b'/' + last)} was made a moment ago") from error
    else:
        require(folder, last, condition)
        try:
            written.folder.rename(written.name, folder, last)
        except PermissionError:
            folder.unlock(last)
            written.folder.rename(written.name, folder, last)
    _require_ours(written, folder, last)
    is_same = folder.lstat(last).st_ino == written.facts.st_ino
    folder.sync()
    return content_id(written.facts) if is_same else ""


def _require_ours(written: Temporary, folder: Folder, name: bytes) -> None:
    """Raise unless the name is that of the written file.

    Another file of the same user is accepted: some network drives change a file's inode when it is renamed, and two
    jobs may store one object at the same time.
    """
    found, ours = folder.lstat(name), written.facts
    is_own_file = stat.S_ISREG(found.st_mode) and found.st_uid == ours.st_uid
    if is_own_file or os.path.samestat(found, ours):
        return
    raise CorruptUpload(
        f"{as_text(folder.path + b'/' + name)} is not what was stored there: another user or program has replaced it",
        remedy=f"See whose it is: {command('ls', '-la', as_text(folder.path))}",
    )


def contents(
    root: Folder, above: Sequence[bytes], own: Collection[bytes], add: Callable[[Content], None]
) -> list[bytes]:
    """The versions of the files in one folder, which is not followed if it is a link; returns its subfolders.

    Links and special files are left out: they are no files of the store.
    """
    found = []
    with root.open_below(above) as folder:
        for entry in folder.entries():
            last = os.fsencode(entry.name)
            if last in own:
                continue
            name = b"/".join((*above, last)).decode("utf-8", "surrogateescape")
            if is_temporary(name):
                add(Content(name, 0, "", is_temporary=True))
            elif entry.is_dir(follow_symlinks=False):
                if is_importable(name.rpartition("/")[2]):
                    found.append(last)
                else:
                    add(Content(name, 0, ""))
            elif entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    add(Content(name, status.st_size, content_id(status, is_listed=True)))
    return found


def content_id(found: os.stat_result, *, is_listed: bool = False) -> str:
    """The content identifier of a file.

    Args:
        found: The file's status.
        is_listed: Whether to mark a file that changed just now: file systems keep times in steps, of up to two seconds.
    """
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}" + (YOUNG if is_listed and _is_young(found) else "")


def _is_young(found: os.stat_result) -> bool:
    step = _STEP if found.st_mtime_ns % 1_000_000_000 else _LONG_STEP
    return time.time_ns() - found.st_mtime_ns < step


def walk(root: Folder, top: Sequence[bytes], own: Collection[bytes]) -> Iterator[Entry]:
    """List the objects below the folder `top`, except the names `own` in the root; removed files are skipped.

    Each folder is opened from the root, so that only one is open at a time at any depth.
    """
    waiting = [tuple(top)]
    while waiting:
        segments = waiting.pop()
        try:
            with root.open_below(segments) as folder:
                yield from _entries(folder, segments, waiting, () if segments else own)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except LinkInStore:
            if segments == tuple(top):
                raise


def _entries(
    folder: Folder, segments: tuple[bytes, ...], waiting: list[tuple[bytes, ...]], own: Collection[bytes]
) -> Iterator[Entry]:
    """The objects of one folder; its subfolders are added to `waiting`."""
    for entry in folder.entries():
        last = os.fsencode(entry.name)
        if last in own:
            continue
        if entry.is_dir(follow_symlinks=False):
            waiting.append((*segments, last))
        elif entry.is_file(follow_symlinks=False):
            name = b"/".join((*segments, last)).decode("utf-8", "surrogateescape")
            with suppress(FileNotFoundError):
                yield Entry(name, entry.stat(follow_symlinks=False).st_size)
