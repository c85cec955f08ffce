"""What people ask of a remote of their clone: where it is, how much room there is, and the link for friends."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from threading import Event
from urllib.parse import parse_qs, urlsplit

import pytest
from annex import Home, Repository
from scripted import Play, Seen, answer
from scripted_dav import ScriptedDAV
from servers import Server

from git_annex_remote_pyshare import store
from git_annex_remote_pyshare.backends.base import Backend, Place
from git_annex_remote_pyshare.branch import chunks, remote_settings
from git_annex_remote_pyshare.cli.here import opened
from git_annex_remote_pyshare.layout import branch_path
from git_annex_remote_pyshare.store import wrap
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
    def waiting_store(place: Place, stopping: Event, tell: Callable[[str], object], *, first_contact: float) -> Backend:
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
    assert "room: " in repository.annex("info", "store").stdout


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
    assert f"room: {words}" in repository.annex("info", "store").stdout


def test_a_name_that_is_no_remote_of_ours_is_refused_with_those_that_are(
    repository: Repository, alice: Home, tmp_path: Path
) -> None:
    repository.initremote(str(tmp_path / "share"))
    done = alice.run("pyshare", "info", "shop", cwd=repository.folder, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no pyshare remote shop; it has store." in done.stderr
    outside = alice.run("pyshare", "info", "store", cwd=tmp_path, check=False)
    assert "this folder is in no git repository" in outside.stderr


class Cloud:
    """The OCS API of a Nextcloud, as far as links go."""

    def __init__(self) -> None:
        self.links: list[dict[str, object]] = []

    def decide(self, seen: Seen) -> Play | None:
        """Answer what is for the API; leave the rest to the WebDAV server."""
        if "/ocs/v2.php/apps/files_sharing/api/v1/shares" not in seen.path:
            return None
        if seen.headers.get("OCS-APIRequest") != "true":
            return answer(412)
        fields = parse_qs(urlsplit(seen.target).query)
        if seen.method == "POST":
            assert (fields["shareType"], fields["permissions"]) == (["3"], ["1"])
            self.links.append({"share_type": 3, "url": "https://cloud.example.org/s/T0k", "path": fields["path"][0]})
            return _ocs(self.links[-1])
        return _ocs([link for link in self.links if link["path"] == fields["path"][0]])


def _ocs(data: object) -> Play:
    return answer(200, json.dumps({"ocs": {"meta": {"statuscode": 200}, "data": data}}).encode())


def test_share_makes_a_clouds_link_once_and_says_what_to_send(dav: ScriptedDAV, repository: Repository) -> None:
    cloud = Cloud()
    dav.decide = cloud.decide
    repository.initremote(f"{dav.url}/remote.php/dav/files/alice/a%20share")
    repository.git("remote", "add", "github", "https://git.example.org/alice/DataLad-101.git")
    told = [repository.home.run("pyshare", "share", "store", cwd=repository.folder).stdout for _ in range(2)]
    assert told[0] == told[1]
    assert [link["path"] for link in cloud.links] == ["/a share"]
    assert "initremote store-link --sameas=store" in told[0]
    assert "autoenable=true url=https://cloud.example.org/s/T0k" in told[0]
    assert "  datalad clone https://git.example.org/alice/DataLad-101.git\n  cd DataLad-101\n" in told[0]


def test_a_cloud_that_allows_no_links_is_quoted(dav: ScriptedDAV, repository: Repository) -> None:
    refusal = json.dumps({"ocs": {"meta": {"message": "Public link sharing is disabled"}, "data": []}}).encode()
    dav.decide = lambda seen: answer(403, refusal) if "/ocs/" in seen.path else None
    repository.initremote(f"{dav.url}/remote.php/dav/files/alice/share")
    done = repository.home.run("pyshare", "share", "store", cwd=repository.folder, check=False)
    assert done.returncode == 1
    assert "Public link sharing is disabled" in done.stderr


def test_a_plain_server_and_a_folder_have_no_link(dav: ScriptedDAV, repository: Repository, tmp_path: Path) -> None:
    repository.initremote(f"{dav.url}/dav", name="server")
    repository.initremote(str(tmp_path / "share"), name="folder")
    for name, why in (("server", "only Nextcloud and ownCloud"), ("folder", "cannot be shared by a link")):
        done = repository.home.run("pyshare", "share", name, cwd=repository.folder, check=False)
        assert done.returncode == 1
        assert why in done.stderr


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
