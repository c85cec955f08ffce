"""A program that is no rclone, or passes on what a hostile service says: wrong answers, huge ones, and early ends."""

import json
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.base import StoreConfig, Terms
from git_annex_remote_pyshare.backends.rclone import child, rc
from git_annex_remote_pyshare.backends.rclone.backend import RcloneBackend
from git_annex_remote_pyshare.backends.rclone.items import item_of
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.cli.accept.places import place_of
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import BadSetting, CorruptUpload, PyshareError, Unreachable
from git_annex_remote_pyshare.testing.files import Desk

SERVER = """#!{python}
import http.server, json, os, socketserver, sys, threading
answers = json.load(open({answers!r}))
path = sys.argv[sys.argv.index("--rc-addr") + 1].removeprefix("unix://")
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        with open({answers!r} + ".asked", "ab") as file:
            file.write(self.rfile.read(int(self.headers["Content-Length"])) + bytes([10]))
        self.answer(answers.get(self.path[1:], answers["*"]))
    def do_GET(self):
        self.answer(answers.get("GET", answers["*"]))
    def answer(self, answer):
        if answer == "die":
            os._exit(3)
        status, kind, body = answer
        body = "x" * body if isinstance(body, int) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
    def version_string(self):
        return {version!r}
    def address_string(self):
        return ""
    def log_message(self, *words):
        pass
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
server = Server(path, Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
"""
INFO = {"Features": {"CanHaveEmptyDirectories": True, "DuplicateFiles": True}, "Hashes": ["md5"]}
ITEM = {"Name": "x", "Path": "x", "Size": 3, "ModTime": "2026-08-01T12:00:00Z", "IsDir": False}

Start = Callable[..., RcloneBackend]


def good(answer: object) -> tuple[int, str, str]:
    return 200, "application/json", json.dumps(answer)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """A store on a program that answers as it is told, method → answer."""

    def started(version: str = "rclone/v1.75.2", **answers: object) -> RcloneBackend:
        told: dict[str, object] = {
            "*": good({}),
            "operations/fsinfo": good(INFO),
            "config/get": good({"type": "drive"}),
        }
        told |= {name.replace("__", "/"): answer for name, answer in answers.items()}
        (tmp_path / "answers").write_text(json.dumps(told))
        program = tmp_path / "rclone"
        text = SERVER.format(python=sys.executable, answers=str(tmp_path / "answers"), version=version)
        program.write_text(text)
        program.chmod(0o755)
        monkeypatch.setattr(child, "found", lambda *words: [str(program), *words])
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))  # for a process of its own
        settings = parse({"url": "rclone:drive:/data"})
        return RcloneBackend(StoreConfig(settings["url"], settings, LocalConfig(), trusted=lambda: True))

    return started


WRONG = {
    "no item": good({}),
    "a list": good([]),
    "text": (200, "text/html", "<h1>Log in</h1>"),
    "broken": (200, "application/json", "{"),
    "deep": (200, "application/json", "[" * 100_000),
    "item of text": good({"item": "x"}),
    "item without size": good({"item": {"Name": "x"}}),
    "item of a wrong size": good({"item": {**ITEM, "Size": "3"}}),
    "no words": (404, "text/plain", "Not Found"),
    "another 404": (404, "application/json", '{"error": ["object not found"]}'),
}


@pytest.mark.parametrize("answer", WRONG)
def test_an_answer_that_makes_no_sense_is_not_absence(start: Start, answer: str) -> None:
    store = start(operations__stat=WRONG[answer])
    with pytest.raises(PyshareError) as error:
        store.stat("x")
    assert type(error.value) is Unreachable
    store.close()


def test_null_is_absence_only_where_the_mark_or_a_file_is(start: Start) -> None:
    store = start(operations__stat=good({"item": None}), operations__list=good({"list": []}))
    with pytest.raises(Unreachable, match="has no mark of pyshare"):
        store.stat("x")
    store.close()
    store = start(operations__stat=good({"item": None}), operations__list=good({"list": [ITEM]}))
    assert store.stat("x") is None
    store.close()


def test_an_end_of_the_program_is_a_failure_that_can_pass(start: Start, desk: Desk) -> None:
    store = start(operations__stat=good({"item": ITEM}), GET="die", operations__copyfile="die")
    for verb in (lambda: desk.get(store, "x"), lambda: desk.put(store, "x", b"content")):
        with pytest.raises(Unreachable, match="rclone ended by itself") as error:
            verb()
        assert error.value.retryable
    store.close()


def test_an_answer_is_bounded(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rc, "_LARGEST", 1000)
    store = start(operations__stat=good({"item": ITEM}), operations__list=(200, "application/json", 5000))
    with pytest.raises(Unreachable, match="the answer of rclone is too long"):
        list(store.list())
    store.close()


def test_a_file_that_is_shorter_than_promised_is_not_whole(start: Start, desk: Desk) -> None:
    store = start(operations__stat=good({"item": {**ITEM, "Size": 30}}), GET=(200, "text/plain", "abc"))
    sink = desk.sink(b"a")
    with pytest.raises(Unreachable):
        store.get("x", sink, lambda _: None)
    store.close()


