"""What people ask of a remote of their clone: where it is, how much room there is, and the link for friends."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from support.annex import Home, Repository
from support.fakes.dav import ScriptedDAV
from support.scripted import answer
from support.servers import Server

from git_annex_remote_pyshare.annex.layout import branch_path
from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.cli.remotes import opened
from git_annex_remote_pyshare.config.annex_branch import chunks, remote_settings
from git_annex_remote_pyshare.store import open as store
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place

FILES = {"a.txt": b"a", "sub/b.bin": b"b" * 5000}


def test_info_shows_a_folder_and_the_room_on_its_disk(repository: Repository, tmp_path: Path) -> None:
    share = tmp_path / "a share"
    repository.initremote(str(share))
    told = repository.home.run("pyshare", "info", "store", cwd=repository.folder).stdout
    assert f"name: store\nurl: {share}\nbackend: directory\nlayout: shard\n" in told
    assert re.search(r"^disk: .* used, .* free$", told, re.MULTILINE)
    fields = json.loads(repository.home.run("pyshare", "info", "store", "--json", cwd=repository.folder).stdout)
    assert fields["uuid"] == repository.git("config", "remote.store.annex-uuid").stdout.strip()
    assert fields["disk"]["used"] > 0
    assert fields["disk"]["free"] > 0


def test_a_long_wait_in_a_command_is_told_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def waiting_store(
        place: StoreConfig, stopping: Event, tell: Callable[[str], object], *, first_contact: float
    ) -> Backend:
        tell("the line is down")
        assert first_contact == 10, "a person waits less than git-annex does for a server that was never reached"
        return wrap(MemoryBackend(place), stopping)

    monkeypatch.setattr(store, "open_store", waiting_store)
    with opened(place()):
        pass
    assert capsys.readouterr() == ("", "the line is down\n")


def test_wd17_info_shows_the_room_that_a_server_tells(wsgidav_server: Server, repository: Repository) -> None:
    login = {"WEBDAV_USERNAME": wsgidav_server.user, "WEBDAV_PASSWORD": wsgidav_server.password}
    ours = ("type=external", "externaltype=pyshare", "encryption=none", f"url={wsgidav_server.url}")
    repository.annex("initremote", "store", *ours, login=login)
    # git-annex has kept the login, so neither it nor we need the environment any more.
    told = repository.home.run("pyshare", "info", "store", cwd=repository.folder).stdout
    assert f"login: {wsgidav_server.user} (from git-annex)" in told
    assert re.search(r"^account: .* used, .* free$", told, re.MULTILINE)
    assert "space: " in repository.annex("info", "store").stdout


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        ("<d:quota-used-bytes>2048</d:quota-used-bytes>", "2.0 KiB used"),
        (
            "<d:quota-used-bytes>5</d:quota-used-bytes><d:quota-available-bytes>-3</d:quota-available-bytes>",
            "5 bytes used",
        ),
        ("<d:quota-used-bytes/>", "this server does not report it"),
    ],
    ids=["WD17-no limit told", "WD17-negative", "WD17-empty"],
)
def test_room_that_is_not_told_is_not_invented(
    dav: ScriptedDAV, repository: Repository, quota: str, words: str
) -> None:
    body = (
        '<d:multistatus xmlns:d="DAV:"><d:response><d:href>/dav/</d:href><d:propstat>'
        f"<d:prop>{quota}</d:prop><d:status>HTTP/1.1 200 OK</d:status>"
        "</d:propstat></d:response></d:multistatus>"
    )
    dav.decide = lambda seen: answer(207, body.encode()) if seen.method == "PROPFIND" else None
    repository.initremote(f"{dav.url}/dav")
    assert f"space: {words}" in repository.annex("info", "store").stdout


def test_a_name_that_is_no_remote_of_ours_is_refused_with_those_that_are(
    repository: Repository, alice: Home, tmp_path: Path
) -> None:
    repository.initremote(str(tmp_path / "share"))
    done = alice.run("pyshare", "info", "shop", cwd=repository.folder, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no pyshare remote shop; it has store." in done.stderr
    outside = alice.run("pyshare", "info", "store", cwd=tmp_path, check=False)
    assert "this folder is in no git repository" in outside.stderr


def test_what_git_annex_has_written_of_a_remote_and_its_chunks_is_read_as_it_means_it(
    repository: Repository, tmp_path: Path
) -> None:
    share = tmp_path / "a share ü"
    repository.initremote(str(share), {"chunk": "2000"})
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    git_dir = str(repository.folder / ".git")
    uuid = repository.git("config", "remote.store.annex-uuid").stdout.strip()
    assert remote_settings(git_dir, uuid)["url"] == str(share)
    assert remote_settings(git_dir, uuid)["chunk"] == "2000"
    assert chunks(git_dir, branch_path(repository.key("sub/b.bin")), uuid) == {2000: 3}
    repository.annex("drop", "--from", "store")
    assert chunks(git_dir, branch_path(repository.key("sub/b.bin")), uuid) == {}
    repository.annex("enableremote", "store", "chunk=3000")
    assert remote_settings(git_dir, uuid)["chunk"] == "3000"
