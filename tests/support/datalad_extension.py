"""A person with a DataLad that has our extension, and what its commands report."""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.annex import Home, unlock

RAW = "raw data \u00e4"
SCANS = f"{RAW}/more/scans"
SUBDATASETS = (RAW, SCANS)
"""Of the dataset of `researcher`: one is in a plain folder of the other."""
FILES = {f"{folder}/file": f"content of {folder}".encode() for folder in (".", *SUBDATASETS)}

_DATALAD = f"#!{sys.executable}\nimport sys\nfrom datalad.cli.main import main\nsys.exit(main())\n"

_CALLS = """
import json, sys
from datalad.api import Dataset
for call in json.load(sys.stdin):
    dataset = Dataset(call.pop("below", "."))
    results = dataset.create_sibling_pyshare(**call, on_failure="ignore", result_renderer="disabled")
    print(json.dumps(results, default=str))
"""


class Researcher:
    """Alice, with a dataset and its subdatasets."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home = home
        self.folder = folder

    def datalad(self, *words: str, check: bool = True, below: str = ".") -> str:
        """What a DataLad command prints that she types in the dataset, or in one of its subdatasets."""
        return self.home.run("datalad", *words, cwd=self.folder / below, check=check).stdout

    def create_sibling(self, *words: str, check: bool = True, below: str = ".") -> list[dict[str, Any]]:
        """The results of `datalad create-sibling-pyshare …`, which prints nothing besides."""
        told = self.datalad("-f", "json", "create-sibling-pyshare", *words, check=check, below=below)
        return [json.loads(line) for line in told.splitlines()]

    def calls(self, *calls: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
        """The results of each `create_sibling_pyshare(…)`, called one after the other in one Python program.

        `below` is the subdataset that it is called for.
        """
        done = self.home.run("datalad-python", "-c", _CALLS, cwd=self.folder, input=json.dumps(calls))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def remotes(self, below: str = ".") -> set[str]:
        """Names of the remotes of a dataset."""
        return set(self.home.run("git", "remote", cwd=self.folder / below).stdout.split())


def with_extension(home: Home) -> Home:
    """The person, whose `datalad` runs in this environment, and so has the extension."""
    programs = home.folder / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "datalad").write_text(_DATALAD)
    (programs / "datalad").chmod(0o755)
    (programs / "datalad-python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (programs / "datalad-python").chmod(0o755)
    home.environment["PATH"] = f"{programs}{os.pathsep}{home.environment['PATH']}"
    return home


@pytest.fixture(scope="session")
def nested_dataset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A dataset with subdatasets, to be copied."""
    home = Home(tmp_path_factory.mktemp("home"), "Alice")
    folder = home.folder / "study"
    home.run("datalad", "create", folder, cwd=home.folder)
    home.run("datalad", "create", "-d", folder, folder / RAW, cwd=home.folder)
    home.run("datalad", "create", "-d", folder / RAW, folder / SCANS, cwd=home.folder)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    home.run("datalad", "save", "-r", "-m", "files", cwd=folder)
    yield folder
    unlock(home.folder)


@pytest.fixture
def researcher(alice: Home, nested_dataset: Path, tmp_path: Path) -> Iterator[Researcher]:
    """Alice, with a dataset and its subdatasets of this test alone."""
    folder = alice.folder / "study"
    shutil.copytree(nested_dataset, folder, symlinks=True)
    yield Researcher(with_extension(alice), folder)
    unlock(tmp_path)


def everything(clone: Path) -> dict[str, bytes]:
    """The content of all files of the dataset and of its subdatasets."""
    return {name: (clone / name).read_bytes() for name in FILES}