def test_names_that_lead_out_of_the_store_are_not_listed(start: Start) -> None:
    names = ("..", ".", "", "a/../../b", "good", "good")
    items = [{**ITEM, "Name": name, "IsDir": False} for name in names]
    store = start(operations__stat=good({"item": ITEM}), operations__list=good({"list": items}))
    assert [entry.name for entry in store.list()] == ["good"]
    store.close()


def test_an_old_program_is_refused(start: Start) -> None:
    store = start(version="rclone/v1.60.1")
    with pytest.raises(BadSetting, match=r"rclone 1.60.1 is too old"):
        store.stat("x")
    store.close()


def test_a_program_that_does_not_start_says_why(start: Start, tmp_path: Path) -> None:
    store = start()
    (tmp_path / "rclone").write_text("#!/bin/sh\necho 'unknown flag: --rc-serve' >&2\nexit 2\n")
    with pytest.raises(BadSetting, match=r"rclone cannot start .unknown flag: --rc-serve"):
        store.stat("x")


def test_a_copy_with_another_hash_is_sent_again(start: Start, desk: Desk) -> None:
    words = json.dumps({"error": "corrupted on transfer: md5 hashes differ"})
    copied = (500, "application/json", words)
    store = start(operations__stat=good({"item": ITEM}), operations__copyfile=copied)
    with pytest.raises(CorruptUpload):
        desk.put(store, "x", b"content")
    store.close()


@pytest.mark.parametrize("time", ["", "2026-08-01T12:00:00Z", "x" * 10_000])
def test_the_version_has_what_the_service_knows(time: str) -> None:
    one, other = ({**ITEM, "ModTime": time, "Hashes": {"md5": digit * 32}} for digit in "ab")
    assert item_of(one).version != item_of(other).version
    assert item_of(one).digests == {"md5": "a" * 32}
    assert item_of({**ITEM, "Size": -1}).size is None


def test_a_service_that_fails_while_rclone_opens_a_file_has_not_lost_it(start: Start, desk: Desk) -> None:
    """rclone then answers 404, but not in its own words."""
    store = start(operations__stat=good({"item": ITEM}), GET=(404, "text/plain", "Not Found\n"))
    with pytest.raises(PyshareError) as error:
        desk.get(store, "x")
    assert type(error.value) is Unreachable
    store.close()


def test_the_owner_is_told_of_two_files_of_one_name(start: Start) -> None:
    store = start(config__listremotes=good({"remotes": ["drive"]}))
    (note,) = store.initialize().notes
    assert note == "drive can hold two files of one name, if two people store the same file at the same time"
    store.close()


def test_a_link_that_rclone_neither_ends_nor_withdraws_is_not_made_by_trying(start: Start) -> None:
    """rclone's Google Drive ignores both wishes, and makes a link for ever."""
    features = {**INFO["Features"], "PublicLink": True}  # type: ignore[dict-item]
    store = start(
        operations__fsinfo=good({**INFO, "Features": features}),
        operations__stat=good({"item": ITEM}),
        operations__publiclink="die",
    )
    with pytest.raises(BadSetting, match="rclone cannot withdraw a link of drive"):
        store.withdraw_page()
    with pytest.raises(BadSetting, match="the links of drive in rclone do not end"):
        store.link_page(Terms(ends="2030-12-31"))
    with pytest.raises(PyshareError, match="ended by itself"):
        store.link_page()


def test_backblaze_is_not_asked_for_a_link_since_it_shows_no_folder_and_gives_a_token_away(start: Start) -> None:
    store = start(
        **{"config/get": good({"type": "b2"})},
        operations__fsinfo=good({**INFO, "Features": {"PublicLink": True}}),
        operations__stat=good({"item": ITEM}),
        operations__publiclink="die",
    )
    with pytest.raises(BadSetting, match=r"no link to a folder in drive .its type is b2"):
        store.link_page()
    store.close()


def test_the_end_of_a_link_is_passed_on_as_the_seconds_until_the_end_of_that_day(start: Start, tmp_path: Path) -> None:
    store = start(
        **{"config/get": good({"type": "onedrive"})},
        operations__fsinfo=good({**INFO, "Features": {"PublicLink": True}}),
        operations__stat=good({"item": ITEM}),
        operations__publiclink=good({"url": "https://service.example/x"}),
    )
    day = date.today() + timedelta(3)  # noqa: DTZ011  # the user's
    assert store.link_page(Terms(ends=day.isoformat())) == ("https://service.example/x", False)
    asked = json.loads((tmp_path / "answers.asked").read_text().splitlines()[-1])
    assert 3 * 86400 - 3700 < int(asked["expire"].removesuffix("s")) <= 4 * 86400 + 3600  # an hour for summer time
    assert "unlink" not in asked


@pytest.mark.parametrize("kind", ["local", "memory", "alias", "combine"])
def test_a_type_that_a_stranger_chose_starts_no_dialogue_whose_defaults_open_this_machine(
    asked: Callable[[str], str], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(kind) == "config"
    shown = capsys.readouterr().err
    assert f"pyshare knows no service of the type {kind}: such a remote may open files of this machine" in shown
    assert shown.rstrip().endswith("and then the name: gdrive")


def test_what_a_user_agrees_to_names_the_type_of_the_remote() -> None:
    place = place_of({"url": "rclone:gdrive:/home/bob", "rclonetype": "local"})
    assert place.words == "rclone:gdrive:/home/bob rclonetype=local (rclone)"
