"""Reads what git-annex has recorded about a store: which versions of its files are in git, by an import or an export.

That a version was listed, or even downloaded, does not say so: git-annex makes the commit of an import only if every
file of it came. Then it notes the tree of the commit in `export.log`, where it also notes the trees that it exports.
The content identifiers of a key are in a log of the key, whether or not the import was completed (all seen with
git-annex 10.20261026).
"""

import re
from base64 import b64decode
from collections.abc import Iterator

from git_annex_remote_pyshare.annex.keys import OF_GIT
from git_annex_remote_pyshare.annex.layout import branch_path, key_of_file
from git_annex_remote_pyshare.config.annex_branch import texts
from git_annex_remote_pyshare.config.git_config import LocalConfig, git

_EXPORT = re.compile(r"^([0-9]+(?:\.[0-9]+)?)s ([^ :\n]+):([^ \n]+)((?: [0-9a-f]{40,64})+)$", re.MULTILINE | re.ASCII)
_ENTRY = re.compile(r"([0-7]{6}) blob ([0-9a-f]{40,64}) +([0-9]+)\t.*\0", re.DOTALL | re.ASCII)
_IN_LINK = ".git/annex/objects/"
_IN_POINTER = "/annex/objects/"
_LONGEST = 1 << 15
"""Bytes of a link or of a pointer, the small file that stands in git for an unlocked one."""


class Recorded:
    """What is recorded about one store. Each question runs git a few times; nothing is read before the first.

    Args:
        clone: The git config of the remote. All remotes that `--sameas` ties to it are the same store.
    """

    def __init__(self, clone: LocalConfig) -> None:
        self._clone = clone
        self._known_trees: tuple[str, ...] = ()

    def key_at(self, name: str, content: str) -> str:
        """The key of the version of the file with this content identifier; empty if git has no such version.

        A tree that was exported or imported completely, in this clone, has the key under this name, and the content of
        that key had the identifier.
        """
        before = self._known_trees
        if key := self._key_in(before, name, content):
            return key  # what was in a tree once stays in git
        self._known_trees = now = self._trees()
        return self._key_in(now, name, content) if now != before else ""

    def is_of(self, key: str, content: str) -> bool:
        """Whether the content of `key` had this identifier when it was imported, in this clone or another one."""
        return content in self._contents_of(key)

    def last_tree(self) -> str:
        """The hash of the last tree that this clone has imported or exported; empty if there is none."""
        return next(iter(self._trees()), "")

    def has_files(self) -> bool:
        """Whether that tree has a file; it may have empty folders."""
        return any(self.names(self.last_tree()))

    def names(self, tree: str) -> Iterator[str]:
        """The files of a tree."""
        listed = git(self._clone.git_dir, "ls-tree", "-r", "-z", "--full-tree", "--name-only", tree) if tree else ""
        yield from filter(None, listed.split("\0"))

    def keys(self, name: str) -> list[str]:
        """The keys that the file has in the trees that this clone has imported or exported, or is about to export."""
        return list(filter(None, dict.fromkeys(self.key_in(tree, name) for tree in self._trees())))

    def key_in(self, tree: str, name: str) -> str:
        """The key of a file in a tree; empty if the tree has no such file."""
        listed = git(self._clone.git_dir, "--literal-pathspecs", "ls-tree", "-z", "-l", "--full-tree", tree, "--", name)
        entry = _ENTRY.fullmatch(listed)
        if entry is None:
            return ""
        mode, blob, size = entry.groups()
        text = git(self._clone.git_dir, "cat-file", "blob", blob) if int(size) <= _LONGEST else ""
        if mode == "120000" and _IN_LINK in text:
            return key_of_file(text.rpartition("/")[2])
        if text.startswith(_IN_POINTER):
            return key_of_file(text.partition("\n")[0].rpartition("/")[2])
        return f"{OF_GIT}{blob}"  # a file that is in git itself; git-annex imports and exports it under this key

    def _key_in(self, trees: tuple[str, ...], name: str, content: str) -> str:
        keys = dict.fromkeys(self.key_in(tree, name) for tree in trees)
        return next((key for key in keys if key and content in self._contents_of(key)), "")

    def _trees(self) -> tuple[str, ...]:
        """The trees that this clone has imported or exported, or is about to export, the last one first.

        The lines of the log are `<seconds>s FROM:TO TREE [TREE…]`, with the UUIDs of the clone and of the remote; the
        further trees are of exports that are under way, or were broken off.
        """
        own = (self._clone.id, self._clone.remote_uuid)
        found: list[tuple[float, list[str]]] = []
        for text in texts(self._clone.git_dir, "export.log"):
            for seconds, source, target, trees in _EXPORT.findall(text):
                if (source, target) == own:
                    found.append((float(seconds), trees.split()))
        found.sort(key=lambda line: line[0], reverse=True)
        return tuple(dict.fromkeys(tree for _, trees in found for tree in trees))

    def _contents_of(self, key: str) -> set[str]:
        """The identifiers that the key's content had in the store.

        The lines of the log are `<seconds>s UUID ID:ID…`, with `!` and base64 for an identifier that has a colon or the
        like (https://git-annex.branchable.com/internals/, section "remote content identifier log"). The UUID is that of
        the remote's settings.
        """
        uuids = self._uuids()
        found: set[str] = set()
        for text in texts(self._clone.git_dir, f"{branch_path(key)}.log.cid"):
            for line in text.split("\n"):
                _, _, rest = line.partition(" ")
                owner, _, ids = rest.partition(" ")
                if owner in uuids:
                    found |= {_content_id(word) for word in ids.split(":")}
        return found - {""}

    def _uuids(self) -> set[str]:
        """The UUIDs under which git-annex notes something about the store."""
        config, uuid = self._clone.config, self._clone.remote_uuid
        tied = [name.removesuffix(".annex-uuid") for name, value in config.items() if value == uuid]
        return {uuid} | {config.get(f"{remote}.annex-config-uuid", uuid) for remote in tied}


def _content_id(word: str) -> str:
    if not word.startswith("!"):
        return word
    try:
        return b64decode(word[1:], validate=True).decode("utf-8", "surrogateescape")
    except ValueError:
        return ""
