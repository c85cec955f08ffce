"""What a stranger's settings, or a script's hasty word, cannot make of a login: scheme, host, `--sameas`, embedding."""

import shutil
import socket
import tempfile
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.annex import Home, Repository, unlock
from support.fakes.dav import ScriptedDAV
from support.fakes.s3 import ScriptedS3
from support.logins import VERIFIED_UUID, Type, clone_with
from support.marks import LONG
from support.s3_gate import Login
from support.s3kit import clone
from support.scripted import served

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.backends.s3.lazy import LazyS3
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials import stored as kept
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import bound_host
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied
from git_annex_remote_pyshare.store.store_config import store_config_of, trust_of

WEBDAV = {"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": "hunter2"}
VERIFIED = {"annex_verified": "verified"}
AUTOMATIC = {"annex_verified": "automatic"}
HELD = Credential("held", "hunter2", "git-annex")
KEPT = Credential("kept", "hunter2", "pyshare login")


def origin(settings: Mapping[str, str], where: LocalConfig, held: Credential | None = None) -> str | None:
    """Where the login for these settings comes from."""
    values = parse(settings)
    login = store_config_of(values, trust_of(values, where), held).credential()
    return login.origin if login else None


# One host, two schemes.


@pytest.mark.parametrize("port", ["", ":443", ":8443"])
@pytest.mark.parametrize(("scheme", "other"), [("https", "http"), ("davs", "dav")])
def test_no_login_for_https_is_one_for_http_off_this_machine(scheme: str, other: str, port: str) -> None:
    names = {bound_host(f"{each}://h.example.org{port}/x") for each in (scheme, other)}
    assert len(names) == 2
    assert bound_host(f"{scheme}://h.example.org{port}") == f"h.example.org{port}".removesuffix(":443")


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"])
def test_on_this_machine_both_schemes_are_one_host(host: str) -> None:
    assert bound_host(f"http://{host}") == bound_host(f"https://{host}") == host


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("cloud.example.org/s/T0k", "cloud.example.org"),
        ("http://cloud.example.org:8080/s/T0k", "http://cloud.example.org:8080"),
        ("http://cloud.example.org:80", "http://cloud.example.org:80"),
    ],
)
def test_the_host_of_an_account_says_whether_others_can_listen(name: str, host: str) -> None:
    assert Account(name).host == host


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("url", "config", "goes"),
    [
        pytest.param("http://h.example.org:8443/x", {}, False, id="perhaps meant for https"),
        pytest.param("http://h.example.org:8443/x", AUTOMATIC, False, id="autoenabled"),
        pytest.param("http://h.example.org:8443/x", VERIFIED, True, id="http accepted by the user"),
        pytest.param("https://h.example.org:8443/x", {}, True, id="https"),
        pytest.param("http://127.0.0.1:8443/x", {}, True, id="this machine"),
    ],
)
def test_a_login_that_an_older_version_kept_goes_on_where_that_is_safe(
    url: str, config: Mapping[str, str], *, goes: bool
) -> None:
    for host in ("h.example.org:8443", "127.0.0.1:8443"):
        kept.keep("webdav", host, KEPT)
    assert origin({"url": url}, clone_with(**config)) == ("pyshare login" if goes else None)


