"""`pyshare verify`: what a store really has, compared with what git-annex believes."""

import json
import os
import shlex
from pathlib import Path

import pytest
from support.annex import Repository
from support.fakes.dav import ScriptedDAV
from support.fakes.s3 import ScriptedS3
from support.marks import LONG

FILES = {"a.txt": b"a" * 3000, "b.txt": b"b" * 3000, "sub/c.txt": b"c" * 7000}

Done = tuple[int, str, str]


def verify(repository: Repository, *words: str, below: str = "") -> Done:
    """Exit code, output and errors of `pyshare verify store …`."""
    done = repository.home.run("pyshare", "verify", "store", *words, cwd=repository.folder / below, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def type_it(repository: Repository, line: str, *, below: str = "") -> Done:
    """What becomes of a line that the user pastes into a shell."""
    done = repository.home.run("sh", "-c", line, cwd=repository.folder / below, check=False)
    return done.returncode, done.stdout, done.stderr


def advice(err: str) -> str:
    """The command that the last line of standard error ends with."""
    return err.rstrip("\n").rpartition(": ")[2]


@pytest.fixture
def share(repository: Repository, tmp_path: Path) -> Path:
    """A folder that has all files."""
    repository.initremote(str(tmp_path / "share"))
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    return tmp_path / "share"


@pytest.fixture
def chunked(repository: Repository, tmp_path: Path) -> Path:
    """The same in chunks of 2000 bytes."""
    repository.initremote(str(tmp_path / "share"), {"chunk": "2000"})
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    return tmp_path / "share"


def an_object(share: Path, repository: Repository, name: str) -> Path:
    """The file in the store that holds a file's content, writable."""
    return writable(share, repository.key(name))


def writable(share: Path, pattern: str) -> Path:
    (found,) = share.glob(f"?/{pattern}")
    found.parent.chmod(0o755)
    found.chmod(0o644)
    return found


def test_a_complete_store_is_called_so_and_how_it_was_compared(repository: Repository, share: Path) -> None:
    assert share.is_dir()
    assert verify(repository) == (0, "3 files are complete (sizes compared)\n", "")
    assert verify(repository, "sub", "--download") == (0, "1 file is complete (checksums compared)\n", "")


def test_what_is_missing_short_or_not_ours_is_named_by_its_file(repository: Repository, share: Path) -> None:
    an_object(share, repository, "a.txt").unlink()
    an_object(share, repository, "b.txt").write_bytes(b"b" * 10)
    (share / "0").mkdir(exist_ok=True)
    (share / "0" / "SHA256E-s3--nobodys").write_bytes(b"???")
    for below, sub in (("", ""), ("sub", "../")):
        code, out, err = verify(repository, below=below)
        assert code == 1
        assert out.splitlines() == [
            "1 file is complete (sizes compared)",
            "1 file is missing",
            "1 file is damaged",
            "1 object is not ours",
        ]
        assert f"{sub}a.txt: missing: its object is not in the store\n" in err
        assert f"{sub}b.txt: damaged: its object has 10 bytes instead of 3000\n" in err
        assert "0/SHA256E-s3--nobodys: not ours: " in err
        assert repository.key("a.txt") not in err


@pytest.mark.parametrize("words", [(), ("a.txt", "b.txt"), ("--download",)])
def test_the_repair_that_is_advised_repairs_and_hides_nothing(
    repository: Repository, share: Path, words: tuple[str, ...]
) -> None:
    an_object(share, repository, "a.txt").unlink()
    an_object(share, repository, "b.txt").write_bytes(b"x" * (3000 if "--download" in words else 10))
    code, _, err = verify(repository, *words)
    assert code == 1
    assert "Where this clone has the content, this stores it again: pyshare verify store" in err
    code, out, err = type_it(repository, advice(err))
    assert (code, err) == (0, "")
    assert "2 files are stored again" in out
    assert verify(repository, "--download") == (0, "3 files are complete (checksums compared)\n", "")


def test_what_this_clone_lacks_is_not_repaired_and_the_advice_brings_it_back(
    repository: Repository, share: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = f"directory={tmp_path / 'other'}"
    repository.annex("initremote", "other", "type=directory", other, "encryption=none")
    repository.annex("copy", "--to", "other")
    repository.annex("drop", "a.txt")
    an_object(share, repository, "a.txt").unlink()
    code, out, err = verify(repository, "--repair")
    assert (code, "1 file is missing" in out) == (1, True)
    assert "This clone lacks 1 file" in err
    code, out, _ = type_it(repository, advice(err))
    assert (code, out.splitlines()[-2:]) == (
        0,
        ["1 file is stored again", "3 files are complete (sizes compared)"],
    )


def test_a_damaged_file_that_only_the_store_has_is_left_there(repository: Repository, share: Path) -> None:
    repository.annex("drop", "--force", "a.txt")
    damaged = an_object(share, repository, "a.txt")
    damaged.write_bytes(b"x" * 3000)
    assert verify(repository, "--download", "--repair")[0] == 1
    assert damaged.read_bytes() == b"x" * 3000


def test_a_store_that_takes_nothing_is_not_called_repaired(repository: Repository, share: Path) -> None:
    an_object(share, repository, "a.txt").unlink()
    (share / ".pyshare-store").unlink()  # as if the disk were not mounted
    code, out, err = verify(repository, "a.txt", "--repair")
    assert code == 2
    assert "stored again" not in out
    assert err


def test_an_old_version_without_a_file_is_repaired_too(repository: Repository, share: Path) -> None:
    key = repository.key("a.txt")
    an_object(share, repository, "a.txt").unlink()
    repository.git("rm", "-q", "a.txt")
    repository.git("commit", "-q", "-m", "gone")
    code, _, err = verify(repository)
    assert (code, f"{key}: missing" in err) == (1, True)
    assert type_it(repository, advice(err))[0] == 0
    assert verify(repository)[:2] == (0, "3 files are complete (sizes compared)\n")


def test_files_that_are_not_in_the_store_are_counted_with_the_command_that_lists_them(
    repository: Repository, share: Path
) -> None:
    assert share.is_dir()
    repository.add({"new file": b"new", "sub/new": b"other"})
    for below, words, expected in (
        ("", (), ["new file", "sub/new"]),
        ("sub", (), ["../new file", "new"]),
        ("", ("new file", "a.txt"), ["new file"]),
    ):
        code, _, err = verify(repository, *words, below=below)
        assert code == 0
        assert (
            "1 file of these is not in store: " in err if words else "2 files of this dataset are not in store: " in err
        )
        assert sorted(type_it(repository, advice(err), below=below)[1].splitlines()) == sorted(expected)


def test_nothing_to_check_is_said_and_is_no_success(repository: Repository, tmp_path: Path) -> None:
    repository.initremote(str(tmp_path / "share"))
    assert verify(repository)[:2] == (2, "nothing to check: git-annex knows no file in store\n")
    repository.add(FILES)
    code, out, err = verify(repository, "a.txt")
    assert (code, out) == (2, "nothing to check: git-annex knows no file in store\n")
    assert type_it(repository, advice(err))[1] == "a.txt\n"


def test_a_path_that_is_no_annexed_file_is_an_error(repository: Repository, share: Path) -> None:
    assert share.is_dir()
    (repository.folder / "README").write_text("hi")
    repository.git("add", "README")
    assert verify(repository, "nosuchdir")[:2] == (2, "")
    code, out, err = verify(repository, "README")
    assert (code, out) == (2, "")
    assert "git-annex has no file at README" in err
    assert "a.txt" in type_it(repository, advice(err))[1]
    code, out, err = verify(repository, "README", "a.txt")
    assert (code, out) == (0, "1 file is complete (sizes compared)\n")
    assert "README is no annexed file" in err


@pytest.mark.parametrize("words", [(), ("--download",)])
def test_programs_get_a_summary_also_when_all_is_well(
    repository: Repository, share: Path, words: tuple[str, ...]
) -> None:
    code, out, _ = verify(repository, "--json", *words)
    (summary,) = (json.loads(line) for line in out.splitlines())
    nothing = dict.fromkeys(("unchecked", "missing", "damaged", "unknown", "foreign", "repaired", "not_in_remote"), 0)
    compared = {"remote": "store", "compared": "checksums" if words else "sizes", "looks_like_layout": ""}
    assert (code, summary) == (0, {**nothing, **compared, "complete": 3})
    an_object(share, repository, "a.txt").unlink()
    code, out, _ = verify(repository, "--json", *words)
    first, summary = (json.loads(line) for line in out.splitlines())
    assert (code, first["file"], first["key"], first["state"]) == (1, "a.txt", repository.key("a.txt"), "missing")
    assert (summary["complete"], summary["missing"]) == (2, 1)


def test_only_reading_back_finds_a_content_that_was_exchanged_for_one_of_its_size(
    repository: Repository, share: Path
) -> None:
    an_object(share, repository, "a.txt").write_bytes(b"x" * 3000)
    assert verify(repository, "a.txt")[0] == 0
    code, out, _ = verify(repository, "a.txt", "--download", "--json")
    said = json.loads(out.splitlines()[0])
    assert (code, said["file"], said["state"]) == (1, "a.txt", "damaged")
    assert "another sha256" in said["why"]


def test_chunks_are_looked_at_one_by_one(repository: Repository, chunked: Path) -> None:
    assert verify(repository)[:2] == (0, "3 files are complete (sizes compared)\n")
    writable(chunked, "*-s7000-S2000-C2--*").unlink()
    code, out, err = verify(repository)
    assert (code, out) == (1, "2 files are complete (sizes compared)\n1 file is missing\n")
    assert "sub/c.txt: missing: chunk 2 is not in the store\n" in err
    assert type_it(repository, advice(err))[0] == 0
    assert verify(repository, "--download")[0] == 0


def test_a_damaged_chunk_is_found_since_all_are_hashed_end_to_end(repository: Repository, chunked: Path) -> None:
    assert verify(repository, "--download") == (0, "3 files are complete (checksums compared)\n", "")
    chunk = writable(chunked, "*-s7000-S2000-C2--*")
    chunk.write_bytes(b"c" * 1900 + b"x" * 100)
    code, out, err = verify(repository, "--download")
    assert (code, out) == (1, "2 files are complete (checksums compared)\n1 file is damaged\n")
    assert "sub/c.txt: damaged: the content has another sha256\n" in err
    assert shlex.split(advice(err)) == ["pyshare", "verify", "store", "--download", "--repair", "--", "sub/c.txt"]
    assert type_it(repository, advice(err))[0] == 0
    assert chunk.read_bytes() == b"c" * 2000


def test_a_content_that_was_stored_in_chunks_and_also_whole_is_complete_if_one_of_them_is(
    repository: Repository, chunked: Path
) -> None:
    repository.annex("enableremote", "store", "chunk=3000")
    repository.annex("drop", "--from", "store", "sub/c.txt")
    repository.annex("copy", "--to", "store", "sub/c.txt")
    assert verify(repository)[:2] == (0, "3 files are complete (sizes compared)\n")
    assert len(list(chunked.glob("?/*-s7000-S3000-*"))) == 3


@pytest.mark.parametrize("backend", ["WORM", "SKEIN256", "BLAKE2B160E"])
def test_nothing_is_called_complete_whose_checksum_was_not_compared(
    repository: Repository, tmp_path: Path, backend: str
) -> None:
    repository.git("config", "annex.backend", backend)
    repository.initremote(str(tmp_path / "share"))
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    an_object(tmp_path / "share", repository, "a.txt").write_bytes(b"x" * 3000)
    code, out, err = verify(repository, "--download")
    words = f"3 files are unchecked: there, but with nothing to compare (key of type {backend})\n"
    assert (code, out) == (2, words)
    assert ("git annex fsck" in err) == (backend != "WORM")
    if backend != "WORM":
        assert "Bad file content" in type_it(repository, advice(err))[2]


def test_a_key_without_size_and_checksum_is_unchecked_without_a_download_too(
    repository: Repository, tmp_path: Path
) -> None:
    (repository.folder / "page").write_bytes(b"from the web")
    key = "URL--http&c%%example.org%page"
    repository.initremote(str(tmp_path / "share"))
    repository.annex("setkey", key, "page")
    repository.annex("fromkey", key, "page", "--force")
    repository.git("commit", "-q", "-m", "page")
    repository.annex("copy", "--to", "store", "page")
    code, out, _ = verify(repository, "page")
    assert (code, out) == (2, "1 file is unchecked: there, but with nothing to compare (key of type URL)\n")


def test_an_encrypted_store_is_left_to_git_annex_with_a_command_that_checks_it(
    repository: Repository, tmp_path: Path
) -> None:
    repository.initremote(str(tmp_path / "share"), {"encryption": "shared"})
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    code, out, err = verify(repository, "sub")
    assert (code, out) == (2, "")
    assert "the store of store is encrypted, so only git-annex can look at it" in err
    code, out, _ = type_it(repository, advice(err))
    assert (code, out.count("fsck sub/c.txt")) == (0, 1)


def test_a_hash_that_the_server_tells_is_compared_where_the_key_has_it(
    repository: Repository, scripted_s3: ScriptedS3
) -> None:
    repository.initremote("s3://bucket", {"endpoint": scripted_s3.url, "region": "us-east-1"})
    repository.git("config", "annex.backend", "MD5E")
    repository.add(FILES)
    repository.home.environment.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="secret")
    repository.annex("copy", "--to", "store")
    assert verify(repository, "a.txt")[0] == 0
    name = f"bucket/{repository.key('a.txt')}"
    scripted_s3.objects[name] = b"x" * len(scripted_s3.objects[name])
    code, _, err = verify(repository, "a.txt")
    assert code == 1
    assert "a.txt: damaged: its object has another md5\n" in err
    assert type_it(repository, advice(err))[0] == 0
    assert scripted_s3.objects[name] == FILES["a.txt"]


def test_a_store_that_does_not_answer_is_no_verdict(repository: Repository, share: Path) -> None:
    share.rename(share.with_name("unmounted"))
    code, out, err = verify(repository, "a.txt")
    assert (code, out) == (2, "1 file is unknown: the store could not be asked\n")
    assert "a.txt: unknown: " in err


def test_a_store_that_another_program_filled_is_recognised_by_its_names(
    repository: Repository, dav: ScriptedDAV
) -> None:
    dav.folders.add("/dav")
    repository.initremote(f"{dav.url}/dav", {"layout": "annex-webdav"})
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    repository.annex("enableremote", "store", "layout=shard")
    for words in ((), ("--repair",)):
        code, out, err = verify(repository, *words)
        assert (code, out) == (1, "3 files are missing\n3 objects are not ours\n")
        assert "The names there look like layout=annex-webdav" in err
        assert "stores it again" not in err
    assert type_it(repository, advice(err))[0] == 0
    assert verify(repository)[:2] == (0, "3 files are complete (sizes compared)\n")


@pytest.mark.parametrize(
    "line", ["1 1000000000000", *(pytest.param(each, marks=LONG) for each in ("2000 1000001", "1 3"))]
)
def test_a_strangers_chunk_log_costs_neither_memory_nor_requests(
    repository: Repository, chunked: Path, line: str
) -> None:
    assert chunked.is_dir()
    key = "SHA256--" + "0" * 64
    uuid = repository.git("config", "remote.store.annex-uuid").stdout.strip()
    lower = repository.annex("examinekey", key, "--format=${hashdirlower}").stdout.strip()
    size, count = line.split()
    here = repository.git("config", "annex.uuid").stdout.strip()
    journal = repository.folder / ".git" / "annex" / "journal"
    name = f"{lower}{key}".replace("_", "__").replace("/", "_")
    (journal / f"{name}.log.cnk").write_text(f"9999999999s {uuid}:{size} {count}\n")
    (journal / f"{name}.log").write_text(f"9999999999s 1 {uuid}\n9999999999s 1 {here}\n")
    code, out, err = verify(repository)
    assert (code, out.splitlines()[-1]) == (2, "1 file is unknown: the store could not be asked")
    assert f"git-annex's log claims {count} chunks, the smallest of " in err


def test_names_give_no_orders_to_a_terminal(repository: Repository, tmp_path: Path) -> None:
    share = tmp_path / "share"
    repository.initremote(str(share))
    repository.add({"a\x1b]0;title\x07": b"content"})
    repository.annex("copy", "--to", "store")
    an_object(share, repository, "a\x1b]0;title\x07").unlink()
    (share / "0").mkdir(exist_ok=True)
    (share / "0" / "x\x1b]0;title\x07\n\x9b2J").write_bytes(b"???")
    (share / "0" / os.fsdecode(b"\x9b2J\x1b[2J")).write_bytes(b"???")
    for words in ((), ("--json",), ("--repair",)):
        _, out, err = verify(repository, *words)
        shown = out + err
        assert "]0;title" in shown
        assert {sign for sign in shown if not sign.isprintable()} <= {"\n"}


@pytest.mark.parametrize(
    "name", ["it's; $(reboot).txt", "\x1b[2J", *(pytest.param(each, marks=LONG) for each in ("-x", "a\u2028b\x85c"))]
)
def test_an_odd_name_is_verified_and_the_advice_can_be_pasted(
    repository: Repository, tmp_path: Path, name: str
) -> None:
    share = tmp_path / "share"
    repository.initremote(str(share))
    repository.add({f"sub/{name}": b"content"})
    repository.annex("copy", "--to", "store")
    (found,) = share.glob("?/SHA256E-s7*")
    found.parent.chmod(0o755)
    found.chmod(0o644)
    found.write_bytes(b"damaged")
    code, out, err = verify(repository, "--download", "--", name, below="sub")
    assert (code, out) == (1, "1 file is damaged\n")
    if name.isprintable():
        assert type_it(repository, advice(err), below="sub")[0] == 0
        assert found.read_bytes() == b"content"


def test_a_bare_repository_is_verified_by_its_keys(repository: Repository, share: Path, tmp_path: Path) -> None:
    an_object(share, repository, "a.txt").unlink()
    key = repository.key("a.txt")
    bare = Repository(repository.home, tmp_path / "bare.git")
    repository.home.run("git", "clone", "-q", "--bare", str(repository.folder), str(bare.folder), cwd=tmp_path)
    bare.annex("init", "-q")
    bare.annex("enableremote", "store")
    code, out, err = verify(bare)
    assert (code, out) == (1, "2 files are complete (sizes compared)\n1 file is missing\n")
    assert f"{key}: missing" in err
