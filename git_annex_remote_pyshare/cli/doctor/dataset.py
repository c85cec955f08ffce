"""Section "dataset": what this clone and its siblings know of a remote; sends no request."""

import os
import re
from collections.abc import Iterator, Mapping

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.dataset import Dataset, publish_first, publishes_first, siblings
from git_annex_remote_pyshare.cli.doctor.check import OK, PROBLEM, WARNING, Check
from git_annex_remote_pyshare.cli.output import counted
from git_annex_remote_pyshare.cli.remotes import Remote, unverified
from git_annex_remote_pyshare.cli.share.reach import push_step
from git_annex_remote_pyshare.config.annex_branch import written_remotes
from git_annex_remote_pyshare.config.annex_url import SCHEME
from git_annex_remote_pyshare.config.git_config import LocalConfig, git
from git_annex_remote_pyshare.config.remotes import names
from git_annex_remote_pyshare.safe_text import command

SECTION = "dataset"

_TIMES = re.compile(r"(?:^| timestamp=)[0-9.]+s")
"""Matches the time in a line of git-annex's logs (https://git-annex.branchable.com/internals/)."""

_MANUAL = "manual"
"""Value of `annex-verified` after `git annex enableremote`: git-annex does not even read from such a remote."""


def checks_of(remote: Remote) -> Iterator[Check]:
    """The checks of one remote that is enabled in this clone."""
    yield _verified(remote)
    yield from _autoenabled(remote)
    if not remote.place.clone.config_uuid:  # friends read by a link's remote, and nothing is pushed to it
        yield from _published_first(remote)
    yield from _history(remote)


def checks(clone: LocalConfig, remotes: list[Remote]) -> Iterator[Check]:
    """The checks of the clone as a whole.

    Args:
        clone: The clone of the working directory.
        remotes: The pyshare remotes that are looked at.
    """
    for name, url in siblings(clone).items():
        if remotes:
            yield from _pushed(remotes, Dataset(name, url))


def no_remote() -> Check:
    """The check of a dataset that uses no pyshare yet."""
    fix = command("pyshare", "init")
    return Check(SECTION, "remotes", WARNING, "this dataset has no pyshare remote yet, so there is nothing to try", fix)


def not_enabled(name: str) -> Check:
    """The check of a remote that the dataset has and this clone does not use."""
    fix = command("git", "annex", "enableremote", name)
    return Check(SECTION, "enabled", WARNING, f"{name} is not enabled in this clone", fix)


def _verified(remote: Remote) -> Check:
    name = remote.place.clone.remote
    found = unverified(remote)
    if found is None:
        return Check(SECTION, "verified", OK, f"{name}: enabled, verified")
    if remote.place.clone.verified == _MANUAL:
        return Check(SECTION, "verified", PROBLEM, f"{found.what}; git-annex does not use it before", found.accept)
    return Check(SECTION, "verified", WARNING, f"{found.what}; git-annex only reads from it", found.accept)


def _autoenabled(remote: Remote) -> Iterator[Check]:
    """Whether each new clone gets a way to the store by itself, where there is one that needs no login."""
    clone, name = remote.place.clone, remote.place.clone.remote
    ways = [
        settings
        for uuid, settings in written_remotes(clone.git_dir).items()
        if remote.uuid in {uuid, settings.get("sameas-uuid")}
    ]
    if any(settings.get("autoenable") == "true" for settings in ways):
        yield Check(SECTION, "autoenable", OK, f"{name}: new clones enable it by themselves")
    elif _is_for_all(remote) and siblings(clone):
        text = f"{name} can be read without a login, but new clones do not enable it by themselves"
        fix = command("git", "annex", "configremote", name, "autoenable=true")
        yield Check(SECTION, "autoenable", WARNING, text, fix)
    else:
        enable = command("git", "annex", "enableremote", name)
        yield Check(SECTION, "autoenable", OK, f"{name}: friends with a login enable it by hand ({enable})")


def _is_for_all(remote: Remote) -> bool:
    """Whether friends need no login: a public bucket, a public link, or a folder that they have, too."""
    spec = registry.spec_of(remote.place.url)
    settings = remote.place.settings
    return spec.local or spec.is_public(settings) or bool(registry.account_of(settings).is_link)


