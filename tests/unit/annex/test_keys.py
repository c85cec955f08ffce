"""What keys say of themselves, held against the real git-annex."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.annex import Repository

from git_annex_remote_pyshare.annex.keys import _HASHES, digests, expected_size, is_checked, without_chunk

SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("key", "size"),
    [
        pytest.param(f"SHA256E-s6--{SHA256}.txt", 6, id="PR9-plain"),
        pytest.param(f"SHA256E-s0--{SHA256}", 0, id="PR9-empty"),
        pytest.param("WORM-s2-m1795326099--sub,32dir/w,32f", 2, id="PR9-worm"),
        pytest.param("WORM-s2-m1795326099--a--b-s99", 2, id="fields-end-at-the-first-two-dashes"),
        pytest.param("GITBUNDLE-s77--uuid-hex", 77, id="bundle"),
        pytest.param("GITMANIFEST--0000.bak", None, id="PR13-manifest"),
        pytest.param("SHA256E--0000", None, id="no-size"),
        pytest.param("URL-s30--http://h/f", None, id="url"),
        pytest.param("VURL-s30--http://h/f", None, id="vurl"),
        pytest.param("GPGHMACSHA1--0123", None, id="encrypted"),
        pytest.param("SHA256E-s2500000-S1048576-C1--00", 1048576, id="first-chunk"),
        pytest.param("SHA256E-s2500000-S1048576-C3--00", 402848, id="last-chunk"),
        pytest.param("SHA256E-s2500000-S1048576-C4--00", None, id="chunk-behind-the-end"),
        pytest.param("SHA256E-s2097152-S1048576-C2--00", 1048576, id="last-chunk-is-full"),
        pytest.param("SHA256E-s2097152-S1048576-C3--00", None, id="chunk-just-behind-the-end"),
        pytest.param("SHA256E-s10-S1048576-C1--00", 10, id="only-chunk"),
        pytest.param("SHA256E-s0-S1048576-C1--00", 0, id="chunk-of-nothing"),
        pytest.param("SHA256E-s10-S5-C0--00", None, id="chunks-count-from-one"),
        pytest.param("SHA256E-S1048576-C1--00", None, id="chunk-of-unknown-size"),
        pytest.param("SHA256E-sx--00", None, id="a-size-that-is-no-number"),
        pytest.param("SHA256E-s\u0663--00", None, id="a-size-in-other-digits"),
        pytest.param("no key at all", None, id="nonsense"),
        pytest.param("", None, id="empty-text"),
    ],
)
def test_a_key_says_how_many_bytes_its_object_has(key: str, size: int | None) -> None:
    assert expected_size(key) == size


@given(total=st.integers(1, 10**12), chunk=st.integers(1, 10**9))
def test_the_last_chunk_ends_where_the_content_ends(total: int, chunk: int) -> None:
    last = -(-total // chunk)

    size = expected_size(f"X-s{total}-S{chunk}-C{last}--n")

    assert size is not None
    assert (last - 1) * chunk + size == total
    assert 0 < size <= chunk


@given(st.text())
def test_any_text_is_read_without_an_exception(text: str) -> None:
    assert isinstance(expected_size(text), int | None)
    assert not digests(text)
    assert isinstance(without_chunk(text), str)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(f"SHA256E-s10-S5-C1--{SHA256}.txt", id="chunk"),
        pytest.param(f"GPGHMACSHA256--{SHA256}", id="encrypted"),
        pytest.param(f"SHA256-s0--{SHA256}.txt", id="extension-without-E"),
        pytest.param(f"SHA256E-s0--{SHA256[:-1]}", id="too-short"),
        pytest.param(f"SHA256E-s0--{SHA256.upper()}", id="capitals"),
        pytest.param("BLAKE2B256-s0--" + SHA256, id="blake2-of-another-length"),
        pytest.param("WORM-s0-m1--x", id="no-hash"),
    ],
)
def test_a_key_that_is_not_the_hash_of_its_object_names_no_digest(key: str) -> None:
    assert digests(key) == {}


def test_an_extension_is_no_part_of_the_digest() -> None:
    assert digests(f"SHA256E-s0--{SHA256}.tar.gz") == {"sha256": SHA256}


def test_the_digests_are_those_that_git_annex_computes(repository: Repository) -> None:
    content = b"the content of a file\n"
    (repository.folder / "file.txt").write_bytes(content)

    for backend, (algorithm, _) in _HASHES.items():
        for name in (backend, f"{backend}E"):
            key = repository.annex("calckey", f"--backend={name}", "file.txt").stdout.strip()
            assert digests(key) == {algorithm: hashlib.new(algorithm, content).hexdigest()}, key
            assert expected_size(key) == len(content)


@pytest.mark.parametrize(
    ("key", "whole"),
    [
        ("SHA256E-s9-S5-C1--00.x", "SHA256E-s9--00.x"),
        ("WORM-s9-m3-S5-C12--a-S1-C1--b", "WORM-s9-m3--a-S1-C1--b"),
        ("SHA256E-s9--00.x", "SHA256E-s9--00.x"),
        ("X--a-S5-C1--b", "X--a-S5-C1--b"),
        ("no-Separator", "no-Separator"),
    ],
)
def test_without_its_chunk_fields_a_key_is_that_of_the_whole_content(key: str, whole: str) -> None:
    assert without_chunk(key) == whole


@pytest.mark.parametrize(
    ("key", "checked"),
    [
        ("SHA256E-s6--abc.txt", True),
        ("MD5-s6--abc", True),
        ("SHA256E-s250-S100-C1--abc.bin", True),
        ("BLAKE2BP512E-s6--abc", True),
        ("SKEIN256-s6--abc", True),
        ("GPGHMACSHA1--abc", False),
        ("WORM-s6-m1--name", False),
        ("URL--http://example.org", False),
        ("VURL-s6--http://example.org", False),
        ("XOTHER-s6--abc", False),
    ],
)
def test_which_contents_git_annex_checks_itself(key: str, *, checked: bool) -> None:
    assert is_checked(key) is checked
