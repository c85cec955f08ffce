"""Logins from where Amazon's own programs look: files, programs, roles, single sign-on, containers, machines."""

import getpass
import hashlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from botocore.credentials import SSOProvider
from botocore.session import Session
from support.fakes.aws import FakeAWS
from support.scripted import Rule, answer, served

from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.backends.s3 import aws_chain
from git_annex_remote_pyshare.backends.s3.aws_credentials import default_credentials, renewal
from git_annex_remote_pyshare.backends.s3.aws_profile import default_settings
from git_annex_remote_pyshare.backends.s3.spec import SPEC
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied, Unreachable

JOBS = 8
SOON = 300.0
"""Seconds that are so few that botocore gets a new login before it uses one that ends so soon."""

PLAIN = "aws_access_key_id = AKID\naws_secret_access_key = hunter2"
SSO = "sso_start_url = https://lab.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r"

Write = Callable[..., None]


@pytest.fixture
def write(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the files of `~/.aws`; nothing is remembered from an earlier test."""
    monkeypatch.setattr(aws_chain, "_found", {})
    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(alone / ".aws/sso/cache"))

    def files(**texts: str) -> None:
        (alone / ".aws").mkdir(exist_ok=True)
        for name, text in texts.items():
            (alone / ".aws" / name).write_text(text, encoding="utf-8")

    return files


@pytest.fixture
def fake(write: Write, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAWS]:
    """All that gives temporary logins, on one port that botocore knows."""
    with served(FakeAWS()) as server:
        for name in ("ENDPOINT_URL_STS", "ENDPOINT_URL_SSO", "EC2_METADATA_SERVICE_ENDPOINT"):
            monkeypatch.setenv(f"AWS_{name}", server.url)
        yield server


def login(profile: str = "") -> Credential | None:
    return default_credentials({"profile": profile})


def key(profile: str = "") -> str | None:
    found = login(profile)
    return found.user if found else None


IN_FILE = (
    pytest.param({"credentials": f"[default]\n{PLAIN}"}, {}, "", id="default"),
    pytest.param({"credentials": f"[default]\n{PLAIN}\nregion = eu-west-1"}, {}, "", id="with a region"),
    pytest.param({"credentials": f"[lab]\n{PLAIN}"}, {"AWS_PROFILE": "lab"}, "", id="AWS_PROFILE"),
    pytest.param(
        {"credentials": f"[a b]\n{PLAIN}", "config": "[profile 'a b']\nregion = x"}, {}, "a b", id="named with a blank"
    ),
    pytest.param({"credentials": f"[lab]\n{PLAIN}"}, {"AWS_PROFILE": "x"}, "lab", id="named before AWS_PROFILE"),
    pytest.param(
        {"credentials": f"[one]\n{PLAIN}"},
        {"AWS_PROFILE": "x", "AWS_DEFAULT_PROFILE": "one"},
        "",
        id="botocore's order",
    ),
)
NOT_PLAIN = (
    pytest.param(
        {"credentials": f"[lab]\n{PLAIN}", "config": "[profile lab]\ncredential_process = false"}, "lab", id="process"
    ),
    pytest.param({"config": f"[profile lab]\n{PLAIN}"}, "lab", id="keys in the config file"),
    pytest.param({"config": f"[default]\n{PLAIN}"}, "", id="default keys in the config file"),
    pytest.param({"credentials": f"[default]\n{PLAIN}\ns3 =\n  x = y"}, "", id="something unknown"),
)


@pytest.mark.parametrize(("files", "environment", "named"), IN_FILE)
def test_keys_in_a_file_are_what_botocore_would_find(
    files: Mapping[str, str],
    environment: Mapping[str, str],
    named: str,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(**files)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws_chain, "botocore_login", lambda _: pytest.fail("asked botocore"))
    theirs = Session(profile=named or None).get_credentials()
    assert key(named) == theirs.access_key == "AKID"


@pytest.mark.parametrize(("files", "named"), NOT_PLAIN)
def test_keys_that_are_not_plain_are_for_botocore_to_find(files: Mapping[str, str], named: str, write: Write) -> None:
    write(**files)
    assert login(named) == Credential("AKID", "hunter2", f"AWS profile {named or 'default'}")
    assert aws_chain._found.keys() == {named}


def test_files_may_lie_elsewhere(alone: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone / "mine").write_text(f"[default]\n{PLAIN}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "~/mine")
    assert key() == "AKID"


def test_keys_that_another_program_renews_in_the_file_are_read_anew(write: Write) -> None:
    write(credentials=f"[default]\n{PLAIN}\naws_session_token = first")
    assert login() == Credential("AKID", "hunter2", "AWS profile default", "first")
    write(credentials=f"[default]\n{PLAIN}\naws_session_token = the second")
    assert login() == Credential("AKID", "hunter2", "AWS profile default", "the second")


@pytest.mark.parametrize(
    ("files", "origin"),
    [({}, "None"), ({"config": "[default]\nregion = x"}, "None"), ({"credentials": f"[default]\n{PLAIN}"}, "'AKID'")],
)
def test_without_need_botocore_is_not_loaded(files: Mapping[str, str], origin: str, write: Write) -> None:
    write(**files)
    script = f"""
import sys
from git_annex_remote_pyshare.backends.s3.aws_credentials import default_credentials
login = default_credentials({{"profile": ""}})
assert (login and login.user) == {origin}, login
print(*{{"botocore", "urllib3", "requests"}} & sys.modules.keys())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("", "")


def at_once(profile: str = "") -> list[Credential | None]:
    """What as many jobs as there may be get at the same time."""
    together = Barrier(JOBS)

    def job(_: int) -> Credential | None:
        together.wait()
        return login(profile)

    with ThreadPoolExecutor(JOBS) as jobs:
        return list(jobs.map(job, range(JOBS)))


def by_container(fake: FakeAWS, write: Write, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{fake.url}/container")
    return "AWS container role"


def by_web_identity(fake: FakeAWS, write: Write, monkeypatch: pytest.MonkeyPatch) -> str:
    write(token="a.web.token", config="[default]\nregion = eu-west-1")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", os.path.expanduser("~/.aws/token"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r")
    return "AWS profile default"


def by_role(fake: FakeAWS, write: Write, monkeypatch: pytest.MonkeyPatch) -> str:
    role = "role_arn = arn:aws:iam::1:role/r\nsource_profile = base\nregion = eu-west-1"
    write(config=f"[profile lab]\n{role}", credentials=f"[base]\n{PLAIN}")
    monkeypatch.setenv("AWS_PROFILE", "lab")
    return "AWS profile lab"


def by_sso(fake: FakeAWS, write: Write, monkeypatch: pytest.MonkeyPatch) -> str:
    write(config=f"[profile lab]\n{SSO}")
    monkeypatch.setenv("AWS_PROFILE", "lab")
    sign_on(ends="2099-01-01T00:00:00Z")
    return "AWS profile lab"


def sign_on(ends: str) -> None:
    """What `aws sso login` leaves."""
    start = "https://lab.awsapps.com/start"
    path = Path(os.path.expanduser("~/.aws/sso/cache"), f"{hashlib.sha1(start.encode()).hexdigest()}.json")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"startUrl": start, "region": "us-east-1", "accessToken": "t", "expiresAt": ends}))


