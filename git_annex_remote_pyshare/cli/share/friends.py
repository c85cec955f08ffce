"""Makes the commands that friends type."""

import os
import re

from git_annex_remote_pyshare.backends.base import Share
from git_annex_remote_pyshare.cli.dataset import Dataset
from git_annex_remote_pyshare.safe_text import command

_PROGRAMS = ("git-annex", "datalad", "git-annex-remote-pyshare")
"""Packages that friends install; each has one program."""

_PLAIN = re.compile(r"\w[\w.-]*", re.ASCII)


def lines(dataset: Dataset, link: Share, folder: str = "") -> list[str]:
    """The commands for a friend, from the installation to the files.

    Args:
        dataset: The dataset as friends find it.
        link: How friends reach the store.
        folder: The folder of the clone, for an address that names none; empty for the last part of the address.
    """
    named = os.path.basename(dataset.url.rstrip("/")).removesuffix(".git") or "dataset"
    made = [command("pipx", "install", *_PROGRAMS), *([link.login] if link.login else [])]
    # DataLad chooses this name itself; with other characters in it, it may choose another one.
    into = [] if not folder and _PLAIN.fullmatch(named) else [folder or named]
    made += [command("datalad", "clone", dataset.url, *into), command("cd", folder or named)]
    return [*made, "datalad get ."]
