"""Whose requests we sign, on a scripted server: when there is no login, when it ends, and when it must not be used."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login
from support.s3kit import ALICE, backend, headers_of, place_at, size_of
from support.scripted import served

from git_annex_remote_pyshare.backends.base import Share, Terms
from git_annex_remote_pyshare.backends.s3 import auth
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.backends.s3.errors import LoginExpired
from git_annex_remote_pyshare.backends.s3.lazy import LazyS3
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied
from git_annex_remote_pyshare.testing.files import Desk

KEY = "WORM-s7-m1--key"
OBJECT = f"bucket/pre/{KEY}"


class Source:
    """Where a login comes from that is renewed again and again."""

    def __init__(self, *tokens: str) -> None:
        self.asked = 0
        self._tokens = tokens

    def __call__(self) -> Credential | None:
        self.asked += 1
        token = self._tokens[min(self.asked, len(self._tokens)) - 1]
        return ALICE._replace(session_token=token) if token else None


def from_source(s3: ScriptedS3, source: Source) -> S3Backend:
    return S3Backend(place_at(s3)._replace(credential=source))


def test_a_login_that_has_expired_is_renewed_once_for_all_jobs_s3_19(scripted_s3: ScriptedS3) -> None:
    source = Source("first", "second")
    scripted_s3.login = Login(session_token="first")
    store = from_source(scripted_s3, source)
    assert store.stat(KEY) is None
    scripted_s3.login = Login(session_token="second")
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(store.stat, [f"key {number}" for number in range(16)])) == [None] * 16
    assert source.asked == 2


def test_a_login_that_cannot_be_renewed_is_a_failure_that_says_so_s3_19(scripted_s3: ScriptedS3) -> None:
    scripted_s3.login = Login(session_token="another")
    source = Source("old")
    with pytest.raises(LoginExpired, match="AWS_SESSION_TOKEN again"):
        from_source(scripted_s3, source).stat(KEY)
    assert source.asked == 2


def test_a_login_that_ends_is_asked_for_again_from_time_to_time_s3_19(
    scripted_s3: ScriptedS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source("first", "first", "second")
    store = from_source(scripted_s3, source)
    store.stat(KEY)
    store.stat(KEY)
    assert source.asked == 1
    monkeypatch.setattr(auth, "RECHECK_INTERVAL", -1.0)
    store.stat(KEY)
    store.stat(KEY)
    assert [seen.headers["x-amz-security-token"] for seen in scripted_s3.requests] == ["first"] * 3 + ["second"]


def test_a_login_goes_on_while_the_place_it_comes_from_is_silent_s3_19(
    scripted_s3: ScriptedS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source("first", "")
    store = from_source(scripted_s3, source)
    monkeypatch.setattr(auth, "RECHECK_INTERVAL", -1.0)
    assert [store.stat(KEY), store.stat(KEY)] == [None, None]
    assert headers_of(scripted_s3)["x-amz-security-token"] == "first"


def test_a_lasting_login_is_asked_for_once(scripted_s3: ScriptedS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "RECHECK_INTERVAL", -1.0)
    source = Source("lasting")
    store = S3Backend(place_at(scripted_s3)._replace(credential=lambda: _without_token(source())))
    store.stat(KEY)
    store.stat(KEY)
    assert source.asked == 1


def test_what_anyone_may_read_is_read_without_a_login_that_lies_around_s3_18(
    scripted_s3: ScriptedS3, desk: Desk
) -> None:
    scripted_s3.login = Login("AKIDNOBODYELSE")
    scripted_s3.public.add("bucket")
    scripted_s3.objects[OBJECT] = b"content"
    source = Source("foreign")
    place = place_at(scripted_s3, public="yes", trusted=False)._replace(credential=source)
    store = S3Backend(place)
    assert size_of(store, KEY) == 7
    assert desk.get(store, KEY) == b"content"
    assert source.asked == 0
    assert not any("Authorization" in seen.headers for seen in scripted_s3.requests)
    scripted_s3.lists = False
    with pytest.raises(PermissionDenied, match="verifyremote cloud"):
        store.stat("missing")


def test_who_verified_a_public_remote_reads_with_the_login_s3_18(scripted_s3: ScriptedS3) -> None:
    scripted_s3.login = Login()
    assert backend(scripted_s3, public="yes").stat(KEY) is None
    assert "Authorization" in headers_of(scripted_s3)


def test_a_public_remote_is_written_to_with_the_login(scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.login = Login()
    desk.put(backend(scripted_s3, public="yes", trusted=False), KEY, b"content")
    assert scripted_s3.objects == {OBJECT: b"content"}


def test_signature_anonymous_never_logs_in_s3_18(scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.login = Login()
    with pytest.raises(PermissionDenied, match="signature=anonymous"):
        desk.put(backend(scripted_s3, signature="anonymous"), KEY, b"content")
    assert "Authorization" not in headers_of(scripted_s3)


def test_without_a_login_a_published_object_is_read_where_it_is_published_s3_18(
    scripted_s3: ScriptedS3, desk: Desk
) -> None:
    with served(ScriptedS3()) as web:
        web.objects["data/pre/a b"] = b"content"
        web.buckets.add("data")
        nobody = backend(scripted_s3, None, publicurl=f"{web.url}/data")
        stranger = backend(scripted_s3, trusted=False, publicurl=f"{web.url}/data")  # with a login for something else
        for store in (nobody, stranger):
            assert size_of(store, "a b") == 7
            assert desk.get(store, "a b") == b"content"
        assert [seen.target for seen in web.requests] == ["/data/pre/a%20b"] * 4
        assert not any("Authorization" in seen.headers for seen in web.requests)
    assert scripted_s3.requests == []
    scripted_s3.objects["bucket/pre/a b"] = b"content"
    assert desk.get(backend(scripted_s3, publicurl=f"{web.url}/data"), "a b") == b"content"


def test_requester_pays_only_if_the_user_stands_behind_it_s3_24(scripted_s3: ScriptedS3) -> None:
    backend(scripted_s3, requesterpays="yes", trusted=True).stat(KEY)
    assert headers_of(scripted_s3)["x-amz-request-payer"] == "requester"
    backend(scripted_s3, requesterpays="yes", trusted=False).stat(KEY)
    assert "x-amz-request-payer" not in headers_of(scripted_s3)


def test_without_any_login_the_remedy_says_how_to_get_one(scripted_s3: ScriptedS3, desk: Desk) -> None:
    scripted_s3.login = Login()
    with pytest.raises(PermissionDenied, match="Log in"):
        desk.put(backend(scripted_s3, None), KEY, b"content")


def test_a_login_that_is_withheld_says_why(scripted_s3: ScriptedS3) -> None:
    def withheld() -> Credential | None:
        raise PermissionDenied("made for another host")

    with pytest.raises(PermissionDenied, match="another host"):
        S3Backend(place_at(scripted_s3)._replace(credential=withheld)).stat(KEY)


def test_every_request_is_told_why_there_is_no_login(scripted_s3: ScriptedS3) -> None:
    def ended() -> Credential | None:
        raise PermissionDenied("the single sign-on has ended")

    scripted_s3.login = Login()
    store = S3Backend(place_at(scripted_s3)._replace(credential=ended))
    for _ in range(2):
        with pytest.raises(PermissionDenied, match="single sign-on has ended"):
            store.stat(KEY)
    assert scripted_s3.requests == []


@pytest.mark.parametrize(
    "login",
    [
        pytest.param(ALICE._replace(session_token="hidden\r\nX-Other: 1"), id="header"),
        pytest.param(ALICE._replace(session_token="hidden\N{EURO SIGN}"), id="beyond Latin-1"),
        pytest.param(ALICE._replace(user="AKIDEXAMPLE\n"), id="line break"),
        pytest.param(ALICE._replace(secret="hidden\r"), id="line break in the secret"),
        pytest.param(ALICE._replace(secret="hidden\udcff"), id="byte"),
    ],
)
def test_a_login_that_was_copied_badly_is_told_and_not_shown(scripted_s3: ScriptedS3, login: Credential) -> None:
    with pytest.raises(PermissionDenied, match="the login from environment contains a line break") as refusal:
        backend(scripted_s3, login).stat(KEY)
    assert "hidden" not in str(refusal.value)
    assert scripted_s3.requests == []


def test_a_public_object_at_amazon_has_a_lasting_url(scripted_s3: ScriptedS3) -> None:
    store = backend(scripted_s3, endpoint="", public="yes")
    url = f"https://bucket.s3.amazonaws.com/pre/{KEY}"
    assert store.is_publishing()
    assert store.publish(KEY) == LazyS3(store.place).locate(KEY) == url
    assert store.has_published(KEY, url)
    assert store.has_published(KEY, f"https://s3.eu-west-1.amazonaws.com/bucket/pre/{KEY}")
    assert not store.has_published(KEY, f"https://elsewhere.example.org/pre/{KEY}")
    assert not store.has_published(KEY, f"https://bucket-mirror.s3.amazonaws.com/pre/{KEY}")
    assert not store.has_published(KEY, f"https://s3.amazonaws.com/a-bucket/pre/{KEY}")
    assert not store.has_published(KEY, f"https://mirror.example.org/bucket/pre/{KEY}")
    assert not store.has_published(KEY, f"https://bucket.s3.amazonaws.com/pre/other-{KEY}")
    assert store.share() == Share("s3://bucket/pre")


def test_a_store_for_logins_only_publishes_and_shares_nothing(scripted_s3: ScriptedS3) -> None:
    store = backend(scripted_s3)
    assert not store.is_publishing()
    assert store.publish("a b") == ""
    assert not store.has_published("a b", "")
    assert LazyS3(store.place).locate("a b") == "s3://bucket/pre/a b"
    assert store.share() is None
    with pytest.raises(BadSetting, match="no links"):
        store.share(Terms(ends="2999-12-31"))
    with pytest.raises(BadSetting, match="add --public"):
        store.revoke()


def _without_token(login: Credential | None) -> Credential | None:
    return login and login._replace(session_token="")
