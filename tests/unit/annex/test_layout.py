"""Every layout's names: reversible, never shared by two keys, and exactly those of the programs it stands for."""

import unicodedata
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from support.annex import Repository

from git_annex_remote_pyshare.annex.keys import expected_size
from git_annex_remote_pyshare.annex.layout import LAYOUTS, LONGEST, escape, is_of_key, name_of
from git_annex_remote_pyshare.backends.base import encode_name
from git_annex_remote_pyshare.config import settings

HEX = "0123456789abcdef" * 4


def from_bytes(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


HEADS = st.from_regex(r"\A[A-Z0-9_]{1,8}(-s[0-9]{1,3})?(-m[0-9]{1,3})?(-S[0-9]{1,3}-C[0-9]{1,2})?\Z")
TAILS = st.one_of(
    st.text(st.sampled_from("aAbB.%-~/:*&é\u0301e\x7f"), min_size=1, max_size=12),
    st.binary(min_size=1, max_size=300).map(from_bytes),
    st.sampled_from([f"{HEX}.JPG", f"{HEX}.jpg", "x.part", "x.FilePart", "x.", "x..", "..", ".htaccess", "a//b"]),
)
KEYS = st.one_of(
    st.tuples(HEADS, TAILS).map("--".join),
    st.tuples(HEADS.map(str.swapcase), TAILS).map("--".join),
    TAILS,
)
"""Keys as git-annex makes them, such as nobody makes, and bytes that are no text."""


def unescape(text: str) -> str:
    return from_bytes(unquote_to_bytes(text))


def folded(name: str) -> str:
    """What is left of a name on a file system that ignores case and composes characters (macOS, Windows)."""
    return unicodedata.normalize("NFC", name).casefold()


def test_there_is_a_function_for_each_layout_that_can_be_set() -> None:
    assert tuple(LAYOUTS) == settings.LAYOUTS


@given(KEYS)
@example("X--..")
@example("..")
@example("X--a.part")
@example("X--a.\u00e9")
def test_pr5_a_shard_name_is_legal_short_and_gives_the_key_back(key: str) -> None:
    name = name_of("shard", key)

    assert len(encode_name(name)) <= LONGEST
    folder, _, segment = name.partition("/")
    assert folder in HEX
    assert "/" not in segment
    if not segment.startswith("%~"):
        assert unescape(segment.removeprefix("%-")) == key


@given(KEYS)
def test_pr5_a_shard_name_has_nothing_that_a_server_refuses(key: str) -> None:
    segment = name_of("shard", key).partition("/")[2]

    assert segment.isascii()
    assert segment.isprintable()
    assert set(r'/\:*?"<>| ').isdisjoint(segment)
    assert not segment.lower().endswith((".", ".part", ".filepart"))
    assert segment.lower() not in {".htaccess", "con", "nul"}


@given(KEYS, KEYS)
@example(f"SHA256E-s1--{HEX}.JPG", f"SHA256E-s1--{HEX}.jpg")
@example("X-s1-S2-C3--a", "X-S1-s2-C3--a")
@example("X--a", "x--a")
@example("X--a", "%-x--a")
@example("X--\u00e9", "X--e\u0301")
@example("X--a%2Fb", "X--a/b")
@example("X--" + "a" * 300, "X--" + "A" * 300)
def test_pr5_two_keys_never_share_a_shard_name_even_where_case_is_ignored(one: str, other: str) -> None:
    # The folder is left out: it differs by chance, and would hide a collision of the rest in most examples.
    names = {folded(name_of("shard", key).partition("/")[2]) for key in (one, other)}

    assert len(names) == len({one, other})


@given(st.binary().map(from_bytes))
def test_percent_decoding_gives_back_what_was_escaped(text: str) -> None:
    assert unescape(escape(text)) == text


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("SHA256E-s6--abc.jpg", "f/SHA256E-s6--abc.jpg"),
        ("SHA256E-s6--abc.JPG", "5/SHA256E-s6--abc.%4A%50%47"),
        ("URL--http://h/a?b", "d/URL--http%3A%2F%2Fh%2Fa%3Fb"),
        ("WORM-s1-m2--x.part", "9/WORM-s1-m2--x%2Epart"),
        ("foo--X", "b/%-foo--%58"),
    ],
)
def test_shard_names_stay_what_they_were_when_the_first_objects_were_stored(key: str, name: str) -> None:
    assert name_of("shard", key) == name


