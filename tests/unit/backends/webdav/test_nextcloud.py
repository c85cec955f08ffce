"""Logging in at a Nextcloud through a browser, and trying a login once, against a small one on loopback."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.logins import Cloud, serving

from git_annex_remote_pyshare.backends.webdav import nextcloud
from git_annex_remote_pyshare.backends.webdav.verify_login import check
from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import Busy, NotAStore, PermissionDenied, PyshareError, Unreachable

BOB = Credential("bob@example.org", "pass word", "pyshare login")


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def begin(cloud: Cloud) -> nextcloud.Flow:
    flow = nextcloud.begin(cloud.base)
    assert flow
    return flow


def wait(flow: nextcloud.Flow) -> tuple[tuple[str, Credential], float]:
    clock = Clock()
    return nextcloud.wait(flow, sleep=clock.sleep, clock=clock), clock.now


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/remote.php/dav/files/bob/share",
        "/remote.php/webdav",
        "/index.php/apps/files/?dir=/share",
        "/apps/files/files/12?dir=/s/x",
        "/public.php/dav/files/token",
        "/elsewhere/deep/below",
    ],
)
def test_a_cloud_is_found_from_any_of_its_addresses(path: str, cloud: Cloud) -> None:
    assert nextcloud.find_server(cloud.base + path) == cloud.base


def test_a_cloud_at_the_root_of_its_host_is_found(cloud: Cloud) -> None:
    cloud.replies["GET", "/x/status.php"] = (302, {"Location": "/status.php"})
    cloud.replies["GET", "/status.php"] = (302, {"Location": "/cloud/status.php"})
    assert nextcloud.find_server(f"http://{cloud.host}/x/y/z") == f"http://{cloud.host}/x"
    del cloud.replies["GET", "/x/status.php"]
    assert nextcloud.find_server(f"dav://{cloud.host}/x/y/z") == f"http://{cloud.host}"


def test_another_server_is_no_cloud_even_if_it_sends_strangers_elsewhere(cloud: Cloud) -> None:
    cloud.replies["GET", "/shop/status.php"] = (301, {"Location": "https://shop.example.org/"})
    assert nextcloud.find_server(f"http://{cloud.host}/shop") is None


def test_the_app_password_comes_once_the_browser_granted_it(cloud: Cloud) -> None:
    (server, login), seconds = wait(begin(cloud))
    assert (server, login[:2]) == (cloud.base, ("bob@example.org", "app-password"))
    assert len(cloud.asked("POST", "/poll")) == 3
    assert seconds == 2 * nextcloud.PAUSE


def test_a_flow_that_nobody_grants_ends_after_twenty_minutes(cloud: Cloud) -> None:
    cloud.refusals = 10_000
    clock = Clock()
    with pytest.raises(PermissionDenied, match="access was not granted") as caught:
        nextcloud.wait(begin(cloud), sleep=lambda seconds: clock.sleep(100 * seconds), clock=clock)
    assert clock.now == nextcloud.LIMIT
    assert f"pyshare login {cloud.base}" in str(caught.value)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_hiccup_of_the_server_does_not_end_the_flow(status: int, cloud: Cloud) -> None:
    flow = begin(cloud)
    cloud.replies["POST", "/cloud/login/v2/poll"] = (status, {})
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        cloud.replies.clear()

    assert nextcloud.wait(flow, sleep=sleep, clock=clock)[1].secret == "app-password"


def test_a_server_without_the_flow_says_so(cloud: Cloud) -> None:
    cloud.flow = None
    assert nextcloud.begin(cloud.base) is None


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/login", "http://127.0.0.1.evil.example/x", "file:///etc/passwd", "javascript:alert(1)", ""],
)
@pytest.mark.parametrize("part", ["login", "endpoint"])
def test_a_flow_that_leads_to_another_host_is_refused(part: str, elsewhere: str, cloud: Cloud) -> None:
    flow: dict[str, Any] = dict(cloud.flow or {})
    changed = {"login": elsewhere} if part == "login" else {"poll": {"token": "t", "endpoint": elsewhere}}
    cloud.flow = flow | changed
    with pytest.raises(PyshareError):
        nextcloud.begin(cloud.base)


def test_a_flow_that_leads_to_another_port_is_refused(cloud: Cloud, stranger: Cloud) -> None:
    cloud.flow = stranger.flow
    with pytest.raises(NotAStore, match="wants to continue"):
        nextcloud.begin(cloud.base)
    assert stranger.seen == []


def test_an_app_password_for_another_server_is_refused(cloud: Cloud, stranger: Cloud) -> None:
    cloud.granted["server"] = stranger.base
    with pytest.raises(NotAStore) as caught:
        wait(begin(cloud))
    assert "app-password" not in str(caught.value)


def test_an_answer_without_app_password_is_explained(cloud: Cloud) -> None:
    flow = begin(cloud)
    cloud.replies["POST", "/cloud/login/v2/poll"] = (200, {})
    with pytest.raises(NotAStore, match="no app password"):
        wait(flow)


def test_a_flow_never_shows_its_token(cloud: Cloud) -> None:
    assert "polltoken" not in repr(begin(cloud))


def test_the_user_id_is_looked_up_and_goes_into_the_address(cloud: Cloud) -> None:
    user = nextcloud.user_id(cloud.base, BOB)
    assert user == "bob the 1st"
    assert nextcloud.dav_address(cloud.base, user) == f"{cloud.base}/remote.php/dav/files/bob%20the%201st"


def test_a_cloud_that_does_not_tell_the_user_id_is_no_failure(cloud: Cloud) -> None:
    cloud.replies["GET", "/cloud/ocs/v1.php/cloud/user"] = (404, {})
    assert nextcloud.user_id(cloud.base, BOB) is None


def test_an_app_password_is_revoked_with_itself(cloud: Cloud) -> None:
    assert nextcloud.revoke(cloud.base, BOB)
    assert not nextcloud.revoke(cloud.base, BOB._replace(secret="other"))


@pytest.mark.parametrize(
    "login",
    [BOB, Credential("jürgen", "a:b ☂ ", "x"), Credential("", "good-token", "x")],
    ids=["ASCII", "UTF-8 and colon", "token"],
)
def test_a_right_login_passes_the_check(login: Credential, cloud: Cloud) -> None:
    cloud.passwords[login.user] = login.secret
    check(f"{cloud.base}/remote.php/dav/files/bob", login)


@pytest.mark.parametrize("login", [BOB._replace(secret="hunter2"), Credential("", "hunter2", "x")])
def test_wd26_wd38_a_wrong_login_is_tried_once_and_explained(login: Credential, cloud: Cloud) -> None:
    with pytest.raises(PermissionDenied, match="refuses") as caught:
        check(f"{cloud.base}/x", login)
    assert len(cloud.seen) == 1
    assert "app password" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, PermissionDenied),
        (405, NotAStore),
        (501, NotAStore),
        (400, NotAStore),
        (500, Unreachable),
        (502, Unreachable),
        (503, Busy),
        (429, Busy),
    ],
)
def test_what_a_server_says_to_a_login_becomes_an_error_with_a_remedy(
    status: int, error: type[PyshareError], cloud: Cloud
) -> None:
    cloud.replies["PROPFIND", "/x/"] = (status, {})
    with pytest.raises(error) as caught:
        check(f"http://{cloud.host}/x", BOB)
    assert caught.value.remedy
    assert "pass word" not in str(caught.value)


def test_a_folder_that_is_not_there_yet_is_no_fault_of_the_login(cloud: Cloud) -> None:
    cloud.replies["PROPFIND", "/x/"] = (404, {})
    check(f"http://{cloud.host}/x", BOB)


def test_a_server_that_wants_digest_gets_it(cloud: Cloud) -> None:
    challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'
    cloud.replies["PROPFIND", "/x/"] = (401, {"WWW-Authenticate": challenge})
    with pytest.raises(PermissionDenied):
        check(f"http://{cloud.host}/x", BOB)
    kinds = [authorization.partition(" ")[0] for authorization in cloud.asked("PROPFIND", "/x/")]
    assert kinds == ["Basic", "", "Digest"]


def test_a_login_follows_within_its_host_and_never_to_another(cloud: Cloud, stranger: Cloud) -> None:
    cloud.replies["PROPFIND", "/x/"] = (301, {"Location": "/y/"})
    check(f"http://{cloud.host}/x", BOB)
    assert cloud.asked("PROPFIND", "/y/")[0].startswith("Basic ")
    cloud.replies["PROPFIND", "/y/"] = (307, {"Location": f"{stranger.base}/y/"})
    with pytest.raises(NotAStore, match=stranger.host):
        check(f"http://{cloud.host}/x", BOB)
    assert stranger.seen == []


def test_redirects_in_a_circle_end(cloud: Cloud) -> None:
    cloud.replies["PROPFIND", "/x/"] = (301, {"Location": "/x/"})
    with pytest.raises(NotAStore, match="without end"):
        check(f"http://{cloud.host}/x", BOB)


def test_nobody_at_the_address_is_said_in_short(alone: Path) -> None:
    with pytest.raises(Unreachable) as caught:
        check("http://127.0.0.1:1/x", BOB)
    assert str(caught.value).startswith("cannot reach 127.0.0.1:1: ")
    assert "HTTPConnection" not in str(caught.value)


def test_netrc_is_never_consulted(cloud: Cloud, alone: Path) -> None:
    (alone / ".netrc").write_text("default login mallory password hunter2\n")
    (alone / ".netrc").chmod(0o600)
    web.ask("GET", f"{cloud.base}/status.php")
    cloud.replies["GET", "/a"] = (302, {"Location": "/b"})
    web.ask("GET", f"http://{cloud.host}/a")
    assert [authorization for _, _, authorization in cloud.seen] == ["", "", ""]


def test_a_user_name_that_no_header_can_carry_is_an_error_in_words(cloud: Cloud) -> None:
    with pytest.raises(Unreachable):
        web.ask("GET", cloud.base, headers={"X": "☂"})


@pytest.fixture
def authority() -> trustme.CA:
    """An institution's own certificate authority."""
    return trustme.CA()


@pytest.fixture
def https(alone: Path, authority: trustme.CA) -> Iterator[str]:
    """A cloud with a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = Cloud()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    for cloud in serving(server):
        yield f"https://{cloud.host}/cloud"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_institutions_own_authority_is_trusted_where_the_system_does(
    variable: str, https: str, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
    assert nextcloud.find_server(https) == https


def test_a_certificate_that_nobody_vouches_for_is_named(https: str) -> None:
    with pytest.raises(Unreachable, match="certificate"):
        nextcloud.find_server(https)


def test_the_environments_proxy_is_used(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("https_proxy", f"http://{cloud.host}")
    with pytest.raises(Unreachable, match=r"cannot reach cloud\.example\.org: .*501"):
        web.ask("GET", "https://cloud.example.org/status.php")
