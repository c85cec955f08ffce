"""git-annex's own test suite for special remotes, on every place, with all that git-annex does to content."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest
from support.annex import Home, Repository
from support.marks import ALWAYS, LONG, OTHERS
from support.places import SharedPlace

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet


@pytest.fixture(scope="session")
def throw_away_key(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A gpg key for encryption=hybrid: GNUPGHOME and key id."""
    # Not below pytest's own folder: gpg-agent's sockets allow only short paths.
    folder = tempfile.mkdtemp(prefix="gpg-")
    home = Home(tmp_path_factory.mktemp("gpg"))
    home.run(
        *("gpg", "--homedir", folder, "--batch", "--passphrase", "", "--quick-gen-key", "alice@example.org"),
        *("default", "default", "never"),
        cwd=home.folder,
    )
    return folder, "alice@example.org"


KINDS: Mapping[str, Mapping[str, str]] = {
    "plain": {},
    "chunk": {"chunk": "200KiB"},
    "shared": {"encryption": "shared"},
    "hybrid": {"encryption": "hybrid"},
}


def _pairs() -> Iterator["ParameterSet"]:
    """Each kind on each place; chunks and encryption, which are git-annex's, on all but one only with -m long."""
    for kind, settings in KINDS.items():
        for place in (*ALWAYS, *OTHERS):
            marks = [] if place == "folder" or (place in (*ALWAYS, "sftp") and not settings) else LONG
            yield pytest.param(kind, place, marks=marks, id=f"{kind}-{place}")


@pytest.mark.parametrize(("kind", "place"), [*_pairs()], indirect=["place"])
def test_git_annex_testremote_passes_pr30(
    repository: Repository, place: SharedPlace, kind: str, throw_away_key: tuple[str, str]
) -> None:
    settings = dict(KINDS[kind])
    repository.home.environment["GNUPGHOME"], key = throw_away_key
    if kind == "hybrid":
        settings["keyid"] = key
    place.initremote(repository, settings)
    done = repository.annex("testremote", "--fast", "store", timeout=280)
    assert "tests passed" in done.stdout


@pytest.mark.parametrize(
    "place",
    ["apache", *(pytest.param(each, marks=LONG) for each in ("folder", "moto", "dropbox", *OTHERS))],
    indirect=True,
)
def test_eight_jobs_at_once_lose_and_mix_up_nothing_pr30(repository: Repository, place: SharedPlace) -> None:
    files = {f"f{number}": os.urandom(5000) * (number % 3) for number in range(64)}
    repository.add(files)
    place.initremote(repository)
    repository.annex("copy", "--to", "store", "-J8")
    repository.annex("drop", "-J8", ".")
    repository.annex("get", "-J8", ".")
    assert {name: (repository.folder / name).read_bytes() for name in files} == files
    repository.annex("fsck", "--from", "store", "-J8")
    repository.annex("drop", "--from", "store", "-J8", ".")
    assert repository.annex("find", "--in", "store").stdout == ""
