"""Makes the list of commands that set up a store, or that repair what is missing of it."""

import shutil
from collections.abc import Iterator
from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Opens, ability
from git_annex_remote_pyshare.cli.dataset import publish_first
from git_annex_remote_pyshare.cli.init.account import place_for
from git_annex_remote_pyshare.cli.init.answers import NOWHERE, SAME, Answers
from git_annex_remote_pyshare.cli.init.here import Here, State, branch, has_branch
from git_annex_remote_pyshare.cli.steps import Step

_BY_DEFAULT = {"type": "external", "externaltype": "pyshare", "encryption": "none"}


class Plan(NamedTuple):
    """What `pyshare init` runs, and what its user types afterwards."""

    steps: list[Step]
    remotes: list[str]
    """The remote, and those for a link to it."""
    next: list[Step]


def plan(answers: Answers, here: Here, state: State | None) -> Plan:
    """The commands, in their order; those whose work is done already are left out.

    Args:
        answers: What the user decided.
        here: The dataset.
        state: What is there of the remote; None if it is new.
    """
    is_new = bool(here.to_make())
    public = _is_opened_itself(answers, here)
    steps: list[Step] = [*here.to_make()]
    steps += [_initremote(answers, public=public)] if state is None else _repaired(answers, state)
    link = answers.readers == "link" and not (state and _lets_anyone_in(state))
    if link:
        steps.append(("pyshare", "share", answers.name, *(["--public"] if public else []), "--before-push", "--yes"))
    if answers.history not in {SAME, NOWHERE}:
        first = publish_first(here.clone, answers.history, answers.name)
        steps += [first] if first else []
    main = branch(here.clone) if here.is_repository else ""
    push: Step = ("git", "push", answers.name, main, "git-annex")
    if answers.history == SAME and main and not (state and has_branch(here.clone, answers.name)):
        steps.append(push)
    links = state.links if state else []
    remotes = [answers.name, *(links or ([f"{answers.name}-link"] if link and not public else []))]
    return Plan(steps, remotes, [*_next(answers, push, is_new=is_new, is_empty=not main)])


def _initremote(answers: Answers, *, public: bool) -> Step:
    enabled = {"autoenable": "true"} if public or (answers.readers == "account" and not answers.is_private) else {}
    settings = {**_BY_DEFAULT, **enabled, **answers.settings}
    words = [f"{name}={value}" for name, value in settings.items()]
    return ("git", "annex", "initremote", answers.name, *words, *(["--with-url"] if answers.history == SAME else []))


def _repaired(answers: Answers, state: State) -> Iterator[Step]:
    """The commands for what the remote itself lacks."""
    if answers.history == SAME and not state.has_history:
        yield ("git", "annex", "enableremote", answers.name, "--with-url")
    if answers.readers == "account" and not state.is_autoenabled:
        yield ("git", "annex", "configremote", answers.name, "autoenable=true")


def _is_opened_itself(answers: Answers, here: Here) -> bool:
    """Whether anyone will read at the owner's own address, as in a bucket, and not by a link."""
    if answers.readers != "link":
        return False
    return ability(registry.make(place_for(answers.settings, here.clone)), Opens) is not None


def _lets_anyone_in(state: State) -> bool:
    place = state.remote.place
    return bool(state.links) or registry.spec_of(place.url).is_public(place.settings)


def _next(answers: Answers, push: Step, *, is_new: bool, is_empty: bool) -> Iterator[Step]:
    """What the owner types afterwards: saves, publishes, invites."""
    has_datalad = shutil.which("datalad") is not None
    if is_new or is_empty:
        yield from (
            [("datalad", "save")] if has_datalad else [("git", "annex", "add", "."), ("git", "commit", "-m", "files")]
        )
    if is_empty and answers.history == SAME:
        yield (*push[:3], "main", "git-annex")
    target = answers.name if answers.history in {SAME, NOWHERE} else answers.history
    yield ("datalad", "push", "--to", target) if has_datalad else ("git", "annex", "push")
    if answers.readers != "me" and answers.history != NOWHERE:
        yield ("pyshare", "invite", answers.name)
