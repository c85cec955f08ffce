"""Reads which tree git-annex last exported to a remote: the file export.log of its branch."""

import re
from typing import NamedTuple

from git_annex_remote_pyshare.config.annex_branch import texts

_LINE = re.compile(
    r"([0-9]+(?:\.[0-9]+)?)s ([^ :]+):([^ ]+) ([0-9a-f]{40}|[0-9a-f]{64})((?: [0-9a-f]{40,64})*)", re.ASCII
)


class Exported(NamedTuple):
    """What git-annex knows about the tree in a store."""

    tree: str = ""
    """The name of the tree's object in git; empty if nothing was exported."""
    is_unfinished: bool = False
    """Whether an export has begun and did not end."""
    is_disputed: bool = False
    """Whether clones that did not know of each other have exported different trees."""


def exported_to(git_dir: str, uuid: str) -> Exported:
    """The newest tree of the remote of this UUID.

    The lines of the log are `<seconds>s CLONE:REMOTE TREE [UNFINISHED TREE…]`, the newest for each pair counts
    (git-annex documentation, "internals", export.log; Logs/Export.hs). Collaborators can write anything there, so a
    line of another form is ignored.
    """
    newest: dict[str, tuple[float, str, bool]] = {}
    for text in texts(git_dir, "export.log"):
        for line in text.split("\n"):
            if (match := _LINE.fullmatch(line)) and match[3] == uuid:
                row = (float(match[1]), match[4], bool(match[5]))
                newest[match[2]] = max(newest.get(match[2], row), row)
    if not newest:
        return Exported()
    last = max(newest.values())
    return Exported(last[1], last[2], len({tree for _, tree, _ in newest.values()}) > 1)