@pytest.mark.usefixtures("alone")
def test_a_login_that_an_older_version_kept_for_plain_http_goes_on_and_can_be_forgotten(typed: Type) -> None:
    kept.keep("webdav", "h.example.org:80", KEPT)
    kept.keep("webdav", "h.example.org", KEPT)
    assert origin({"url": "http://h.example.org/x"}, clone_with()) == "pyshare login"
    assert typed("logout", "http://h.example.org").code == 0
    assert origin({"url": "http://h.example.org/x"}, clone_with()) is None
    assert origin({"url": "https://h.example.org/x"}, clone_with()) == "pyshare login"


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("url", "bound", "config", "goes"),
    [
        ("http://h.example.org:8443", "http://h.example.org:8443", {}, True),
        ("http://h.example.org:8443", "h.example.org:8443", {}, False),
        ("http://h.example.org:8443", "h.example.org:8443", VERIFIED, True),
        ("https://h.example.org:8443", "http://h.example.org:8443", VERIFIED, False),
        ("http://h.example.org", "h.example.org:80", {}, True),
        ("http://h.example.org", "h.example.org", VERIFIED, False),
    ],
)
def test_a_host_that_an_older_version_bound_counts_where_it_meant_http(
    url: str, bound: str, config: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, *, goes: bool
) -> None:
    for name, value in WEBDAV.items():
        monkeypatch.setenv(name, value)
    where = clone_with(pyshare_host=bound, **config)
    assert origin({"url": f"{url}/x"}, where) == ("environment" if goes else None)
    if goes:
        assert origin({"url": f"{url}/x"}, where, HELD) == "git-annex"
    else:
        with pytest.raises(PermissionDenied, match=f"was made for {bound}"):
            origin({"url": f"{url}/x"}, where, HELD)


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "s3://b", "endpoint": "https://amazonaws.com"},
        {"url": "s3://b", "endpoint": "https://amazonaws.com:443"},
        {"url": "s3://b", "host": "amazonaws.com.cn", "protocol": "https"},
        {"url": "s3://b", "endpoint": "https://AmazonAWS.eu"},
        {"url": "https://amazonaws.com/x"},
        {"url": "davs://dropbox.com/x"},
        {"url": "https://dropbox.com:443/x"},
    ],
)
def test_no_server_has_the_name_of_a_whole_service(settings: Mapping[str, str]) -> None:
    with pytest.raises(BadSetting, match="is the name of a service"):
        trust_of(parse(settings), clone_with())


# S3 of strangers.

PLAIN = {"url": "s3://evil-bucket/x", "endpoint": "http://s3.amazonaws.com"}
WORDED = {"url": "s3://evil-bucket/x", "protocol": "http"}
KEY = Credential(Login().access_key, Login().secret_key, "pyshare login")


def s3_store(settings: Mapping[str, str], where: LocalConfig, held: Credential | None = None) -> LazyS3:
    values = parse(settings)
    made = registry.make(store_config_of(values, trust_of(values, where), held))
    assert isinstance(made, LazyS3)
    return made


@pytest.fixture
def aws(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Amazon logins in all places but with git-annex."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAVICTIM")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    (alone / ".aws").mkdir()
    (alone / ".aws" / "credentials").write_text("[default]\naws_access_key_id = A\naws_secret_access_key = hunter2\n")
    kept.keep("s3", "amazonaws.com", KEY)


@pytest.mark.parametrize("settings", [PLAIN, WORDED], ids=["endpoint", "protocol"])
@pytest.mark.parametrize("held", [None, HELD], ids=["not held", "held"])
@pytest.mark.usefixtures("aws")
def test_a_strangers_settings_send_no_login_to_amazon_over_plain_http(
    amazon: ScriptedS3, settings: Mapping[str, str], held: Credential | None
) -> None:
    amazon.login = Login()
    with pytest.raises(
        PermissionDenied, match=r"speaks plain http with Amazon.* type: git annex verifyremote cloud"
    ) as refusal:
        s3_store(settings, clone_with(**AUTOMATIC), held).stat("KEY")
    assert "hunter2" not in str(refusal.value)
    assert amazon.requests
    assert not any("Authorization" in seen.headers for seen in amazon.requests)


@pytest.mark.usefixtures("aws")
def test_who_verified_plain_http_with_amazon_has_it_so(amazon: ScriptedS3, monkeypatch: pytest.MonkeyPatch) -> None:
    amazon.buckets.add("evil-bucket")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    amazon.login = Login()
    assert s3_store(PLAIN, clone_with(**VERIFIED)).stat("KEY") is None


