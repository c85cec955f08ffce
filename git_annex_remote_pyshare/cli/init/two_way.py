"""A folder that people edit, too: one remote sends commits there, and a second one of the same store brings edits back.

git-annex can do both with one remote only for its own kinds of stores. Two remotes that share a UUID by `--sameas` do
it for all: an import with the second one updates what the first one knows of the folder (git-annex 10.20261026).
"""

import re
import subprocess
from collections.abc import Iterator, Mapping

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import ListsContents, ability
from git_annex_remote_pyshare.cli.dataset import branch_of
from git_annex_remote_pyshare.cli.init.account import place_for
from git_annex_remote_pyshare.cli.init.answers import SAME, Answers, Options
from git_annex_remote_pyshare.cli.init.here import Here, State
from git_annex_remote_pyshare.cli.remotes import remote_named, require_verified
from git_annex_remote_pyshare.cli.steps import Step, found
from git_annex_remote_pyshare.config.annex_branch import exported_tree
from git_annex_remote_pyshare.config.git_config import git, git_environment
from git_annex_remote_pyshare.config.remotes import all_names, way_back
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import one_line

OLDEST_ANNEX = "10.20260717"
"""The first version of git-annex that imports with special remotes of other programs."""

_TRACKING = "annex-tracking-branch"
"""Git config of a remote: the branch that `git annex sync` imports from it or exports to it."""

HISTORY_ELSEWHERE = (
    "git and git-annex would note the pushed branch and what people have under one name, and a file that was pushed and"
    " not exported yet would count as removed by people. Keep the history on a Git host, or in another store."
)
"""Seen with git-annex 10.20261026: the first import removed all files of the dataset."""

_IMPORTS = {"importtree": "yes", "exporttree": "no"}
_OURS = ("type=external", "externaltype=pyshare")


def as_tree(options: Options) -> Options:
    """The options of `--two-way` with what it implies: the store has the files by their names.

    Raises:
        BadSetting: Another option excludes that.
    """
    given = options.settings
    if given.get("encryption", "none") != "none":
        raise BadSetting(
            f"encryption={one_line(given['encryption'])} and --two-way exclude each other, since people could not read"
            " the files",
            remedy="Leave one of them out.",
        )
    if given.get("exporttree", "yes") != "yes" or "importtree" in given:
        raise BadSetting(
            "--two-way sets exporttree and importtree itself", remedy="Leave them out, or leave --two-way out."
        )
    if options.history == SAME:
        raise BadSetting("--two-way and --history same exclude each other", remedy=HISTORY_ELSEWHERE)
    return options._replace(settings={**given, "exporttree": "yes"})


def require_possible(settings: Mapping[str, str], here: Here) -> None:
    """Raise BadSetting if edits cannot come back from this kind of store, or with this git-annex, or to this branch."""
    if ability(registry.make(place_for(settings, here.clone)), ListsContents) is None:
        raise BadSetting(
            f"edits cannot come back from {settings['url']}, since pyshare cannot list the files of such a store",
            remedy="Leave --two-way out, and people can read the folder.",
        )
    version = _annex_version()
    if _numbers(version) < _numbers(OLDEST_ANNEX):
        raise BadSetting(
            f"--two-way needs git-annex {OLDEST_ANNEX} or newer, and this is {one_line(version) or 'an unknown one'}",
            remedy="Install a newer one, or leave --two-way out.",
        )
    if here.is_repository and _branch(here).startswith("-"):
        raise BadSetting(
            f"the branch {one_line(_branch(here))} is read as an option by git", remedy="Give it another name."
        )


def require_tree(state: State) -> None:
    """Raise BadSetting for a remote that exists and cannot be the one that sends commits."""
    name = state.remote.place.clone.remote
    if state.has_history:
        raise BadSetting(f"{name} keeps the history too, which excludes --two-way", remedy=HISTORY_ELSEWHERE)
    if state.remote.place.clone.config_uuid:
        raise BadSetting(
            f"{name} shares its store with another remote, which sends your commits",
            remedy="Give the name of that one.",
        )
    if state.remote.annex.get("exporttree") != "yes":
        raise BadSetting(
            f"{name} keeps files by their content and not by their names, and git-annex cannot change that",
            remedy="Choose another name, and another folder.",
        )


