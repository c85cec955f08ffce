"""Sends the stores, renames and removals of a tree, under the conditions of the guard.

An empty folder that has the name of a file gives way, as it does for git: people leave it behind when they move the
last file out of it. A folder with files stays, and the request fails.
"""

from collections.abc import Callable
from typing import TypeVar

from git_annex_remote_pyshare.annex.guard import Guard
from git_annex_remote_pyshare.backends.base import Backend, Moves, RemovesFolders, WritesConditionally
from git_annex_remote_pyshare.errors import ContentChanged, FolderInTheWay
from git_annex_remote_pyshare.transfer import Condition, Progress, Source

Done = TypeVar("Done")


class TreeWrites:
    """The requests of one tree that change a file; `Tree` decides which are sent.

    Args:
        store: The store.
        guard: Knows which versions may be replaced.
    """

    def __init__(self, store: Backend, guard: Guard) -> None:
        self._store = store
        self._guard = guard

    def put(self, name: str, source: Source, progress: Progress, replaced: Condition | None) -> str:
        """Store a file where the condition is met; returns its content identifier, if the response had it.

        Raises:
            ChangedByOthers: The condition is not met; nothing has changed.
            PyshareError: The request fails.
        """

        def put(condition: Condition | None) -> str:
            source.condition = condition
            return self._store.put(name, source, progress).content

        return self._in_place_of_folder(name, lambda: self._guard.obey(name, replaced, put))

    def delete(self, name: str) -> None:
        """Remove a file if git knows its version; succeeds if there is none.

        Raises:
            ChangedByOthers: Git does not know its version.
            PyshareError: The request fails.
        """
        condition = self._guard.check(name)
        if condition == Condition():
            return  # there is none

        def delete(condition: Condition | None) -> None:
            if condition is None or not self._store.has(WritesConditionally):
                self._store.delete(name)
                return
            try:
                self._store.call(WritesConditionally, lambda able: able.delete_if(name, condition))
            except ContentChanged:
                if self._guard.look(name) is not None:  # otherwise an earlier attempt has removed it
                    raise

        self._guard.obey(name, condition, delete)

    def move(self, source: str, target: str, moved: Condition | None = None, replaced: Condition | None = None) -> None:
        """Rename a file; the conditions are those of the source and of what it replaces.

        Raises:
            ContentChanged: A condition is not met; nothing has changed.
            PyshareError: The request fails.
        """

        def rename() -> None:
            if (moved is None and replaced is None) or not self._store.has(WritesConditionally):
                self._store.call(Moves, lambda able: able.move(source, target))
            else:
                self._store.call(WritesConditionally, lambda able: able.move_if(source, target, moved, replaced))

        self._in_place_of_folder(target, rename)

    def _in_place_of_folder(self, name: str, request: Callable[[], Done]) -> Done:
        """Send a request; if it fails since a folder has the name, remove that if it is empty, and send it again."""
        try:
            return request()
        except FolderInTheWay:
            if not self._store.has(RemovesFolders):
                raise
            self._store.call(RemovesFolders, lambda able: able.remove_folder(name))
            return request()
