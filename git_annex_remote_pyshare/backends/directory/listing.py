"""The objects of a store, however deep they lie."""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

from git_annex_remote_pyshare.backends.base import Entry
from git_annex_remote_pyshare.backends.directory.folder import Folder, LinkInStore


def walk(root: Folder, top: Sequence[bytes], own: Collection[bytes]) -> Iterator[Entry]:
    """The objects below the folder `top`, without what is named `own` in the root; what vanishes is left out.

    Each folder is reached from the root, so that only one at a time is open, however deep they lie.
    """
    waiting = [tuple(top)]
    while waiting:
        way = waiting.pop()
        try:
            with root.reach(way) as folder:
                yield from _entries(folder, way, waiting, () if way else own)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except LinkInStore:
            if way == tuple(top):
                raise


def _entries(
    folder: Folder, way: tuple[bytes, ...], waiting: list[tuple[bytes, ...]], own: Collection[bytes]
) -> Iterator[Entry]:
    """The objects of one folder; the folders in it are left `waiting`."""
    for entry in folder.entries():
        last = os.fsencode(entry.name)
        if last in own:
            continue
        if entry.is_dir(follow_symlinks=False):
            waiting.append((*way, last))
        elif entry.is_file(follow_symlinks=False):
            name = b"/".join((*way, last)).decode("utf-8", "surrogateescape")
            with suppress(FileNotFoundError):
                yield Entry(name, entry.stat(follow_symlinks=False).st_size)
