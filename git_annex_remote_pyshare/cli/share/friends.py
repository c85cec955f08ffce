"""What friends type to get a dataset's content, and where they clone the dataset from."""

import os
import re
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import Share
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.host import without_login
from git_annex_remote_pyshare.safe_text import command

_PROGRAMS = ("git-annex", "datalad", "git-annex-remote-pyshare")
"""Packages; each brings its own program."""

_FORGES = ("github.com", "gitlab.com", "codeberg.org", "bitbucket.org", "gin.g-node.org", "framagit.org")
"""Hosts where the address for ssh, which needs a key, is the address for https as well."""

_BY_SSH = re.compile(rf"(?:ssh://)?git@({'|'.join(map(re.escape, _FORGES))})(?::22)?[:/]/*(.+)")
_PLAIN = re.compile(r"\w[\w.-]*", re.ASCII)
_REMOTE_URL = re.compile(r"remote\.(.+)\.url", re.DOTALL)


class Dataset(NamedTuple):
    """The dataset as friends find it."""

    remote: str
    """Name of the git remote, for pushes."""
    url: str
    """What friends clone; holds no login."""

    @classmethod
    def of(cls, clone: LocalConfig) -> "Dataset | None":
        """The git remote that a friend most likely reaches: by https, else by ssh or the like, else on this machine."""
        named = ((_REMOTE_URL.fullmatch(key), url) for key, url in clone.config.items())
        found = [cls(match[1], _for_friends(clone, url)) for match, url in named if match and url]
        return min(found, key=_distance, default=None)

    @staticmethod
    def folder_of(clone: LocalConfig) -> str:
        """What the dataset's folder is called on this machine."""
        return os.path.basename(_top(clone)) or "my-dataset"


def lines(dataset: Dataset, link: Share) -> list[str]:
    """The commands for a friend, from a machine without any of the programs to the files.

    Args:
        dataset: Where friends clone it from.
        link: How friends reach the store.
    """
    folder = os.path.basename(dataset.url.rstrip("/")).removesuffix(".git") or "dataset"
    made = [command("pipx", "install", *_PROGRAMS), *([link.login] if link.login else [])]
    # DataLad names the folder so by itself; where the name has other characters, it may not.
    into = [] if _PLAIN.fullmatch(folder) else [folder]
    made += [command("datalad", "clone", dataset.url, *into), command("cd", folder)]
    return [*made, "datalad get ."]


def _for_friends(clone: LocalConfig, url: str) -> str:
    if match := _BY_SSH.fullmatch(url):
        return f"https://{match[1]}/{match[2]}"
    if ":" in url:
        # A token in it is for this clone, not for friends.
        return without_login(url)
    return os.path.normpath(os.path.join(_top(clone), url))


def _distance(dataset: Dataset) -> int:
    if dataset.url.startswith("https://"):
        return 0
    return 1 if ":" in dataset.url else 2


def _top(clone: LocalConfig) -> str:
    return os.path.dirname(clone.git_dir) if os.path.basename(clone.git_dir) == ".git" else clone.git_dir
