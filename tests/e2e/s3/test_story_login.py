"""Logins for S3 with the real git-annex: a profile's own server, keys that are handed on, and a stranger's dataset."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.annex import Home, Repository
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login
from support.scripted import served

KEY = Login()
PAIR = f"aws_access_key_id = {KEY.access_key}\naws_secret_access_key = {KEY.secret_key}\n"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": KEY.access_key, "AWS_SECRET_ACCESS_KEY": KEY.secret_key}


@pytest.fixture
def server() -> Iterator[ScriptedS3]:
    """One that knows one login, and a region that nobody would guess."""
    with served(ScriptedS3()) as server:
        server.login = KEY
        server.region = "lab-north"
        yield server


def configure(home: Home, **texts: str) -> None:
    (home.folder / ".aws").mkdir()
    for name, text in texts.items():
        (home.folder / ".aws" / name).write_text(text)


def clone_of(repository: Repository, home: Home) -> Repository:
    clone = Repository(home, home.folder / "clone")
    home.run("git", "clone", "-q", str(repository.folder), str(clone.folder), cwd=home.folder)
    clone.annex("init", "-q")
    return clone


def creds_in(repository: Repository) -> list[Path]:
    return list((repository.folder / ".git/annex/creds").glob("*"))


def remote_log(repository: Repository) -> str:
    return repository.git("show", "git-annex:remote.log").stdout


def test_a_profile_with_its_own_endpoint_is_honoured_and_told_to_all_s3_19(
    server: ScriptedS3, repository: Repository, alice: Home, bob: Home
) -> None:
    services = f"[services ours]\ns3 =\n  endpoint_url = {server.url}\n"
    config = f"[profile lab]\nregion = lab-north\nservices = ours\n{services}"
    configure(alice, config=config, credentials=f"[lab]\n{PAIR}")
    told = repository.initremote("s3://bucket", {"profile": "lab", "autoenable": "true"})
    assert f"endpoint={server.url}, as this machine is configured" in told
    assert f"endpoint={server.url} " in remote_log(repository)
    assert "region=lab-north " in remote_log(repository)
    repository.add({"file": b"content"})
    repository.annex("copy", "-q", "--to", "store", "file")
    assert server.objects[f"bucket/{repository.key('file')}"] == b"content"
    assert not creds_in(repository)

    clone = clone_of(repository, bob)
    clone.annex("verifyremote", "store")
    clone.annex("verifyremote", "store", "--safe", "1")
    clone.annex("get", "-q", "--from", "store", "file", login=ENVIRONMENT)
    assert (clone.folder / "file").read_bytes() == b"content"


def test_a_server_in_the_settings_goes_before_the_profiles(
    server: ScriptedS3, repository: Repository, alice: Home
) -> None:
    configure(
        alice, config="[default]\nendpoint_url = http://127.0.0.1:1\nregion = x", credentials=f"[default]\n{PAIR}"
    )
    repository.initremote("s3://bucket", {"endpoint": server.url})
    assert f"endpoint={server.url} " in remote_log(repository)


def test_a_role_that_cannot_be_had_now_keeps_nobody_from_enabling_or_asking_about_the_remote(
    server: ScriptedS3, repository: Repository, bob: Home
) -> None:
    repository.initremote("s3://bucket", {**server.settings, "autoenable": "true"})
    role = "role_arn = arn:aws:iam::1:role/r\nsource_profile = base\nregion = eu-west-1"
    configure(bob, config=f"[default]\n{role}\n", credentials=f"[base]\n{PAIR}")
    bob.environment.update(AWS_ENDPOINT_URL_STS="http://127.0.0.1:1", AWS_MAX_ATTEMPTS="1")
    clone = clone_of(repository, bob)
    clone.git("config", "remote.store.pyshare-host", server.url.removeprefix("http://"))
    assert "login: none, since cannot get the login of AWS profile default" in clone.annex("info", "store").stdout


@pytest.mark.parametrize(("variables", "handed"), [({}, True), ({"AWS_SESSION_TOKEN": "token"}, False)])
def test_a_key_in_the_owners_environment_is_handed_to_git_annex_unless_it_is_temporary(
    variables: dict[str, str], server: ScriptedS3, repository: Repository, *, handed: bool
) -> None:
    server.login = KEY._replace(session_token=variables.get("AWS_SESSION_TOKEN", ""))
    environment = {**ENVIRONMENT, **variables}
    settings = {"type": "external", "externaltype": "pyshare", "encryption": "none", "url": "s3://bucket"}
    words = [f"{name}={value}" for name, value in {**settings, **server.settings}.items()]
    repository.annex("initremote", "store", *words, login=environment)
    assert bool(creds_in(repository)) is handed
    repository.add({"file": b"content"})
    copied = repository.annex("copy", "--to", "store", "file", check=False)
    assert (copied.returncode == 0) is handed
    repository.annex("copy", "--to", "store", "file", login=environment)


def test_a_key_that_its_owner_embeds_serves_everybody_who_has_the_dataset(
    server: ScriptedS3, repository: Repository, bob: Home
) -> None:
    settings = {"type": "external", "externaltype": "pyshare", "encryption": "none", "url": "s3://bucket"}
    given = {**settings, **server.settings, "autoenable": "true", "embedcreds": "yes"}
    repository.annex("initremote", "store", *(f"{name}={value}" for name, value in given.items()), login=ENVIRONMENT)
    repository.add({"file": b"content"})
    repository.annex("copy", "-q", "--to", "store", "file")
    clone = clone_of(repository, bob)
    clone.annex("get", "-q", "--from", "store", "file")
    clone.git("config", "remote.store.annex-verified", "verified")  # what git-annex wants before anybody writes
    clone.add({"answer": b"from Bob"})
    clone.annex("copy", "-q", "--to", "store", "answer")
    assert server.objects[f"bucket/{clone.key('answer')}"] == b"from Bob"


def test_a_strangers_profile_starts_no_program(
    server: ScriptedS3, repository: Repository, bob: Home, tmp_path: Path
) -> None:
    repository.add({"file": b"content"})
    repository.git("checkout", "-q", "git-annex")
    (repository.folder / "remote.log").write_text(
        "e89b8837-e10a-40d9-9f41-fc36c418cc74 autoenable=true embedcreds=yes encryption=none externaltype=pyshare"
        f" name=evil profile=lab type=external url=s3://bucket endpoint={server.url} timestamp=1795397338s\n"
    )
    repository.git("add", "remote.log")
    repository.git("commit", "-q", "-m", "evil")
    repository.git("checkout", "-q", "main")
    started = tmp_path / "started"
    configure(bob, config=f"[profile lab]\ncredential_process = touch {started}\n", credentials=f"[default]\n{PAIR}")
    clone = clone_of(repository, bob)
    assert clone.git("config", "remote.evil.annex-verified").stdout == "automatic\n"
    clone.annex("fsck", "--fast", "--from", "evil", check=False, login=ENVIRONMENT)
    assert server.requests
    assert not any("Authorization" in seen.headers for seen in server.requests)
    assert not started.exists()
    assert not creds_in(clone)
