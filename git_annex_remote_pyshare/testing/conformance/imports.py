"""Conformance: what an import from a tree needs besides, for stores that tell versions (`importtree=yes`)."""

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from git_annex_remote_pyshare.backends.base import Backend, Content, ListsContents
from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
from git_annex_remote_pyshare.errors import Cancelled, PyshareError
from git_annex_remote_pyshare.testing.conformance.contents import content_of, listed, walk
from git_annex_remote_pyshare.testing.conformance.exports import NOT_UTF8, TREE_NAMES, move
from git_annex_remote_pyshare.testing.conformance.suite import LARGE, Suite
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.transfer import ExactSink

NAME = "docs/file.bin"
STEPS = 25

needs_versions = pytest.mark.usefixtures("tells_versions")
"""For each test by itself: a mark of the class, or a fixture of all, would be one of `TreeConformance` as well."""


class Imports(Suite):
    """A list is all that is there or a failure, an identifier is one content, and only that one is delivered."""

    @pytest.fixture
    def tells_versions(self, store: Backend) -> None:
        """Skip each test of a store that has no versions to tell."""
        if not store.has(ListsContents):
            pytest.skip("this kind of store does not tell versions, so nothing is imported from it")

    @needs_versions
    def test_every_list_is_what_is_there_and_no_identifier_has_two_contents(
        self, store: Backend, elsewhere: Backend, desk: Desk
    ) -> None:
        drawn = random.Random(1)  # noqa: S311  # no secret
        names, bodies = ("a/one", "a/two", "b/c/three", "four"), (b"content A", b"content B", b"other")
        there = {"stays": b"content A"}
        desk.put(store, "stays", there["stays"])
        known: dict[str, bytes] = {}
        for _ in range(STEPS):
            client, name = drawn.choice((store, elsewhere)), drawn.choice(names)
            match drawn.choice(("put", "put", "move", "delete")):
                case "put":
                    there[name] = drawn.choice(bodies)
                    desk.put(client, name, there[name])
                case "move" if len(there) > 1:
                    source = drawn.choice(sorted(there.keys() - {"stays"}))
                    move(client, source, name)
                    there[name] = there.pop(source)
                case _:
                    client.delete(name)
                    there.pop(name, None)
            found = listed(store)
            assert {each: version.size for each, version in found.items()} == {
                each: len(body) for each, body in there.items()
            }
            for each, version in found.items():
                assert version.id.endswith(YOUNG) or known.setdefault(version.id, there[each]) == there[each]

    @needs_versions
    def test_files_that_stay_are_in_every_list_while_others_come_and_go(
        self, store: Backend, elsewhere: Backend, desk: Desk
    ) -> None:
        stay = {f"{folder}/{number}" for folder in ("a", "b", "c/d") for number in range(4)}
        for name in stay:
            desk.put(store, name, b"content")
        sources = {f"{folder}/{name}": desk.source(b"x") for folder in ("a", "b", "e") for name in ("0-", "z")}
        is_over = Event()

        def disturb() -> None:
            while not is_over.is_set():
                for name, source in sources.items():
                    elsewhere.put(name, source, nobody)
                    move(elsewhere, name, f"{name}-renamed")
                    elsewhere.delete(f"{name}-renamed")

        with ThreadPoolExecutor(1) as jobs:
            disturbing = jobs.submit(disturb)
            try:
                lists = [_listed_or_none(store) for _ in range(5)]
            finally:
                is_over.set()
            disturbing.result()
        assert all(found is None or stay <= found.keys() for found in lists)
        assert listed(store).keys() == stay

    @needs_versions
    def test_an_error_of_whoever_takes_the_list_ends_it(self, store: Backend, desk: Desk) -> None:
        for name in ("one", "a/two"):
            desk.put(store, name, b"content")

        def refuse(each: Content) -> None:
            if each.name == "one":
                raise Cancelled("no more")

        with pytest.raises(Cancelled):
            walk(store, refuse)

    @needs_versions
    def test_unfinished_uploads_are_not_listed(self, store: Backend, elsewhere: Backend, desk: Desk) -> None:
        desk.put(store, NAME, b"the old one")
        old = {NAME: len(b"the old one")}
        seen: list[Mapping[str, int] | None] = []

        def look(done: int) -> None:
            seen.append(_sizes(_listed_or_none(elsewhere)))
            if done:
                raise Cancelled("stopped in the middle")

        for name in (NAME, "docs/another", "top"):
            with pytest.raises(Cancelled):
                store.put(name, desk.source(body_of(LARGE)), look)
        assert seen
        assert all(found in (None, old) for found in seen)
        assert _sizes(listed(store)) == old

    @needs_versions
    def test_what_changes_while_it_is_fetched_is_the_listed_version_or_none(
        self, store: Backend, elsewhere: Backend, desk: Desk
    ) -> None:
        desk.put(store, NAME, body_of(LARGE))
        wanted = listed(store)[NAME]
        later = [body_of(LARGE, b"other")]

        def edit(_done: int) -> None:
            if later:
                desk.put(elsewhere, NAME, later.pop())

        sink = ExactSink(desk.sink().path, wanted.id)
        try:
            store.get(NAME, sink, edit)
        except PyshareError:
            return
        assert content(sink) == body_of(LARGE)

    @needs_versions
    def test_an_edit_that_is_taken_back_is_never_fetched_as_the_listed_version(
        self, store: Backend, elsewhere: Backend, desk: Desk
    ) -> None:
        for body in (b"content A", b"content B", b"content A"):
            desk.put(elsewhere, NAME, body)
            version = listed(store)[NAME]
            if not version.id.endswith(YOUNG):
                assert _fetched(store, desk, version) == body
            desk.put(elsewhere, NAME, b"content C")
            assert version.id.endswith(YOUNG) or _fetched(store, desk, version) in {None, body}
            desk.put(elsewhere, NAME, body)
            assert version.id.endswith(YOUNG) or _fetched(store, desk, version) in {None, body}

    @needs_versions
    def test_a_file_has_the_same_version_in_the_list_and_alone(self, store: Backend, desk: Desk) -> None:
        for name in ("a/one", "two"):
            desk.put(store, name, name.encode())
        move(store, "a/one", "b/c/one")
        for name, version in listed(store).items():
            alone = content_of(store, name)
            assert alone is not None
            assert (alone.name, alone.size) == (name, version.size)
            assert alone.id.removesuffix(YOUNG) == version.id.removesuffix(YOUNG)
        for name in ("a/one", "a", "b", "nothing"):
            assert content_of(store, name) is None

    @needs_versions
    @pytest.mark.parametrize(
        "names", [[name for name in TREE_NAMES if name != NOT_UTF8], [NOT_UTF8]], ids=["UTF-8", "not UTF-8"]
    )
    def test_names_are_listed_as_they_are_and_fetched_by_them(
        self, store: Backend, desk: Desk, names: list[str]
    ) -> None:
        there = {"top": b"content"}
        desk.put(store, "top", b"content")
        for number, name in enumerate(names):
            with_folder, body = f"folder {number}/{name}", f"content {number}".encode()
            try:
                desk.put(store, with_folder, body)
            except PyshareError:
                continue
            there[with_folder] = body
        found = listed(store)
        assert found.keys() == there.keys()
        for name, version in found.items():
            assert _fetched(store, desk, version) == there[name]


def _listed_or_none(store: Backend) -> Mapping[str, Content] | None:
    """All files; None if the listing fails, as it may while others write."""
    try:
        return listed(store)
    except PyshareError:
        return None


def _sizes(found: Mapping[str, Content] | None) -> Mapping[str, int] | None:
    return None if found is None else {name: version.size for name, version in found.items()}


def _fetched(store: Backend, desk: Desk, version: Content) -> bytes | None:
    """The content that is delivered as this version; None if it is refused."""
    sink = ExactSink(desk.sink().path, version.id)
    try:
        store.get(version.name, sink, nobody)
    except PyshareError:
        return None
    return content(sink)
