"""Makes the list of commands that set up a store, or that repair what is missing of it."""

import shutil
from collections.abc import Iterator
from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Opens, ability
from git_annex_remote_pyshare.cli.dataset import branch_of, publish_first
from git_annex_remote_pyshare.cli.init.account import place_for
from git_annex_remote_pyshare.cli.init.answers import NOWHERE, SAME, Answers
from git_annex_remote_pyshare.cli.init.here import Here, State, has_branch, has_commit
from git_annex_remote_pyshare.cli.init.two_way import name_of_way_back, pairing, sending, tracked
from git_annex_remote_pyshare.cli.steps import Step

_BY_DEFAULT = {"type": "external", "externaltype": "pyshare", "encryption": "none"}


class Plan(NamedTuple):
    """What `pyshare init` runs, and what its user types afterwards."""

    steps: list[Step]
    remotes: list[str]
    """The remote, and those for a link to it."""
    next: list[Step]
    back: str = ""
    """The remote that brings people's edits back; empty if there is none."""


def plan(answers: Answers, here: Here, state: State | None) -> Plan:
    """The commands, in their order; those whose work is done already are left out.

    Args:
        answers: What the user decided.
        here: The dataset.
        state: What is there of the remote; None if it is new.
    """
    public = _is_opened_itself(answers, here)
    link = answers.readers == "link" and not (state and state.is_open)
    steps: list[Step] = [*here.to_make()]
    steps += [_initremote(answers, public=public)] if state is None else _repaired(answers, state)
    if link:
        steps.append(("pyshare", "share", answers.name, *(["--public"] if public else []), "--before-push", "--yes"))
    back = ""
    if answers.two_way:
        back = name_of_way_back(answers, here, state)
        steps += pairing(answers, here, state, back)
    elif answers.is_tree:
        steps += tracked(answers, here)
    # DataLad's push stops at a store that has the files by their names.
    by_datalad = answers.history not in {SAME, NOWHERE} and not (answers.is_tree or answers.two_way)
    if by_datalad and (first := publish_first(here.clone, answers.history, answers.name)):
        steps.append(first)
    push = _first_push(answers, here, state)
    if push and _has_history(here):
        steps.append(push)
    links = state.links if state else []
    remotes = [answers.name, *(links or ([f"{answers.name}-link"] if link and not public else []))]
    remotes += [back] if back else []
    later = [push] if push and not _has_history(here) else []
    return Plan(steps, remotes, [*_saving(here), *later, *_publishing(answers)], back)


def _first_push(answers: Answers, here: Here, state: State | None) -> Step | None:
    """The push that begins the history in the store: DataLad's own fails where there is none."""
    if answers.history != SAME or (state and has_branch(here.clone, answers.name)):
        return None
    return ("git", "push", answers.name, branch_of(here.clone), "git-annex")


def _has_history(here: Here) -> bool:
    """Whether there is a commit when the dataset is made; DataLad makes one, git-annex does not."""
    if here.is_repository:
        return has_commit(here.clone)
    return here.to_make()[0][0] == "datalad"


def _initremote(answers: Answers, *, public: bool) -> Step:
    enabled = {"autoenable": "true"} if public or (answers.readers == "account" and not answers.is_private) else {}
    settings = {**_BY_DEFAULT, **enabled, **answers.settings}
    words = [f"{name}={value}" for name, value in settings.items()]
    return ("git", "annex", "initremote", answers.name, *words, *(["--with-url"] if answers.history == SAME else []))


def _repaired(answers: Answers, state: State) -> Iterator[Step]:
    """The commands for what the remote itself lacks."""
    if answers.history == SAME and not state.has_history:
        yield ("git", "annex", "enableremote", answers.name, "--with-url")
    if answers.readers == "account" and not (state.is_autoenabled or answers.is_private):
        yield ("git", "annex", "configremote", answers.name, "autoenable=true")


def _is_opened_itself(answers: Answers, here: Here) -> bool:
    """Whether anyone will read at the owner's own address, as in a bucket, and not by a link."""
    if answers.readers != "link":
        return False
    return ability(registry.make(place_for(answers.settings, here.clone)), Opens) is not None


def _saving(here: Here) -> list[Step]:
    """The commands that save the files of a dataset that has none yet."""
    if has_commit(here.clone) and not here.to_make():
        return []
    if shutil.which("datalad"):
        return [("datalad", "save")]
    return [("git", "annex", "add", "."), ("git", "commit", "-m", "files")]


def _publishing(answers: Answers) -> Iterator[Step]:
    """What the owner types when the files are saved: publishes, and invites."""
    if answers.is_tree or answers.two_way:
        yield from sending(answers)
    else:
        yield from _pushing(answers)
    if answers.readers != "me" and answers.history != NOWHERE:
        yield ("pyshare", "invite", answers.name)


def _pushing(answers: Answers) -> Iterator[Step]:
    target = answers.name if answers.history in {SAME, NOWHERE} else answers.history
    yield ("datalad", "push", "--to", target) if shutil.which("datalad") else ("git", "annex", "push")
