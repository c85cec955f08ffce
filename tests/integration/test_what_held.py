"""Attacks on logins that have always failed, one test each, by the number of the review that tried them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from support.davkit import BOB, backend, source
from support.fakes.dav import ScriptedDAV
from support.fakes.s3 import ScriptedS3
from support.logins import clone_with
from support.s3kit import backend as bucket_backend
from support.scripted import Play, Rule, Seen, answer, served

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.backends.s3.url import account_of, address_of
from git_annex_remote_pyshare.backends.webdav import auth
from git_annex_remote_pyshare.credentials import stored as kept
from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError
from git_annex_remote_pyshare.store.store_config import store_config_of, trust_of

AUTOMATIC = {"annex_verified": "automatic"}
SHARED = {"annex_config_uuid": "99999999-2222-3333-4444-555555555555"}
KEPT = Credential("kept", "hunter2", "pyshare login")
HELD = Credential("held", "hunter2", "git-annex")
HOST = "work.example.org"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def other() -> Iterator[ScriptedDAV]:
    """Another server than the store's, and so another origin."""
    with served(ScriptedDAV()) as server:
        server.folders.update({"/dav", "/dav/a"})
        yield server


@pytest.fixture
def equipped(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person with logins in all places; a program that one of them would start leaves this file."""
    started = alone / "started"
    aws = {"ACCESS_KEY_ID": "AKIDVICTIM", "SECRET_ACCESS_KEY": "hunter2", "SESSION_TOKEN": "VTOK", "PROFILE": "corp"}
    for name, value in {**{f"AWS_{name}": aws[name] for name in aws}, "WEBDAV_USERNAME": "bob"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WEBDAV_PASSWORD", "hunter2")
    (alone / ".aws").mkdir()
    (alone / ".aws/config").write_text(f"[profile corp]\ncredential_process = touch {started}\n")
    (alone / ".netrc").write_text("machine 127.0.0.1 login bob password hunter2\n")
    (alone / ".netrc").chmod(0o600)
    for service, account in (("s3", "amazonaws.com"), ("webdav", HOST)):
        kept.keep(service, account, KEPT)
    return started


def shown(seen: Seen) -> set[str]:
    """What a request shows of a login, or of who pays."""
    return {"Authorization", "Cookie", "x-amz-security-token", "x-amz-request-payer"} & set(seen.headers)


def looks(settings: Mapping[str, str], **config: str) -> None:
    """Have a remote with these settings look for a key, as git-annex does on its own."""
    values = parse(settings)
    with suppress(PyshareError):
        store = registry.make(store_config_of(values, trust_of(values, clone_with(**config)), None))
        store.stat("SHA256E-s1--00")


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(setting, id=" ".join(f"{name}={value}" for name, value in setting.items()))
        for setting in (
            *({"bucket": "b", "url": ""}, {"profile": "corp"}, {"requesterpays": "yes"}, {"signature": "v2"}),
            *({"signature": "v4"}, {"addressing": "path"}, {"addressing": "virtual"}, {"public": "yes"}),
            *({"publicurl": "http://127.0.0.1:PORT/x"}, {"region": "eu-west-1"}, {"embedcreds": "yes"}),
            *({"host": "127.0.0.1", "port": "PORT", "protocol": "http"}, {"storageclass": "X"}),
        )
    ],
)
def test_held_1_a_strangers_settings_get_no_login_and_start_no_program(
    settings: Mapping[str, str], equipped: Path, scripted_s3: ScriptedS3
) -> None:
    given = {"url": "s3://bucket/x", **({} if "host" in settings else {"endpoint": scripted_s3.url})}
    port = scripted_s3.url.rpartition(":")[2]
    looks({**given, **{name: value.replace("PORT", port) for name, value in settings.items()}}, **AUTOMATIC)
    assert scripted_s3.requests or settings.get("addressing") == "virtual"
    assert not any(shown(seen) for seen in scripted_s3.requests)
    assert not equipped.exists()


@pytest.mark.parametrize("embed", [{}, {"embedcreds": "yes"}])
def test_held_1_a_strangers_webdav_server_gets_no_login(
    embed: Mapping[str, str], equipped: Path, other: ScriptedDAV
) -> None:
    looks({"url": f"{other.url}/dav", **embed}, **AUTOMATIC)
    assert other.requests
    assert not any(shown(seen) for seen in other.requests)


def test_held_1_and_the_owner_of_the_same_settings_has_all_of_that(equipped: Path, scripted_s3: ScriptedS3) -> None:
    given = {"url": "s3://bucket/x", "endpoint": scripted_s3.url, "requesterpays": "yes"}
    looks(given, annex_verified="verified")
    assert {"Authorization", "x-amz-security-token", "x-amz-request-payer"} <= shown(scripted_s3.requests[0])


@pytest.mark.parametrize("scheme", [{}, {"protocol": "http"}], ids=["https", "http"])
def test_held_2_a_public_bucket_at_amazon_gets_no_login_of_the_environment(
    scheme: Mapping[str, str], equipped: Path, amazon: ScriptedS3
) -> None:
    values = parse({"url": "s3://evil-bucket", "public": "yes", **scheme})
    place = store_config_of(values, trust_of(values, clone_with(**AUTOMATIC)), None)
    kept.forget(kept.keep("s3", "amazonaws.com", KEPT))
    assert place.credential() is None
    looks(values if scheme else {**values, "protocol": "http"}, **AUTOMATIC)
    assert amazon.requests
    assert not any(shown(seen) for seen in amazon.requests)


SPELLINGS = (
    *("http://127.0.0.1:OTHER/x", "http://127.0.0.2:OWN/x", "http://localhost:OWN/x", "http://localhost:OTHER/x"),
    *("http://127.0.0.1:OWN@127.0.0.1:OTHER/x", "http://127.0.0.1:OTHER\\@127.0.0.1:OWN/x", "//127.0.0.1:OTHER/x"),
    *("HTTP://LOCALHOST:OWN/x", "http://localhost.:OWN/x", "http://[::1]:OWN/x", "http://127.0.0.1:OTHER\t/x"),
    *("http://127.0.0.1:0/x", "http://2130706433:OWN/x", "http://127.0.0.1:OTHER/#@127.0.0.1:OWN/"),
    *("file:///etc/passwd", "ftp://127.0.0.1:OTHER/x", "http://127.1:OWN/x"),
)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", SPELLINGS)
def test_held_3_no_redirect_takes_a_login_or_a_header_of_the_users_to_another_origin(
    location: str, status: int, dav: ScriptedDAV, other: ScriptedDAV, tmp_path: Path
) -> None:
    own, theirs = (server.url.rpartition(":")[2] for server in (dav, other))
    play = answer(status, Location=location.replace("OWN", own).replace("OTHER", theirs))
    dav.script(*(Rule(method, play, path="^/dav/a/") for method in ("HEAD", "GET", "PUT", "PROPFIND")))
    store = backend(f"{dav.url}/dav", BOB, header="Cookie: secret")
    acts: list[Callable[[], object]] = [
        lambda: store.stat("a/KEY"),
        lambda: store.put("a/KEY", source(tmp_path), lambda _done: None),
    ]
    for act in acts:
        with suppress(PyshareError):
            act()
    store.close()
    elsewhere = [seen for seen in dav.requests if seen.headers["Host"] != f"127.0.0.1:{own}"]
    assert dav.requests
    assert not any(shown(seen) for seen in (*elsewhere, *other.requests))


@pytest.mark.parametrize(
    "url",
    [
        *(f"https://{HOST}./x", f"https://bob:x@{HOST}/x", f"https://evil.example\\@{HOST}/x"),
        *(f"https://evil.example#@{HOST}/x", f"https://evil.example?@{HOST}/x", "https://work%2eexample.org/x"),
        *(f"https://{HOST}%00.evil.example/x", "https://work.example.\u24deorg/x", "https://work\u3002example.org/x"),
        *("https://wor\u212a.example.org/x", "https://wo\xadrk.example.org/x", "https://[fe80::1%25work]/x"),
        *(f"https://{HOST}:8443/x", f"http://{HOST}/x", f"https://{HOST}/s/T0k", f"https://{HOST}.evil.example/x"),
    ],
)
def test_held_4_no_other_spelling_gets_a_kept_login(url: str, alone: Path) -> None:
    kept.keep("webdav", HOST, KEPT)
    login = None
    with suppress(BadSetting):
        values = parse({"url": url})
        login = store_config_of(values, trust_of(values, clone_with()), None).credential()
    assert login is None
    values = parse({"url": f"https://{HOST}/x"})
    assert store_config_of(values, trust_of(values, clone_with()), None).credential() == KEPT


@pytest.mark.parametrize("status", [301, 307, 400])
@pytest.mark.parametrize("region", ["127.0.0.1:PORT/", "x@127.0.0.1:PORT", "evil.example.org", ""])
def test_held_5_no_answer_of_s3_leads_to_another_server(
    status: int, region: str, scripted_s3: ScriptedS3, other: ScriptedDAV
) -> None:
    netloc = other.url.removeprefix("http://")
    told = region.replace("127.0.0.1:PORT", netloc)
    body = f"<Error><Code>PermanentRedirect</Code><Endpoint>{netloc}</Endpoint><Region>{told}</Region></Error>".encode()
    play = answer(status, body, Location=f"{other.url}/bucket", x_amz_bucket_region=told)
    scripted_s3.script(*(Rule(method, play, times=-1) for method in ("HEAD", "GET")))
    with pytest.raises(PyshareError):
        bucket_backend(scripted_s3).stat("KEY")
    assert scripted_s3.requests
    assert other.requests == []


@pytest.mark.parametrize("region", ["moon-1", "x@evil", "cn-north-1", "eusc-de-east-1", "evil.example.org/"])
def test_held_5_an_invented_region_stays_at_amazon(region: str) -> None:
    host = address_of(parse({"url": "s3://bucket"})).in_region(region).host
    assert host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"))
    assert "@" not in host


@pytest.mark.parametrize(
    "host",
    [
        *("s3.amazonaws.com.evil.org", "s3.evil-1.amazonaws.com", "s3.amazonaws.com@evil.org", "s3.amazonaws.com:8443"),
        *(
            "s3.amazonaws.com/.evil.org",
            "s3.amazonaws.com.",
            "evil.org/s3.amazonaws.com",
            "s3.amazonaws.com\\.evil.org",
        ),
    ],
)
def test_held_6_a_look_alike_of_amazon_is_another_account(host: str) -> None:
    with suppress(BadSetting):
        account = account_of(parse({"url": "s3://b", "endpoint": f"https://{host}"}))
        assert not account.ambient
        assert account.name not in {"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu"}


@pytest.mark.parametrize("config", [SHARED, {**SHARED, **AUTOMATIC}], ids=["unverified", "autoenabled"])
def test_held_8_an_unverified_remote_of_the_same_uuid_gets_no_login_of_git_annex(
    config: Mapping[str, str], equipped: Path
) -> None:
    values = parse({"url": "https://evil.example/dav"})
    with pytest.raises(PermissionDenied, match="was made for another remote of the same UUID"):
        store_config_of(values, trust_of(values, clone_with(**config)), HELD).credential()


@pytest.mark.parametrize("offer", ["Basic realm=x", 'Digest realm="x", nonce="y", qop="auth"'])
def test_held_24_over_http_off_this_machine_digest_goes_after_its_challenge_and_basic_never(
    offer: str, dav: ScriptedDAV, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "is_confidential", lambda _url: False)

    def decide(seen: Seen) -> Play | None:
        return None if "Authorization" in seen.headers else answer(401, WWW_Authenticate=offer)

    dav.decide = decide
    store = backend(f"{dav.url}/dav", BOB)
    with suppress(PermissionDenied):
        store.stat("KEY")
    first, *later = [seen.headers.get("Authorization", "") for seen in dav.requests]
    assert first == ""
    assert [kind.partition(" ")[0] for kind in later] == (["Digest"] if offer.startswith("Digest") else [])
    store.close()


def test_held_24_a_token_is_not_sent_over_http_off_this_machine(
    dav: ScriptedDAV, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "is_confidential", lambda _url: False)
    store = backend(f"{dav.url}/dav", Credential("", "token", "pyshare login"))
    with pytest.raises(PermissionDenied, match="pyshare-insecure"):
        store.stat("KEY")
    assert dav.requests == []
    store.close()


@pytest.mark.parametrize(
    "opened",
    [
        pytest.param(lambda: web.ask("GET", "https://cloud.example.org"), id="login"),
        pytest.param(lambda: backend("https://cloud.example.org/dav", BOB).stat("KEY"), id="store"),
    ],
)
def test_held_25_a_proxy_that_refuses_is_named_without_its_login(
    opened: Callable[[], object], own_ports: tuple[int, ...], alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, f"http://proxyuser:PROXYSECRET@127.0.0.1:{own_ports[0]}")
    with pytest.raises(PyshareError) as refused:
        opened()
    told = f"{refused.value} {refused.value.trace}"
    assert "PROXYSECRET" not in told
    assert "proxyuser" not in told
