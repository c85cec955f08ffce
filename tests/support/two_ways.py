"""A folder that people and git both change, made by the commands of docs/guide/folder-people-edit.md."""

import re

from support.annex import Repository
from support.checkout import CHECKOUT
from support.places import SharedPlace
from support.sharing import type_all

_PAGE = CHECKOUT / "docs" / "guide" / "folder-people-edit.md"
_EXAMPLE = "https://cloud.example.org/lab"


def guide_blocks(place: SharedPlace) -> list[list[str]]:
    """The blocks of commands in the guide, for this place: import; pyshare init, synchronise; the same by hand."""
    page = _PAGE.read_text(encoding="utf-8").replace(_EXAMPLE, place.settings["url"])
    return [block.splitlines() for block in re.findall("```\n(.*?)```", page, re.DOTALL)]


def make_both_ways(repository: Repository, place: SharedPlace) -> None:
    """Make the two remotes `out` and `back`, and synchronise once."""
    repository.home.environment.update({**place.environment, **place.login})
    _, _, sync, make, *_ = guide_blocks(place)
    type_all(repository.home, [*make, *sync], repository.folder)
