"""Implements the requests for a tree (`exporttree=yes`): the store has the files under their own names."""

from typing import TYPE_CHECKING

from annexremote import ExportRemote

from git_annex_remote_pyshare.annex.keys import digests, is_of_repository, is_replaced
from git_annex_remote_pyshare.annex.manifest import is_list
from git_annex_remote_pyshare.annex.remote import PyshareRemote
from git_annex_remote_pyshare.annex.retrieval import Retrieval
from git_annex_remote_pyshare.backends.base import Backend, RemovesFolders
from git_annex_remote_pyshare.errors import BadName
from git_annex_remote_pyshare.transfer import Source, local_path

if TYPE_CHECKING:
    from git_annex_remote_pyshare.annex.tree import Tree


class TreeRemote(PyshareRemote, ExportRemote):  # type: ignore[misc]  # annexremote has no types
    """A remote that can also hold a tree. Names are relative paths, with surrogate escapes as in PyshareRemote."""

    def transferexport_store(self, key: str, local_file: str, name: str) -> None:
        """Store the file under `name`; this replaces an existing file."""
        source = Source(local_path(local_file), digests(key), is_replaced=is_replaced(key))
        store, tree = self.session.store(self.annex), self.session.tree(self.annex)
        if is_of_repository(key):  # the guard leaves it alone; see `manifest.py`
            tree.check_store(key, name)
            if is_list(key):
                self.session.manifests.put(store, name, source, self.annex.progress)
            else:
                store.put(name, source, self.annex.progress)
            tree.stored(key, name)
        else:
            tree.store(key, name, source, self.annex.progress)
        self._remark_on(store, tree)

    def transferexport_retrieve(self, key: str, local_file: str, name: str) -> None:
        """Download the file `name`, and resume if the local file already has its beginning."""
        Retrieval(self.annex, self.session.store(self.annex), key, local_path(local_file)).whole(name)
        self._note_whole(key, name, local_file)

    def checkpresentexport(self, key: str, name: str) -> bool:
        """Whether the content of `key` is in the store under `name`."""
        return self._note_presence(key, name, is_there=self.session.tree(self.annex).is_present(key, name))

    def removeexport(self, key: str, name: str) -> None:
        """Remove the file `name`; succeeds if there is none, and refuses what a failed rename has left."""
        store, tree = self.session.store(self.annex), self.session.tree(self.annex)
        if is_of_repository(key):  # never renamed, and not a file that people edit
            self._delete(key, store, name)
        else:
            tree.remove(key, name)
        self._remark_on(store, tree)

    def removeexportdirectory(self, name: str) -> None:
        """Remove the folder if it is empty; succeeds if it is not, or does not exist."""
        store = self.session.store(self.annex)
        if store.has(RemovesFolders):
            try:
                store.call(RemovesFolders, lambda able: able.remove_folder(name))
            except BadName:
                return  # the store never had it

    def _remark_on(self, store: Backend, tree: "Tree") -> None:
        self._remark(store)
        if gap := tree.gap():
            self.annex.info(gap)

    def whereis(self, key: str) -> str:
        """As of any remote; empty for a tree, since git-annex does not say which file it asks about."""
        return "" if self.session.is_tree(self.annex) else str(super().whereis(key))

    def renameexport(self, key: str, name: str, new_name: str) -> None:
        """Rename the file; succeeds if an earlier request has done it."""
        self.session.tree(self.annex).rename(key, name, new_name)
