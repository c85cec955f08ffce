"""The page "Share without GitHub": each of its commands is typed, by the person whom it is for."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.annex import Home, Repository, unlock
from support.checkout import CHECKOUT
from support.hosted import address, content
from support.servers import PASSWORD, USER, Server
from support.sharing import type_all

PAGE = CHECKOUT / "docs" / "guide" / "without-github.md"
EXAMPLE = "https://cloud.example.org/DataLad-101"
LOGIN = f"{USER}\n{PASSWORD}\n"


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Git-annex protects its objects."""
    yield
    unlock(tmp_path)


def test_who_types_the_guide_shares_a_dataset_without_github(
    repository: Repository, apache_server: Server, bob: Home, tmp_path: Path
) -> None:
    url = f"{apache_server.url}/guide-{tmp_path.parent.name}"
    page = PAGE.read_text(encoding="utf-8").replace(EXAMPLE, url)
    blocks = [block.splitlines() for block in re.findall("```\n(.*?)```", page, re.DOTALL)]
    begin, later, share, info, friend, answer, update, *_ = blocks
    alice = repository.home
    alice.environment.update(WEBDAV_USERNAME=USER, WEBDAV_PASSWORD=PASSWORD)
    repository.add({"first": b"one"})
    type_all(alice, begin, repository.folder)
    (repository.folder / "second").write_bytes(b"two")
    type_all(alice, later, repository.folder)
    told = type_all(alice, share, repository.folder).stdout
    assert f"pyshare login {url}" in told
    assert "pyshare accept pyshare1:" in told
    shown = address(repository, "cloud")
    assert f"address: {shown}\n" in type_all(alice, info, repository.folder).stdout
    assert f"datalad clone '{shown}'" in told

    type_all(bob, [line.replace("annex::\u2026", shown) for line in friend], bob.folder, LOGIN)
    clone = Repository(bob, bob.folder / "DataLad-101")
    assert content(clone).items() >= {"first": b"one", "second": b"two"}.items()
    (clone.folder / "answer").write_bytes(b"from Bob")
    type_all(bob, answer, clone.folder)
    type_all(alice, update, repository.folder)
    assert (repository.folder / "answer").read_bytes() == b"from Bob"
