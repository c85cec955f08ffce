"""Implements the requests for an import (`importtree=yes`): people edit the files in the store, and git gets a copy."""

import os
import re

from git_annex_remote_pyshare.annex.export import TreeRemote
from git_annex_remote_pyshare.annex.keys import digests, expected_size
from git_annex_remote_pyshare.annex.proof import MOST, downloaded, is_of
from git_annex_remote_pyshare.backends.base import Content
from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
from git_annex_remote_pyshare.errors import ContentChanged, Corrupt
from git_annex_remote_pyshare.safe_text import one_line
from git_annex_remote_pyshare.transfer import ExactSink, Source, local_path

BLOCK = 1000
"""Files that are sent to git-annex at once."""

_OF_FSCK = re.compile(r"fsck[0-9]+\.")
"""Start of the name of the file into which `git annex fsck` downloads a key."""


class ImportRemote(TreeRemote):
    """A remote that also lists its files. Names are relative paths, with surrogate escapes as in PyshareRemote.

    It offers no IMPORTKEY: git-annex would trust the hash of the service, and take no file at all where one file has
    none.
    """

    def listimportablecontents(self) -> None:
        """Send the list of all files. Nothing is sent before it is complete."""
        contents, left_out = self.session.importing(self.annex).list()
        if text := str(left_out):
            self.annex.info(text)
        for block in contents.blocks(BLOCK):
            self.annex.importable(block)

    def retrieveimport(self, name: str, local_file: str) -> None:
        """Download the version of the file that was listed, or the content of the key that the local file is named for.

        Another clone may have imported a newer version, which this clone has never listed; the key's hash proves it.

        Raises:
            ContentChanged: The store has another version.
        """
        importing = self.session.importing(self.annex)
        listed = importing.listed(name)
        if listed is not None:
            try:
                self._download(name, local_file, listed.size, listed.content)
            except ContentChanged:
                if not digests(_key_of(local_file)):
                    raise
            else:
                return
        found, key = importing.content_of(name), _key_of(local_file)
        if found is None or expected_size(key) not in {None, found.size} or (listed and not digests(key)):
            raise _changed(name)
        self._download(name, local_file, found.size, found.id)
        source = Source(local_path(local_file))
        if any(source.digest(algorithm) != digest for algorithm, digest in digests(key).items()):
            ExactSink(local_path(local_file), found.id).empty()
            raise _changed(name)

    def checkpresentimport(self, key: str, name: str) -> bool:
        """Whether the store has, under this name, a version that git-annex has recorded as the content of `key`.

        Its size, and that it is the listed one, prove nothing: the list may be newer than the key.

        Raises:
            ContentChanged: It has another version, which may be the key's: only its hash could tell.
        """
        importing = self.session.importing(self.annex)
        found = importing.content_of(name)
        if found is None or expected_size(key) not in {None, found.size}:
            return False
        # What was young when it was listed may have been edited since, and still have this identifier.
        if not importing.is_of(key, found.id.removesuffix(YOUNG)) and not self._has_bytes(key, found):
            raise ContentChanged(f"{one_line(name)} may have changed since it was imported")
        return True

    def _has_bytes(self, key: str, found: Content) -> bool:
        """Whether a version that was recorded while it was young still has the content of the key; downloads it."""
        if found.size > MOST or not self.session.importing(self.annex).is_of(key, found.id.removesuffix(YOUNG) + YOUNG):
            return False
        with downloaded(self.session.store(self.annex), found.name, found.id) as file:
            return is_of(key, file)

    def _download(self, name: str, local_file: str, size: int, content: str) -> None:
        """Download one version; the local file stays empty if the store has another one."""
        sink = ExactSink(local_path(local_file), content)

        def report(done: int) -> None:
            if done > size:
                raise _wrong_size(done, size)
            self.annex.progress(done)

        try:
            self.session.store(self.annex).get(name, sink, report)
        except ContentChanged as error:
            sink.empty()
            raise _changed(name) from error
        except Corrupt:
            sink.empty()
            raise
        if sink.size != size:
            came = sink.size
            sink.empty()
            raise _wrong_size(came, size)


def _key_of(local_file: str) -> str:
    """The key whose content git-annex wants in the file; for a version without a key, something without a hash."""
    return _OF_FSCK.sub("", os.path.basename(local_file), count=1)


def _changed(name: str) -> ContentChanged:
    return ContentChanged(f"{one_line(name)} changed since it was listed")


def _wrong_size(came: int, size: int) -> Corrupt:
    return Corrupt(f"the store sent {came} bytes instead of {size}", remedy="Import again.")
