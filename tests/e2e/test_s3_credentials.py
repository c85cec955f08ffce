"""To whom S3 logins may go, by the rules of the whole house: settings, trust, and every place where logins are."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from support.logins import clone_with

from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.backends.s3 import aws_credentials as aws
from git_annex_remote_pyshare.credentials import stored as kept
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.store.store_config import store_config_of, trust_of

AMAZON: Mapping[str, str] = {"url": "s3://bucket"}
CHINA = {**AMAZON, "region": "cn-north-1"}
PUBLIC = {**AMAZON, "public": "yes"}
OTHER = {**AMAZON, "endpoint": "https://s3.example.org"}
LOOKALIKE = {**AMAZON, "endpoint": "https://s3.amazonaws.com.example.org"}
CUSTOMER = {**AMAZON, "endpoint": "https://load-balancer.eu-west-1.elb.amazonaws.com"}

UNSEEN = {"annex_verified": "automatic"}
VERIFIED = {"annex_verified": "verified"}

HELD = Credential("held", "hunter2", "git-annex")
KEPT = Credential("kept", "hunter2", "pyshare login")

pytestmark = pytest.mark.usefixtures("alone")


def found(settings: Mapping[str, str], config: Mapping[str, str], held: Credential | None = None) -> str | None:
    """Where the login for these settings comes from."""
    values = parse(settings)
    login = store_config_of(values, trust_of(values, clone_with(**config)), held).credential()
    return login.origin if login else None


def keep_for(settings: Mapping[str, str]) -> None:
    values = parse(settings)
    kept.keep("s3", trust_of(values, clone_with()).account.name, KEPT)


@pytest.fixture
def files(alone: Path) -> None:
    """Two profiles."""
    (alone / ".aws").mkdir()
    pair = "aws_access_key_id = AKID\naws_secret_access_key = hunter2"
    (alone / ".aws/credentials").write_text(f"[default]\n{pair}\n[lab]\n{pair}\n")


@pytest.fixture
def environment(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")


@pytest.mark.parametrize(
    ("settings", "config", "goes"),
    [
        pytest.param(AMAZON, UNSEEN, True, id="Amazon, unseen: the service that it is for"),
        pytest.param(
            CHINA, UNSEEN, False, id="Amazon in China, unseen: another cloud, which knows no login of this one"
        ),
        pytest.param(CHINA, VERIFIED, True, id="Amazon in China, verified"),
        pytest.param(PUBLIC, UNSEEN, False, id="S3-18-public, unseen"),
        pytest.param(PUBLIC, VERIFIED, True, id="public, verified: to write"),
        pytest.param(OTHER, UNSEEN, False, id="another server, unseen"),
        pytest.param(OTHER, VERIFIED, True, id="another server, verified"),
        pytest.param(OTHER, {"pyshare_host": "s3.example.org"}, True, id="another server, bound"),
        pytest.param(OTHER, {**VERIFIED, "pyshare_host": "amazonaws.com"}, False, id="moved from Amazon"),
        pytest.param(LOOKALIKE, UNSEEN, False, id="a name like Amazon's"),
        pytest.param(CUSTOMER, UNSEEN, False, id="a customer's name below Amazon's"),
    ],
)
@pytest.mark.parametrize(("place", "origin"), [("environment", "environment"), ("files", "AWS profile default")])
def test_a_login_of_this_machine_goes_to_amazon_or_where_its_user_wants(
    settings: Mapping[str, str],
    config: Mapping[str, str],
    place: str,
    origin: str,
    request: pytest.FixtureRequest,
    *,
    goes: bool,
) -> None:
    request.getfixturevalue(place)
    assert found(settings, config) == (origin if goes else None)


@pytest.mark.usefixtures("environment")
def test_who_is_in_china_has_logins_for_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "cn-northwest-1")
    assert found(CHINA, UNSEEN) == "environment"
    assert found(AMAZON, UNSEEN) is None


@pytest.mark.usefixtures("files", "environment")
@pytest.mark.parametrize("settings", [AMAZON, PUBLIC, OTHER], ids=["private", "S3-18-public", "another server"])
@pytest.mark.parametrize("config", [UNSEEN, VERIFIED], ids=["unseen", "verified"])
def test_a_login_for_this_very_remote_or_server_may_always_go(
    settings: Mapping[str, str], config: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(settings, config, HELD) == "git-annex"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    keep_for(settings)
    assert found(settings, config) == "pyshare login"


@pytest.mark.parametrize(
    ("kept_for", "settings"), [(AMAZON, OTHER), (AMAZON, CHINA), (OTHER, AMAZON), (AMAZON, LOOKALIKE)]
)
def test_a_kept_login_goes_to_its_own_server_only(kept_for: Mapping[str, str], settings: Mapping[str, str]) -> None:
    keep_for(kept_for)
    assert found(settings, VERIFIED) is None
    assert found(kept_for, UNSEEN) == "pyshare login"


@pytest.mark.usefixtures("files")
def test_a_strangers_profile_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found({**AMAZON, "profile": "lab"}, VERIFIED) == "AWS profile lab"
    assert found({**AMAZON, "profile": "lab"}, UNSEEN) == "AWS profile default"
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert found({**AMAZON, "profile": "default"}, UNSEEN) == "AWS profile lab"


@pytest.mark.usefixtures("files", "environment")
def test_the_files_are_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "plain_login", lambda _: pytest.fail("asked"))
    assert found(AMAZON, VERIFIED) == "environment"
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    keep_for(AMAZON)
    assert found(AMAZON, VERIFIED) == "pyshare login"


@pytest.mark.parametrize("settings", [PUBLIC, OTHER], ids=["S3-18-public", "another server"])
@pytest.mark.usefixtures("environment")
def test_the_advice_for_a_key_that_may_not_go_is_to_verify_the_remote(settings: Mapping[str, str]) -> None:
    values = parse(settings)
    advice = store_config_of(values, trust_of(values, clone_with(**UNSEEN)), None).advice()
    assert advice.startswith("AWS_ACCESS_KEY_ID is set but not used, since remote cloud is not verified.")
    assert "git annex verifyremote cloud" in advice
    assert "hunter2" not in advice


def test_the_advice_without_a_login_is_the_whole_command() -> None:
    def advice(settings: Mapping[str, str]) -> str:
        values = parse(settings)
        return store_config_of(values, trust_of(values, clone_with()), None).advice()

    assert advice(AMAZON) == "Type: pyshare login s3://bucket"
    assert advice(CHINA) == "Type: pyshare login s3://bucket region=cn-north-1"
    assert advice(OTHER) == "Type: pyshare login s3://bucket endpoint=https://s3.example.org"


def test_all_of_amazon_is_one_account() -> None:
    values = parse({**AMAZON, "region": "eu-west-1"})
    assert trust_of(values, clone_with()).account == Account("amazonaws.com", words=("s3://bucket",), ambient=True)
