"""What version 0.1 left behind is used: uploads, partial downloads, logins, git config, a store, a plug-in.

The files are written by hand, with the names and the words of that version.
"""

import json
import os
import time
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest
from support.annex import Home, Repository, unlock
from support.partskit import BODY, LIMITS, SMALL, InClone
from support.waiting import Waiting

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.part_plan import Plan, Upload
from git_annex_remote_pyshare.store import resume
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.files import Desk, body_of
from git_annex_remote_pyshare.testing.memory import place
from git_annex_remote_pyshare.testing.parts import PartsBackend
from git_annex_remote_pyshare.transfer import Sink

UUID = "11111111-2222-3333-4444-555555555555"
SETTINGS = {"url": "memory:", "layout": "flat"}
"""What `remote.log` says; the names of the files below follow from it."""

UPLOAD = "annex/pyshare/uploads/e95731d00b5ee34a1377f5d16faa0387"
DOWNLOAD = "annex/pyshare/downloads/d3746f4cc0c595d4bd9e8587acc7eed8"
OBJECT = "e3cf396416c25bc1fa06bc0cdcd3ca6a"

MARKER = "This folder is a store of git-annex-remote-pyshare; without this file it is taken for an unmounted disk.\n"


@pytest.fixture
def git_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "git"
    for name in ("annex/tmp", "annex/pyshare/uploads", "annex/pyshare/downloads"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def server(git_dir: Path) -> PartsBackend:
    where = place()._replace(clone=InClone(str(git_dir), {}), settings=parse(SETTINGS))
    return PartsBackend(LIMITS, where)


def process(server: PartsBackend) -> Backend:
    waiting = Waiting()
    return wrap(server, waiting, clock=waiting.clock)


def test_an_upload_is_resumed(
    git_dir: Path, server: PartsBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "WHOLE", SMALL)
    desk = Desk(tmp_path)
    plan = Plan(len(BODY), 1000)
    upload = Upload("name", server.begin("name", plan), plan)
    sent = {number: server.send(upload, plan.part(number), desk.source(BODY), lambda _: None) for number in (1, 2, 3)}
    head = {"version": 1, "begun": time.time() - 60, "name": "name", "id": upload.id, "plan": [len(BODY), 1000]}
    parts = [{"part": number, "digest": part.digest, "token": part.token} for number, part in sent.items()]
    (git_dir / UPLOAD).write_text("".join(f"\n{json.dumps(line)}\n" for line in (head, *parts)))

    desk.put(process(server), "name", BODY)

    assert desk.get(server, "name") == BODY
    assert [number for _, number in server.accepted[:3]] == [1, 2, 3]
    assert sorted(number for _, number in server.accepted[3:]) == list(range(4, 11))
    assert list((git_dir / UPLOAD).parent.iterdir()) == []


def test_a_partial_download_is_resumed(git_dir: Path, server: PartsBackend, tmp_path: Path) -> None:
    body = body_of(3 << 20)
    Desk(tmp_path).put(server, "name", body)
    partial = git_dir / "annex/tmp/K"
    partial.write_bytes(b"kept" + body[4 : 1 << 20])  # which shows that it is not sent again
    note = {"file": "annex/tmp/K", "object": OBJECT, "validator": md5(body, usedforsecurity=False).hexdigest()}
    (git_dir / DOWNLOAD).write_text(json.dumps(note))

    process(server).get("name", Sink(os.fsencode(partial)), lambda _: None)

    assert partial.read_bytes() == b"kept" + body[4:]


def test_a_partial_download_of_another_version_is_not(git_dir: Path, server: PartsBackend, tmp_path: Path) -> None:
    body = body_of(3 << 20)
    Desk(tmp_path).put(server, "name", body)
    partial = git_dir / "annex/tmp/K"
    partial.write_bytes(b"old" * 1000)
    (git_dir / DOWNLOAD).write_text(json.dumps({"file": "annex/tmp/K", "object": OBJECT, "validator": "v1"}))

    process(server).get("name", Sink(os.fsencode(partial)), lambda _: None)

    assert partial.read_bytes() == body


@pytest.fixture
def older(alice: Home, tmp_path: Path) -> Iterator[Repository]:
    """Alice's repository and store: `cloud` is on a disk, and holds the file `book`."""
    made = Repository.create(alice, tmp_path / "alice" / "repository")
    made.add({"book": b"content"})
    key = made.key("book")
    share = tmp_path / "share"
    folder = share / md5(key.encode(), usedforsecurity=False).hexdigest()[0]
    folder.mkdir(parents=True)
    (share / ".pyshare-store").write_text(MARKER)
    (folder / key).write_bytes(b"content")
    settings = f"encryption=none externaltype=pyshare layout=shard name=cloud type=external url={share}"
    line = f"{UUID} {settings} timestamp=1764000000s\n"
    _write_branch(made, {"remote.log": line})
    (made.folder / ".git" / "annex" / "verified-remote.log").write_text(line)
    made.git("config", "remote.cloud.annex-externaltype", "pyshare")
    made.git("config", "remote.cloud.annex-uuid", UUID)
    made.git("config", "remote.cloud.skipFetchAll", "true")
    made.git("config", "remote.cloud.annex-verified", "verified")
    made.annex("setpresentkey", key, UUID, "1")
    made.annex("drop", "--force", "book")
    yield made
    unlock(tmp_path)


def _write_branch(repository: Repository, files: dict[str, str]) -> None:
    """A commit on git-annex's branch, as another clone's would come."""
    index = {"GIT_INDEX_FILE": str(repository.folder / ".git" / "by-hand")}
    repository.git("read-tree", "git-annex", login=index)
    for path, text in files.items():
        blob = repository.git("hash-object", "-w", "--stdin", input=text).stdout.strip()
        repository.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", login=index)
    tree = repository.git("write-tree", login=index).stdout.strip()
    commit = repository.git("commit-tree", tree, "-p", "git-annex", "-m", "remote").stdout.strip()
    repository.git("update-ref", "refs/heads/git-annex", commit)


def test_a_store_is_used_and_its_marker_completed(older: Repository, tmp_path: Path) -> None:
    older.annex("get", "--from", "cloud", "book")
    assert (older.folder / "book").read_bytes() == b"content"
    older.add({"more": b"new content"})
    older.annex("copy", "--to", "cloud", "more")
    assert (tmp_path / "share" / ".pyshare-store").read_text() == MARKER
    older.annex("enableremote", "cloud")
    assert (tmp_path / "share" / ".pyshare-store").read_text() == f"{MARKER}remote {UUID}\n"
    older.annex("fsck", "--from", "cloud")


@pytest.mark.parametrize("option", ["pyshare-bwlimit", "pyshare-connections"])
def test_git_config_options_are_obeyed(older: Repository, option: str) -> None:
    older.git("config", f"remote.cloud.{option}", "much")
    failed = older.annex("get", "--from", "cloud", "book", check=False)
    assert failed.returncode != 0
    assert f"git config remote.cloud.{option} is 'much'" in failed.stdout + failed.stderr


def test_a_login_is_found(alice: Home) -> None:
    folder = alice.folder / ".config" / "pyshare"
    folder.mkdir(parents=True)
    row = {"user": "alice", "where": "private file", "server": "https://cloud.example.org"}
    (folder / "logins.json").write_text(json.dumps({"webdav": {"cloud.example.org": row}}, indent=2))
    (folder / "secrets.json").write_text(json.dumps({"webdav": {"cloud.example.org": "hunter2"}}, indent=2))
    (folder / "secrets.json").chmod(0o600)
    code = (
        "from git_annex_remote_pyshare.credentials.account import Account\n"
        "from git_annex_remote_pyshare.credentials.lookup import find\n"
        "from git_annex_remote_pyshare.credentials.trust import Trust\n"
        "from git_annex_remote_pyshare.config.git_config import LocalConfig\n"
        "from git_annex_remote_pyshare.backends.webdav.spec import SPEC\n"
        "found = find(SPEC, Trust(LocalConfig(), Account('cloud.example.org')), None)\n"
        "print(found.user, found.secret)\n"
    )
    assert alice.run("python", "-c", code, cwd=alice.folder).stdout == "alice hunter2\n"
    assert "alice" in alice.run("pyshare", "whoami", cwd=alice.folder).stdout


def test_plug_ins_are_looked_up_in_the_same_group() -> None:
    assert registry.ENTRY_POINTS == "git_annex_remote_pyshare.backends"
