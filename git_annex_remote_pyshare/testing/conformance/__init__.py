"""The tests that every backend must pass, bare and inside its layers: all of the contract that can be observed.

A backend joins in a test module of its own (pytest is needed):

    class TestMine(Conformance):
        @pytest.fixture
        def reach(self) -> Callable[[], Backend]:
            return lambda: MyBackend(place("mine://somewhere/new"))

Edge cases with an id (PR10 …) are collected pains of the users of similar programs.
"""

import pytest

# Before the tests are imported, or a failing assert would not say what it compared.
_PARTS = (
    *("concurrency", "content", "contents", "exports", "failures", "imports", "links", "names", "parts", "removal"),
    *("trees", "versions"),
)
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))

from git_annex_remote_pyshare.testing.conformance.concurrency import Concurrency  # noqa: E402
from git_annex_remote_pyshare.testing.conformance.content import Content  # noqa: E402
from git_annex_remote_pyshare.testing.conformance.contents import Contents  # noqa: E402
from git_annex_remote_pyshare.testing.conformance.exports import Exports  # noqa: E402
from git_annex_remote_pyshare.testing.conformance.failures import Failures  # noqa: E402
from git_annex_remote_pyshare.testing.conformance.imports import Imports  # noqa: E402
from git_annex_remote_pyshare.testing.conformance.links import Links  # noqa: E402
from git_annex_remote_pyshare.testing.conformance.names import Names  # noqa: E402
from git_annex_remote_pyshare.testing.conformance.parts import Parts  # noqa: E402
from git_annex_remote_pyshare.testing.conformance.removal import Removal  # noqa: E402
from git_annex_remote_pyshare.testing.conformance.trees import Trees  # noqa: E402
from git_annex_remote_pyshare.testing.conformance.versions import Versions  # noqa: E402

__all__ = ["Conformance", "TreeConformance"]


class Conformance(Content, Names, Concurrency, Failures, Parts, Versions, Trees, Contents, Removal, Links):
    """The whole suite; a subclass gives the fixture `reach`."""


class TreeConformance(Exports, Imports, Trees, Contents):
    """What a store of files that people read and edit must do besides (`exporttree=yes`, `importtree=yes`).

    The place of its clients has `is_tree=True`. The store has the ability `Moves`, and `RemovesFolders` if its folders
    exist without files in them; the tests of imports run if it has `ListsContents`.
    """
