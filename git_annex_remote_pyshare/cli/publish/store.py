"""Looks at the remote itself: whether a tree can be published to it, and what else writes to it."""

import subprocess
from collections.abc import Container
from itertools import islice

from git_annex_remote_pyshare.cli.output import warn
from git_annex_remote_pyshare.cli.publish.exported import Exported
from git_annex_remote_pyshare.cli.remotes import Remote, opened
from git_annex_remote_pyshare.config.annex_branch import all_remotes
from git_annex_remote_pyshare.config.git_config import git_command, git_environment
from git_annex_remote_pyshare.errors import BadSetting, NotFound
from git_annex_remote_pyshare.safe_text import command

_TRACKING = "annex-tracking-branch"
"""Git config of a remote: the branch that git-annex exports to it at each push."""

_MOST_LISTED = 1000
"""Files of a store that are looked at: enough to see that it is not empty."""


def require_tree(remote: Remote) -> None:
    """Raise BadSetting for a remote that holds no tree, or one whose changes come back by an import."""
    name, place = remote.place.clone.remote, remote.place
    if not place.is_tree:
        made = ("type=external", "externaltype=pyshare", "encryption=none", "exporttree=yes")
        another = command("git", "annex", "initremote", f"{name}-files", *made, f"url={place.url.rstrip('/')}-files")
        raise BadSetting(
            f"{name} holds objects of git-annex, not files under their own names (exporttree=yes), and a remote cannot"
            " be changed to that",
            remedy=f"Make another one for it. Type: {another}",
        )
    if _is_imported(remote):
        everything = command("git", "annex", "export", "HEAD", "--to", name)
        raise BadSetting(
            f"what people change in {name} comes back into the dataset by an import (importtree=yes), which would take"
            " the files that you leave out for deleted ones",
            remedy=f"Publish to another remote, or send everything: {everything}",
        )


def tell_others(remote: Remote, before: Exported) -> None:
    """Warn about what else sends a tree to the same store."""
    clone = remote.place.clone
    if branch := clone.option(_TRACKING):
        off = command("git", "config", "--unset", f"remote.{clone.remote}.{_TRACKING}")
        warn(f"git annex push, sync and assist send all of {branch} to {clone.remote}, unfiltered. To stop that: {off}")
    if wanted := _wanted(remote.uuid):
        warn(f"git-annex itself sends only what matches the preferred content of {clone.remote}: {wanted}")
    if remote.annex.get("annexobjects") == "yes":
        warn(f"{clone.remote} has annexobjects=yes, so what is deleted there stays readable in its .git/annex/objects.")
    if before.is_disputed:
        warn("Clones that did not know of each other have exported different trees there; git-annex puts that right.")
    elif before.is_unfinished:
        warn("An earlier export has not ended; git-annex also removes what it has left.")


def others_there(remote: Remote, names: Container[str]) -> list[str]:
    """Which of these names, of the first ones that are listed, the store has already.

    Raises:
        PyshareError: The store cannot be listed.
    """
    with opened(remote.place) as store:
        try:
            return [entry.name for entry in islice(store.list(), _MOST_LISTED) if entry.name in names]
        except NotFound:
            return []  # the first export makes it


def _wanted(uuid: str) -> str:
    """What the remote is to have, by `git annex wanted`; empty if that is everything."""
    done = subprocess.run(
        git_command("annex", "wanted", uuid),
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def _is_imported(remote: Remote) -> bool:
    rows = all_remotes(remote.place.clone.git_dir).values()
    same = (row for row in rows if row.get("sameas-uuid") == remote.uuid)
    return any(row.get("importtree") == "yes" for row in (remote.annex, *same))