def _published_first(remote: Remote) -> Iterator[Check]:
    """Whether a push to each sibling that keeps no content brings it to one of our remotes first."""
    clone = remote.place.clone
    ours = set(names(clone))
    for sibling, url in siblings(clone).items():
        if _keeps_content(clone, sibling) or url.startswith(SCHEME):
            continue
        first = ours.intersection(publishes_first(clone, sibling))
        step = None if first else publish_first(clone, sibling, clone.remote)
        if step is None:
            yield Check(SECTION, "publish-depends", OK, f"a push to {sibling} brings content first")
        else:
            text = f"a push to {sibling} publishes names without content: publish-depends is not set here"
            yield Check(SECTION, "publish-depends", WARNING, text, command(*step))


def _keeps_content(clone: LocalConfig, sibling: str) -> bool:
    """Whether the sibling is a repository of git-annex, to which DataLad copies content."""
    config = clone.config
    is_ignored = config.get(f"remote.{sibling}.annex-ignore", "") == "true"
    return not is_ignored and bool(config.get(f"remote.{sibling}.annex-uuid", ""))


def _history(remote: Remote) -> Iterator[Check]:
    """Whether a store that has the history, too, has got its first push; DataLad's own fails there."""
    clone, name = remote.place.clone, remote.place.clone.remote
    if not clone.option("url").startswith(SCHEME):
        return
    if _refs(clone, name):
        yield Check(SECTION, "history", OK, f"{name} has the history, too")
        return
    text = f"{name} is made for the history, too, and has none yet"
    yield Check(SECTION, "history", PROBLEM, text, command(*push_step(remote, Dataset(name, SCHEME))))


def _refs(clone: LocalConfig, sibling: str) -> Mapping[str, str]:
    """Branch → commit of what this clone last saw there."""
    above = f"refs/remotes/{sibling}/"
    listed = git(clone.git_dir, "for-each-ref", "--format=%(refname) %(objectname)", above)
    rows = (line.rpartition(" ") for line in listed.splitlines())
    return {ref.removeprefix(above): commit for ref, _, commit in rows}


def _pushed(remotes: list[Remote], sibling: Dataset) -> Iterator[Check]:
    """Whether the sibling knows all that this clone's git-annex branch says of the remotes."""
    clone = remotes[0].place.clone
    there = _refs(clone, sibling.remote)
    if not there and sibling.url.startswith(SCHEME):
        return  # see _history
    known = there.get("git-annex", "")
    missing = ("git-annex", *([f"^{known}"] if known else []))
    count = int(git(clone.git_dir, "rev-list", "--count", *missing).strip() or 0)
    if count and _says_more(clone, known, {remote.uuid for remote in remotes}):
        text = f"{sibling.remote} lacks {counted(count, 'commit')} of git-annex, so friends miss what you stored"
        pushed = next((remote for remote in remotes if not remote.place.clone.config_uuid), remotes[0])
        yield Check(SECTION, "pushed", PROBLEM, text, command(*push_step(pushed, sibling)))
    else:
        yield Check(SECTION, "pushed", OK, f"{sibling.remote} knows what is stored")


def _says_more(clone: LocalConfig, known: str, uuids: set[str]) -> bool:
    """Whether the missing commits say anything new of these remotes.

    Most say only what this clone has itself, and `git annex enableremote` writes the same settings with another time.
    """
    empty = git(clone.git_dir, "hash-object", "-t", "tree", os.devnull).strip()
    options = ("--unified=0", "--no-color", "--no-ext-diff", "--no-renames", "--no-prefix")
    path = ""
    added: set[tuple[str, str]] = set()
    removed: set[tuple[str, str]] = set()
    for line in git(clone.git_dir, "diff", *options, known or empty, "git-annex").split("\n"):
        if line.startswith(("+++ ", "--- ")):
            path = line[4:] if line.startswith("+++") else path
        elif line.startswith(("+", "-")) and any(uuid in line for uuid in uuids):
            (added if line.startswith("+") else removed).add((path, _TIMES.sub("", line[1:])))
    return bool(added - removed)
