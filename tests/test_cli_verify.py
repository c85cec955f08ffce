"""`pyshare verify`: what a store really has, held against what git-annex believes."""

import json
from pathlib import Path

import pytest
from annex import Repository
from scripted_s3 import ScriptedS3

FILES = {"a.txt": b"a" * 3000, "b.txt": b"b" * 3000, "sub/c.txt": b"c" * 7000}


def verify(repository: Repository, *words: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `pyshare verify store …`."""
    done = repository.home.run("pyshare", "verify", "store", *words, cwd=repository.folder, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def share(repository: Repository, tmp_path: Path) -> Path:
    """A folder that has all files."""
    repository.initremote(str(tmp_path / "share"))
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    return tmp_path / "share"


def an_object(share: Path, repository: Repository, name: str) -> Path:
    """The file in the store that holds a file's content, writable."""
    (found,) = share.glob(f"?/{repository.key(name)}")
    found.parent.chmod(0o755)
    found.chmod(0o644)
    return found


def test_a_whole_store_is_told_so(repository: Repository, share: Path) -> None:
    assert share.is_dir()
    assert verify(repository) == (0, "3 whole\n", "")
    assert verify(repository, "sub", "--download") == (0, "1 whole\n", "")


def test_what_is_missing_short_or_foreign_is_named_and_can_be_stored_again(repository: Repository, share: Path) -> None:
    an_object(share, repository, "a.txt").unlink()
    an_object(share, repository, "b.txt").write_bytes(b"b" * 10)
    (share / "0").mkdir(exist_ok=True)
    (share / "0" / "SHA256E-s3--nobodys").write_bytes(b"???")
    code, out, err = verify(repository)
    assert (code, out) == (1, "1 whole, 1 missing, 1 damaged, 1 foreign\n")
    assert "has 10 bytes instead of 3000" in err
    assert "0/SHA256E-s3--nobodys belongs to no key" in err
    _, repair = err.rsplit("this stores it again: ", 1)
    repository.home.run("sh", "-c", repair, cwd=repository.folder, check=False)
    repository.annex("copy", "--to", "store")
    assert verify(repository)[:2] == (0, "3 whole, 1 foreign\n")


def test_only_reading_back_finds_a_content_that_was_exchanged_for_one_of_its_size(
    repository: Repository, share: Path
) -> None:
    an_object(share, repository, "a.txt").write_bytes(b"x" * 3000)
    assert verify(repository, "a.txt")[0] == 0
    code, out, _ = verify(repository, "a.txt", "--download", "--json")
    told = json.loads(out)
    assert (code, told["file"], told["state"]) == (1, "a.txt", "damaged")
    assert "another sha256" in told["why"]


def test_chunks_are_looked_at_one_by_one(repository: Repository, tmp_path: Path) -> None:
    repository.initremote(str(tmp_path / "share"), {"chunk": "2000"})
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    assert verify(repository)[:2] == (0, "3 whole\n")
    (second,) = (tmp_path / "share").glob("?/*-s7000-S2000-C2--*")
    second.parent.chmod(0o755)
    second.unlink()
    assert verify(repository)[:2] == (1, "2 whole, 1 missing\n")


def test_an_encrypted_store_is_git_annexs_own_to_check(repository: Repository, tmp_path: Path) -> None:
    repository.initremote(str(tmp_path / "share"), {"encryption": "shared"})
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    code, out, err = verify(repository)
    assert (code, out) == (1, "")
    assert "names of objects" in err
    assert "git annex fsck --from" in err


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
    assert "has another md5" in err


def test_a_store_that_does_not_answer_is_no_verdict(repository: Repository, share: Path) -> None:
    share.rename(share.with_name("unmounted"))
    code, out, err = verify(repository, "a.txt")
    assert (code, out) == (1, "1 unknown\n")
    assert "a.txt: unknown: " in err
