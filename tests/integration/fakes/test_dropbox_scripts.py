"""What tests can do to the fake Dropbox: hold it, script its answers, break its connections, and read its records."""

import contextlib
import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from dropbox import Dropbox
from dropbox.exceptions import ApiError, AuthError, BadInputError, InternalServerError, RateLimitError
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import Authority, RunningDropbox, sdk_of, served
from support.fakes.dropbox.script import (
    LOST,
    Play,
    Rule,
    fails,
    rate_limited,
    rate_limited_plainly,
    refuses,
    upload_refused,
)
from support.fakes.dropbox.service import FakeDropbox

from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.transport.connection import Connections
from git_annex_remote_pyshare.transport.exchange import release


@pytest.mark.parametrize("status", [409, 429])
def test_a_commit_is_refused_while_another_one_holds_the_namespace(
    dropbox_sdk: Dropbox, dropbox_here: RunningDropbox, status: int
) -> None:
    service = dropbox_here.service
    service.lock_seconds, service.contention_status = 0.2, status

    def store(number: int) -> str:
        try:
            return str(dropbox_sdk.files_upload(b"x", f"/{number}").name)
        except RateLimitError as error:
            return str(error.error.reason._tag)
        except ApiError as error:
            return str(error.error.get_path().reason._tag)

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(store, range(4)))
    assert ends.count("too_many_write_operations") in {1, 2, 3}
    assert status in [seen.status for seen in service.seen]


def test_other_namespaces_are_not_held_by_a_commit(dropbox_here: RunningDropbox, dropbox_alice: Account) -> None:
    service = dropbox_here.service
    service.shared_folder((dropbox_alice, "/Ours"))
    service.lock_seconds = 0.1
    with sdk_of(service.log_in(dropbox_alice)) as sdk, ThreadPoolExecutor(2) as pool:
        assert [made.size for made in pool.map(lambda path: sdk.files_upload(b"x", path), ["/x", "/Ours/x"])] == [1, 1]


@pytest.mark.parametrize(
    ("play", "expected"),
    [
        (rate_limited(7), RateLimitError),
        (rate_limited_plainly(7), RateLimitError),
        (fails(503, b"<html>"), InternalServerError),
        (refuses("user_suspended", status=401), AuthError),
        (refuses("path", "restricted_content"), ApiError),
        (LOST, requests.ConnectionError),
        (Play(reset=True), requests.ConnectionError),
    ],
)
def test_scripted_answers_come_once(
    dropbox_sdk: Dropbox, dropbox_here: RunningDropbox, play: Play, expected: type[Exception]
) -> None:
    dropbox_sdk.files_upload(b"x", "/x")
    dropbox_here.service.play(Rule("files/get_metadata", play))
    with pytest.raises(expected) as raised:
        dropbox_sdk.files_get_metadata("/x")
    assert getattr(raised.value, "backoff", 7) == 7
    assert dropbox_sdk.files_get_metadata("/x").size == 1


