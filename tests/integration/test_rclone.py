"""The rclone backend on the real rclone: services of other kinds than a folder, and what rclone leaves to us."""

import gc
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from support.s3_servers import S3Server
from support.servers import Server

from git_annex_remote_pyshare.backends.base import Backend, CanInitialize, HasQuota, Initialized, Moves, StoreConfig
from git_annex_remote_pyshare.backends.rclone import program
from git_annex_remote_pyshare.backends.rclone.backend import RcloneBackend
from git_annex_remote_pyshare.backends.rclone.base_folder import Base
from git_annex_remote_pyshare.backends.rclone.child import CHILDREN
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import (
    BadSetting,
    Cancelled,
    FolderInTheWay,
    NotFound,
    PermissionDenied,
    PyshareError,
    SourceChanged,
    Unreachable,
)
from git_annex_remote_pyshare.testing.conformance.suite import KEY, LARGE
from git_annex_remote_pyshare.testing.files import Desk, body_of, content, nobody
from git_annex_remote_pyshare.transfer import Source

if TYPE_CHECKING:
    from support.rclone_remotes import Remotes

OTHERS = ("memory", "secret", "pieces", "web", "bucket", "smb")


@pytest.fixture(scope="module")
def remotes(rclone_remotes: "Remotes", wsgidav_server: Server, moto_server: S3Server) -> "Remotes":
    """With services besides those on this machine's disk."""
    rclone_remotes.add_webdav("web", wsgidav_server)
    rclone_remotes.add_s3("s3", moto_server)
    rclone_remotes.add("bucket", type="alias", remote="s3:annex-rclone")
    subprocess.run([program.find(), "mkdir", "s3:annex-rclone"], check=True)
    return rclone_remotes


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def made(where: StoreConfig) -> RcloneBackend:
    store = RcloneBackend(where)
    store.call(CanInitialize, lambda able: able.initialize())
    return store


