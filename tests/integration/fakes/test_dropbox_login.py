"""Logging in to the fake Dropbox with the official SDK: the user's page, PKCE, refreshing, scopes, revoking."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from dropbox import Dropbox, DropboxOAuth2Flow, DropboxOAuth2FlowNoRedirect
from dropbox.exceptions import ApiError, AuthError
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox, sdk_of
from support.fakes.dropbox.script import Rule, fails

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDK's

REDIRECT = "http://localhost:53682/"


def headless(scope: list[str] | None = None) -> DropboxOAuth2FlowNoRedirect:
    return DropboxOAuth2FlowNoRedirect("fakeappkey", use_pkce=True, token_access_type="offline", scope=scope)


def pressed(page: str, button: str) -> requests.Response:
    """What follows when the user presses a button of the page."""
    shown = requests.get(page, timeout=5)
    assert shown.status_code == 200, shown.text
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', shown.text.replace("&amp;", "&")))
    for other in {"allow", "deny"} - {button}:
        del fields[other]
    return requests.post("https://www.dropbox.com/oauth2/authorize", fields, timeout=5, allow_redirects=False)


def code_of(page: str) -> str:
    found = re.search(r'id="code" readonly value="(\w+)"', pressed(page, "allow").text)
    assert found
    return found[1]


@pytest.fixture
def people(dropbox_here: RunningDropbox, dropbox_alice: Account) -> list[Account]:
    """Alice, who is logged in to dropbox.com in the browser, and Bob."""
    return [dropbox_alice, dropbox_here.service.person("Bob")]


def test_a_code_to_paste_becomes_a_login_that_lasts(dropbox_here: RunningDropbox, people: list[Account]) -> None:
    flow = headless(["account_info.read", "files.content.read"])
    login = flow.finish(code_of(flow.start()))
    assert (login.account_id, login.user_id) == (people[0].id, people[0].uid)
    assert login.scope == "account_info.read files.content.read"
    with Dropbox(oauth2_refresh_token=login.refresh_token, app_key="fakeappkey") as sdk:
        assert sdk.users_get_current_account().account_id == people[0].id
        dropbox_here.service.pass_time(5 * 3600)
        assert sdk.users_get_current_account().account_id == people[0].id, "refreshed by the SDK"
    assert dropbox_here.service.routes().count("POST /oauth2/token") == 3


def test_a_browser_is_sent_back_with_code_and_state(dropbox_here: RunningDropbox, people: list[Account]) -> None:
    session: dict[str, Any] = {}
    flow = DropboxOAuth2Flow("fakeappkey", REDIRECT, session, "csrf", token_access_type="offline", use_pkce=True)
    dropbox_here.service.visitor = people[1]
    target = urlsplit(pressed(flow.start(), "allow").headers["Location"])
    assert target.netloc == "localhost:53682"
    query = {name: values[0] for name, values in parse_qs(target.query).items()}
    assert flow.finish(query).account_id == people[1].id


def test_a_user_may_say_no(people: list[Account]) -> None:
    flow = DropboxOAuth2Flow("fakeappkey", REDIRECT, {}, "csrf", use_pkce=True)
    query = parse_qs(urlsplit(pressed(flow.start(), "deny").headers["Location"]).query)
    assert (query["error"], "state" in query, "code" in query) == (["access_denied"], True, False)
    assert "You refused" in pressed(headless().start(), "deny").text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("client_id=fakeappkey", "client_id=other"), "Invalid client_id"),
        (("redirect_uri=http%3A%2F%2Flocalhost", "redirect_uri=http%3A%2F%2Fevil.example"), "not registered"),
        (("response_type=code", "response_type=token"), "Invalid response_type"),
        (("scope=files.content.read", "scope=team_data.member"), "invalid_scope"),
    ],
)
def test_a_wrong_question_is_shown_to_the_user(people: list[Account], change: tuple[str, str], said: str) -> None:
    flow = DropboxOAuth2Flow("fakeappkey", REDIRECT, {}, "csrf", use_pkce=True, scope=["files.content.read"])
    page = flow.start()
    assert change[0] in page
    shown = requests.get(page.replace(*change), timeout=5)
    assert (shown.status_code, said in shown.text) == (400, True), shown.text


def test_only_registered_addresses_are_sent_back_to(dropbox_here: RunningDropbox, people: list[Account]) -> None:
    dropbox_here.service.app.redirects = {REDIRECT}
    page = DropboxOAuth2Flow("fakeappkey", REDIRECT, {}, "csrf", use_pkce=True).start()
    assert requests.get(page, timeout=5).status_code == 200
    assert requests.get(page.replace("53682", "53683"), timeout=5).status_code == 400


def test_a_code_is_for_one_exchange_and_its_own_verifier(dropbox_here: RunningDropbox, people: list[Account]) -> None:
    flow, thief = headless(), headless()
    code = code_of(flow.start())
    with pytest.raises(requests.HTTPError) as raised:
        thief.finish(code)
    assert raised.value.response.json()["error"] == "invalid_grant"
    with pytest.raises(requests.HTTPError):
        flow.finish(code)
    code = code_of(flow.start())
    dropbox_here.service.pass_time(601)
    with pytest.raises(requests.HTTPError):
        flow.finish(code)


def test_an_app_with_a_secret_needs_no_proof(dropbox_here: RunningDropbox, people: list[Account]) -> None:
    dropbox_here.service.new_app("confidential", secret="s3cret")
    flow = DropboxOAuth2FlowNoRedirect("confidential", "s3cret")
    login = flow.finish(code_of(flow.start()))
    assert (bool(login.access_token), login.refresh_token) == (True, "")
    wrong = DropboxOAuth2FlowNoRedirect("confidential", "guess")
    with pytest.raises(requests.HTTPError):
        wrong.finish(code_of(wrong.start()))


def test_an_access_token_expires(dropbox_sdk: Dropbox, dropbox_here: RunningDropbox) -> None:
    dropbox_sdk.files_upload(b"x", "/x")
    dropbox_here.service.pass_time(4 * 3600 + 1)
    answer = requests.post(
        "https://api.dropboxapi.com/2/files/get_metadata",
        json={"path": "/x"},
        headers={"Authorization": f"Bearer {next(iter(dropbox_here.service.tokens))}"},
        timeout=5,
    )
    assert (answer.status_code, answer.json()["error"]) == (401, {".tag": "expired_access_token"})


def test_a_missing_scope_is_named(dropbox_here: RunningDropbox, people: list[Account]) -> None:
    with sdk_of(dropbox_here.service.log_in(people[0], scopes="files.content.read")) as sdk:
        with pytest.raises(AuthError) as raised:
            sdk.files_upload(b"x", "/x")
        assert raised.value.error.get_missing_scope().required_scope == "files.content.write"


def test_fewer_scopes_can_be_asked_of_a_refresh_but_not_more(
    dropbox_here: RunningDropbox, people: list[Account]
) -> None:
    login = dropbox_here.service.log_in(people[0], scopes="files.content.read files.metadata.read")
    with Dropbox(oauth2_refresh_token=login.refresh, app_key="fakeappkey", scope=["files.content.read"]) as sdk:
        with pytest.raises(AuthError) as raised:
            sdk.files_get_metadata("/x")
        assert raised.value.error.is_missing_scope()
    answer = requests.post(
        "https://api.dropboxapi.com/oauth2/token",
        {
            "grant_type": "refresh_token",
            "refresh_token": login.refresh,
            "client_id": "fakeappkey",
            "scope": "sharing.write",
        },
        timeout=5,
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_revoking_ends_the_login_with_all_its_tokens(dropbox_here: RunningDropbox, people: list[Account]) -> None:
    login = dropbox_here.service.log_in(people[0])
    with Dropbox(oauth2_refresh_token=login.refresh, app_key="fakeappkey") as sdk:
        sdk.auth_token_revoke()
    with sdk_of(login) as sdk:
        with pytest.raises(AuthError) as raised:
            sdk.users_get_current_account()
        assert raised.value.error.is_invalid_access_token()
    with Dropbox(oauth2_refresh_token=login.refresh, app_key="fakeappkey") as sdk:
        with pytest.raises(AuthError) as raised:
            sdk.users_get_current_account()
        assert raised.value.error.is_invalid_access_token(), "what the SDK makes of invalid_grant"


def test_a_suspended_account_is_refused(dropbox_sdk: Dropbox, dropbox_alice: Account) -> None:
    dropbox_alice.is_suspended = True
    with pytest.raises(AuthError) as raised:
        dropbox_sdk.users_get_current_account()
    assert raised.value.error.is_user_suspended()


def test_the_token_endpoint_can_be_scripted(dropbox_here: RunningDropbox, people: list[Account]) -> None:
    login = dropbox_here.service.log_in(people[0])
    dropbox_here.service.play(Rule("POST /oauth2/token", fails(500)))
    answer = requests.post("https://api.dropboxapi.com/oauth2/token", {"client_id": "fakeappkey"}, timeout=5)
    assert answer.status_code == 500
    with Dropbox(oauth2_refresh_token=login.refresh, app_key="fakeappkey") as sdk, pytest.raises(ApiError):
        sdk.files_get_metadata("/none")


def test_other_hosts_are_not_reached(dropbox_here: RunningDropbox) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match="knows Dropbox only"):
        requests.get("https://example.org/", timeout=5)
