"""The rclone backend: implements the contract's verbs by requests to one rclone process."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from git_annex_remote_pyshare.backends.base import (
    NO_TERMS,
    Backend,
    Entry,
    Initialized,
    Page,
    Quota,
    Receipt,
    Stat,
    StoreConfig,
    Terms,
)
from git_annex_remote_pyshare.backends.ownership import MARK
from git_annex_remote_pyshare.backends.rclone.base_folder import Base
from git_annex_remote_pyshare.backends.rclone.errors import Refused, is_absent
from git_annex_remote_pyshare.backends.rclone.items import Item
from git_annex_remote_pyshare.backends.rclone.remote import Remote, checked
from git_annex_remote_pyshare.backends.rclone.tree import TreeNames
from git_annex_remote_pyshare.backends.rclone.url import parse
from git_annex_remote_pyshare.errors import NotFound
from git_annex_remote_pyshare.transfer import Progress, Sink, Source


class RcloneBackend(Backend):
    """A folder of one of the user's rclone remotes.

    Besides the verbs: CanInitialize, HasQuota, LinksPage, Locates, Moves, RemovesFolders.
    """

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self._remote = Remote(place)
        self._names = TreeNames(self._remote)

    @cached_property
    def _base(self) -> Base:
        return Base(self._remote)

    def stat(self, name: str) -> Stat | None:
        with self._remote.trying("look for the file", checked(name)):
            item = None if self._names.hides(name) else self._found(name)
            if item is None:
                self._base.require()
                return None
        return Stat(item.size, item.digests)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        from git_annex_remote_pyshare.backends.rclone.download import download  # noqa: PLC0415  # an HTTP library

        with self._remote.trying("read the file", checked(name)):
            try:
                is_there = download(self._remote, name, sink, progress)
            except Refused as refused:
                if not is_absent(refused):
                    raise
                is_there = False
            if not is_there:
                self._base.require()
                raise self._not_there()

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        from git_annex_remote_pyshare.backends.rclone.upload import upload  # noqa: PLC0415  # for large files only

        with self._remote.trying("store the file", checked(name)):
            self._base.require()
            with self._names.storing(name):
                upload(self._remote, name, source, progress)
        return Receipt()  # rclone has compared the size, and the hash if the service has one

    def delete(self, name: str) -> None:
        with self._remote.trying("remove the file", checked(name)):
            if self._names.hides(name):
                return
            try:
                self._remote.control.call("operations/deletefile", self._named(name))
            except Refused as refused:
                if not (is_absent(refused) or self._names.is_below_a_file(name)):
                    raise
                self._base.require()
                return
            self._names.removed(name)
            *_, above, last = ("", *name.split("/"))
            if above == last:  # the key's own folder in the layouts of other programs
                self._remove_folder(name.rpartition("/")[0])

    def list(self, folder: str = "") -> Iterator[Entry]:
        waiting = [checked(folder) if folder else ""]
        with self._remote.trying("list the files", folder):
            self._base.require()
            while waiting:
                above = waiting.pop()
                for item in self._remote.items(above) or ():
                    name = f"{above}/{item.name}" if above else item.name
                    if item.is_folder:
                        waiting.append(name)
                    elif not item.is_partial and name != MARK:
                        yield Entry(name, item.size, item.digests)

    def move(self, source: str, target: str) -> None:
        where: dict[str, Any] = {"srcFs": self._remote.fs, "srcRemote": checked(source)}
        where |= {"dstFs": self._remote.fs, "dstRemote": checked(target)}
        # Otherwise rclone only removes the source if the target has the same size and time.
        where["_config"] = {"IgnoreTimes": True}
        with self._remote.trying("rename the file", source):
            self._base.require()
            if self._names.hides(source) or (source == target and self._remote.find(source) is None):
                raise self._not_there()  # rclone itself would rename the other one, or do nothing and call it done
            with self._names.storing(target):
                try:
                    self._remote.control.transfer("operations/movefile", where, lambda _: None)
                except Refused as refused:
                    if is_absent(refused):
                        raise self._not_there() from refused
                    raise
            if source != target:
                self._names.removed(source)

    def remove_folder(self, name: str) -> None:
        with self._remote.trying("remove the folder", checked(name)):
            if not self._remote.traits.has_empty_folders:
                return
            self._base.require()
            # On SMB, rclone's rmdir removes a file, too.
            items = self._remote.items_of_folder(name)
            if items is None or not all(item.is_partial for item in items):
                return
            for item in items:
                self._remote.control.call("operations/deletefile", self._named(f"{name}/{item.name}"))
            self._remove_folder(name)

    def initialize(self) -> Initialized:
        """Mark the folder as this remote's, and say what rclone cannot do there."""
        from git_annex_remote_pyshare.backends.rclone.initialize import initialize  # noqa: PLC0415  # only then

        return initialize(self._remote, self._base)

    def quota(self) -> Quota:
        """As the service reports it; many report nothing."""
        with self._remote.trying("measure the free space"):
            try:
                found = self._remote.control.call("operations/about", {"fs": self._remote.fs})
            except Refused as refused:
                if "doesn't support about" in refused.text:
                    return Quota(None, None)
                self._base.require()  # a share measures a folder, which may not be there
                raise
        return Quota(_bytes(found.get("used")), _bytes(found.get("free")))

    def link_page(self, terms: Terms = NO_TERMS) -> Page:
        """The service's own page of the folder."""
        from git_annex_remote_pyshare.backends.rclone import web_link  # noqa: PLC0415  # for `pyshare share` only

        with self._remote.trying("make a link"):
            self._base.require()
            return Page(web_link.link(self._remote, terms), web_link.can_withdraw(self._remote))

    def withdraw_page(self) -> None:
        """Withdraw the link to that page."""
        from git_annex_remote_pyshare.backends.rclone import web_link  # noqa: PLC0415  # as above

        with self._remote.trying("withdraw the link"):
            web_link.withdraw(self._remote)

    def locate(self, name: str) -> str:
        """The object in the words of rclone."""
        return f"{parse(self.place.url).shown.rstrip('/')}/{checked(name)}"

    def close(self) -> None:
        self._remote.close()

    def _named(self, name: str) -> dict[str, Any]:
        return {"fs": self._remote.fs, "remote": name}

    def _not_there(self) -> NotFound:
        return NotFound(f"the file is not in {self._remote.target.shown}")

    def _found(self, name: str) -> Item | None:
        try:
            return self._remote.find(name)
        except Refused:
            if self._names.is_below_a_file(name):
                return None
            raise

    def _remove_folder(self, name: str) -> bool:
        """Remove a folder; False if it is not empty."""
        try:
            self._remote.control.call("operations/rmdir", self._named(name))
        except Refused as refused:
            if "not empty" in refused.text:
                return False
            if not is_absent(refused) and self._remote.items(name) is not None:
                raise  # many services have words of their own for a folder that is not there
        return True


def _bytes(count: object) -> int | None:
    return count if type(count) is int and count >= 0 else None
