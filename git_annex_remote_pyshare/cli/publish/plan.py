"""Compares the published tree with the one that is in the store: what git-annex will send, rename and delete."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from git_annex_remote_pyshare.cli.publish.trees import Content

Contents = Mapping[str, Content]
"""Path → content."""


class Sent(NamedTuple):
    """A file whose content goes to the store."""

    path: str
    content: Content
    change: str
    """`new`, `changed`, or `again`: an earlier run has not stored it."""


class Plan(NamedTuple):
    """What an export does, as git-annex decides it (see `plan`)."""

    sent: list[Sent]
    renamed: list[tuple[str, str]]
    """Old and new path of each."""
    deleted: list[str]
    unchanged: int
    """Number of files that stay as they are."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done."""
        return not (self.sent or self.renamed or self.deleted)

    @property
    def bytes(self) -> int:
        """Bytes to send, of all files whose size is known."""
        return sum(each.content.size or 0 for each in self.sent)

    @property
    def unsized(self) -> int:
        """Number of files to send whose size is not known."""
        return sum(each.content.size is None for each in self.sent)


def plan(there: Contents, wanted: Contents, stored: AbstractSet[str]) -> Plan:
    """What git-annex will do to the store.

    A content that vanishes under one name and comes under another one is renamed; this pairs them by their keys, as
    git-annex does (Command/Export.hs), which `git diff-tree -M` does not: the text of an annexed file's link depends on
    its folder.

    Args:
        there: The files that are in the store.
        wanted: The files that are published.
        stored: The keys that the store has, by git-annex's records: another content was not stored at the last run.
    """
    gone = [path for path, content in there.items() if wanted.get(path) != content]
    come = [path for path, content in wanted.items() if there.get(path) != content]
    sources = _by_key(gone, there)
    renamed, sent = [], []
    for path in sorted(come):
        content = wanted[path]
        if sources[content.key]:
            renamed.append((sources[content.key].popleft(), path))
        else:
            sent.append(Sent(path, content, "changed" if path in there else "new"))
    moved = {source for source, _ in renamed}
    same = [path for path, content in wanted.items() if there.get(path) == content]
    again = {path for path in same if wanted[path].is_annexed and wanted[path].key not in stored}
    sent += [Sent(path, wanted[path], "again") for path in sorted(again)]
    deleted = sorted(path for path in gone if path not in wanted and path not in moved)
    return Plan(sent, renamed, deleted, len(same) - len(again))


def _by_key(paths: Iterable[str], contents: Contents) -> "defaultdict[str, deque[str]]":
    found: defaultdict[str, deque[str]] = defaultdict(deque)
    for path in sorted(paths):
        found[contents[path].key].append(path)
    return found