@pytest.mark.parametrize(
    ("settings", "instead"),
    [
        (PLAIN, "endpoint=https://s3.amazonaws.com"),
        (WORDED, "protocol=https port=443"),
        ({"url": "s3://b", "endpoint": "http://minio.example.org:9000"}, "endpoint=https://minio.example.org:9000"),
    ],
)
@pytest.mark.usefixtures("aws")
def test_a_session_token_is_not_sent_over_plain_http_off_this_machine(
    amazon: ScriptedS3, settings: Mapping[str, str], instead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "VTOK")
    with pytest.raises(PermissionDenied, match="could read the session token from environment") as refusal:
        s3_store(settings, clone_with(**VERIFIED)).stat("KEY")
    assert f"type: git annex enableremote cloud {instead} (or" in str(refusal.value)
    assert "VTOK" not in str(refusal.value)
    assert amazon.requests == []


@pytest.mark.usefixtures("aws")
def test_a_session_token_goes_to_this_machine_and_where_the_user_allows_it(
    scripted_s3: ScriptedS3, amazon: ScriptedS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "VTOK")
    s3_store({"url": "s3://bucket", "endpoint": scripted_s3.url}, clone_with(**VERIFIED)).stat("KEY")
    amazon.buckets.add("evil-bucket")
    s3_store(PLAIN, clone_with(pyshare_insecure="true", **VERIFIED)).stat("KEY")
    assert all(seen.headers["x-amz-security-token"] == "VTOK" for seen in (*scripted_s3.requests, *amazon.requests))


@pytest.fixture
def below_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names below `localhost` lead to this machine, as RFC 6761 wants it and not every resolver has it."""
    resolve = socket.getaddrinfo

    def look_up(host: Any, *more: Any, **options: Any) -> Any:
        return resolve("localhost" if str(host).endswith(".localhost") else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.usefixtures("alone", "below_localhost")
def test_a_bucket_in_the_hosts_name_gets_a_kept_login_only_if_the_user_verified_that(
    scripted_s3: ScriptedS3, *, trusted: bool
) -> None:
    endpoint = scripted_s3.url.replace("127.0.0.1", "localhost")
    scripted_s3.login = Login()
    scripted_s3.buckets.add("evil")
    settings = {"url": "s3://evil", "endpoint": endpoint, "addressing": "virtual"}
    kept.keep("s3", bound_host(endpoint), KEY)
    store = s3_store(settings, clone_with(**VERIFIED) if trusted else clone_with())
    if trusted:
        assert store.stat("KEY") is None
    else:
        with pytest.raises(PermissionDenied, match=r"addressing=virtual sends it to evil\.localhost"):
            store.stat("KEY")
    assert any("Authorization" in seen.headers for seen in scripted_s3.requests) is trusted


def test_the_advice_at_a_public_bucket_that_an_address_brought_is_a_command_that_works() -> None:
    values = parse({"url": "s3://b", "public": "yes"})
    where = clone(url="annex::x?url=s3://b")
    place = store_config_of(values, trust_of(values, where), None)
    assert place.acceptance() == "git config remote.cloud.pyshare-host amazonaws.com"
    accepted = clone(url="annex::x?url=s3://b", pyshare_host="amazonaws.com")
    assert trust_of(values, accepted).verified


# What came with an address.


@pytest.mark.parametrize(
    ("url", "name", "words"),
    [("s3://bucket", "AWS_ACCESS_KEY_ID", "s3://bucket"), ("dropbox:/Data", "DROPBOX_ACCESS_TOKEN", "dropbox")],
)
@pytest.mark.usefixtures("alone")
def test_an_address_of_a_git_repository_gets_no_login_of_the_environment_at_amazon_or_dropbox_either(
    url: str, name: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DROPBOX_ACCESS_TOKEN"):
        monkeypatch.setenv(variable, "hunter2")
    values = parse({"url": url})
    assert origin(values, clone_with()) == "environment"
    where = clone_with(url=f"annex::{VERIFIED_UUID}?url={url}", **VERIFIED)
    place = store_config_of(values, trust_of(values, where), None)
    assert place.credential() is None
    assert place.advice() == (
        f"{name} is set but not used, since the settings came with an annex:: address. Type: pyshare login {words}"
    )


# The word `verified`.


@pytest.mark.usefixtures("alone")
def test_annex_verified_by_hand_counts_only_after_verifyremote(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WEBDAV.items():
        monkeypatch.setenv(name, value)
    url = {"url": "https://cloud.example.org/x"}
    assert origin(url, clone_with(**VERIFIED)) == "environment"
    assert origin(url, clone_with(**VERIFIED, annex_uuid="another")) is None
    assert origin(url, clone_with(**VERIFIED, annex_uuid="another", annex_config_uuid=VERIFIED_UUID)) == "environment"
    assert origin(url, clone_with(**VERIFIED, annex_config_uuid="another")) is None
    assert origin(url, clone_with(**VERIFIED, annex_uuid="another", pyshare_host="cloud.example.org")) == "environment"


@pytest.fixture
def trap() -> Iterator[ScriptedDAV]:
    with served(ScriptedDAV()) as server:
        server.folders.update({"/dav", "/dav/a"})
        yield server


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Git-annex protects its objects."""
    yield
    unlock(tmp_path)


