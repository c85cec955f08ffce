"""What a server sends is bounded and checked: a wrong packet ends the connection, and never becomes a fact."""

import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.sftp_script import FOLDER, Asked, Script, attributes, kind
from support.sftpkit import place_at

from git_annex_remote_pyshare.backends.sftp.backend import SFTPBackend
from git_annex_remote_pyshare.backends.sftp.client import Client
from git_annex_remote_pyshare.backends.sftp.packets import Code, Kind, long, number, packet, text
from git_annex_remote_pyshare.errors import (
    BadName,
    Cancelled,
    NotAStore,
    NotFound,
    PermissionDenied,
    PyshareError,
    Unreachable,
)
from git_annex_remote_pyshare.testing.files import Desk, body_of, nobody
from git_annex_remote_pyshare.transfer import Source

KEY = "a/SHA256E-s11--00.txt"


def instead(kinds: set[Kind], answer: Callable[[Asked], bytes | None]) -> Callable[[Asked], bytes | None]:
    return lambda asked: answer(asked) if asked.kind in kinds else kind(asked)


def test_the_script_without_a_change_is_a_server(scripted: SFTPBackend, script: Script, desk: Desk) -> None:
    assert scripted.stat(KEY)
    assert desk.get(scripted, KEY) == b"the content"
    desk.put(scripted, KEY, b"other")
    scripted.delete(KEY)
    assert list(scripted.list()) == []
    assert script.starts == 1


