"""Finds out how friends reach a store and its dataset: what they clone, by which remote they read, what they need."""

import shutil
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.clone_address import clone_address
from git_annex_remote_pyshare.cli.dataset import Dataset, branch_of, publishes_first
from git_annex_remote_pyshare.cli.invitation import Access
from git_annex_remote_pyshare.cli.rehearsal import Fixes, Rehearsal, Store, rehearse
from git_annex_remote_pyshare.cli.remotes import Remote, remote_named
from git_annex_remote_pyshare.cli.steps import Step
from git_annex_remote_pyshare.config.annex_branch import written_remotes
from git_annex_remote_pyshare.config.remotes import OURS, is_link
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command


class Reach(NamedTuple):
    """How friends reach a store."""

    store: str
    """Name of the remote that friends read by: that of the link, if the dataset has one."""
    url: str
    """The address of that remote."""
    access: Access
    """What friends need for reading, as the settings say; a link may have a password besides."""
    is_link: bool
    """Whether it is a public link of the service."""


def reach_of(remote: Remote) -> Reach:
    """How friends reach the store of a remote, by what the dataset says; sends no request."""
    name = remote.place.clone.remote
    by_name = {} if remote.place.clone.config_uuid else _links(remote)
    if by_name:
        name = f"{name}-link" if f"{name}-link" in by_name else min(by_name)
    settings = registry.parse(by_name[name]) if by_name else remote.place.settings
    spec = registry.spec_of(settings["url"])
    if spec.local:
        return Reach(name, settings["url"], Access.SAME_DISK, is_link=False)
    is_link = registry.account_of(settings).is_link
    access = Access.OPEN if is_link or spec.is_public(settings) else Access.ACCOUNT
    return Reach(name, settings["url"], access, is_link)


def require_published(remote: Remote) -> Dataset:
    """The dataset as friends find it.

    Raises:
        BadSetting: It is published nowhere; the remedy says how.
    """
    dataset = Dataset.of(remote.place.clone)
    if dataset is not None:
        return dataset
    name, folder = remote.place.clone.remote, Dataset.folder_of(remote.place.clone)
    create = command("datalad", "create-sibling-github", folder, "--publish-depends", name)
    raise BadSetting(
        "the dataset is published nowhere yet, so your friends cannot clone it",
        remedy=f"Type, for example: {create} && datalad push --to github, then: {command('pyshare', 'invite', name)}",
    )


def address_of(remote: Remote, dataset: Dataset, store: str) -> str:
    """What friends clone: a git URL, or the annex:: address of the store that has the history as well.

    Args:
        remote: The remote that is shared.
        dataset: The dataset as friends find it.
        store: Name of the remote that friends read by, which may be a link's.
    """
    if not dataset.is_in_store:
        return dataset.url
    holder = remote if dataset.remote == remote.place.clone.remote else remote_named(dataset.remote)
    names_link = holder.uuid == remote.uuid and store != dataset.remote
    return clone_address(holder, store if names_link else "").text


def push_step(remote: Remote, dataset: Dataset) -> Step:
    """The command that publishes the history, and what git-annex knows; it sends content first where it is set up."""
    if shutil.which("datalad") and not dataset.is_in_store:
        if _is_first(remote, dataset):
            return ("datalad", "push", "--to", dataset.remote)
        return ("datalad", "push", "--to", dataset.remote, "--data", "nothing")
    return ("git", "push", dataset.remote, branch_of(remote.place.clone), "git-annex")


def fixes_of(remote: Remote, dataset: Dataset) -> Fixes:
    """The commands that mend what a rehearsal finds."""
    name, push = remote.place.clone.remote, push_step(remote, dataset)
    copy = ("git", "annex", "copy", "--to", name)
    steps = [push] if push[0] == "datalad" and _is_first(remote, dataset) else [copy, push]
    content = " && ".join(command(*step) for step in steps)
    return Fixes(command(*push), content, command("pyshare", "verify", name), command("pyshare", "share", name))


def rehearse_remote(remote: Remote, files: int = 1) -> Rehearsal:
    """Be a stranger who clones the dataset of this clone and reads the store of the remote.

    Raises:
        BadSetting: The dataset is published nowhere.
    """
    dataset = require_published(remote)
    store = reach_of(remote).store
    fixes = fixes_of(remote, dataset)
    return rehearse(address_of(remote, dataset, store), Store(remote.uuid, store), files=files, fixes=fixes)


def _links(remote: Remote) -> Mapping[str, Mapping[str, str]]:
    """Name → settings of the remotes by which friends reach the same store.

    If the history is on a Git host, only those that each clone enables; if it is in the store, friends clone by them.
    """
    dataset = Dataset.of(remote.place.clone)
    is_in_store = dataset is not None and dataset.is_in_store
    rows = written_remotes(remote.place.clone.git_dir).values()
    ours = [row for row in rows if row.get("externaltype") == OURS and is_link(row, remote.uuid)]
    usable = [row for row in ours if is_in_store or row.get("autoenable") == "true"]
    return {row["sameas-name"]: row for row in usable if row.get("sameas-name")}


def _is_first(remote: Remote, dataset: Dataset) -> bool:
    return remote.place.clone.remote in publishes_first(remote.place.clone, dataset.remote)
