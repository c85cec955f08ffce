"""Facts about the dataset around the working directory: where others clone it, and which push brings content."""

import os
import re
from typing import NamedTuple

from git_annex_remote_pyshare.cli.steps import Step
from git_annex_remote_pyshare.config.annex_url import SCHEME
from git_annex_remote_pyshare.config.git_config import LocalConfig, git
from git_annex_remote_pyshare.credentials.host import without_login

_FORGES = ("github.com", "gitlab.com", "codeberg.org", "bitbucket.org", "gin.g-node.org", "framagit.org")
"""Hosts where an ssh address, which needs a key, has an https address of the same form."""

_BY_SSH = re.compile(rf"(?:ssh://)?git@({'|'.join(map(re.escape, _FORGES))})(?::22)?[:/]/*(.+)")
_REMOTE_URL = re.compile(r"remote\.(.+)\.url", re.DOTALL)


_DEPENDS = "datalad-publish-depends"
"""Git config of a sibling: the remotes that get content first."""


class Dataset(NamedTuple):
    """The dataset as friends find it."""

    remote: str
    """Name of the git remote to push to."""
    url: str
    """The address that friends clone; contains no login. `annex::` alone if the history is in a store: then the address
    depends on how friends reach it (`clone_address`)."""

    @classmethod
    def of(cls, clone: LocalConfig) -> "Dataset | None":
        """The git remote that friends can most likely reach: by https, else by ssh or similar, else on this machine.

        A remote with the history in a store of git-annex comes last.
        """
        found = [cls(name, _for_friends(clone, url)) for name, url in siblings(clone).items()]
        return min(found, key=_distance, default=None)

    @property
    def is_in_store(self) -> bool:
        """Whether the history is in a store of git-annex, and not on a Git host."""
        return self.url.startswith(SCHEME)

    @staticmethod
    def folder_of(clone: LocalConfig) -> str:
        """Name of the dataset's folder on this machine."""
        return os.path.basename(top_folder(clone)) or "my-dataset"


def branch_of(clone: LocalConfig) -> str:
    """The branch that friends get, as `git push` takes it; also one that the first commit makes.

    Not the adjusted one that git-annex may have checked out in its place. A clone's branch has the name that its origin
    chose, so one that `git push` could read as an option or a forced push is written in full.
    """
    current = git(clone.git_dir, "symbolic-ref", "--short", "--quiet", "HEAD").strip()
    wanted = current or git(clone.git_dir, "config", "init.defaultBranch").strip() or "master"
    name = wanted.removeprefix("adjusted/").partition("(")[0]
    return name if name[:1].isalnum() else f"refs/heads/{name}"


def siblings(clone: LocalConfig) -> dict[str, str]:
    """Name → URL of the git remotes to which history can be pushed; special remotes without a git URL are left out."""
    named = ((_REMOTE_URL.fullmatch(key), url) for key, url in clone.config.items())
    return {match[1]: url for match, url in named if match and url}


def publishes_first(clone: LocalConfig, sibling: str) -> list[str]:
    """The remotes to which `datalad push --to SIBLING` sends content first, in this clone (DataLad manual, "push")."""
    return git(clone.git_dir, "config", "--get-all", f"remote.{sibling}.{_DEPENDS}").split("\n")[:-1]


def publish_first(clone: LocalConfig, sibling: str, name: str) -> Step | None:
    """The command after which `datalad push --to SIBLING` sends content to the remote NAME first; None if it does.

    Git config holds this, so every clone of a dataset loses it.
    """
    if name in publishes_first(clone, sibling):
        return None
    return ("git", "config", "--add", f"remote.{sibling}.{_DEPENDS}", name)


def _for_friends(clone: LocalConfig, url: str) -> str:
    if match := _BY_SSH.fullmatch(url):
        return f"https://{match[1]}/{match[2]}"
    if ":" in url:
        # A token in the address is for this clone, not for friends.
        return without_login(url)
    return os.path.normpath(os.path.join(top_folder(clone), url))


def _distance(dataset: Dataset) -> int:
    if dataset.is_in_store:
        return 3
    if dataset.url.startswith("https://"):
        return 0
    return 1 if ":" in dataset.url else 2


def top_folder(clone: LocalConfig) -> str:
    """The top folder of the dataset's work tree; of a bare repository, the repository itself."""
    return os.path.dirname(clone.git_dir) if os.path.basename(clone.git_dir) == ".git" else clone.git_dir
