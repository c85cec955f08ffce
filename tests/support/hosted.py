"""Datasets whose history and content are both in a store, with the real git-annex and git: no Git host."""

import json
from collections.abc import Mapping
from pathlib import Path

from support.annex import Home, Repository


def keep_here(repository: Repository, settings: Mapping[str, str]) -> str:
    """Make the remote `store`, put the whole dataset into it, and return its address."""
    values = {"type": "external", "externaltype": "pyshare", "encryption": "none", **settings}
    words = [f"{name}={value}" for name, value in values.items()]
    repository.annex("initremote", "store", "--with-url", *words)
    publish(repository, "store")
    return address(repository)


def publish(repository: Repository, remote: str) -> None:
    """Send what is new, contents first."""
    repository.annex("copy", "--quiet", "--to", remote)
    repository.git("push", "-q", remote, "main", "git-annex")


def update(repository: Repository, remote: str) -> None:
    """Take what is new in the store, with its contents."""
    repository.git("fetch", "-q", remote)
    repository.git("merge", "-q", f"{remote}/main")
    repository.annex("merge", "-q")
    repository.annex("get", "--quiet")


def address(repository: Repository, name: str = "store") -> str:
    """The address of the dataset, as `pyshare info` shows it."""
    told = repository.home.run("pyshare", "info", name, "--json", cwd=repository.folder)
    return str(json.loads(told.stdout)["address"])


def cloned(home: Home, url: str, name: str = "clone") -> Repository:
    """A person's clone of an address."""
    home.run("git", "clone", "-q", url, name, cwd=home.folder)
    return Repository(home, home.folder / name)


def content(repository: Repository) -> dict[str, bytes]:
    """The files of a work tree: name → content."""
    files = (path for path in repository.folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(repository.folder)): path.read_bytes() for path in files}


def manifest(folder: Path) -> Path:
    """The list of bundles in a folder that is a store."""
    (found,) = (path for path in folder.rglob("GITMANIFEST--*") if not path.name.endswith(".bak"))
    return found
