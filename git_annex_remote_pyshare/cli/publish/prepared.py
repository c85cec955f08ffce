"""Prepares what is published: the tree in git, and what git-annex will do with it."""

import subprocess
from collections.abc import Callable
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import Backend, Locates, encode_name
from git_annex_remote_pyshare.cli.contents import present_here
from git_annex_remote_pyshare.cli.publish.alike import alike
from git_annex_remote_pyshare.cli.publish.choice import Choice
from git_annex_remote_pyshare.cli.publish.exported import Exported, exported_to
from git_annex_remote_pyshare.cli.publish.patterns import Patterns
from git_annex_remote_pyshare.cli.publish.plan import Plan, plan
from git_annex_remote_pyshare.cli.publish.selection import Selection, exportable, select
from git_annex_remote_pyshare.cli.publish.trees import object_of, write_tree
from git_annex_remote_pyshare.cli.publish.visitors import with_page
from git_annex_remote_pyshare.cli.remotes import Remote, opened
from git_annex_remote_pyshare.config.git_config import LocalConfig, git, git_command, git_environment
from git_annex_remote_pyshare.errors import BadName, BadSetting, CommandFailed
from git_annex_remote_pyshare.safe_text import one_line


class Prepared(NamedTuple):
    """All that is known before anything is sent."""

    tree: str
    """The name in git of the tree that is exported."""
    selection: Selection
    plan: Plan
    before: Exported
    lacking: list[str]
    """Paths of the files to send whose content this clone lacks."""
    alike: list[tuple[str, str]]
    """Names that are one name for some stores; see `alike`."""


def prepare(remote: Remote, treeish: str, choice: Choice) -> Prepared:
    """Build the tree to publish; changes nothing but git's store of objects, and sends no request.

    Args:
        remote: The remote.
        treeish: A commit, branch, tag or tree; empty for the current branch.
        choice: What is left out.

    Raises:
        BadSetting: The words name no tree, or nothing in it is left to publish.
    """
    clone = remote.place.clone
    source = tree_of(clone, treeish)
    with opened(remote.place) as store:
        selection = select(clone, source, choice.prefix, Patterns(choice.exclude), refusal(store))
    if choice.page:
        selection = with_page(selection, clone, treeish or "HEAD", choice.prefix)
    before = exported_to(clone.git_dir, remote.uuid)
    there = exportable(clone.git_dir, before.tree) if _has(clone, before.tree) else {}
    found = plan(there, selection.contents, _stored(remote) if there else frozenset())
    annexed = [each for each in found.sent if each.content.is_annexed]
    here = present_here([each.content.key for each in annexed]) if annexed else set()
    lacking = [each.path for each in annexed if each.content.key not in here]
    tree = write_tree(clone.git_dir, selection.entries)
    return Prepared(tree, selection, found, before, lacking, alike(selection.entries))


def tree_of(clone: LocalConfig, treeish: str) -> str:
    """The name of a tree's object.

    Raises:
        BadSetting: git knows no such tree.
    """
    if treeish.startswith("-"):
        raise BadSetting(
            f"{one_line(treeish)} is no name of a version: it begins with a dash",
            remedy="Type a branch, a tag or a commit.",
        )
    if found := object_of(clone, treeish or "HEAD", "tree"):
        return found
    if treeish:
        raise BadSetting(f"git knows no version {one_line(treeish)}", remedy="Type a branch, a tag or a commit.")
    raise BadSetting("this dataset has no commit yet", remedy="Add files and commit them first.")


def refusal(store: Backend) -> Callable[[str], str]:
    """Says why a store refuses a name, empty if it may take it; sends no request.

    It asks the rule of all stores, and the backend's own: a name that the store cannot hold has no address there.
    """
    has_own = store.has(Locates)

    def why(name: str) -> str:
        try:
            encode_name(name)
            if has_own:
                store.call(Locates, lambda able: able.locate(name))
        except BadName as error:
            return one_line(str(error))
        return ""

    return why


def _has(clone: LocalConfig, tree: str) -> bool:
    """Whether this clone has the tree: a collaborator can write any name into git-annex's log."""
    return bool(tree) and git(clone.git_dir, "cat-file", "-t", tree).strip() == "tree"


def _stored(remote: Remote) -> frozenset[str]:
    """The keys that the remote has, by git-annex's records."""
    done = subprocess.run(
        git_command("annex", "findkeys", f"--in={remote.uuid}"),
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise CommandFailed("git-annex cannot list what the remote has", remedy="See what it says above.")
    return frozenset(done.stdout.decode("utf-8", "surrogateescape").split("\n"))
