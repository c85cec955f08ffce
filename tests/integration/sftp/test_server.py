"""The SFTP backend on OpenSSH's own server: what it leaves, what others may have put there, and what fails."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from support.sftpkit import SERVER, StandIn, place_at

from git_annex_remote_pyshare.backends.ownership import MARK, mark_of
from git_annex_remote_pyshare.backends.sftp.backend import SFTPBackend
from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
from git_annex_remote_pyshare.errors import (
    BadName,
    NotAStore,
    NotFound,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    Unreachable,
    UploadLost,
)
from git_annex_remote_pyshare.part_plan import Plan, Upload
from git_annex_remote_pyshare.testing.files import Desk, body_of, nobody

KEY = "a/SHA256E-s11--00.txt"
LARGE = 3_000_000
OWN = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """The folder on the server."""
    return tmp_path / "share"


def files(share: Path) -> set[str]:
    return {path.relative_to(share).as_posix() for path in share.rglob("*") if not path.is_dir()}


def test_all_jobs_share_one_ssh(sftp: SFTPBackend, ssh: StandIn, desk: Desk) -> None:
    sources = [desk.source(body_of(10_000)) for _ in range(40)]
    with ThreadPoolExecutor(8) as jobs:
        list(jobs.map(lambda number: sftp.put(f"{number % 7}/{number}", sources[number], nobody), range(40)))
    assert len(ssh.words()) == 1
    assert len(list(sftp.list())) == 40


def test_the_words_for_ssh_ask_nothing_and_forward_nothing(sftp: SFTPBackend, ssh: StandIn) -> None:
    [words] = ssh.words()
    assert words.endswith("-s -l bob -- sftp.example.org sftp")
    options = {"-oBatchMode=yes", "-oForwardAgent=no", "-oClearAllForwardings=yes", "-oPermitLocalCommand=no", "-T"}
    assert options <= set(words.split())


def test_for_settings_of_a_stranger_no_program_starts(ssh: StandIn, share: Path, desk: Desk) -> None:
    place = place_at(share)._replace(trusted=lambda: False, acceptance=lambda: "git annex verifyremote lab")
    store = SFTPBackend(place)
    for verb in (
        lambda: store.stat(KEY),
        lambda: desk.get(store, KEY),
        lambda: desk.put(store, KEY, b""),
        lambda: store.delete(KEY),
        lambda: list(store.list()),
        store.quota,
        lambda: store.move(KEY, "b"),
        lambda: store.part_limits(1 << 30),
        lambda: store.content_of(KEY),
    ):
        with pytest.raises(PermissionDenied, match=r"bob@sftp.*If you trust it, type: git annex verifyremote lab"):
            verb()
    assert ssh.words() == []


def test_a_link_in_the_place_of_a_temporary_file_leads_nowhere(
    sftp: SFTPBackend, share: Path, desk: Desk, tmp_path: Path
) -> None:
    """Another user of the folder knows the name that is written next."""
    treasure = tmp_path / "authorized_keys"
    treasure.write_bytes(b"mine")

    def look(_done: int) -> None:
        taken.update(path.name for path in (share / "a").iterdir() if path.name.startswith(".pyshare-tmp-"))

    taken: set[str] = set()
    sftp.put(KEY, desk.source(body_of(LARGE)), look)
    [name] = taken
    (share / "a" / name).symlink_to(treasure)

    desk.put(sftp, KEY, b"content")

    assert treasure.read_bytes() == b"mine"
    assert (share / KEY).read_bytes() == b"content"
    assert files(share) == {KEY, MARK}


def test_a_link_in_the_place_of_an_object_is_no_object(sftp: SFTPBackend, share: Path, desk: Desk) -> None:
    (share / "a").mkdir()
    (share / KEY).symlink_to("/etc/passwd")
    assert sftp.stat(KEY) is None
    assert [entry.name for entry in sftp.list()] == []
    desk.put(sftp, KEY, b"content")
    assert not (share / KEY).is_symlink()


def test_a_folder_in_the_place_of_an_object_is_no_object(sftp: SFTPBackend, share: Path, desk: Desk) -> None:
    (share / KEY / "inside").mkdir(parents=True)
    assert sftp.stat(KEY) is None
    with pytest.raises(BadName):
        desk.put(sftp, KEY, b"content")
    sftp.delete(KEY)
    assert (share / KEY / "inside").exists()


def test_a_leftover_of_a_killed_process_is_hidden_and_replaced(sftp: SFTPBackend, share: Path, desk: Desk) -> None:
    place = sftp.place
    place.clone.__dict__["config"] = {"annex.uuid": "c10e"}
    dying = SFTPBackend(place)

    def die(_done: int) -> None:
        dying.close()

    with pytest.raises(PyshareError):
        dying.put(KEY, desk.source(body_of(LARGE)), die)
    [left] = files(share) - {MARK}
    assert list(sftp.list()) == []
    later = SFTPBackend(place)
    desk.put(later, KEY, body_of(LARGE))
    assert left.startswith("a/.pyshare-tmp-")
    assert files(share) == {KEY, MARK}
    later.close()


def test_without_the_marker_nothing_is_absent_and_nothing_is_written(
    sftp: SFTPBackend, share: Path, desk: Desk
) -> None:
    assert sftp.stat(KEY) is None
    (share / MARK).unlink()
    for verb in (
        lambda: sftp.stat(KEY),
        lambda: desk.get(sftp, KEY),
        lambda: desk.put(sftp, KEY, b"content"),
        lambda: sftp.delete(KEY),
        lambda: list(sftp.list()),
        lambda: sftp.begin(KEY, None),  # type: ignore[arg-type]  # not looked at
    ):
        with pytest.raises(Unreachable, match=r"no file \.pyshare-store.*git annex enableremote") as unknown:
            verb()
        assert not unknown.value.retryable
    assert files(share) == set()
    share.rename(share.with_name("moved"))
    with pytest.raises(Unreachable, match="is not there"):
        sftp.stat(KEY)


def test_the_store_of_another_remote_is_not_touched(sftp: SFTPBackend, share: Path, desk: Desk) -> None:
    other = "99999999-2222-3333-4444-555555555555"
    place = place_at(share)
    place.clone.__dict__["config"] = {"remote..annex-uuid": OWN}
    (share / MARK).write_bytes(mark_of(other))
    store = SFTPBackend(place)
    for verb in (lambda: store.stat(KEY), lambda: store.delete(KEY), lambda: desk.put(store, KEY, b"content")):
        with pytest.raises(NotAStore, match=f"belongs to another remote, {other}"):
            verb()
    assert files(share) == {MARK}
    store.close()


def test_a_full_disk_is_told_and_leaves_nothing(ssh: StandIn, sftp: SFTPBackend, share: Path, desk: Desk) -> None:
    sftp.close()
    ssh.becomes(f"#!/bin/sh\ntrap '' XFSZ\nulimit -f 1000\nexec {SERVER}\n")
    full = SFTPBackend(sftp.place)
    with pytest.raises(Unreachable, match="the server fails"):
        desk.put(full, KEY, body_of(LARGE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("git_annex_remote_pyshare.backends.sftp.client.Connection.space", lambda *_: (10, 1000))
        with pytest.raises(QuotaExceeded, match="is full"):
            desk.put(full, KEY, body_of(LARGE))
    assert full.stat(KEY) is None
    assert files(share) == {MARK}
    full.close()


def test_a_server_that_only_reads_says_so(ssh: StandIn, sftp: SFTPBackend, share: Path, desk: Desk) -> None:
    desk.put(sftp, KEY, b"content")
    sftp.close()
    ssh.serves("-R")
    reader = SFTPBackend(sftp.place)
    assert desk.get(reader, KEY) == b"content"
    for verb in (lambda: desk.put(reader, "b/x", b""), lambda: reader.delete(KEY), lambda: reader.move(KEY, "b/x")):
        with pytest.raises(PermissionDenied, match="the server forbids it"):
            verb()
    reader.close()


def test_an_ssh_that_dies_is_started_again(sftp: SFTPBackend, ssh: StandIn, desk: Desk) -> None:
    ssh.becomes(f"#!/bin/sh\necho $$ >> $0.pids\nexec {SERVER}\n")
    again = SFTPBackend(sftp.place)
    assert again.stat(KEY) is None
    pids = (ssh.folder / "ssh.pids").read_text().split()

    def kill(_done: int) -> None:
        with suppress(ProcessLookupError):  # it is told of more bytes before it sees the end
            os.kill(int(pids[-1]), signal.SIGKILL)

    with pytest.raises(Unreachable) as ended:
        again.put(KEY, desk.source(body_of(20_000_000)), kill)
    assert ended.value.retryable
    assert again.stat(KEY) is None
    assert len((ssh.folder / "ssh.pids").read_text().split()) == 2
    again.close()


def test_free_space_is_that_of_the_file_system(sftp: SFTPBackend, share: Path) -> None:
    found, disk = sftp.quota(), os.statvfs(share)
    assert found.free is not None
    assert found.used is not None
    assert abs(found.free - disk.f_bavail * disk.f_frsize) < 1 << 30


def test_a_server_without_the_extension_does_not_tell_free_space(sftp: SFTPBackend, ssh: StandIn) -> None:
    sftp.close()
    ssh.serves("-P", "statvfs")
    plain = SFTPBackend(sftp.place)
    assert plain.quota() == (None, None)
    plain.close()


def test_a_folder_with_remains_of_killed_writers_is_empty(sftp: SFTPBackend, share: Path) -> None:
    (share / "a").mkdir()
    (share / "a" / f".pyshare-tmp-{'0' * 32}").touch()
    (share / "b").mkdir()
    (share / "b" / "theirs").touch()
    for name in ("a", "b", "c"):
        sftp.remove_folder(name)
    assert {path.name for path in share.iterdir()} == {"b", MARK}


@pytest.mark.parametrize("ahead", [-3600, 3600])
def test_a_young_file_is_known_by_the_clock_of_the_server(
    sftp: SFTPBackend, share: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    """SFTP tells seconds: another edit in the same one would leave size and time as they are."""
    monkeypatch.setattr("time.time", lambda now=time.time: now() - ahead)
    desk.put(sftp, "young", b"content")
    desk.put(sftp, "old", b"content")
    os.utime(share / "old", (1_000_000, 1_000_000))
    found: dict[str, str] = {}
    sftp.list_contents("", lambda each: found.update({each.name: each.id}))
    assert {name: each.endswith(YOUNG) for name, each in found.items()} == {"young": True, "old": False}
    young = sftp.content_of("young")
    assert young
    assert young.id.endswith(YOUNG)
    assert files(share) == {"young", "old", MARK}


def test_an_import_is_told_of_uploads_that_are_under_way(sftp: SFTPBackend, share: Path) -> None:
    (share / "file").touch()
    (share / f".pyshare-part-{'0' * 32}").touch()
    found: dict[str, bool] = {}
    sftp.list_contents("", lambda each: found.update({each.name: each.is_temporary}))
    assert found == {"file": False, f".pyshare-part-{'0' * 32}": True}


def test_the_folder_is_made_with_those_above_it(ssh: StandIn, tmp_path: Path) -> None:
    folder = tmp_path / "one" / "two" / "share"
    store = SFTPBackend(place_at(folder)._replace(uuid=OWN))
    assert store.initialize().notes == ()
    assert (folder / MARK).read_bytes() == mark_of(OWN)
    assert store.initialize().notes == ()
    store.close()


def test_an_address_of_a_file_is_refused(ssh: StandIn, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = SFTPBackend(place_at(tmp_path / "file"))
    with pytest.raises(PyshareError, match="is a file"):
        store.initialize()
    store.close()


def test_a_server_that_is_not_reached_is_a_note_at_initremote(ssh: StandIn) -> None:
    ssh.becomes("#!/bin/sh\necho 'ssh: connect to host sftp.example.org port 22: Connection refused' >&2\nexit 255\n")
    made = SFTPBackend(place_at("/data")).initialize()
    assert made.failure
    assert "refuses the connection" in made.notes[0]


def test_an_upload_in_parts_that_was_lost_begins_again(sftp: SFTPBackend, share: Path, desk: Desk) -> None:
    body = body_of(3_000_000)
    plan = Plan(len(body), 1_000_000)
    upload = Upload(KEY, sftp.begin(KEY, plan), plan)
    source = desk.source(body)
    sent = {number: sftp.send(upload, plan.part(number), source, nobody) for number in (1, 2, 3)}
    (share / upload.id).unlink()
    assert sftp.sent(upload, sent) is None
    for request in (
        lambda: sftp.send(upload, plan.part(1), source, nobody),
        lambda: sftp.finish(upload, sent, source, nobody),
    ):
        with pytest.raises(UploadLost):
            request()
    (share / upload.id).symlink_to(share / MARK)
    with pytest.raises(UploadLost):
        sftp.send(upload, plan.part(1), source, nobody)
    assert b"store of" in (share / MARK).read_bytes()
    # Another object of the same size is not the one that was sent.
    (share / upload.id).unlink()
    desk.put(sftp, KEY, body_of(3_000_000, b"other"))
    with pytest.raises(UploadLost):
        sftp.finish(upload, sent, source, nobody)


def test_an_id_of_an_upload_cannot_name_an_object(sftp: SFTPBackend, share: Path, desk: Desk) -> None:
    desk.put(sftp, KEY, b"content")
    for name in (KEY, MARK, f"../.pyshare-part-{'0' * 32}", ""):
        with pytest.raises(BadName):
            sftp.abort(KEY, name)
    assert files(share) == {KEY, MARK}


def test_get_of_what_is_absent_is_not_found(sftp: SFTPBackend, desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.get(sftp, KEY)
