"""Publishes a link to all clones of a dataset: as a second remote with the same content, and by a push."""

import shutil
import sys
from collections.abc import Iterator, Mapping

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Share
from git_annex_remote_pyshare.cli.dataset import Dataset
from git_annex_remote_pyshare.cli.output import is_for_programs, say
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.cli.steps import Step, run_steps, show_steps
from git_annex_remote_pyshare.config.annex_branch import written_remotes
from git_annex_remote_pyshare.config.remotes import all_names, is_link


def steps(remote: Remote, link: Share) -> list[Step]:
    """The commands that publish a link, or changed settings of the remote; none if all clones know it already.

    Args:
        remote: The remote that is shared.
        link: How friends reach it; its URL is that of the remote if friends use the same remote.
    """
    made = changes(remote, link)
    dataset = Dataset.of(remote.place.clone)
    if dataset and (made or _is_behind(remote, dataset, written_remotes(remote.place.clone.git_dir))):
        made.append(_push(dataset))
    return made


def changes(remote: Remote, link: Share) -> list[Step]:
    """The commands that record a link, or changed settings of the remote, in this clone only; arguments as `steps`."""
    known = written_remotes(remote.place.clone.git_dir)
    return [*(_own_changes(remote, link, known) if link.url == remote.place.url else _link_steps(remote, link, known))]


def publish(made: list[Step], *, yes: bool) -> bool:
    """Run the commands if the user agrees, else print them; whether all clones know the link then.

    Args:
        made: As `steps` returns them.
        yes: Whether the user has already agreed.

    Raises:
        CommandFailed: One of the commands failed.
    """
    if not made:
        return True
    if not (yes or _agreed()):
        if not is_for_programs():
            say("Type once, so that every clone knows it:\n")
            show_steps(made)
            say()
        return False
    run_steps(made)
    say()
    return True


def _agreed() -> bool:
    """Whether the user agrees; False without a terminal."""
    return sys.stdin.isatty() and click.confirm("Publish this link with the dataset?", default=True, err=True)


def _link_steps(remote: Remote, link: Share, known: Mapping[str, Mapping[str, str]]) -> Iterator[Step]:
    name = remote.place.clone.remote
    settings = _settings(remote, link)
    links = {
        each["sameas-name"]: each
        for each in known.values()
        if is_link(each, remote.uuid) and not each.get("sameas-name", "-").startswith("-")
    }
    same = next((each for each, written in links.items() if written.get("url") == link.url), None)
    there = same or (f"{name}-link" if f"{name}-link" in links else None)
    if there is None:
        ours = ("type=external", "externaltype=pyshare", f"autoenable={_autoenable(remote)}")
        new = _free_name(remote, known)
        yield ("git", "annex", "initremote", new, f"--sameas={name}", *ours, *_typed(settings))
    else:
        written = {"layout": _default_layout(link.url), **links[there]}
        wanted = {"autoenable": _autoenable(remote), "layout": _default_layout(link.url), **settings}
        changed = {key: value for key, value in wanted.items() if written.get(key, "") != value}
        if changed:
            yield ("git", "annex", "enableremote", there, *_typed(changed))
    if _own_settings(remote, known).get("autoenable") == "true":
        # Friends cannot open the owner's address; git-annex would ask them for a login there.
        yield ("git", "annex", "configremote", name, "autoenable=false")


def _autoenable(remote: Remote) -> str:
    """Whether each clone enables the link's remote by itself.

    Not if the history is in a store too: friends clone by the link itself, and git-annex would let no one else push
    before they have verified the link's remote.
    """
    dataset = Dataset.of(remote.place.clone)
    return "false" if dataset and dataset.is_in_store else "true"


def _own_changes(remote: Remote, link: Share, known: Mapping[str, Mapping[str, str]]) -> Iterator[Step]:
    clone = remote.place.clone
    written = _own_settings(remote, known)
    changed = {name: value for name, value in link.settings.items() if (written.get(name) or "no") != value}
    if changed:
        yield ("git", "annex", "enableremote", clone.remote, *_typed(changed))
    is_unknown = written.get("autoenable") != "true" and _autoenable(remote) == "true"
    if is_unknown and link.settings.get("public") != "no":
        # A remote that a friend enables by hand is blocked until it is verified by hand.
        yield ("git", "annex", "configremote", clone.remote, "autoenable=true")


def _own_settings(remote: Remote, known: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """The published settings of the remote itself, which may share its UUID with another one."""
    return known.get(remote.place.clone.config_uuid or remote.uuid, {})


def _settings(remote: Remote, link: Share) -> Mapping[str, str]:
    """The settings of the link's remote: its objects have the same names as in the remote itself."""
    layout = remote.place.settings["layout"] or _default_layout(remote.place.url)
    named = {} if layout == _default_layout(link.url) else {"layout": layout}
    return {**named, **link.settings, "url": link.url}


def _default_layout(url: str) -> str:
    return registry.spec_of(url).layout


def _typed(settings: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in settings.items()]


def _free_name(remote: Remote, known: Mapping[str, Mapping[str, str]]) -> str:
    """NAME-link, or a similar name if that is taken."""
    taken = {each.get("name") or each.get("sameas-name") for each in known.values()}
    taken |= all_names(remote.place.clone)
    name = f"{remote.place.clone.remote}-link"
    return next(each for each in (name, *(f"{name}-{number}" for number in range(2, 1000))) if each not in taken)


def _is_behind(remote: Remote, dataset: Dataset, known: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether the published dataset lacks settings of the remote or its links."""
    there = written_remotes(remote.place.clone.git_dir, f"refs/remotes/{dataset.remote}/git-annex")
    ours = {uuid: each for uuid, each in known.items() if remote.uuid in {uuid, each.get("sameas-uuid")}}
    return any(there.get(uuid) != each for uuid, each in ours.items())


def _push(dataset: Dataset) -> Step:
    """The push of the history: pushing the content may take hours."""
    if shutil.which("datalad") and not dataset.is_in_store:
        return ("datalad", "push", "--to", dataset.remote, "--data", "nothing")
    return ("git", "push", dataset.remote, "git-annex")
