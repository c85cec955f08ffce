"""Makes the commands that friends type, and finds the address from which they clone the dataset."""

import os
import re
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import Share
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.host import without_login
from git_annex_remote_pyshare.safe_text import command

_PROGRAMS = ("git-annex", "datalad", "git-annex-remote-pyshare")
"""Packages that friends install; each has one program."""

_FORGES = ("github.com", "gitlab.com", "codeberg.org", "bitbucket.org", "gin.g-node.org", "framagit.org")
"""Hosts where an ssh address, which needs a key, has an https address of the same form."""

_BY_SSH = re.compile(rf"(?:ssh://)?git@({'|'.join(map(re.escape, _FORGES))})(?::22)?[:/]/*(.+)")
_PLAIN = re.compile(r"\w[\w.-]*", re.ASCII)
_REMOTE_URL = re.compile(r"remote\.(.+)\.url", re.DOTALL)


class Dataset(NamedTuple):
    """The dataset as friends find it."""

    remote: str
    """Name of the git remote to push to."""
    url: str
    """The address that friends clone; contains no login."""

    @classmethod
    def of(cls, clone: LocalConfig) -> "Dataset | None":
        """The git remote that friends can most likely reach: by https, else by ssh or similar, else on this machine."""
        named = ((_REMOTE_URL.fullmatch(key), url) for key, url in clone.config.items())
        found = [cls(match[1], _for_friends(clone, url)) for match, url in named if match and url]
        return min(found, key=_distance, default=None)

    @staticmethod
    def folder_of(clone: LocalConfig) -> str:
        """Name of the dataset's folder on this machine."""
        return os.path.basename(_top(clone)) or "my-dataset"


def lines(dataset: Dataset, link: Share) -> list[str]:
    """The commands for a friend, from the installation to the files.

    Args:
        dataset: The dataset as friends find it.
        link: How friends reach the store.
    """
    folder = os.path.basename(dataset.url.rstrip("/")).removesuffix(".git") or "dataset"
    made = [command("pipx", "install", *_PROGRAMS), *([link.login] if link.login else [])]
    # DataLad chooses this name itself; with other characters in it, it may choose another one.
    into = [] if _PLAIN.fullmatch(folder) else [folder]
    made += [command("datalad", "clone", dataset.url, *into), command("cd", folder)]
    return [*made, "datalad get ."]


def _for_friends(clone: LocalConfig, url: str) -> str:
    if match := _BY_SSH.fullmatch(url):
        return f"https://{match[1]}/{match[2]}"
    if ":" in url:
        # A token in the address is for this clone, not for friends.
        return without_login(url)
    return os.path.normpath(os.path.join(_top(clone), url))


def _distance(dataset: Dataset) -> int:
    if dataset.url.startswith("https://"):
        return 0
    return 1 if ":" in dataset.url else 2


def _top(clone: LocalConfig) -> str:
    return os.path.dirname(clone.git_dir) if os.path.basename(clone.git_dir) == ".git" else clone.git_dir
