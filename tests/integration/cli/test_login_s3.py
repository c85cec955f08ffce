"""What people type to log in at an S3 server, and what they see."""

from collections.abc import Iterator

import pytest
from support.fakes.s3 import ScriptedS3
from support.logins import Type
from support.s3_answers import CONSOLE_PAGE, INTERNAL_ERROR
from support.s3_gate import Login
from support.s3_servers import S3_SERVERS, S3Server
from support.scripted import Rule, answer, served

from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.backends.s3.url import account_of
from git_annex_remote_pyshare.credentials import stored as kept
from git_annex_remote_pyshare.credentials.credential import Credential

KEY = Login()
TYPED = f"{KEY.access_key}\n{KEY.secret_key}\n".encode()
PAIR = Credential(KEY.access_key, KEY.secret_key, "pyshare login")


@pytest.fixture
def server() -> Iterator[ScriptedS3]:
    """One that knows one login, and nobody else."""
    with served(ScriptedS3()) as server:
        server.login = KEY
        yield server


def login_for(account: str) -> Credential | None:
    entry = kept.entry("s3", account)
    return kept.read(entry) if entry else None


def host_of(server: ScriptedS3) -> str:
    return server.url.removeprefix("http://")


def test_a_key_is_tried_with_one_request_and_kept_for_its_server(server: ScriptedS3, typed: Type) -> None:
    done = typed("login", "s3://bucket/folder", f"endpoint={server.url}", pipe=TYPED)
    assert (done.code, done.err) == (0, "")
    assert f"Logged in at {host_of(server)} with the key {KEY.access_key}" in done.out
    assert login_for(host_of(server)) == PAIR
    assert server.methods() == ["GET"]
    assert KEY.secret_key not in done.out + done.err


def test_with_a_key_named_on_the_line_only_its_secret_is_wanted(server: ScriptedS3, typed: Type) -> None:
    words = ("login", "s3://bucket", f"endpoint={server.url}", "--user", KEY.access_key)
    assert typed(*words, pipe=f" {KEY.secret_key} \r\n".encode()).code == 0
    assert login_for(host_of(server)) == PAIR


@pytest.mark.parametrize("bucket", ["bucket", "missing", "foreign"])
@pytest.mark.parametrize("lists", [True, False])
def test_a_key_is_good_that_may_not_look_into_the_bucket(
    bucket: str, server: ScriptedS3, typed: Type, *, lists: bool
) -> None:
    server.lists = lists
    server.foreign = {"foreign"}
    assert typed("login", f"s3://{bucket}", f"endpoint={server.url}", pipe=TYPED).code == 0
    assert login_for(host_of(server)) == PAIR


@pytest.mark.parametrize("status", [301, 307, 400])
def test_a_key_is_tried_in_the_region_that_the_server_names(status: int, server: ScriptedS3, typed: Type) -> None:
    server.region, server.elsewhere = "eu-west-3", status
    assert typed("login", "s3://bucket", f"endpoint={server.url}", pipe=TYPED).code == 0
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("pipe", "text"),
    [
        (f"{KEY.access_key}\nhunter2\n", "the login's secret key does not match its access key"),
        ("AKIDWRONG\nhunter2\n", "the server does not know the access key"),
    ],
)
def test_a_wrong_key_is_tried_once_said_and_not_kept(pipe: str, text: str, server: ScriptedS3, typed: Type) -> None:
    done = typed("login", "s3://bucket", f"endpoint={server.url}", pipe=pipe.encode())
    assert done.code == 1
    assert done.err.startswith(f"pyshare: cannot log in on s3://bucket/ at {server.url}: {text}")
    assert done.err.count("\n") == 1
    assert "hunter2" not in done.out + done.err
    assert len(server.requests) == 1
    assert kept.entries() == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (Rule("GET", CONSOLE_PAGE), "the server responds with a web page"),
        (Rule("GET", INTERNAL_ERROR), "the server failed"),
    ],
)
def test_a_key_that_could_not_be_tried_is_not_kept(rule: Rule, text: str, server: ScriptedS3, typed: Type) -> None:
    server.script(rule)
    done = typed("login", "s3://bucket", f"endpoint={server.url}", pipe=TYPED)
    assert done.code == 2
    assert text in done.err
    assert kept.entries() == []


def test_a_key_is_not_kept_for_what_is_no_s3_server(server: ScriptedS3, typed: Type) -> None:
    server.script(Rule("GET", answer(200, b"{}", Content_Type="application/json")))
    done = typed("login", "s3://bucket", f"endpoint={server.url}", pipe=TYPED)
    assert done.code == 2
    assert "the response is not from an S3 server" in done.err
    assert login_for(host_of(server)) is None