def initremote(owner: Repository, name: str, *words: str, **environment: str) -> str:
    common = ("type=external", "externaltype=pyshare", "encryption=none")
    given = [*common, *words] if not any(word.startswith("encryption=") for word in words) else [*common[:2], *words]
    done = owner.annex("initremote", name, *given, login=environment)
    return done.stdout + done.stderr


def test_a_clone_that_a_script_calls_verified_does_not_follow_a_collaborator_with_its_login(
    dav: ScriptedDAV, trap: ScriptedDAV, repository: Repository, bob: Home
) -> None:
    initremote(repository, "store", f"url={dav.url}/dav", "autoenable=true")
    friend, _ = repository.cloned(bob)
    friend.git("config", "remote.store.annex-verified", "verified")
    repository.annex("enableremote", "store", f"url={trap.url}/dav")
    friend.git("fetch", "-q", "origin")
    friend.annex("merge")
    friend.annex("fsck", "--fast", "--from", "store", check=False, login=WEBDAV)
    friend.annex("enableremote", "store", check=False, login=WEBDAV)
    friend.annex("checkpresentkey", "WORM-s1-m1--x", "store", check=False, login=WEBDAV)
    bob.run("pyshare", "info", "store", cwd=friend.folder, check=False, login=WEBDAV)
    assert trap.requests
    assert not any("Authorization" in seen.headers for seen in trap.requests)
    assert "pyshare-host" not in friend.git("config", "--list").stdout


# --sameas.


def test_a_remote_that_shares_a_uuid_gets_the_login_of_git_annex_only_at_the_same_host(
    dav: ScriptedDAV, trap: ScriptedDAV, repository: Repository
) -> None:
    for server in (dav, trap):
        server.login = ("bob", "hunter2")
    initremote(repository, "store", f"url={dav.url}/dav", **WEBDAV)
    for name, server in (("near", dav), ("far", trap)):
        initremote(repository, name, "--sameas=store", f"url={server.url}/dav")
        assert repository.git("config", f"remote.{name}.annex-verified").stdout == "verified\n"
        repository.annex("enableremote", name, check=False)
    assert repository.annex("checkpresentkey", "WORM-s1-m1--x", "near", check=False).returncode == 1
    refused = repository.annex("checkpresentkey", "WORM-s1-m1--x", "far", check=False)
    assert trap.requests == []
    accept = f"git config remote.far.pyshare-host {trap.url.removeprefix('http://')}"
    assert accept in " ".join(refused.stderr.split())
    repository.git(*accept.split(" ")[1:])
    assert repository.annex("checkpresentkey", "WORM-s1-m1--x", "far", check=False).returncode == 1


def test_enabling_a_remote_that_shares_a_uuid_does_not_replace_the_others_login(
    dav: ScriptedDAV, trap: ScriptedDAV, repository: Repository
) -> None:
    initremote(repository, "store", f"url={dav.url}/dav", **WEBDAV)
    held = next((repository.folder / ".git/annex/creds").iterdir())
    before = held.read_text()
    initremote(repository, "far", "--sameas=store", f"url={trap.url}/dav")
    repository.annex("enableremote", "far", login={"WEBDAV_USERNAME": "x", "WEBDAV_PASSWORD": "y"})
    assert held.read_text() == before
    assert "pyshare-host" not in repository.git("config", "--get-regexp", r"remote\.far\.", check=False).stdout