def test_pr5_a_key_too_long_for_a_file_name_is_stored_under_its_sha256() -> None:
    name = name_of("shard", "URL--http://h/" + "A" * 500)

    assert name.partition("/")[2].startswith("%~")
    assert len(name) == 2 + 2 + 64


@pytest.mark.parametrize("layout", LAYOUTS)
@given(key=KEYS.filter(lambda key: "\n" not in key and "\0" not in key))
@example(key="URL--http://h//../x")
def test_pr5_every_layout_makes_a_legal_name_of_every_key(layout: str, key: str) -> None:
    # git-annex has no key of dots alone, and its own remotes no name for one.
    assume(key not in {".", ".."} or layout not in {"annex-directory", "annex-webdav"})

    encode_name(name_of(layout, key))


@given(KEYS, KEYS)
@example("X--a//b", "%-%58--a%2F%2Fb")
def test_pr5_two_keys_never_share_a_flat_name(one: str, other: str) -> None:
    assert (name_of("flat", one) == name_of("flat", other)) == (one == other)


@pytest.mark.parametrize("layout", ["flat", "annex-s3"])
@pytest.mark.parametrize("key", ["URL--http&c%%h/a:b", f"SHA256E-s1--{HEX}.JPG", "X--a/b"])
def test_a_flat_name_is_the_key_as_other_programs_store_it(layout: str, key: str) -> None:
    assert name_of(layout, key) == key


ANNEX_KEYS = [
    f"SHA256E-s6--{HEX}.txt",
    f"SHA256E-s2500000-S1048576-C2--{HEX}.bin",
    "URL--http://example.org/a:b%c&d",
    "GPGHMACSHA1--0123456789012345678901234567890123456789",
    "GITMANIFEST--00000000-0000-0000-0000-000000000000.bak",
    "WORM-s2-m1795326099--sub,32dir/w,32f",
    *(f"X-s{number}--{number}" for number in range(40)),
]


def test_hash_folders_are_those_of_the_real_git_annex(repository: Repository) -> None:
    for key in ANNEX_KEYS:
        lower, mixed = repository.annex("examinekey", "--format=${hashdirlower} ${hashdirmixed}", key).stdout.split()

        # The key itself but for URLs, whose `//` is no legal name.
        flat = name_of("flat", key)
        assert name_of("lower", key) == lower + flat
        assert name_of("directory", key) == f"{lower}{flat}/{flat}"
        assert name_of("mixed", key) == mixed + flat
        assert name_of("frankencase", key) == mixed.lower() + flat


@pytest.mark.parametrize("chunk", [{}, {"chunk": "1KiB"}], ids=["whole", "chunked"])
@pytest.mark.parametrize("encryption", ["none", "shared"])
def test_annex_directory_names_what_git_annex_stored(
    repository: Repository, tmp_path: Path, chunk: dict[str, str], encryption: str
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    settings = [f"{name}={value}" for name, value in chunk.items()]
    repository.annex("initremote", "d", "type=directory", f"directory={store}", f"encryption={encryption}", *settings)
    repository.add({"a.txt": b"a" * 2500})
    (repository.folder / "w&100%.txt").write_bytes(b"w" * 10)
    repository.annex("add", "-q", "--backend=WORM", ".")
    repository.annex("copy", "-q", "--to", "d", ".")

    stored = [path for path in store.rglob("*") if path.is_file()]

    assert len(stored) == (4 if chunk else 2)
    for path in stored:
        key = path.name.replace("%", "/").replace("&c", ":").replace("&s", "%").replace("&a", "&")
        assert name_of("annex-directory", key) == str(path.relative_to(store))
        assert name_of("annex-webdav", key) == str(path.relative_to(store))
        if encryption == "none":
            assert expected_size(key) == path.stat().st_size


@pytest.mark.parametrize("layout", LAYOUTS)
@given(head=HEADS, tail=TAILS)
def test_every_layouts_names_are_known_as_those_of_keys(layout: str, head: str, tail: str) -> None:
    assert is_of_key(name_of(layout, f"{head}--{tail}"))


@pytest.mark.parametrize("name", ["backup/db.tar", "a--b", "2026-11--x.tar.gz", "README", "x/%25-y", "-", ""])
def test_other_programs_names_are_not_taken_for_those_of_keys(name: str) -> None:
    assert not is_of_key(name)