def test_without_a_server_a_key_is_kept_only_when_told_so(typed: Type) -> None:
    words = ("login", "s3://bucket", "endpoint=http://127.0.0.1:1")
    done = typed(*words, pipe=TYPED)
    assert (done.code, kept.entries()) == (2, [])
    assert typed(*words, "--no-check", pipe=TYPED).code == 0
    assert login_for("127.0.0.1:1") == PAIR


def test_whoami_tries_the_key_on_demand_where_it_was_given(server: ScriptedS3, typed: Type) -> None:
    assert typed("login", "s3://bucket", f"endpoint={server.url}", pipe=TYPED).code == 0
    assert typed("whoami", "--check").out.endswith("  works\n")
    server.login = Login("AKIDOTHER", "other")
    done = typed("whoami", host_of(server), "--check")
    assert (done.code, done.out.split()[-1]) == (4, "refused")
    assert f"Type: pyshare login s3://bucket endpoint={server.url}\n" in done.err
    server.script(Rule("GET", INTERNAL_ERROR))
    assert typed("whoami", "--check").out.endswith("  unknown\n")


def test_one_login_serves_all_of_amazon_but_not_its_clouds_apart(typed: Type) -> None:
    assert typed("login", "s3://bucket", "--no-check", pipe=TYPED).code == 0
    assert login_for("amazonaws.com") == PAIR
    assert typed("whoami", "s3://another-bucket").out.split()[:3] == ["amazonaws.com", "S3", KEY.access_key]
    assert account_of(parse({"url": "s3://b", "region": "cn-north-1"})).name == "amazonaws.com.cn"
    assert typed("logout", "s3://third", "region=cn-north-1").code == 2
    assert typed("logout", "s3://third", "region=eu-west-1").code == 0
    assert kept.entries() == []


@pytest.mark.parametrize(
    ("words", "pipe", "text"),
    [
        (("s3://bucket",), b"", "the pipe ended before this was given: access key id"),
        (("s3://bucket",), b"\n", "no access key id was given"),
        (("s3://bucket",), b"AKID\n", "the pipe ended before this was given: secret access key"),
        (("s3://bucket",), b"AKID\n\n", "nothing was given as password"),
        (("s3://bucket",), b"AK ID\nx\n", "the access key id contains characters that no access key id has"),
        (("s3://bucket",), b"ASIAEXAMPLE\nhunter2\n", "ASIAEXAMPLE is a temporary key"),
        (("s3://bucket", "--token"), b"hunter2\n", "--token is not for S3"),
        (("s3://bucket", "endpoint=https://s3.example.org", "--sharing"), b"", "s3://bucket endpoint=https://s3"),
        (("s3://bucket", "signature=anonymous"), b"", "signature=anonymous excludes a login"),
        (("s3://bucket", "endpoint=https://me:hunter2@host"), b"", "endpoint= contains a login"),
        (("s3://",), b"", "does not name a bucket"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(words: tuple[str, ...], pipe: bytes, text: str, typed: Type) -> None:
    done = typed("login", *words, pipe=pipe)
    assert done.code == 2
    assert done.err.startswith("pyshare: ")
    assert done.err.count("\n") == 1
    assert text in done.err
    assert "hunter2" not in done.err
    assert kept.entries() == []


@pytest.mark.parametrize("s3_server", S3_SERVERS, indirect=True)
def test_a_real_server_takes_its_key(s3_server: S3Server, typed: Type) -> None:
    pair = f"{s3_server.access_key}\n{s3_server.secret_key}\n".encode()
    words = ("login", f"s3://{s3_server.fresh_bucket()}", f"endpoint={s3_server.endpoint}")
    assert typed(*words, pipe=pair).code == 0
    assert login_for(s3_server.host) == Credential(s3_server.access_key, s3_server.secret_key, "pyshare login")


@pytest.mark.parametrize("s3_server", [S3_SERVERS[0], S3_SERVERS[2]], indirect=True)
@pytest.mark.parametrize("wrong", ["access_key", "secret_key"])
def test_a_real_server_refuses_a_wrong_one(wrong: str, s3_server: S3Server, typed: Type) -> None:
    bucket = s3_server.fresh_bucket()
    pair = {"access_key": s3_server.access_key, "secret_key": s3_server.secret_key, wrong: "SOMEBODYELSES"}
    pipe = f"{pair['access_key']}\n{pair['secret_key']}\n".encode()
    done = typed("login", f"s3://{bucket}", f"endpoint={s3_server.endpoint}", pipe=pipe)
    assert (done.code, kept.entries()) == (1, [])
    assert "cannot log in" in done.err
    assert "hunter2" not in done.err