# embedcreds=yes.


def remote_log(of: Repository) -> str:
    return of.git("show", "git-annex:remote.log").stdout


def embedded(of: Repository) -> list[bytes]:
    words = remote_log(of).split()
    return [b64decode(word.partition("=")[2]) for word in words if word.startswith("pysharecreds=")]


@pytest.mark.parametrize(
    ("settings", "published"),
    [
        (("embedcreds=yes",), True),
        pytest.param(("embedcreds=yes", "encryption=shared"), True, marks=LONG),
        pytest.param(("embedcreds=no",), False, marks=LONG),
        ((), False),
        pytest.param(("encryption=shared",), False, marks=LONG),
    ],
)
def test_a_friend_who_enables_a_remote_does_not_publish_a_login_of_his_own(
    dav: ScriptedDAV, repository: Repository, bob: Home, settings: tuple[str, ...], *, published: bool
) -> None:
    initremote(repository, "store", f"url={dav.url}/dav", "autoenable=true", *settings)
    friend, _ = repository.cloned(bob)
    friend.annex("verifyremote", "store")
    friend.annex("verifyremote", "store", "--safe", "1")
    told = friend.annex("enableremote", "store", "chunk=50MiB", login=WEBDAV)
    assert "pysharecreds" not in remote_log(friend)
    assert bool(list((friend.folder / ".git/annex").glob("creds/*"))) is not published
    said = " ".join((told.stdout + told.stderr).split())
    assert ("git-annex does not keep the login of the environment, since" in said) is published
    dav.login = ("bob", "hunter2")
    assert friend.annex("checkpresentkey", "WORM-s1-m1--x", "store", check=False, login=WEBDAV).returncode == 1


@pytest.fixture
def key_ring(tmp_path: Path) -> Iterator[str]:
    """A GNUPGHOME with a key for which the dataset's content is encrypted."""
    # Not below pytest's own folder: gpg-agent's sockets allow only short paths.
    folder = tempfile.mkdtemp(prefix="gpg-")
    home = Home(tmp_path / "keys", GNUPGHOME=folder)
    words = ("--batch", "--passphrase", "", "--quick-gen-key", "bob@example.org", "default", "default", "never")
    home.run("gpg", *words, cwd=home.folder)
    yield folder
    home.run("gpgconf", "--kill", "gpg-agent", cwd=home.folder)
    shutil.rmtree(folder)


def test_a_friend_does_not_publish_a_login_for_those_who_can_decrypt_either(
    dav: ScriptedDAV, repository: Repository, bob: Home, key_ring: str
) -> None:
    """With encryption=hybrid git-annex embeds a login unasked, for all whose keys the remote's maker has named."""
    for home in (repository.home, bob):
        home.environment["GNUPGHOME"] = key_ring
    words = (f"url={dav.url}/dav", "autoenable=true", "encryption=hybrid", "keyid=bob@example.org")
    initremote(repository, "store", *words)
    friend, _ = repository.cloned(bob)
    friend.annex("verifyremote", "store")
    friend.annex("verifyremote", "store", "--safe", "1")
    told = friend.annex("enableremote", "store", "chunk=50MiB", login=WEBDAV)
    assert "git-annex does not keep the login of the environment, since" in told.stdout + told.stderr
    assert "pysharecreds" not in remote_log(friend)


def test_the_owner_who_makes_a_remote_may_embed_a_login(dav: ScriptedDAV, repository: Repository) -> None:
    initremote(repository, "store", f"url={dav.url}/dav", "embedcreds=yes", **WEBDAV)
    assert embedded(repository) == [b"bob\nhunter2\n"]


# Plug-ins.


@pytest.fixture
def sloppy_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose entry point is no Kind."""
    info = tmp_path / "sloppy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sloppy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{registry.ENTRY_POINTS}]\nsloppy = os:environ\n")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("sloppy_package")
def test_an_entry_point_that_is_no_kind_of_store_is_not_used() -> None:
    with pytest.raises(BadSetting, match="sloppy:"):
        registry.spec_of("sloppy:x")