WAYS = (by_container, by_web_identity, by_role, by_sso)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"S3-19-{way.__name__}")
def test_a_temporary_login_is_got_and_renewed_once_for_all_jobs(
    way: Callable[..., str], fake: FakeAWS, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.lives[0] = SOON
    origin = way(fake, write, monkeypatch)
    # The first one ends so soon that whoever gets it as well renews it.
    first = Credential("KEY1", "hunter2-1", origin, "token-1")
    second = Credential("KEY2", "hunter2-2", origin, "token-2")
    found = at_once()
    assert set(found) <= {first, second}
    assert at_once() == [second] * JOBS
    assert fake.given == 2


def test_a_role_that_another_process_has_got_is_used_again(
    fake: FakeAWS, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_role(fake, write, monkeypatch)
    assert key() == "KEY1"
    monkeypatch.setattr(aws_chain, "_found", {})
    assert (key(), fake.given) == ("KEY1", 1)


def program(count: Path, ends: str) -> str:
    """A credential_process that counts how often it runs, and wants something from standard input."""
    login = {"Version": 1, "AccessKeyId": "KEY", "SecretAccessKey": "hunter2", "SessionToken": "t", "Expiration": ends}
    script = f"open({str(count)!r}, 'a').write('x'); print({json.dumps(login)!r})"
    return shlex.join([sys.executable, "-c", script])


def test_a_program_runs_once_for_all_jobs_s3_19(tmp_path: Path, write: Write) -> None:
    count = tmp_path / "count"
    write(config=f"[profile lab]\ncredential_process = {program(count, '2099-01-01T00:00:00Z')}")
    assert at_once("lab") == [Credential("KEY", "hunter2", "AWS profile lab", "t")] * JOBS
    assert count.read_text() == "x"


def test_nobody_asks_a_machine_for_its_role_unless_told(
    fake: FakeAWS, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config="[profile lab]\nregion = eu-west-1")
    assert login() is None
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert login() is None
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert login() is None
    assert fake.requests == []
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    assert at_once() == [Credential("KEY1", "hunter2-1", "AWS instance role", "token-1")] * JOBS
    assert fake.given == 1


def refusal(profile: str = "lab") -> str:
    with pytest.raises(PermissionDenied) as caught:
        login(profile)
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__}"
    return str(caught.value)


@pytest.mark.parametrize("signed_on", [True, False])
def test_an_ended_single_sign_on_names_the_command_s3_19(signed_on: bool, write: Write) -> None:  # noqa: FBT001
    write(config=f"[profile my lab]\n{SSO}".replace("my lab", "'my lab'"))
    if signed_on:
        sign_on(ends="2020-01-01T00:00:00Z")
    assert refusal("my lab") == (
        "the single sign-on of AWS profile my lab has expired. Type: aws sso login --profile 'my lab'"
    )


def test_a_refused_single_sign_on_names_the_command_s3_19(
    fake: FakeAWS, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_sso(fake, write, monkeypatch)
    body = b'{"message": "Session token not found or invalid"}'
    fake.script(Rule("GET", answer(401, body, x_amzn_ErrorType="UnauthorizedException"), times=-1))
    assert "Type: aws sso login --profile lab" in refusal("")


def test_a_role_that_wants_a_code_never_prompts(fake: FakeAWS, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda *_: pytest.fail("prompted"))
    by_role(fake, write, monkeypatch)
    path = Path(os.path.expanduser("~/.aws/config"))
    path.write_text(path.read_text() + "\nmfa_serial = arn:aws:iam::1:mfa/me")
    assert "needs an MFA code from you. Enter it here: aws sts get-caller-identity --profile lab" in refusal("")
    assert fake.given == 0


def test_a_refused_role_says_what_amazon_said(fake: FakeAWS, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    by_role(fake, write, monkeypatch)
    body = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>"
    fake.script(Rule("POST", answer(403, body), times=-1))
    assert "AWS refuses a login for AWS profile lab: AccessDenied, not you. See what" in refusal("")


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ("", "there is no AWS profile lab on this machine. Type: aws configure --profile lab"),
        ("[profile lab]\ncredential_process = sh -c 'echo hunter2 >&2; exit 1'", "from custom-process. See what"),
        ("[profile lab]\ncredential_process = sh -c 'echo hunter2'", "See what the AWS CLI reports"),
        ("[profile lab]\ncredential_process = no-such-program", "cannot get the login of AWS profile lab"),
        ("[profile lab]\ncredential_process =", "cannot get the login of AWS profile lab: IndexError"),
        ("[profile lab]\naws_access_key_id = AKID", "cannot get the login of AWS profile lab"),
        ("[profile lab]\nsso_account_id = 1", "cannot get the login of AWS profile lab"),
        ("[profile lab]\nlogin_session = arn:aws:iam::1:user/me", "AWS profile lab"),
        ("no section = hunter2", "cannot read"),
    ],
)
def test_a_profile_that_gives_no_login_is_told_in_one_line(config: str, text: str, write: Write) -> None:
    write(config=config)
    told = refusal()
    assert text in told
    assert "\n" not in told


def test_who_gives_roles_and_does_not_answer_may_do_so_later(
    fake: FakeAWS, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_role(fake, write, monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Unreachable, match="cannot get the login of AWS profile lab"):
        login()


@pytest.mark.parametrize(
    ("variables", "login"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKID"}, None),
        ({"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s"}, ("AKID", "s", "environment", "")),
        (
            {"AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"},
            ("ASIA", "s", "environment", "t"),
        ),
    ],
)
@pytest.mark.usefixtures("alone")
def test_the_environment_holds_a_key_that_may_be_temporary(
    variables: Mapping[str, str], login: tuple[str, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert SPEC.variables.read() == login


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (
            "environment",
            "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN again, or unset all three.",
        ),
        ("AWS profile my lab", "then check it: aws sts get-caller-identity --profile 'my lab'"),
        ("AWS container role", "then check it: aws sts get-caller-identity"),
    ],
)
def test_an_expired_login_is_renewed_where_it_came_from(origin: str, text: str) -> None:
    told = renewal(Credential("ASIA", "hunter2", origin, "hunter2-token"))
    assert told.endswith(text)
    assert "hunter2" not in told


OWN = "https://own.example.org"
OURS = f"services = ours\n[services ours]\ns3 =\n  endpoint_url = {OWN}\n  x = y\n"


@pytest.mark.parametrize(
    ("config", "variables", "settings", "added"),
    [
        pytest.param("", {}, {}, {}, id="nothing"),
        pytest.param(f"[default]\nendpoint_url = {OWN}", {}, {}, {"endpoint": OWN}, id="of the profile"),
        pytest.param(f"[profile lab]\n{OURS}", {}, {"profile": "lab"}, {"endpoint": OWN}, id="of its services"),
        pytest.param(f"[default]\nendpoint_url = https://x\n{OURS}", {}, {}, {"endpoint": OWN}, id="services first"),
        pytest.param(
            f"[default]\nendpoint_url = {OWN}\nignore_configured_endpoint_urls = true", {}, {}, {}, id="ignored"
        ),
        pytest.param(
            f"[default]\n{OURS}",
            {"ENDPOINT_URL": "https://x", "IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            {},
            {},
            id="all ignored",
        ),
        pytest.param(
            f"[default]\n{OURS}", {"ENDPOINT_URL": "https://x"}, {}, {"endpoint": "https://x"}, id="environment first"
        ),
        pytest.param(
            "", {"ENDPOINT_URL": "https://x", "ENDPOINT_URL_S3": OWN}, {}, {"endpoint": OWN}, id="S3's own first"
        ),
        pytest.param("[default]\nregion = r", {}, {}, {"region": "r"}, id="region"),
        pytest.param("[default]\nregion = r", {"DEFAULT_REGION": "s"}, {}, {"region": "s"}, id="region of environment"),
        pytest.param("[default]\nregion = r", {}, {"datacenter": "EU"}, {}, id="region is said"),
        pytest.param(f"[default]\nregion = r\n{OURS}", {}, {"endpoint": "https://x"}, {}, id="endpoint is said"),
        pytest.param(f"[default]\nregion = r\n{OURS}", {}, {"host": "x"}, {}, id="host is said"),
    ],
)
def test_server_and_region_that_the_settings_leave_out_are_this_machines_s3_19(
    config: str,
    variables: Mapping[str, str],
    settings: Mapping[str, str],
    added: Mapping[str, str],
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(config=config)
    for name, value in variables.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    assert default_settings(parse({"url": "s3://bucket", **settings})) == added
