"""What is there already: the dataset around the working directory, its siblings, and its pyshare remotes."""

import os
import shutil
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.dataset import Dataset, publishes_first, siblings
from git_annex_remote_pyshare.cli.remotes import Remote, remote_named
from git_annex_remote_pyshare.cli.steps import Step
from git_annex_remote_pyshare.config.annex_branch import written_remotes
from git_annex_remote_pyshare.config.annex_url import SCHEME
from git_annex_remote_pyshare.config.git_config import LocalConfig, git, git_dir_here
from git_annex_remote_pyshare.config.remotes import all_names, enabled, is_link, names, waiting
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command


class Here(NamedTuple):
    """The working directory."""

    clone: LocalConfig
    """Of its git repository; with an empty `git_dir` if there is none."""

    @classmethod
    def look(cls) -> "Here":
        """What the working directory is in."""
        return cls(LocalConfig(git_dir_here()))

    @property
    def is_repository(self) -> bool:
        """Whether there is a git repository."""
        return bool(self.clone.git_dir)

    @property
    def folder(self) -> str:
        """Name of the dataset's folder."""
        return Dataset.folder_of(self.clone) if self.is_repository else os.path.basename(os.getcwd()) or "my-dataset"

    def to_make(self) -> list[Step]:
        """The commands that make a dataset here; none if there is one."""
        if self.clone.id:
            return []
        if self.is_repository:
            return [("git", "annex", "init")]
        if shutil.which("datalad"):
            # --force: the folder may have files, which stay as they are until the user saves them.
            return [("datalad", "create", "--force", ".")]
        return [("git", "init"), ("git", "annex", "init")]

    def hosts(self) -> list[str]:
        """Names of the siblings that take the history and are no store; the likeliest to be public first."""
        found = {name: url for name, url in siblings(self.clone).items() if not url.startswith(SCHEME)}
        first = Dataset.of(self.clone)
        return sorted(found, key=lambda name: (first is None or name != first.remote, name))

    def remote(self, name: str) -> Remote | None:
        """The pyshare remote of this name; None if the name is free.

        Raises:
            BadSetting: The name is that of a remote that is not enabled here, or of another kind.
        """
        if name in names(self.clone) or name in waiting(self.clone):
            return remote_named(name)
        if any(key.startswith(f"remote.{name}.") for key in self.clone.config):
            raise BadSetting(f"{name} is a git remote already", remedy="Choose another name.")
        return None

    def name_at(self, settings: Mapping[str, str]) -> str:
        """The remote that is enabled here with the same address; empty if there is none."""
        return next(
            (
                name
                for name, known in enabled(self.clone)
                if all(known.get(each) == settings.get(each) for each in ("url", "endpoint"))
                and (known.get("importtree") != "yes" or "sameas-uuid" not in known)
            ),
            "",
        )

    def free_name(self, wanted: str) -> str:
        """The name that is wanted, or with a number if it is taken."""
        taken = all_names(self.clone) | set(waiting(self.clone))
        return next(
            each for each in (wanted, *(f"{wanted}-{number}" for number in range(2, 1000))) if each not in taken
        )


_NOT_RECORDED = {"url", "keyid", "keyid+", "keyid-", "highRandomQuality"}
"""`url`, which is compared apart, and settings that git-annex uses once and does not keep."""


class State(NamedTuple):
    """What is set up already of a remote that exists."""

    remote: Remote

    @property
    def links(self) -> list[str]:
        """Names of the remotes by which friends reach the same store.

        If the history is on a Git host, only those that clones enable by themselves; if it is in the store, friends
        clone by them.
        """
        clone = self.remote.place.clone
        dataset = Dataset.of(clone)
        is_in_store = dataset is not None and dataset.is_in_store
        mine = [each for each in written_remotes(clone.git_dir).values() if is_link(each, self.remote.uuid)]
        usable = [each for each in mine if is_in_store or _is_enabled(each)]
        return sorted(each["sameas-name"] for each in usable if each.get("sameas-name"))

    @property
    def is_autoenabled(self) -> bool:
        """Whether other people's clones enable the remote by themselves."""
        clone = self.remote.place.clone
        # Not what was verified here: `git annex configremote` changes only what others see.
        return _is_enabled(written_remotes(clone.git_dir).get(clone.config_uuid or self.remote.uuid, {}))

    @property
    def is_tree(self) -> bool:
        """As `is_tree`."""
        return is_tree(self.remote.annex)

    @property
    def has_history(self) -> bool:
        """Whether git pushes to the store."""
        return self.remote.place.clone.option("url").startswith(SCHEME)

    def published_by(self, hosts: list[str]) -> str:
        """The sibling whose push brings content here; empty if there is none."""
        clone, name = self.remote.place.clone, self.remote.place.clone.remote
        return next((host for host in hosts if name in publishes_first(clone, host)), "")

    @property
    def is_open(self) -> bool:
        """Whether people without a login can read: by a link, or since the store itself is public."""
        place = self.remote.place
        return bool(self.links) or registry.spec_of(place.url).is_public(place.settings)

    def require_same(self, url: str, settings: Mapping[str, str]) -> None:
        """Raise BadSetting if the user gave another address or setting than the remote has."""
        place, name = self.remote.place, self.remote.place.clone.remote
        if url != place.url:
            raise BadSetting(
                f"{name} leads to {place.url}, not to {url}",
                remedy="For a second store choose another name. If the same content is there now, type: "
                + command("git", "annex", "enableremote", name, f"url={url}"),
            )
        for each, value in settings.items():
            if each not in _NOT_RECORDED and value != self.remote.annex.get(each):
                raise BadSetting(
                    f"{name} does not have {each}={value}, and settings of a remote that exists stay as they are",
                    remedy=f"Type: {command('git', 'annex', 'enableremote', name, f'{each}={value}')}",
                )


def is_tree(settings: Mapping[str, str]) -> bool:
    """Whether a store has the files by their names only: DataLad cannot push there, git-annex itself can."""
    return settings.get("exporttree") == "yes" and settings.get("annexobjects") != "yes"


def has_branch(clone: LocalConfig, remote: str) -> bool:
    """Whether the history of git-annex was pushed to a remote."""
    return bool(git(clone.git_dir, "for-each-ref", f"refs/remotes/{remote}/git-annex"))


def has_commit(clone: LocalConfig) -> bool:
    """Whether there is a history to push."""
    return bool(git(clone.git_dir, "rev-parse", "--verify", "--quiet", "HEAD"))


def _is_enabled(settings: Mapping[str, str]) -> bool:
    return settings.get("autoenable") in {"true", "yes"}
