"""The page "A folder that people can read": each of its commands is typed."""

import re
from pathlib import Path

import pytest
from support.annex import Repository
from support.checkout import CHECKOUT
from support.marks import LONG
from support.places import SharedPlace
from support.sharing import type_all
from support.trees import stored_tree

PAGE = CHECKOUT / "docs" / "guide" / "folder-people-read.md"
EXAMPLE = "https://cloud.example.org/DataLad-101"


@pytest.mark.parametrize("place", ["folder", pytest.param("apache", marks=LONG)], indirect=True)
def test_who_types_the_guide_has_a_folder_that_people_can_read(
    repository: Repository, place: SharedPlace, tmp_path: Path
) -> None:
    home = repository.home
    home.environment.update({**place.environment, **place.login})
    page = PAGE.read_text(encoding="utf-8").replace(EXAMPLE, place.settings["url"])
    make, push, enable, part, again, visitors, autoenable = (
        [*block.splitlines()] for block in re.findall("```sh\n(.*?)```", page, re.DOTALL)
    )
    repository.add({"a/first.txt": b"one", "second.txt": b"two"})
    type_all(home, make, repository.folder)
    assert stored_tree(place) == {"a/first.txt": b"one", "second.txt": b"two"}
    repository.git("mv", "a/first.txt", "third.txt")
    repository.git("rm", "-q", "second.txt")
    repository.git("commit", "-q", "-m", "changes")
    type_all(home, push, repository.folder)
    assert stored_tree(place) == {"third.txt": b"one"}

    clone = repository.folder.parent / "friend's clone"
    home.run("git", "clone", "-q", str(repository.folder), str(clone), cwd=tmp_path)
    home.run("git", "config", "remote.origin.annex-ignore", "true", cwd=clone)
    shown = type_all(home, enable, clone).stdout
    assert "verifyremote people --safe 1" in shown
    accept = "git annex verifyremote people --safe 1"
    type_all(home, [accept, "git annex get ."], clone)
    assert (clone / "third.txt").read_bytes() == b"one"

    repository.add({"drafts/idea.txt": b"idea", "x.tmp": b"x", "fourth.txt": b"four"})
    type_all(home, push, repository.folder)
    assert "drafts/idea.txt" in stored_tree(place)
    type_all(home, part, repository.folder)
    assert stored_tree(place) == {"third.txt": b"one", "fourth.txt": b"four"}
    type_all(home, [*again, *visitors, *autoenable], repository.folder)
    assert set(stored_tree(place)) == {"third.txt", "fourth.txt", "index.html", "HOWTO-GET.txt"}
