"""The suite for trees finds backends that lose files, touch those of other people, or deliver another version."""

import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import pytest

from git_annex_remote_pyshare.backends.base import Content, Receipt, Stat
from git_annex_remote_pyshare.errors import NotFound, PyshareError
from git_annex_remote_pyshare.testing.conformance import TreeConformance
from git_annex_remote_pyshare.testing.conformance.exports import Exports
from git_annex_remote_pyshare.testing.files import Desk
from git_annex_remote_pyshare.testing.memory import MemoryBackend
from git_annex_remote_pyshare.transfer import Progress, Sink, Source


class WithoutSizes(MemoryBackend):
    def stat(self, name: str) -> Stat | None:
        return super().stat(name) and Stat(None)


class CopiesAndRemoves(MemoryBackend):
    def move(self, source: str, target: str) -> None:
        super().move(source, target)
        self.delete(source)


class RemovesTheTargetFirst(MemoryBackend):
    def move(self, source: str, target: str) -> None:
        if source != target:
            self.delete(target)
        super().move(source, target)


class NeverReplaces(MemoryBackend):
    def move(self, source: str, target: str) -> None:
        if not self.stat(target):
            super().move(source, target)


class RemovesFullFolders(MemoryBackend):
    def remove_folder(self, name: str) -> None:
        for entry in self.list(name):
            self.delete(entry.name)


class DeletesFolders(MemoryBackend):
    def delete(self, name: str) -> None:
        for entry in self.list(name):
            super().delete(entry.name)
        super().delete(name)


class Unquotes(MemoryBackend):
    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        return super().put(unquote(name), source, progress)


class FoldsCase(MemoryBackend):
    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        return super().put(name.lower(), source, progress)

    def stat(self, name: str) -> Stat | None:
        return super().stat(name.lower())


class WritesInPlace(MemoryBackend):
    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        super().put(name, source, lambda _done: None)
        progress(source.size)
        return super().put(name, source, progress)


class HasOneVersionPerSize(MemoryBackend):
    def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
        return super().list_contents(cursor, lambda each: add(each._replace(id=str(each.size))))


class ListsTheBeginning(MemoryBackend):
    def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
        super().list_contents(cursor, add)
        return []


class ListsInSpiteOfErrors(MemoryBackend):
    def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
        with suppress(PyshareError):
            return super().list_contents(cursor, add)
        return []


class DeliversAnyVersion(MemoryBackend):
    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        if not self.stat(name):
            raise NotFound(name)
        super().get(name, Sink(sink.path), progress)


@pytest.mark.parametrize(
    ("kind", "test", "more"),
    [
        (WithoutSizes, "presence_tells_the_size", {"size": 1}),
        (CopiesAndRemoves, "a_rename_to_the_same_name_keeps_the_file", {}),
        (RemovesTheTargetFirst, "a_rename_whose_reply_was_lost_may_be_repeated", {"there": None}),
        (NeverReplaces, "a_rename_whose_reply_was_lost_may_be_repeated", {"there": b"other"}),
        (NeverReplaces, "a_rename_of_which_half_was_done_may_be_repeated", {}),
        (RemovesFullFolders, "a_folder_with_a_colleagues_file_is_not_removed", {"theirs": "docs/theirs.txt"}),
        (DeletesFolders, "a_colleagues_folder_that_has_a_files_name_is_kept", {"what": "delete"}),
        (Unquotes, "a_name_is_kept_or_refused_alone", {"name": "..%2f"}),
        (
            FoldsCase,
            "two_names_that_are_one_to_the_service_never_cost_a_file",
            {"first": "a", "second": "A", "how": "put"},
        ),
        (WritesInPlace, "unfinished_uploads_are_not_listed", {}),
        (HasOneVersionPerSize, "every_list_is_what_is_there_and_no_identifier_has_two_contents", {}),
        (ListsTheBeginning, "files_that_stay_are_in_every_list_while_others_come_and_go", {}),
        (ListsInSpiteOfErrors, "an_error_of_whoever_takes_the_list_ends_it", {}),
        (DeliversAnyVersion, "an_edit_that_is_taken_back_is_never_fetched_as_the_listed_version", {}),
    ],
)
def test_a_backend_that_breaks_a_promise_is_found(
    kind: type[MemoryBackend], test: str, more: dict[str, object], tmp_path: Path
) -> None:
    run = getattr(TreeConformance(), f"test_{test}")

    def check(store: MemoryBackend) -> None:
        fixtures = {"store": store, "elsewhere": store, "desk": Desk(tmp_path), **more}
        run(**{name: fixtures[name] for name in inspect.signature(run).parameters})

    check(MemoryBackend())
    with pytest.raises((AssertionError, PyshareError, pytest.fail.Exception)):
        check(kind())


WITHOUT_VERSIONS = """
from collections.abc import Callable
import pytest
from git_annex_remote_pyshare.backends.base import Backend, ListsContents
from git_annex_remote_pyshare.testing.conformance import TreeConformance
from git_annex_remote_pyshare.testing.memory import MemoryBackend

class NoVersions(MemoryBackend):
    def has(self, ability: type) -> bool:
        return ability is not ListsContents and super().has(ability)

class TestIt(TreeConformance):
    @pytest.fixture
    def reach(self) -> Callable[[], Backend]:
        backend = NoVersions()
        return lambda: backend
"""


def test_of_a_store_without_versions_all_is_tried_but_the_imports(tmp_path: Path) -> None:
    module = tmp_path / "test_it.py"
    module.write_text(WITHOUT_VERSIONS)
    words = ["-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-rA", str(module)]
    command = [sys.executable, "-m", "pytest", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    passed = set(re.findall(r"^PASSED .*?::(test_\w+)", done.stdout, re.MULTILINE))
    needs_folders = {"test_a_folder_in_the_way_is_told_so_that_an_empty_one_can_give_way"}
    assert passed >= {name for name in dir(Exports) if name.startswith("test_")} - needs_folders
