"""Chooses the files of a tree that are published, and says why the others are left out."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.cli.publish.patterns import Patterns
from git_annex_remote_pyshare.cli.publish.trees import LINK, SUBMODULE, Content, Entry, Tree, contents, read_tree
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command, one_line

HIDDEN = Patterns([".datalad", ".git*"])
"""Always left out: what git and DataLad keep for themselves."""

BY_GLOB, OF_GIT, SUBDATASET, NO_CONTENT, REFUSED = "excluded", "hidden", "submodule", "link", "refused"
"""Why a file is left out; the words are those of `--json`."""


class LeftOut(NamedTuple):
    """A file that is not published."""

    why: str
    """One of the words above."""
    reason: str = ""
    """Why the service refuses the name."""


class Selection(NamedTuple):
    """What is published."""

    entries: Mapping[str, Entry]
    """Path below the published folder → entry in git."""
    contents: Mapping[str, Content]
    """Path → what is sent; the same paths."""
    left_out: Mapping[str, LeftOut]
    """Path → why it is left out."""

    def with_file(self, path: str, entry: Entry, size: int) -> "Selection":
        """The selection with one more file, which git has."""
        content = Content(f"GIT--{entry.id}", size)
        return self._replace(entries={**self.entries, path: entry}, contents={**self.contents, path: content})


def select(clone: LocalConfig, tree: str, prefix: str, patterns: Patterns, refusal: Callable[[str], str]) -> Selection:
    """Choose files of a tree.

    Args:
        clone: The clone.
        tree: The name of the tree's object.
        prefix: The folder that is published; empty for the whole tree.
        patterns: Globs of files to leave out, on the paths below that folder.
        refusal: Says why the store refuses a name; empty if it may take it.

    Raises:
        BadSetting: There is no such folder, or nothing in it to publish.
    """
    rows = _below(read_tree(clone.git_dir, tree), prefix)
    left_out = {path: LeftOut(why) for path, entry in rows.items() if (why := _why_hidden(path, entry, patterns))}
    known = contents(clone.git_dir, (entry for path, entry in rows.items() if path not in left_out))
    chosen = {}
    for path, entry in rows.items():
        if path in left_out:
            continue
        if entry not in known:
            left_out[path] = LeftOut(NO_CONTENT)
        elif reason := refusal(path):
            left_out[path] = LeftOut(REFUSED, reason)
        else:
            chosen[path] = entry
    if not chosen:
        raise BadSetting(
            "there is nothing to publish: every file is left out",
            remedy="Choose another folder, or other globs. See: pyshare publish --help",
        )
    return Selection(chosen, {path: known[entry] for path, entry in chosen.items()}, left_out)


def exportable(git_dir: str, tree: str) -> Mapping[str, Content]:
    """What git-annex exports of a whole tree: path → content."""
    rows = read_tree(git_dir, tree)
    known = contents(git_dir, rows.values())
    return {path: known[entry] for path, entry in rows.items() if entry in known}


def folder_of(text: str) -> str:
    """The folder as paths in git have it: `./data/` is `data`.

    Raises:
        BadSetting: It is no path below the dataset's top folder.
    """
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if ".." in parts or text.startswith("/"):
        raise BadSetting(
            f"{one_line(text)} is no folder inside of the dataset",
            remedy="Type the folder's path from the dataset's top folder, for example --prefix data/public.",
        )
    return "/".join(parts)


def _why_hidden(path: str, entry: Entry, patterns: Patterns) -> str:
    if HIDDEN.excludes(path):
        return OF_GIT
    if patterns.excludes(path):
        return BY_GLOB
    return SUBDATASET if entry.mode == SUBMODULE else ""


def _below(rows: Tree, prefix: str) -> Tree:
    """The files in a folder, by their paths inside of it."""
    if not prefix:
        return rows
    found = {path.removeprefix(f"{prefix}/"): entry for path, entry in rows.items() if path.startswith(f"{prefix}/")}
    if found:
        return found
    there = rows.get(prefix)
    raise BadSetting(
        f"this version of the dataset has no folder {one_line(prefix)}{_instead(there)}",
        remedy=f"See which there are: {command('git', 'ls-tree', '-d', '-r', '--name-only', 'HEAD')}",
    )


def _instead(there: Entry | None) -> str:
    if there is None:
        return ""
    return {SUBMODULE: ": it is a submodule", LINK: ": it is a link"}.get(there.mode, ": it is a file")
