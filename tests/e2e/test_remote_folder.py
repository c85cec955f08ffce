"""The real git-annex with a shared folder: what a user sees, types and relies on."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.annex import Home, Repository

CONTENT = {"books/TLCL.pdf": b"%PDF-1.4 a book\n" * 3000, "empty": b"", "a file with blanks": b"one line\n"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "share"


@pytest.fixture
def shared(repository: Repository, store: Path) -> Repository:
    """A repository whose files are in a shared folder as well."""
    repository.add(CONTENT)
    repository.initremote(str(store))
    repository.annex("copy", "--to", "store")
    return repository


def objects(store: Path) -> list[Path]:
    """All objects of a store, without the marker and what else is hidden."""
    hidden = re.compile(r"/\.")
    return [
        path for path in store.rglob("*") if path.is_file() and not hidden.search(str(path.relative_to(store.parent)))
    ]


def test_what_was_copied_comes_back_byte_for_byte(shared: Repository, store: Path) -> None:
    assert len(objects(store)) == len(CONTENT)
    shared.annex("drop", ".")
    assert not (shared.folder / "empty").exists()
    shared.annex("get", ".")
    assert {name: (shared.folder / name).read_bytes() for name in CONTENT} == CONTENT


def test_drop_from_removes_the_object(shared: Repository, store: Path) -> None:
    shared.annex("drop", "--from", "store", ".")
    assert objects(store) == []


def test_a_folder_that_is_gone_is_unknown_not_absent(shared: Repository, store: Path) -> None:
    store.rename(store.with_name("unmounted"))
    asked = shared.annex("checkpresentkey", shared.key("empty"), "store", check=False)
    assert asked.returncode == 100  # git-annex's word for: cannot tell
    assert "Mount its disk" in asked.stderr
    store.with_name("unmounted").rename(store)
    assert "store" in shared.annex("whereis", "empty").stdout  # the location log still knows


def test_a_folder_without_its_marker_is_unknown_not_absent(shared: Repository, store: Path) -> None:
    for path in store.iterdir():
        path.rename(store.with_name("elsewhere-" + path.name))
    assert shared.annex("checkpresentkey", shared.key("empty"), "store", check=False).returncode == 100


def test_a_folder_that_is_not_mounted_is_unavailable(shared: Repository, store: Path) -> None:
    store.rename(store.with_name("unmounted"))
    assert "available: false" in shared.annex("info", "store").stdout


def test_an_object_of_a_wrong_size_is_not_present_pr9(shared: Repository, store: Path) -> None:
    for path in objects(store):
        path.chmod(0o644)
        path.write_bytes(path.read_bytes() + b"tail")
    assert shared.annex("checkpresentkey", shared.key("empty"), "store", check=False).returncode == 1


def test_a_damaged_object_is_refused_and_replaced_pr10(shared: Repository, store: Path) -> None:
    (path,) = (path for path in objects(store) if path.stat().st_size == len(CONTENT["a file with blanks"]))
    path.chmod(0o644)
    path.write_bytes(b"ONE LINE\n")
    shared.annex("drop", "--force", "a file with blanks")
    assert shared.annex("get", "a file with blanks", check=False).returncode == 1
    shared.add({"again": CONTENT["a file with blanks"]})
    shared.annex("copy", "--to", "store", "--fast", "again", check=False)
    key = shared.key("again")
    shared.annex("setpresentkey", key, _uuid(shared), "0")
    path.unlink()
    shared.annex("copy", "--to", "store", "again")
    assert path.read_bytes() == CONTENT["a file with blanks"]


def _uuid(repository: Repository, name: str = "store") -> str:
    return repository.git("config", f"remote.{name}.annex-uuid").stdout.strip()


def test_whereis_names_the_object(shared: Repository, store: Path) -> None:
    (line,) = re.findall(r"^ *store: (.+)$", shared.annex("whereis", "empty").stdout, re.MULTILINE)
    assert Path(line).read_bytes() == b""
    assert Path(line).is_relative_to(store)


def test_info_tells_where_and_how(shared: Repository, store: Path) -> None:
    told = shared.annex("info", "store").stdout
    assert f"url: {store}" in told
    assert "backend: directory" in told
    assert "layout: shard" in told
    assert "cost: 100" in told


def test_objects_are_read_only(shared: Repository, store: Path) -> None:
    assert {path.stat().st_mode & 0o222 for path in objects(store)} == {0}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "relative/path"}, "/relative/path"),
        ({"url": ""}, "url= is missing"),
        ({"url": "gopher://example.org/x"}, "not a kind of address that pyshare knows"),
        ({"url": "https://bob:secret@example.org/dav"}, "pyshare login https://example.org/dav"),
        ({"layout": "shrad"}, "did you mean shard?"),
        ({"password": "secret"}, "pyshare login"),
        ({"token": "secret"}, "pyshare login"),
        ({"chonk": "1MiB"}, "chonk"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_to_type_instead(
    repository: Repository, store: Path, settings: dict[str, str], said: str
) -> None:
    told = repository.initremote(str(store), settings, check=False)
    assert said in told
    assert "failed" in told or "Unexpected parameters" in told
    assert "secret" not in repository.git("show", "git-annex:remote.log", check=False).stdout


def test_a_wrong_setting_is_told_in_one_sentence(repository: Repository, store: Path) -> None:
    told = repository.initremote(str(store), {"layout": "nope"}, check=False)
    lines = [line for line in told.splitlines() if "layout=nope" in line]
    assert len(lines) == 1


def test_a_folder_whose_parent_is_missing_is_refused(repository: Repository, store: Path) -> None:
    told = repository.initremote(str(store / "deep" / "down"), check=False)
    assert "mkdir -p" in told


def test_the_layout_is_written_down(shared: Repository) -> None:
    assert "layout=shard" in shared.git("show", "git-annex:remote.log").stdout


def test_eight_jobs_are_served_by_one_process(repository: Repository, store: Path, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    program = tmp_path / "bin" / "git-annex-remote-pyshare"
    program.parent.mkdir()
    real = repository.home.environment["PATH"].split(os.pathsep)[0] + "/git-annex-remote-pyshare"
    program.write_text(f'#!/bin/sh\necho start >> "{starts}"\nexec "{real}"\n')
    program.chmod(0o755)
    repository.home.environment["PATH"] = f"{program.parent}{os.pathsep}{repository.home.environment['PATH']}"
    repository.add({f"f{number}": os.urandom(2000) for number in range(40)})
    repository.initremote(str(store))
    starts.unlink()
    repository.annex("copy", "--to", "store", "-J8")
    assert starts.read_text() == "start\n"
    assert len(objects(store)) == 40


def test_a_killed_store_leaves_nothing_that_counts_and_no_growing_litter(repository: Repository, store: Path) -> None:
    repository.add({"big": os.urandom(96 << 20)})
    repository.initremote(str(store))
    for wait in (0.3, 0.45, 0.6):
        running = subprocess.Popen(
            ["git", "annex", "copy", "--to", "store", "big"],
            cwd=repository.folder,
            env=repository.home.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(wait)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        for path in objects(store):  # whole, or not there
            assert path.stat().st_size == 96 << 20
            path.chmod(0o644)
            path.unlink()
        assert len([path for path in store.rglob("*") if path.is_file()]) <= 2  # the marker, one leftover
    repository.annex("copy", "--to", "store", "big")
    assert [path.stat().st_size for path in objects(store)] == [96 << 20]
    assert len([path for path in store.rglob("*") if path.is_file()]) == 2  # the marker, the object


def test_a_clone_of_a_dataset_gets_by_itself_and_drop_waits_for_verifyremote(
    shared: Repository, bob: Home, tmp_path: Path
) -> None:
    shared.git("config", "remote.store.annex-autoenable", "true")
    shared.annex("enableremote", "store", "autoenable=true")
    clone = Repository(bob, tmp_path / "bob" / "clone")
    bob.run("git", "clone", "-q", str(shared.folder), str(clone.folder), cwd=tmp_path)
    clone.annex("init", "-q")
    clone.git("remote", "remove", "origin")
    clone.annex("get", ".")
    assert (clone.folder / "books/TLCL.pdf").read_bytes() == CONTENT["books/TLCL.pdf"]
    refused = clone.annex("drop", "--from", "store", "empty", check=False)
    assert "verifyremote" in refused.stdout + refused.stderr
