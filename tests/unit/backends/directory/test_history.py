"""A folder of real names that came by an address is read only if git has pushed the dataset's history into it."""

from pathlib import Path

import pytest

from git_annex_remote_pyshare.annex.layout import name_of
from git_annex_remote_pyshare.backends.base import Stat, StoreConfig
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import PermissionDenied

UUID = "e89b8837-e10a-40d9-9f41-fc36c418cc74"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a file that is nobody else's business."""
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path


def store_in(folder: Path, uuid: str = UUID) -> DirectoryBackend:
    """As a clone has it whose address a stranger wrote."""
    clone = LocalConfig("", "origin")
    clone.__dict__["config"] = {"remote.origin.annex-uuid": uuid}
    return DirectoryBackend(StoreConfig(str(folder), {"url": str(folder)}, clone, is_tree=True))


def push(folder: Path, key: str) -> None:
    """What git-annex keeps beside the files of a tree; its hash folders are those of `annex-directory`."""
    path = folder / ".git/annex/objects" / name_of("annex-directory", key)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")


@pytest.mark.parametrize("suffix", ["", ".bak"])
def test_the_history_of_the_same_remote_opens_the_folder(folder: Path, suffix: str) -> None:
    push(folder, f"GITMANIFEST--{UUID}{suffix}")
    assert store_in(folder).stat("secret") == Stat(6)


@pytest.mark.parametrize("uuid", ["f89b8837-e10a-40d9-9f41-fc36c418cc74", ""])
def test_that_of_another_remote_does_not(folder: Path, uuid: str) -> None:
    push(folder, f"GITMANIFEST--{UUID}")
    with pytest.raises(PermissionDenied, match="comes from the dataset, and you have not accepted it yet"):
        store_in(folder, uuid).stat("secret")


def test_a_git_repository_is_no_store_whatever_its_annex_holds(folder: Path) -> None:
    """A stranger's dataset may have an annexed file with such a key."""
    push(folder, f"GITMANIFEST--{UUID}")
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    with pytest.raises(PermissionDenied, match="comes from the dataset"):
        store_in(folder).stat("secret")
