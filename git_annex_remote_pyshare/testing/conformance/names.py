"""Conformance: names are kept as they are, and listed whole."""

import pytest

from git_annex_remote_pyshare.backends.base import Backend, Locates, ability
from git_annex_remote_pyshare.errors import NotFound, PyshareError
from git_annex_remote_pyshare.testing.conformance.suite import KEY, Suite
from git_annex_remote_pyshare.testing.files import Desk, body_of, nobody

NAMES = (
    KEY,
    "object",
    "0/WORM-s3-m1700000000--read%20me%2C%41.txt",
    "f/%-URL--http%3A%2F%2Fexample.org%2F%3Fa=b&c",
    "4/XX--!#$&'()+,=@[]^`{}~._-",
    "abc/def/MD5E-s1--0cc175b9/MD5E-s1--0cc175b9",
    "1/2/3/4/5/6/7/8/9/10/11/12/deep",
    "b/" + "n" * 238,
)
"""What layouts make of keys; every store must take these."""

NOT_UTF8 = "WORM-s1--not UTF-8 \udcff\udce9"

ODD_NAMES = (
    "WORM-s1--with space",
    "WORM-s1--100% and a%2Fb",
    "WORM-s1--a+b",
    "URL--http:&&example.org&?q=#x",
    "WORM-s1--Stra\u00dfe \u4e2d\u6587 \U0001f600",
    "WORM-s1--composed \u00e9",
    "WORM-s1--decomposed e\u0301",
    "WORM-s1--*<>|\"'\\",
    "WORM-s1--tab\there",
    "WORM-s1--semicolon;here",
    "WORM-s1--ends with a dot.",
    "WORM-s1--ends with a space ",
    NOT_UTF8,
    "with space/and % deep/x",
)
"""What other programs' layouts may ask for: taken as they are, or refused, but never stored as something else."""


class Names(Suite):
    """Names are kept as they are, and listed whole."""

    @pytest.mark.parametrize("name", NAMES)
    def test_every_name_of_a_layout_is_kept(self, store: Backend, desk: Desk, name: str) -> None:
        desk.put(store, name, b"content")
        assert store.stat(name) is not None
        assert desk.get(store, name) == b"content"
        assert [entry.name for entry in store.list()] == [name]
        store.delete(name)
        assert store.stat(name) is None

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_an_odd_name_is_kept_or_refused(self, store: Backend, desk: Desk, name: str) -> None:
        try:
            desk.put(store, name, b"content")
        except PyshareError as refusal:
            assert not refusal.retryable  # noqa: PT017  # either outcome is right, and each has its own consequence
            assert list(store.list()) == []
        else:
            assert desk.get(store, name) == b"content"
            assert [entry.name for entry in store.list()] == [name]
            store.delete(name)
            assert store.stat(name) is None

    @pytest.mark.parametrize("name", ["", "/absolute", "a//b", "a/../b", "..", "./a", "a/", "a\nb", "a\0b"])
    def test_an_illegal_name_is_refused(self, store: Backend, desk: Desk, name: str) -> None:
        with pytest.raises(PyshareError):
            desk.put(store, name, b"content")
        with pytest.raises(PyshareError):
            store.stat(name)
        with pytest.raises(PyshareError):
            store.delete(name)

    def test_a_folder_counts_as_nothing(self, store: Backend, desk: Desk) -> None:
        desk.put(store, "a/folder/object", b"content")
        assert store.stat("a/folder") is None
        with pytest.raises(NotFound):
            store.get("a/folder", desk.sink(), nobody)

    def test_below_an_object_is_nothing(self, store: Backend, desk: Desk) -> None:
        desk.put(store, "a/object", b"content")
        assert store.stat("a/object/below") is None

    def test_listing_is_whole(self, store: Backend, desk: Desk) -> None:
        assert list(store.list()) == []
        sizes = {"top": 1, "a/one": 2, "a/b/two": 0, "ab/three": 4}
        for name, size in sizes.items():
            desk.put(store, name, body_of(size))
        entries = list(store.list())
        assert sorted(entry.name for entry in entries) == sorted(sizes)
        assert all(entry.size in {None, sizes[entry.name]} for entry in entries)
        assert sorted(entry.name for entry in store.list("a")) == ["a/b/two", "a/one"]
        assert list(store.list("not/there")) == []

    def test_an_object_has_one_place(self, store: Backend) -> None:
        if locates := ability(store, Locates):
            places = {locates.locate(name) for name in NAMES}
            assert len(places) == len(NAMES)
            assert "" not in places
