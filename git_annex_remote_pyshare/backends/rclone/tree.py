"""Keeps what people have in a tree where rclone alone would lose it: rclone looks only for the file that it is told of.

On WebDAV its MOVE replaces a folder that has the name of a file, and after an upload that failed it removes what has
the name, with all that is in it (backend/webdav/webdav.go, copyOrMove and Update). On a service to which `a` and `A`
are one name, a file replaces the other one.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from git_annex_remote_pyshare.backends.rclone.errors import Refused
from git_annex_remote_pyshare.backends.rclone.remote import Remote
from git_annex_remote_pyshare.errors import BadName, FolderInTheWay
from git_annex_remote_pyshare.safe_text import one_line


class TreeNames:
    """What the names of a tree stand for. For a store of keys nothing is asked, and every name is free.

    Args:
        remote: The folder.
        clock: Time in seconds.
    """

    LASTS = 60.0
    """Seconds for which the list of a folder counts."""

    def __init__(self, remote: Remote, clock: Callable[[], float] = time.monotonic) -> None:
        self._remote = remote
        self._clock = clock
        self._lists: dict[str, tuple[float, dict[str, set[str]]]] = {}
        """Folder → when it was listed, and the names in it; both by their small letters."""
        self._under_way: list[str] = []
        """Files that are being stored, which no list has yet."""
        self._lock = Lock()

    @contextmanager
    def storing(self, name: str) -> Iterator[None]:
        """Store or rename a file to this name in the block.

        Raises:
            FolderInTheWay: A folder has the name.
            BadName: A file has another name that is the same to the service, or that of a folder of this one.
        """
        try:
            self._require_no_folder(name)
            self._take(name)
            yield
        except BaseException as error:  # whatever ended it, the file may be there or not
            self._forget_list(name)
            if isinstance(error, Refused) and self.is_below_a_file(name):
                raise BadName(
                    f"a file in {self._remote.target.shown} has the name of a folder of {one_line(name)}",
                    remedy="Rename that file, or your folder, then try again.",
                ) from error
            raise
        finally:
            self._landed(name)

    def hides(self, name: str) -> bool:
        """Whether the service would take another file, whose name differs in case, for this one, which is not there."""
        if not self._ignores_case:
            return False
        with self._lock:
            return bool(self._other(name))

    def removed(self, name: str) -> None:
        """Note that there is no such file any more."""
        folder, last = _split(name)
        with self._lock:
            _, there = self._lists.get(folder.lower(), (0.0, {}))
            there.get(last.lower(), set()).discard(last)

    def is_below_a_file(self, name: str) -> bool:
        """Whether a file has the name of one of its folders, which is why a request was refused; False if unknown."""
        above = name
        try:
            while self._remote.place.is_tree and (above := above.rpartition("/")[0]):
                if self._remote.find(above):
                    return True
        except Refused:
            pass  # the first refusal is the better error
        return False

    def _require_no_folder(self, name: str) -> None:
        is_possible = self._remote.place.is_tree and self._remote.traits.has_empty_folders
        if is_possible and self._remote.has_folder(name):
            raise FolderInTheWay(f"a folder in {self._remote.target.shown} has the name of the file")

    @property
    def _ignores_case(self) -> bool:
        return self._remote.place.is_tree and self._remote.traits.is_case_insensitive

    def _take(self, name: str) -> None:
        """Note that the file is being stored. Raises BadName if another one has its name."""
        if not self._ignores_case:
            return
        with self._lock:
            if other := self._other(name):
                raise BadName(
                    f"{one_line(other)} is there, which {self._remote.target.shown} takes for the same name",
                    remedy="Rename one of the two.",
                )
            self._under_way.append(name)
            self._alike(name).add(_split(name)[1])

    def _landed(self, name: str) -> None:
        with self._lock:
            if name in self._under_way:
                self._under_way.remove(name)

    def _forget_list(self, name: str) -> None:
        with self._lock:
            self._lists.pop(_split(name)[0].lower(), None)

    def _other(self, name: str) -> str:
        """Another name that the service takes for this one, which is not there; by a new list, or there is none."""
        folder, last = _split(name)
        alike = self._alike(name)
        if alike and last not in alike:
            del self._lists[folder.lower()]  # another clone may have renamed it since
            alike = self._alike(name)
        return min(alike) if alike and last not in alike else ""

    def _alike(self, name: str) -> set[str]:
        """The names in its folder that the service takes for this one."""
        folder, last = _split(name)
        since, there = self._lists.get(folder.lower(), (float("-inf"), {}))
        if self._clock() - since >= self.LASTS:
            since, there = self._clock(), {}
            items = self._remote.items_of_folder(folder) if folder else self._remote.items("")
            names = [item.name for item in items or ()]
            names += [each for above, each in map(_split, self._under_way) if above.lower() == folder.lower()]
            for each in names:
                there.setdefault(each.lower(), set()).add(each)
            self._lists[folder.lower()] = (since, there)
        return there.setdefault(last.lower(), set())


def _split(name: str) -> tuple[str, str]:
    folder, _, last = name.rpartition("/")
    return folder, last