def name_of_way_back(answers: Answers, here: Here, state: State | None) -> str:
    """The second remote: the one that exists, or a free name.

    Raises:
        BadSetting: It exists, and is not enabled in this clone; the message has the command.
        PermissionDenied: The user has not accepted it.
    """
    if state and (name := way_back(here.clone, state.remote.uuid)):
        require_verified(remote_named(name))
        return name
    return here.free_name(f"{answers.name}-back")


def sending(answers: Answers) -> Iterator[Step]:
    """What the owner types as often as they like, when the files are saved."""
    yield ("git", "annex", "sync", "--content") if answers.two_way else ("git", "annex", "push")


def tracked(answers: Answers, here: Here) -> Iterator[Step]:
    """The command after which `git annex push` exports the branch; none if it does."""
    if not here.clone.config.get(f"remote.{answers.name}.{_TRACKING}"):
        yield _tracking(answers.name, _branch(here))


def pairing(answers: Answers, here: Here, state: State | None, back: str) -> Iterator[Step]:
    """The commands that make the remote `back`, and tie both to the branch; without those that are done already."""
    name = answers.name
    if back not in all_names(here.clone):
        settings = [f"{each}={value}" for each, value in {**_own(answers, state), **_IMPORTS}.items()]
        yield ("git", "annex", "initremote", back, f"--sameas={name}", *_OURS, *settings)
    tracked = {each: here.clone.config.get(f"remote.{each}.{_TRACKING}", "") for each in (name, back)}
    branch = next(filter(None, tracked.values()), "") or _branch(here)
    for each, known in tracked.items():
        if not known:
            yield _tracking(each, branch)
    if branch and ":" not in branch:
        yield from _compared(here, state, branch, *(f"refs/remotes/{each}/{branch}" for each in (name, back)))


def _compared(here: Here, state: State | None, branch: str, sent: str, came: str) -> Iterator[Step]:
    """The commands after which git-annex compares people's edits with what was sent last.

    Without them it compares with what people had before, or in a new clone with nothing, and takes each edit of a file
    for a conflict.

    Args:
        here: The dataset.
        state: What is there of the first remote.
        branch: The branch that goes both ways.
        sent: The reference that git-annex sets at each export.
        came: The one that it sets at each import.
    """
    git_dir = here.clone.git_dir
    if git_dir and state and not git(git_dir, "for-each-ref", sent):
        tree = exported_tree(git_dir, state.remote.uuid)
        commits = git(git_dir, "log", "-10000", "--format=%H %T", f"refs/heads/{branch}").splitlines() if tree else []
        if commit := next((each.split()[0] for each in commits if each.endswith(f" {tree}")), ""):
            yield ("git", "update-ref", sent, commit)
    if not (git_dir and (git(git_dir, "for-each-ref", came) or git(git_dir, "symbolic-ref", "--quiet", came))):
        yield ("git", "symbolic-ref", came, sent)


def _tracking(remote: str, branch: str) -> Step:
    """The command after which `git annex sync` exports a branch to a remote, or imports one from there."""
    return ("git", "config", f"remote.{remote}.{_TRACKING}", branch)


def _branch(here: Here) -> str:
    return branch_of(here.clone).removeprefix("refs/heads/")


def _own(answers: Answers, state: State | None) -> Mapping[str, str]:
    """The settings of the store itself, which no remote inherits."""
    given = state.remote.annex if state else answers.settings
    # With real names there is nothing to lay out, and initremote takes this setting of the first remote.
    names = {each.name for each in registry.all_settings(answers.url)} - {"layout"}
    return {name: value for name, value in given.items() if name in names and value}


def _annex_version() -> str:
    done = subprocess.run(
        found(("git-annex", "version", "--raw")),
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.stdout.decode("utf-8", "replace").strip()


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, without the commit that it was built from."""
    return tuple(map(int, re.findall(r"\d+", version.partition("-")[0])))