HOSTILE = {
    "an answer to nothing": lambda asked: packet(Kind.ATTRS, number(999_999), attributes(11)),
    "a length of 4 GiB": lambda asked: b"\xff\xff\xff\xff" + bytes((Kind.ATTRS,)) + asked.label,
    "a length of 1 MiB": lambda asked: number(1 << 20) + bytes((Kind.ATTRS,)) + asked.label + bytes(1 << 20),
    "a length of nothing": lambda asked: number(0) + bytes((Kind.ATTRS,)) + asked.label,
    "another kind": lambda asked: asked.reply(Kind.HANDLE, text(b"handle")),
    "an unknown kind": lambda asked: packet(77, asked.label),
    "a field that ends too early": lambda asked: asked.reply(Kind.ATTRS, number(1) + b"\0\0"),
    "a string longer than its packet": lambda asked: asked.reply(Kind.STATUS, number(4), number(1 << 31)),
    "no field at all": lambda asked: asked.reply(Kind.STATUS),
    "endless attributes": lambda asked: asked.reply(Kind.ATTRS, number(0x80000000), number(0xFFFFFFFF)),
    "the end in a packet": lambda asked: None,
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_wrong_packet_is_a_failure_and_no_presence(scripted: SFTPBackend, script: Script, hostile: str) -> None:
    script.answer = instead({Kind.LSTAT}, HOSTILE[hostile])
    with pytest.raises((NotAStore, Unreachable)):
        scripted.stat(KEY)


def test_after_a_wrong_packet_the_next_request_has_a_new_connection(scripted: SFTPBackend, script: Script) -> None:
    script.answer = lambda asked: None
    with pytest.raises(Unreachable):
        scripted.stat(KEY)
    script.answer = kind
    assert scripted.stat(KEY)
    assert script.starts == 2


@pytest.mark.parametrize(
    ("hello", "words"),
    [
        (b"This account is currently not available.\n", "This account is currently not available"),
        (b"hi!\n\n", "hi!"),
        (b"\x1b]0;owned\x07 Welcome to the cluster\n" * 100, "Welcome to the cluster"),
        (packet(Kind.VERSION, number(2)), "version 2"),
        (packet(Kind.VERSION, number(3), b"\0\0"), "breaks the rules"),
        (packet(Kind.VERSION, number(3), *[text(b"%d" % each) for each in range(10_000)]), "breaks the rules"),
        (packet(Kind.STATUS, number(0), number(0)), "sends text"),
    ],
    ids=["nologin", "five bytes", "a message of the day", "old", "cut off", "many extensions", "another packet"],
)
def test_what_is_no_sftp_server_is_said_in_its_own_words(hello: bytes, words: str) -> None:
    place = place_at("/share")
    silent = Script(hello=hello, answer=lambda asked: None)
    store = SFTPBackend(place, Client(place, silent.start))
    with pytest.raises(NotAStore, match=words) as refused:
        store.stat(KEY)
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 400
    store.close()


def test_a_server_that_is_no_one_is_asked_once_and_not_for_each_file(scripted: SFTPBackend, script: Script) -> None:
    script.hello = b"This account is currently not available.\n"
    for _ in range(5):
        with pytest.raises(NotAStore):
            scripted.stat(KEY)
    assert script.starts == 1


def test_content_longer_than_what_was_asked_is_refused(scripted: SFTPBackend, script: Script, desk: Desk) -> None:
    script.answer = instead({Kind.READ}, lambda asked: asked.reply(Kind.DATA, text(bytes(200_000))))
    sink = desk.sink()
    with pytest.raises(NotAStore):
        scripted.get(KEY, sink, nobody)
    assert sink.size == 0


def test_content_behind_the_size_is_left_out(scripted: SFTPBackend, script: Script, desk: Desk) -> None:
    script.answer = instead({Kind.READ}, lambda asked: asked.reply(Kind.DATA, text(b"the content and more")))
    assert desk.get(scripted, KEY) == b"the content"


def test_content_in_small_pieces_arrives_whole(scripted: SFTPBackend, script: Script, desk: Desk) -> None:
    body = body_of(100_000)

    def drip(asked: Asked) -> bytes:
        at, size = int.from_bytes(asked.body[10:18], "big"), int.from_bytes(asked.body[18:22], "big")
        return asked.reply(Kind.DATA, text(body[at : at + min(size, 7001)]))

    def answer(asked: Asked) -> bytes | None:
        if asked.kind == Kind.FSTAT:
            return asked.reply(Kind.ATTRS, attributes(len(body)))
        return drip(asked) if asked.kind == Kind.READ else kind(asked)

    script.answer = answer
    assert desk.get(scripted, KEY) == body


@pytest.mark.parametrize("end", [Code.EOF, Code.OK, Code.FAILURE])
def test_a_file_that_ends_before_its_size_is_not_whole(
    scripted: SFTPBackend, script: Script, desk: Desk, end: Code
) -> None:
    script.answer = instead({Kind.READ}, lambda asked: asked.status(end))
    with pytest.raises(PyshareError):
        scripted.get(KEY, desk.sink(), nobody)


def listing_once(listed: list[bytes]) -> Callable[[Asked], bytes | None]:
    """Answers the first request for a list with these fields, and all others as a kind server does."""
    is_first = iter([True])

    def answer(asked: Asked) -> bytes | None:
        if asked.kind == Kind.READDIR and next(is_first, False):
            return asked.reply(Kind.NAME, *listed)
        return kind(asked)

    return answer


def test_names_that_lead_out_of_a_folder_are_left_out_of_its_list(scripted: SFTPBackend, script: Script) -> None:
    names = (b"", b".", b"..", b"../x", b"a/b", b"nul\0", b"good")
    listed = [number(len(names)), *(text(name) + text(b"") + attributes(1) for name in names)]
    script.answer = listing_once(listed)
    assert [entry.name for entry in scripted.list()] == ["good"]


def test_a_server_that_tells_types_in_words_only_is_understood(scripted: SFTPBackend, script: Script) -> None:
    bare = number(1) + long(7)
    lines = ((b"file", b"-rw-r--r-- 1 x"), (b"link", b"lrwxrwxrwx 1 x"), (b"folder", b"drwxr-xr-x 2 x"))
    listed = [number(3), *(text(name) + text(line) + bare for name, line in lines)]
    script.answer = listing_once(listed)
    assert [entry.name for entry in scripted.list()] == ["file"]


def test_a_disk_that_is_unmounted_during_a_list_is_noticed(scripted: SFTPBackend, script: Script) -> None:
    asked_for_marker = iter([True])

    def answer(asked: Asked) -> bytes | None:
        if asked.name.endswith(b".pyshare-store") and asked.kind == Kind.LSTAT and not next(asked_for_marker, False):
            return asked.status(Code.NO_SUCH_FILE)
        return kind(asked)

    script.answer = answer
    with pytest.raises(Unreachable, match=r"no file \.pyshare-store|is not there"):
        list(scripted.list())


def test_folders_in_folders_end(scripted: SFTPBackend, script: Script) -> None:
    opened: set[bytes] = set()

    def answer(asked: Asked) -> bytes | None:
        if asked.kind == Kind.OPENDIR:
            opened.add(asked.label)
            return asked.reply(Kind.HANDLE, text(asked.label))
        if asked.kind == Kind.READDIR and asked.name in opened:
            opened.remove(asked.name)
            return asked.reply(Kind.NAME, number(1), text(b"deeper"), text(b""), attributes(0, FOLDER))
        return kind(asked)

    script.answer = answer
    with pytest.raises(NotAStore, match="nested"):
        list(scripted.list())


def test_a_refused_write_is_never_followed_by_the_rename(scripted: SFTPBackend, script: Script, desk: Desk) -> None:
    body, count = body_of(300_000), iter(range(100))
    script.answer = instead({Kind.WRITE}, lambda asked: asked.status(Code.FAILURE if next(count) == 4 else Code.OK))
    with pytest.raises(Unreachable):
        desk.put(scripted, KEY, body)
    assert Kind.RENAME not in script.kinds()
    assert b"posix-rename@openssh.com" not in [asked.name for asked in script.asked]
    assert scripted.stat(KEY)  # answered in order, so that what came before has arrived
    assert Kind.REMOVE in script.kinds()


def test_a_refused_flush_is_never_followed_by_the_rename(scripted: SFTPBackend, script: Script, desk: Desk) -> None:
    script.answer = instead(
        {Kind.EXTENDED},
        lambda asked: asked.status(Code.FAILURE if asked.name == b"fsync@openssh.com" else Code.OK),
    )
    with pytest.raises(Unreachable):
        desk.put(scripted, KEY, b"content")
    assert b"posix-rename@openssh.com" not in [asked.name for asked in script.asked]


def test_a_rename_that_arrives_after_its_connection_has_broken_finds_no_file_that_is_being_written(
    scripted: SFTPBackend, script: Script, desk: Desk
) -> None:
    desk.put(scripted, KEY, b"this one also reads whose store it is")
    rename = b"posix-rename@openssh.com"
    script.answer = lambda asked: None if asked.name == rename else kind(asked)
    with pytest.raises(Unreachable):
        desk.put(scripted, KEY, b"content")
    [lost] = {asked.name for asked in script.asked if asked.kind == Kind.OPEN and b"tmp" in asked.name}
    script.asked.clear()
    script.answer = kind
    desk.put(scripted, KEY, b"content")

    [removed] = [index for index, asked in enumerate(script.asked) if asked.kind == Kind.REMOVE]
    [renamed] = [index for index, asked in enumerate(script.asked) if asked.name == rename]
    assert script.asked[removed].name == lost
    assert removed < renamed
    assert lost not in {asked.name for asked in script.asked if asked.kind == Kind.OPEN}


def test_requests_of_a_small_file_go_in_three_and_two_and_one_steps(
    scripted: SFTPBackend, script: Script, desk: Desk
) -> None:
    """The kinds of requests, of which those of one step go out together."""
    desk.put(scripted, KEY, b"the first one also reads whose store it is")
    script.asked.clear()
    desk.put(scripted, KEY, b"content")
    stored = script.kinds()
    script.asked.clear()
    desk.get(scripted, KEY)
    fetched = script.kinds()
    script.asked.clear()
    scripted.stat(KEY)
    assert stored == [Kind.OPEN, Kind.LSTAT, Kind.WRITE, Kind.EXTENDED, Kind.CLOSE, Kind.EXTENDED]
    assert fetched[:3] == [Kind.OPEN, Kind.FSTAT, Kind.READ]
    assert set(fetched[3:]) <= {Kind.CLOSE}
    assert set(script.kinds()) <= {Kind.CLOSE, Kind.LSTAT}


@pytest.mark.parametrize("code", [Code.NO_SUCH_FILE, Code.FAILURE])
def test_a_file_in_the_place_of_a_folder_is_told_in_whatever_way_the_server_refuses(
    scripted: SFTPBackend, script: Script, desk: Desk, code: int
) -> None:
    desk.put(scripted, KEY, b"this one also reads whose store it is")
    script.answer = instead({Kind.OPEN, Kind.MKDIR}, lambda asked: asked.status(code))
    with pytest.raises(BadName, match="a file on the server has the name of a folder"):
        desk.put(scripted, KEY, b"content")


def test_missing_is_absent_only_beside_the_marker(scripted: SFTPBackend, script: Script, desk: Desk) -> None:
    def without(*missing: bytes) -> Callable[[Asked], bytes | None]:
        def answer(asked: Asked) -> bytes | None:
            is_missing = asked.kind in {Kind.LSTAT, Kind.OPEN} and asked.name.endswith(missing)
            return asked.status(Code.NO_SUCH_FILE) if is_missing else kind(asked)

        return answer

    script.answer = without(b".txt")
    assert scripted.stat(KEY) is None
    with pytest.raises(NotFound):
        desk.get(scripted, KEY)
    script.answer = without(b".txt", b".pyshare-store")
    for verb in (lambda: scripted.stat(KEY), lambda: desk.get(scripted, KEY), lambda: scripted.delete(KEY)):
        with pytest.raises(Unreachable, match=r"is not there|no file \.pyshare-store"):
            verb()
    assert Kind.REMOVE not in script.kinds()


@pytest.mark.parametrize("is_tree", [False, True])
def test_a_login_alone_opens_only_the_store_of_the_remote(script: Script, desk: Desk, is_tree: bool) -> None:  # noqa: FBT001
    """Not each folder that a dataset may name at the host."""

    def unmarked(asked: Asked) -> bytes | None:
        return asked.status(Code.NO_SUCH_FILE) if asked.name.endswith(b".pyshare-store") else kind(asked)

    place = place_at("/share")._replace(trusted=lambda: False, is_tree=is_tree)
    store = SFTPBackend(place, Client(place, script.start, lambda _: True))
    script.answer = unmarked
    for verb in (
        lambda: store.stat(KEY),
        lambda: desk.get(store, KEY),
        lambda: store.list_contents("", print),
    ):
        with pytest.raises((Unreachable, PermissionDenied)):
            verb()
    assert not {Kind.OPEN, Kind.OPENDIR} & set(script.kinds())
    script.answer = kind
    if not is_tree:
        assert desk.get(store, KEY) == b"the content"
    store.close()


@pytest.mark.parametrize("code", [Code.PERMISSION_DENIED, Code.FAILURE, Code.BAD_MESSAGE, Code.OP_UNSUPPORTED, 99])
def test_no_other_status_means_absent(scripted: SFTPBackend, script: Script, code: int) -> None:
    script.answer = instead({Kind.LSTAT}, lambda asked: asked.status(code))
    with pytest.raises(PyshareError):
        scripted.stat(KEY)


def test_a_stopped_job_stops_while_the_server_is_silent(script: Script, desk: Desk) -> None:
    place = place_at("/share")
    place.clone.__dict__["config"] = {}
    script.answer = instead({Kind.OPEN}, lambda asked: b"")

    def stop(_done: int) -> None:
        raise Cancelled("stopped")

    store = SFTPBackend(place, Client(place, script.start))
    with pytest.raises(Cancelled):
        store.get(KEY, desk.sink(), stop)
    store.close()


def test_progress_never_goes_back_while_a_job_waits(scripted: SFTPBackend, script: Script, desk: Desk) -> None:
    answered = iter(range(100))

    def slow(asked: Asked) -> bytes | None:
        if asked.kind in {Kind.WRITE, Kind.READ} and next(answered) in {1, 4}:
            time.sleep(0.4)
        if asked.kind == Kind.FSTAT:
            return asked.reply(Kind.ATTRS, attributes(100_000))
        if asked.kind == Kind.READ:
            return asked.reply(Kind.DATA, text(bytes(int.from_bytes(asked.body[18:22], "big"))))
        return kind(asked)

    script.answer = slow
    up, down = [0], [0]
    scripted.put(KEY, desk.source(bytes(100_000)), up.append)
    scripted.get(KEY, desk.sink(), down.append)
    for told in (up, down):
        assert told == sorted(told)
        assert len(told) > len(set(told))


@pytest.mark.parametrize("answered", [0, 20], ids=["nothing", "half an answer"])
@pytest.mark.timeout(20)
def test_a_silent_server_is_given_up(script: Script, monkeypatch: pytest.MonkeyPatch, answered: int) -> None:
    place = place_at("/share")
    monkeypatch.setattr(type(place.clone), "timeout", 0.5)
    script.answer = lambda asked: (kind(asked) or b"")[: answered if len(script.asked) == 1 else 0]
    store = SFTPBackend(place, Client(place, script.start))
    with pytest.raises(Unreachable, match="has not responded"):
        store.stat(KEY)


def test_closing_ends_the_jobs_that_wait(scripted: SFTPBackend, script: Script) -> None:
    script.answer = instead({Kind.LSTAT}, lambda asked: b"")
    with ThreadPoolExecutor(4) as jobs:
        waiting = [jobs.submit(scripted.stat, KEY) for _ in range(4)]
        script.wait_for(lambda: len(script.asked) == 8)
        scripted.close()
        for each in waiting:
            with pytest.raises(Unreachable):
                each.result()


def test_what_is_under_way_stays_within_the_window(script: Script, desk: Desk) -> None:
    """All jobs together: a server that takes nothing is sent no more than the window, and each job one block."""
    place = place_at("/share")
    store = SFTPBackend(place, Client(place, script.start))
    limits = text(b"limits@openssh.com") + text(b"1")
    script.hello = packet(Kind.VERSION, number(3), limits)

    def answer(asked: Asked) -> bytes | None:
        if asked.kind == Kind.EXTENDED:
            return asked.reply(Kind.EXTENDED_REPLY, long(1 << 40), long(1 << 40), long(1 << 40), long(0))
        return b"" if asked.kind == Kind.WRITE else kind(asked)

    script.answer = answer
    stopped = False

    def progress(_done: int) -> None:
        if stopped:
            raise Cancelled("stopped")

    assert store.stat(KEY)
    source = desk.source(bytes(8 << 20))
    tracemalloc.start()
    with ThreadPoolExecutor(8) as jobs:
        waiting = [jobs.submit(store.put, f"{KEY}{number}", Source(source.path), progress) for number in range(8)]
        script.wait_for(lambda: script.kinds().count(Kind.WRITE) == 16)
        _, most = tracemalloc.get_traced_memory()
        stopped = True
        for each in waiting:
            with pytest.raises(Cancelled):
                each.result()
    tracemalloc.stop()
    assert most < 20 << 20
    store.close()
