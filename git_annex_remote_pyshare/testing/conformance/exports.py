"""Conformance: what git-annex does with a tree, for stores that can hold one (`exporttree=yes`)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from git_annex_remote_pyshare.backends.base import Backend, Moves, RemovesFolders
from git_annex_remote_pyshare.errors import BadName, Cancelled, FolderInTheWay, NotFound, PyshareError
from git_annex_remote_pyshare.testing.conformance.suite import LARGE, Suite
from git_annex_remote_pyshare.testing.files import Desk, body_of, nobody

OURS, NEW, THEIRS = "docs/ours.txt", "papers/2026/ours.txt", "docs/theirs.txt"
BETWEEN = ".git-annex-tmp-content-SHA256E-s7--{}"
"""The name that git-annex gives to a file between its old and its new one."""
JOBS = 8
ATTEMPTS = 4
"""How often one job may be told by a busy server to come again."""

NOT_UTF8 = "not UTF-8 \udcff\udce9"

TREE_NAMES = (
    *('# ? % & + ; : * " < > |', " leading space", ".leading dot", "%2e%2e", "..%2f", "p%41x", "two  spaces"),
    *("back\\slash", "trailing space ", "trailing dot.", "tab\there", "carriage\rreturn", NOT_UTF8),
    *("n" * 250, "n" * 251, "n" * 255, "\u00fc" * 127, "x.part", "x.filepart", ".htaccess", "web.config"),
    *(".dropbox", "desktop.ini", "thumbs.db", ".ds_store", ".DS_Store", "icon\r", ".dropbox.attr"),
    *("caf\u00e9", "cafe\u0301", "\u4e2d\u6587 \U0001f600", "-rf", "$HOME `id`", "con", "aux.txt", "~$word.docx"),
)
"""Names that people give to files and that some service cannot hold, or some program changes on the way."""

SAME_TO_SOME = (("a", "A"), ("x/Case.txt", "X/case.txt"), ("caf\u00e9", "cafe\u0301"), ("stra\u00dfe", "STRASSE"))
"""Pairs of names that are one to some services."""


class Exports(Suite):
    """Nothing is lost, nothing of other people is touched, and every name is the right one or refused."""

    @pytest.fixture(autouse=True)
    def holds_trees(self, store: Backend) -> None:
        """Fail each test of a store without renames, since a tree needs them."""
        assert store.has(Moves), "a store without `Moves` holds no tree"

    @pytest.mark.parametrize("size", [0, 1, 5000])
    def test_presence_tells_the_size(self, store: Backend, elsewhere: Backend, desk: Desk, size: int) -> None:
        assert _size(store, OURS) is None
        desk.put(store, OURS, body_of(size))
        assert _size(store, OURS) == _size(elsewhere, OURS) == size

        desk.put(elsewhere, OURS, body_of(size + 7))
        assert _size(store, OURS) == size + 7

        elsewhere.delete(OURS)
        assert _size(store, OURS) is None

    def test_a_file_that_a_colleague_has_put_there_is_replaced(
        self, store: Backend, elsewhere: Backend, desk: Desk
    ) -> None:
        desk.put(elsewhere, OURS, b"of a colleague, and longer")
        desk.put(store, OURS, b"content")
        assert _files(elsewhere, desk) == {OURS: b"content"}

    def test_a_rename_to_the_same_name_keeps_the_file(self, store: Backend, desk: Desk) -> None:
        desk.put(store, OURS, b"content")
        with suppress(PyshareError):
            move(store, OURS, OURS)
        assert _files(store, desk) == {OURS: b"content"}

        with pytest.raises(PyshareError):
            move(store, NEW, NEW)
        assert _files(store, desk) == {OURS: b"content"}

    @pytest.mark.parametrize("there", [None, b"another, and longer"], ids=["new", "replacing"])
    def test_a_rename_whose_reply_was_lost_may_be_repeated(
        self, store: Backend, elsewhere: Backend, desk: Desk, there: bytes | None
    ) -> None:
        desk.put(store, OURS, b"content")
        if there is not None:
            desk.put(store, NEW, there)
        move(elsewhere, OURS, NEW)

        with suppress(NotFound):  # any other failure would leave its caller in doubt
            move(store, OURS, NEW)

        assert _files(store, desk) == {NEW: b"content"}

    def test_a_rename_of_which_half_was_done_may_be_repeated(self, store: Backend, desk: Desk) -> None:
        for name in (OURS, NEW):  # a store that renames by copying was cut off before it removed
            desk.put(store, name, b"content")
        move(store, OURS, NEW)
        assert _files(store, desk) == {NEW: b"content"}

    def test_a_rename_of_nothing_leaves_nothing(self, store: Backend, desk: Desk) -> None:
        for _ in range(2):
            with pytest.raises(NotFound):
                move(store, OURS, NEW)
        assert _files(store, desk) == {}

    def test_files_change_places(self, store: Backend, desk: Desk) -> None:
        names = ("a/one", "b/two", "three")
        for name in names:
            desk.put(store, name, name.encode())
        for number, name in enumerate(names):
            move(store, name, BETWEEN.format(number))
        remove_folders(store, "a", "b")
        for number, _ in enumerate(names):
            move(store, BETWEEN.format(number), names[number - 1])
        assert _files(store, desk) == {names[number - 1]: name.encode() for number, name in enumerate(names)}

    def test_a_file_becomes_a_folder_and_a_folder_a_file(self, store: Backend, desk: Desk) -> None:
        desk.put(store, "x", b"content")
        move(store, "x", BETWEEN)
        move(store, BETWEEN, "x/deep/y")
        assert _files(store, desk) == {"x/deep/y": b"content"}

        move(store, "x/deep/y", BETWEEN)
        remove_folders(store, "x/deep", "x")
        move(store, BETWEEN, "x")
        assert _files(store, desk) == {"x": b"content"}

    def test_a_name_changes_its_case(self, store: Backend, desk: Desk) -> None:
        desk.put(store, "Docs/File.txt", b"content")
        move(store, "Docs/File.txt", BETWEEN)
        remove_folders(store, "Docs")
        move(store, BETWEEN, "docs/file.TXT")
        assert _files(store, desk) == {"docs/file.TXT": b"content"}

    def test_a_removal_whose_reply_was_lost_may_be_repeated(
        self, store: Backend, elsewhere: Backend, desk: Desk
    ) -> None:
        desk.put(store, OURS, b"content")
        desk.put(elsewhere, THEIRS, b"theirs")
        elsewhere.delete(OURS)
        for _ in range(2):
            store.delete(OURS)
        store.delete("no/such/folder/file")
        assert _files(store, desk) == {THEIRS: b"theirs"}

    @pytest.mark.parametrize("theirs", [THEIRS, "docs/deep/theirs.txt", "docs/.hidden"])
    def test_a_folder_with_a_colleagues_file_is_not_removed(
        self, store: Backend, elsewhere: Backend, desk: Desk, theirs: str
    ) -> None:
        desk.put(store, OURS, b"content")
        desk.put(elsewhere, theirs, b"theirs")
        store.delete(OURS)
        for _ in range(2):
            remove_folders(store, "docs")
        assert _files(elsewhere, desk) == {theirs: b"theirs"}

    def test_an_empty_folder_is_removed_by_many_jobs_at_once(self, store: Backend, desk: Desk) -> None:
        desk.put(store, "docs/deep/ours.txt", b"content")
        desk.put(store, "docs-2", b"stays")
        store.delete("docs/deep/ours.txt")
        for folder in ("docs/deep", "docs", "no/such"):
            with ThreadPoolExecutor(JOBS) as jobs:
                list(jobs.map(lambda name: _persist(lambda: remove_folders(store, name)), [folder] * JOBS))
        desk.put(store, "docs", b"a file, where the folder was")
        assert _files(store, desk) == {"docs": b"a file, where the folder was", "docs-2": b"stays"}

    def test_a_folder_with_nothing_but_our_unfinished_uploads_is_removed(self, store: Backend, desk: Desk) -> None:
        desk.put(store, OURS, b"content")
        with pytest.raises(Cancelled):
            store.put("docs/large", desk.source(body_of(LARGE)), _stop)
        store.delete(OURS)
        remove_folders(store, "docs")
        desk.put(store, "docs", b"content")
        assert _files(store, desk) == {"docs": b"content"}

    @pytest.mark.parametrize("what", ["put", "move", "delete", "get", "twice"])
    def test_a_colleagues_folder_that_has_a_files_name_is_kept(
        self, store: Backend, elsewhere: Backend, desk: Desk, what: str
    ) -> None:
        desk.put(store, NEW, b"content")
        if what == "twice":  # this client knows the name as that of its own file
            desk.put(store, OURS, b"ours")
            elsewhere.delete(OURS)
        theirs = f"{OURS}/theirs.txt"
        desk.put(elsewhere, theirs, b"theirs")
        requests: dict[str, Callable[[], object]] = {
            "put": lambda: desk.put(store, OURS, b"ours"),
            "move": lambda: move(store, NEW, OURS),
            "delete": lambda: store.delete(OURS),
            "get": lambda: desk.get(store, OURS),
        }
        wanted = tuple(requests) if what == "twice" else (what, what)
        done = {each for each in wanted if not _is_refused(requests[each])}
        assert what == "twice" or "get" not in done
        found = _files(elsewhere, desk)
        assert found.pop(theirs, None) == b"theirs"
        assert b"content" in found.values() or "delete" in done

    def test_a_folder_in_the_way_is_told_so_that_an_empty_one_can_give_way(self, store: Backend, desk: Desk) -> None:
        if not store.has(RemovesFolders):
            pytest.skip("this kind of store has no folders of their own")
        desk.put(store, OURS, b"content")
        desk.put(store, NEW, b"more")

        there = {OURS: b"content", NEW: b"more"}
        try:
            desk.put(store, "docs", b"next to the folder")
        except FolderInTheWay:
            with pytest.raises(FolderInTheWay):
                move(store, NEW, "docs")
            assert _files(store, desk) == there
        else:  # a service whose folders are only a part of names
            assert _files(store, desk) == {**there, "docs": b"next to the folder"}

    def test_a_colleagues_file_that_has_a_folders_name_is_kept(
        self, store: Backend, elsewhere: Backend, desk: Desk
    ) -> None:
        desk.put(elsewhere, "docs", b"theirs")
        with suppress(PyshareError):
            remove_folders(store, "docs")
        with suppress(PyshareError):
            store.delete(OURS)
        assert _files(elsewhere, desk) == {"docs": b"theirs"}
        assert _size(store, OURS) is None
        _is_refused(lambda: desk.put(store, OURS, b"content"))
        assert _files(elsewhere, desk)["docs"] == b"theirs"

    @pytest.mark.parametrize("name", TREE_NAMES, ids=ascii)
    def test_a_name_is_kept_or_refused_alone(self, store: Backend, elsewhere: Backend, desk: Desk, name: str) -> None:
        desk.put(store, OURS, b"content")
        name = f"folder/{name}"
        if _is_refused(lambda: desk.put(store, name, b"odd")):
            self._is_nowhere(store, desk, name)
            return

        assert _files(elsewhere, desk) == {OURS: b"content", name: b"odd"}
        assert _size(store, name) == len(b"odd")
        self._is_renamed_to_or_refused(store, desk, name)
        store.delete(name)
        store.delete(name)
        assert _size(store, name) is None

    def _is_nowhere(self, store: Backend, desk: Desk, name: str) -> None:
        """After the refusal of a name: nothing else suffers, and a removal finds nothing to do."""
        with pytest.raises(PyshareError):
            move(store, OURS, name)
        with suppress(BadName):
            assert store.stat(name) is None
        with suppress(BadName):
            store.delete(name)
        assert _files(store, desk) == {OURS: b"content"}
        desk.put(store, NEW, b"the next")
        assert _files(store, desk) == {OURS: b"content", NEW: b"the next"}

    def _is_renamed_to_or_refused(self, store: Backend, desk: Desk, name: str) -> None:
        """A file can go away from a name that can be stored, and come back unless the store says that it cannot."""
        move(store, name, BETWEEN)
        assert _files(store, desk) == {OURS: b"content", BETWEEN: b"odd"}
        try:
            move(store, BETWEEN, name)
        except BadName:
            assert _files(store, desk) == {OURS: b"content", BETWEEN: b"odd"}
        else:
            assert _files(store, desk) == {OURS: b"content", name: b"odd"}

    @pytest.mark.parametrize(("first", "second"), SAME_TO_SOME)
    @pytest.mark.parametrize("how", ["put", "move"])
    def test_two_names_that_are_one_to_the_service_never_cost_a_file(
        self, store: Backend, desk: Desk, first: str, second: str, how: str
    ) -> None:
        desk.put(store, first, b"the first")
        if how == "move":
            desk.put(store, BETWEEN, b"the second")
        if _is_refused(
            lambda: desk.put(store, second, b"the second") if how == "put" else move(store, BETWEEN, second)
        ):
            assert desk.get(store, first) == b"the first"
            assert how == "put" or desk.get(store, BETWEEN) == b"the second"
            with suppress(BadName):
                store.delete(second)  # git-annex may still send it
            assert desk.get(store, first) == b"the first"
        else:
            assert _files(store, desk) == {first: b"the first", second: b"the second"}
            store.delete(second)
            assert _files(store, desk) == {first: b"the first"}

    def test_many_jobs_store_rename_and_remove_at_once(self, store: Backend, desk: Desk) -> None:
        sources = [desk.source(body_of(100 + number)) for number in range(3 * JOBS)]

        def work(number: int) -> None:
            folder = f"new/{number % 3}"
            _persist(lambda: store.put(f"{folder}/{number}", sources[number], nobody))
            _persist(lambda: move(store, f"{folder}/{number}", f"other/{folder}/{number}"))
            if number % 2:
                _persist(lambda: store.delete(f"other/{folder}/{number}"))

        with ThreadPoolExecutor(JOBS) as jobs:
            list(jobs.map(work, range(len(sources))))
        expected = {f"other/new/{number % 3}/{number}": 100 + number for number in range(0, len(sources), 2)}
        assert {name: len(body) for name, body in _files(store, desk).items()} == expected


def move(store: Backend, source: str, target: str) -> None:
    """Rename through all layers."""
    store.call(Moves, lambda able: able.move(source, target))


def remove_folders(store: Backend, *names: str) -> None:
    """Remove each folder if it is empty, where the store has folders of their own."""

    def remove(able: RemovesFolders) -> None:
        for name in names:
            able.remove_folder(name)

    if store.has(RemovesFolders):
        store.call(RemovesFolders, remove)


def _persist(request: Callable[[], object]) -> None:
    """Send a request again after failures that may pass, as the layers around a backend do."""
    for _ in range(ATTEMPTS):
        try:
            request()
        except PyshareError as error:  # noqa: PERF203  # a few at most
            if not error.retryable:
                raise
        else:
            return
    request()


def _is_refused(request: Callable[[], object]) -> bool:
    """Whether the store refuses the request; the error must not ask for a retry."""
    try:
        request()
    except PyshareError as refusal:
        if refusal.retryable:
            raise
        return bool(str(refusal))
    return False


def _files(store: Backend, desk: Desk) -> dict[str, bytes]:
    return {entry.name: desk.get(store, entry.name) for entry in store.list()}


def _size(store: Backend, name: str) -> int | None:
    """The size of a file that is there; a tree's presence is decided by it."""
    found = store.stat(name)
    assert found is None or found.size is not None
    return found.size if found else None


def _stop(_done: int) -> None:
    raise Cancelled("stopped in the middle")