def test_a_call_whose_answer_is_lost_was_done(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    dropbox_here.service.play(Rule("files/upload", LOST))
    with pytest.raises(requests.ConnectionError):
        dropbox_sdk.files_upload(b"x", "/x")
    assert dropbox_sdk.files_get_metadata("/x").size == 1


def test_a_body_may_be_cut(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    dropbox_sdk.files_upload(b"0123456789", "/x")
    dropbox_here.service.play(Rule("files/download", Play(cut=4)))
    _, answer = dropbox_sdk.files_download("/x")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        answer.content  # noqa: B018  # reading it is what fails


def test_every_error_of_a_path_can_be_scripted(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    dropbox_here.service.play(Rule("files/upload", upload_refused("disallowed_name")))
    with pytest.raises(ApiError) as raised:
        dropbox_sdk.files_upload(b"x", "/x")
    assert raised.value.error.get_path().reason.is_disallowed_name()


def test_rules_that_come_later_let_the_first_calls_pass(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    dropbox_here.service.play(Rule("files/.*", fails(500), times=2, after=1))
    dropbox_sdk.files_upload(b"x", "/x")
    for _ in range(2):
        with pytest.raises(InternalServerError):
            dropbox_sdk.files_get_metadata("/x")
    assert dropbox_sdk.files_get_metadata("/x").size == 1


def test_all_calls_wait_while_the_account_is_held(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    dropbox_here.service.hold(60)
    with pytest.raises(RateLimitError) as raised:
        dropbox_sdk.files_list_folder("")
    assert raised.value.backoff == 60


def test_calls_are_recorded_with_argument_and_size(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    dropbox_sdk.files_upload(b"12345", "/x")
    dropbox_sdk.files_get_metadata("/x")
    uploaded, asked = dropbox_here.service.seen
    assert (uploaded.route, uploaded.arg["path"], uploaded.size, uploaded.status) == ("files/upload", "/x", 5, 200)
    assert (asked.route, asked.arg["path"], asked.size) == ("files/get_metadata", "/x", 0)
    assert dropbox_here.service.connections == ["content.dropboxapi.com", "api.dropboxapi.com"]


def test_connections_are_kept_open(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    for number in range(5):
        dropbox_sdk.files_upload(b"x", f"/{number}")
    assert dropbox_here.service.connections == ["content.dropboxapi.com"]


@pytest.mark.parametrize(
    ("url", "headers", "said"),
    [
        ("https://api.dropboxapi.com/2/files/nonsense", {}, "Unknown API function"),
        ("https://api.dropboxapi.com/2/files/upload", {}, "on the host content.dropboxapi.com"),
        ("https://content.dropboxapi.com/2/files/upload", {"Content-Type": "application/json"}, "Content-Type"),
        ("https://content.dropboxapi.com/2/files/upload", {"Dropbox-API-Arg": "{"}, "could not decode"),
        ("https://content.dropboxapi.com/2/files/upload", {"Dropbox-API-Arg": '{"path":"/\xe4"}'}, "not ASCII"),
        ("https://content.dropboxapi.com/2/files/upload", {"Dropbox-API-Arg": '{"path":"x"}'}, "did not match pattern"),
        pytest.param(
            "https://content.dropboxapi.com/2/files/upload",
            {"Dropbox-API-Arg": '{"path":"/x","y":1}'},
            "unknown field",
            marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="the SDK for Python 3.10 lacks new fields"),
        ),
    ],
)
def test_a_client_with_a_bug_is_told(
    dropbox_here: RunningDropbox, dropbox_alice: Account, url: str, headers: dict[str, str], said: str
) -> None:
    login = dropbox_here.service.log_in(dropbox_alice)
    proper = {"Authorization": f"Bearer {login.access}", "Content-Type": "application/octet-stream"}
    arg = {"Dropbox-API-Arg": json.dumps({"path": "/x"})}
    answer = requests.post(url, data=b"x", headers={**proper, **arg, **headers}, timeout=5)
    assert (answer.status_code, said in answer.text) == (400, True), answer.text


def test_a_wrong_type_is_the_clients_bug_for_the_sdk_as_well(dropbox_sdk: Dropbox) -> None:
    with pytest.raises(BadInputError, match="Content-Type"):
        dropbox_sdk.request_json_string("api", "files/get_metadata", "upload", "{}", "user", b"")


def test_a_rule_may_be_for_one_file_only(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    dropbox_here.service.play(
        Rule("files/upload", upload_refused("no_write_permission"), arg="/bad"),
        Rule("files/get_metadata", refuses("path", "locked"), arg="/bad"),
    )
    dropbox_sdk.files_upload(b"x", "/good")
    assert dropbox_sdk.files_get_metadata("/good").size == 1
    with pytest.raises(ApiError):
        dropbox_sdk.files_upload(b"x", "/bad")
    with pytest.raises(ApiError):
        dropbox_sdk.files_get_metadata("/bad")


def test_faults_may_be_drawn(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    dropbox_here.service.script.otherwise = lambda route: fails(503) if route == "files/list_folder" else Play()
    with pytest.raises(InternalServerError):
        dropbox_sdk.files_list_folder("")
    assert dropbox_sdk.files_upload(b"x", "/x").size == 1


def test_the_connections_of_our_backends_reach_it(dropbox_here: RunningDropbox, dropbox_alice: Account) -> None:
    login = dropbox_here.service.log_in(dropbox_alice)
    headers = {"Authorization": f"Bearer {login.access}", "Content-Type": "application/json"}
    connections = Connections(LocalConfig())
    with contextlib.closing(connections):
        url = "https://api.dropboxapi.com/2/users/get_current_account"
        answer = connections.send("POST", url, headers, b"null")
        assert answer.json()["account_id"] == dropbox_alice.id
        release(answer)


def test_a_client_that_never_speaks_does_not_keep_the_fake_alive(dropbox_authority: Authority) -> None:
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(served(FakeDropbox(), dropbox_authority))
        silent = socket.create_connection(("127.0.0.1", int(running.proxy.rpartition(":")[2])), timeout=5)
        silent.sendall(b"CONNECT api.dropboxapi.com:443 HTTP/1.1\r\n\r\n")
        assert silent.recv(100).startswith(b"HTTP/1.1 200")
    with silent:
        assert silent.recv(100) == b""