@pytest.mark.parametrize("name", OTHERS)
def test_every_kind_of_service_keeps_what_is_stored(
    request: pytest.FixtureRequest, remotes: "Remotes", desk: Desk, name: str
) -> None:
    if name == "smb":
        request.getfixturevalue("smb_remote")
    store = made(remotes.new_folder(name))
    assert store.stat(KEY) is None
    desk.put(store, KEY, body_of(5000))
    desk.put(store, KEY, body_of(5000, b"another"))
    assert desk.get(store, KEY) == body_of(5000, b"another")
    desk.put(store, "b/large", body_of(LARGE))
    sink = desk.sink(body_of(LARGE)[: LARGE // 2])
    told: list[int] = []
    store.get("b/large", sink, told.append)
    assert content(sink) == body_of(LARGE)
    assert told[0] > LARGE // 2
    assert {entry.name: entry.size for entry in store.list()} == {KEY: 5000, "b/large": LARGE}
    store.call(Moves, lambda able: able.move(KEY, "c/moved"))
    assert desk.get(store, "c/moved") == body_of(5000, b"another")
    store.delete("c/moved")
    store.delete("c/moved")
    assert store.stat("c/moved") is None
    with pytest.raises(NotFound):
        desk.get(store, "c/moved")
    store.call(HasQuota, lambda able: able.quota())


@pytest.mark.parametrize("name", ["disk", "web"])
def test_an_object_of_the_same_size_and_time_is_replaced(remotes: "Remotes", desk: Desk, name: str) -> None:
    """By itself, rclone keeps the old one and reports success."""
    store = made(remotes.new_folder(name))
    for body in (b"first", b"other"):
        source = desk.source(body)
        os.utime(source.path, (1_700_000_000, 1_700_000_000))
        store.put(KEY, source, nobody)
        assert desk.get(store, KEY) == body


@pytest.mark.parametrize("name", ["disk", "memory", "bucket"])
def test_what_is_not_there_with_its_whole_folder_is_not_absent(remotes: "Remotes", desk: Desk, name: str) -> None:
    store = RcloneBackend(remotes.new_folder(name))
    for verb in (
        lambda: store.stat(KEY),
        lambda: desk.get(store, KEY),
        lambda: store.delete(KEY),
        lambda: desk.put(store, KEY, b"content"),
        lambda: list(store.list()),
        lambda: store.move(KEY, "other"),
    ):
        with pytest.raises(Unreachable, match="has no mark of pyshare") as error:
            verb()
        assert not error.value.retryable


@pytest.mark.parametrize("name", ["disk", "web", "smb"])
def test_a_folder_in_the_way_of_a_file_is_kept(
    request: pytest.FixtureRequest, remotes: "Remotes", desk: Desk, name: str
) -> None:
    """On WebDAV, rclone itself removes it with all that is in it."""
    if name == "smb":
        request.getfixturevalue("smb_remote")
    store = RcloneBackend(made(remotes.new_folder(name)).place._replace(is_tree=True))
    for body in (b"first", b"content"):
        desk.put(store, "docs/file", body)
    desk.put(store, "other", b"more")
    for write in (lambda: desk.put(store, "docs", b"a file"), lambda: store.move("other", "docs")):
        with pytest.raises(FolderInTheWay):
            write()
    assert (desk.get(store, "docs/file"), desk.get(store, "other")) == (b"content", b"more")


def test_a_folder_that_is_removed_later_is_noticed(
    remotes: "Remotes", desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = remotes.new_folder("disk")
    store = made(where)
    desk.put(store, KEY, b"content")
    shutil.rmtree(remotes.disk / where.url.split("/")[1])
    monkeypatch.setattr(Base, "LASTS", 0.0)
    with pytest.raises(Unreachable, match="has no mark"):
        store.stat(KEY)
    with pytest.raises(Unreachable, match="has no mark"):
        desk.put(store, KEY, b"content")


def test_a_bucket_that_is_missing_is_made_by_the_command_that_is_printed(remotes: "Remotes", desk: Desk) -> None:
    where = remotes.new_folder("s3")
    with pytest.raises(Unreachable, match="the bucket or container is not there") as error:
        made(where)
    command = error.value.remedy.partition("Make it: ")[2]
    assert command.startswith("rclone mkdir s3:")
    subprocess.run([program.find(), *shlex.split(command)[1:]], check=True)
    store = made(where)
    desk.put(store, KEY, b"content")
    assert desk.get(store, KEY) == b"content"


def test_a_remote_that_rclone_does_not_know_is_said_to_be_configured_first(remotes: "Remotes") -> None:
    with pytest.raises(BadSetting, match="rclone has no remote nowhere on this machine") as error:
        made(remotes.new_folder("nowhere"))
    assert error.value.remedy == "Type: pyshare login rclone:nowhere"


def test_the_owner_is_told_what_a_service_cannot_do(remotes: "Remotes") -> None:
    def notes(name: str) -> Initialized:
        return RcloneBackend(remotes.new_folder(name)).initialize()

    assert notes("web").notes == ("web has no checksums, so only the size of what was stored is compared",)
    assert notes("disk").notes == ()
    assert notes("disk").settings == {"rclonetype": "alias"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [("disk", "no public links to disk .its type is alias"), ("bucket", "no link to a folder in bucket")],
)
def test_a_service_without_links_to_folders_is_said_to_have_none(remotes: "Remotes", name: str, reason: str) -> None:
    with pytest.raises(BadSetting, match=reason) as error:
        made(remotes.new_folder(name)).link_page()
    assert error.value.remedy.endswith("type: pyshare invite NAME")


def test_a_remote_of_another_type_than_the_owners_is_refused(remotes: "Remotes", desk: Desk) -> None:
    where = remotes.new_folder("disk", rclonetype="drive")
    with pytest.raises(BadSetting, match="the remote disk is alias in your rclone, and drive in that of") as error:
        RcloneBackend(where).stat(KEY)
    assert "pyshare-rclone MYNAME:/" in error.value.remedy


@pytest.mark.parametrize("folder", ["ümläut \uff0f", "b]racket [x", b"not UTF-8 \xff"])
def test_local_files_and_folders_of_any_name_are_stored(
    remotes: "Remotes", tmp_path: Path, folder: str | bytes
) -> None:
    above = os.path.join(os.fsencode(tmp_path), os.fsencode(folder))
    os.mkdir(above)
    path = os.path.join(above, b"file")
    with open(path, "wb") as file:
        file.write(b"content")
    where = remotes.new_folder("disk")
    if isinstance(folder, str):
        where = where._replace(url=f"{where.url}/{folder}")
    store = made(where)
    store.put(KEY, Source(path), nobody)
    assert Desk(tmp_path).get(store, KEY) == b"content"
    with pytest.raises(NotFound):
        Desk(tmp_path).get(store, "absent")


def test_a_file_that_changes_on_its_way_is_not_left_in_the_store(remotes: "Remotes", desk: Desk) -> None:
    store = made(remotes.new_folder("disk"))
    source = desk.source(b"content")
    transfer = store._remote.control.transfer

    def changes(*words: object) -> object:
        answer = transfer(*words)  # type: ignore[arg-type]
        with open(source.path, "ab") as file:
            file.write(b"more")
        return answer

    store._remote.control.transfer = changes  # type: ignore[method-assign, assignment]
    with pytest.raises(SourceChanged):
        store.put(KEY, source, nobody)
    assert store.stat(KEY) is None


def test_a_stopped_upload_ends_at_once_and_leaves_nothing(remotes: "Remotes", desk: Desk) -> None:
    where = remotes.new_folder("disk")
    clone = LocalConfig()
    clone.__dict__["config"] = {"remote.store.pyshare-bwlimit": "1MiB"}
    clone.remote = "store"
    store = made(where._replace(clone=clone))

    def stop(done: int) -> None:
        if done:
            raise Cancelled("stopped by the test")

    began = time.monotonic()
    with pytest.raises(Cancelled):
        store.put(KEY, desk.source(body_of(20 << 20)), stop)
    assert time.monotonic() - began < 10
    assert store.stat(KEY) is None
    deadline = time.monotonic() + 5
    while (left := _files(remotes.disk / where.url.split("/")[1])) != [".pyshare-store"]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    store._remote.control.call("core/bwlimit", {"rate": "off"})


def _files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_what_a_killed_upload_has_left_is_neither_listed_nor_in_the_way(remotes: "Remotes", desk: Desk) -> None:
    where = remotes.new_folder("disk")
    store = made(where)
    folder = remotes.disk / where.url.partition(":/")[2]
    (folder / "a").mkdir()
    (folder / "a" / f"{KEY[2:]}.0a1b2c3d.partial").write_bytes(b"half")
    assert list(store.list()) == []
    store.remove_folder("a")
    assert not (folder / "a").exists()


def test_a_process_that_is_killed_leaves_no_rclone(remotes: "Remotes") -> None:
    code = (
        "from git_annex_remote_pyshare.backends.rclone.child import Child; import time;"
        "child = Child(); print(child._process.pid, child.folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        number, folder = process.stdout.readline().split()
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _lives(int(number)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)


def _lives(number: int) -> bool:
    status = Path(f"/proc/{number}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_stores_share_one_rclone_which_ends_with_the_last_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RCLONE_CONFIG", str(tmp_path / "none"))
    children = [CHILDREN.take() for _ in range(3)]
    assert len({child.folder for child in children}) == 1
    for child in children:
        assert child.is_running()
        assert os.stat(child.folder).st_mode & 0o777 == 0o700
        CHILDREN.release(child)
    assert not children[0].is_running()
    assert not os.path.exists(children[0].folder)


def test_a_store_that_is_forgotten_while_another_one_starts_blocks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remotes: "Remotes"
) -> None:
    """Python may clean up at any moment: here, while the lock of the processes is held."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))  # for a process of its own
    forgotten = [made(remotes.new_folder("disk"))]
    child = forgotten[0]._remote.control.child
    with CHILDREN._lock:
        forgotten.clear()
        gc.collect()
    assert child.is_running()
    store = made(remotes.new_folder("disk"))
    assert not child.is_running()
    assert store._remote.control.child is not child
    store.close()


def test_an_rclone_that_ended_is_started_again(remotes: "Remotes", desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nowhere")  # for a process of its own
    store = made(remotes.new_folder("disk"))
    desk.put(store, KEY, b"content")
    process = store._remote.control.child._process  # once: the next look may find it ended, and start another one
    process.kill()
    process.wait(60)
    assert desk.get(store, KEY) == b"content"
    store.close()


def test_an_encrypted_configuration_without_its_password_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remotes: "Remotes"
) -> None:
    config = tmp_path / "rclone.conf"
    config.write_text("# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\n" + "A" * 120 + "\n")
    where = remotes.new_folder("disk")
    monkeypatch.setenv("RCLONE_CONFIG", str(config))
    store = RcloneBackend(where)
    with pytest.raises(PyshareError) as error:
        store.stat(KEY)
    assert isinstance(error.value, PermissionDenied)
    assert error.value.remedy == "Set RCLONE_CONFIG_PASS or RCLONE_PASSWORD_COMMAND."


def test_where_python_has_no_sockets_in_folders_a_port_with_a_password_does(
    remotes: "Remotes", desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("git_annex_remote_pyshare.backends.rclone.child.HAS_SOCKETS", False)
    monkeypatch.setattr("git_annex_remote_pyshare.backends.rclone.rc.HAS_SOCKETS", False)
    monkeypatch.setenv("XDG_CONFIG_HOME", "/elsewhere")  # for a process of its own
    store = made(remotes.new_folder("disk"))
    desk.put(store, KEY, b"content")
    assert desk.get(store, KEY) == b"content"
    child = store._remote.control.child
    child.login = "pyshare:wrong"
    with pytest.raises(Unreachable):
        store.stat("other")
    store.close()


def test_a_bandwidth_limit_holds_for_uploads(remotes: "Remotes", desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/slow")  # for a process of its own
    clone = LocalConfig()
    clone.__dict__["config"] = {"remote.store.pyshare-bwlimit": "2MiB"}
    clone.remote = "store"
    store = made(remotes.new_folder("disk")._replace(clone=clone))
    began = time.monotonic()
    told: list[int] = []
    store.put(KEY, desk.source(body_of(4 << 20)), told.append)
    assert time.monotonic() - began > 1
    assert told[-1] == 4 << 20
    assert len(set(told)) > 2
    store.close()


def test_many_jobs_use_one_process(remotes: "Remotes", desk: Desk) -> None:
    store: Backend = made(remotes.new_folder("memory"))
    sources = [desk.source(body_of(10_000 + number)) for number in range(16)]
    jobs = [
        Thread(target=store.put, args=(f"{number % 3}/{number}", source, nobody))
        for number, source in enumerate(sources)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(list(store.list())) == len(sources)
