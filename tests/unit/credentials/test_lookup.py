"""In which order logins are found, and to whom they may go."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.logins import VERIFIED_UUID, clone_with

from git_annex_remote_pyshare.backends.webdav.spec import SPEC as WEBDAV
from git_annex_remote_pyshare.credentials import stored as kept
from git_annex_remote_pyshare.credentials.account import Account, Endpoint
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.environment import Variables
from git_annex_remote_pyshare.credentials.lookup import find, remedy
from git_annex_remote_pyshare.credentials.trust import Trust
from git_annex_remote_pyshare.errors import PermissionDenied

HOST = "cloud.example.org"
HELD = Credential("held", "hunter2", "git-annex")
KEPT = Credential("kept", "hunter2", "pyshare login")

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def ambient(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBDAV_USERNAME", "ambient")
    monkeypatch.setenv("WEBDAV_PASSWORD", "hunter2")


VERIFIED = {"annex_verified": "verified"}
AUTOMATIC = {"annex_verified": "automatic"}
MANUAL = {"annex_verified": "manual"}
BOUND = {"pyshare_host": HOST}
MOVED = {"pyshare_host": "old.example.org"}
SHARED = {"annex_config_uuid": VERIFIED_UUID, "annex_uuid": "11111111-2222-3333-4444-555555555555"}


@pytest.mark.parametrize(
    ("config", "sources", "origin"),
    [
        pytest.param(VERIFIED, "held ambient kept", "git-annex", id="what git-annex holds comes first"),
        pytest.param(VERIFIED, "ambient kept", "environment", id="then the environment"),
        pytest.param(VERIFIED, "kept", "pyshare login", id="then what pyshare login kept"),
        pytest.param(VERIFIED, "", None, id="then nothing"),
        pytest.param({}, "held", "git-annex", id="unverified: what git-annex holds was given for this remote"),
        pytest.param(AUTOMATIC, "held", "git-annex", id="autoenabled: as well"),
        pytest.param({}, "ambient", None, id="unverified: no environment"),
        pytest.param(AUTOMATIC, "ambient", None, id="autoenabled: no environment"),
        pytest.param(MANUAL, "ambient", None, id="enabled by hand: no environment"),
        pytest.param(AUTOMATIC, "ambient kept", "pyshare login", id="autoenabled: a login for this very host"),
        pytest.param(BOUND, "ambient", "environment", id="bound to this host: environment"),
        pytest.param(AUTOMATIC | BOUND, "ambient", "environment", id="autoenabled but bound to this host: environment"),
        pytest.param(MOVED, "held", PermissionDenied, id="moved: not what was given for another host"),
        pytest.param(MOVED | VERIFIED, "held", PermissionDenied, id="moved though verified: neither"),
        pytest.param(MOVED | VERIFIED, "ambient", None, id="moved: no environment"),
        pytest.param(MOVED, "held ambient kept", "pyshare login", id="moved: a login for the new host"),
        pytest.param(
            SHARED, "held", PermissionDenied, id="sameas: the login belongs to the remote whose UUID it shares"
        ),
        pytest.param(SHARED | AUTOMATIC, "held ambient", PermissionDenied, id="sameas, autoenabled: as well"),
        pytest.param(SHARED | VERIFIED, "held", PermissionDenied, id="sameas, verified: nor where data may be kept"),
        pytest.param(SHARED | VERIFIED, "held ambient", "environment", id="sameas, verified: environment"),
        pytest.param(SHARED | BOUND, "held", "git-annex", id="sameas, bound to this host: may go"),
    ],
)
def test_a_login_goes_only_where_it_may(
    config: dict[str, str], sources: str, origin: str | type[PermissionDenied] | None, request: pytest.FixtureRequest
) -> None:
    trust = Trust(clone_with(**config), Account(HOST))
    if "ambient" in sources:
        request.getfixturevalue("ambient")
    if "kept" in sources:
        kept.keep("webdav", HOST, KEPT)
    held = HELD if "held" in sources else None
    if origin is PermissionDenied:
        with pytest.raises(PermissionDenied):
            find(WEBDAV, trust, held)
    else:
        found = find(WEBDAV, trust, held)
        assert (found.origin if found else None) == origin


@pytest.mark.parametrize(
    "host", [f"{HOST}:8443", f"{HOST}:80", f"{HOST}.evil.example", "example.org", "loud.example.org"]
)
def test_a_kept_login_goes_to_its_own_host_only(host: str) -> None:
    kept.keep("webdav", HOST, KEPT)
    assert find(WEBDAV, Trust(clone_with(**VERIFIED), Account(host)), None) is None
    assert find(WEBDAV, Trust(clone_with(), Account(HOST)), None) == KEPT


LINK = Account(
    f"{HOST}/s/T0k",
    (Endpoint("https://x/new", "anonymous"), Endpoint("https://x/old", "T0k")),
    (f"https://{HOST}/s/T0k",),
)
GUEST = Credential("anonymous", "opensesame", "pyshare login")


@pytest.mark.parametrize(
    "config", [AUTOMATIC, VERIFIED, SHARED], ids=lambda config: f"WD32-{'-'.join(config.values())}"
)
@pytest.mark.usefixtures("ambient")
def test_at_a_public_link_only_what_was_kept_for_it_counts(config: dict[str, str]) -> None:
    kept.keep("webdav", HOST, KEPT)
    trust = Trust(clone_with(**config), LINK)
    assert find(WEBDAV, trust, HELD) is None
    kept.keep("webdav", LINK.name, GUEST)
    assert find(WEBDAV, trust, HELD) == GUEST


@pytest.mark.parametrize("account", [HOST, f"{HOST}/s/T0l", f"{HOST}/s/T0k/x"], ids=lambda account: f"WD32-{account}")
def test_the_password_of_a_link_goes_nowhere_else(account: str) -> None:
    kept.keep("webdav", LINK.name, GUEST)
    assert find(WEBDAV, Trust(clone_with(**VERIFIED), Account(account)), None) is None


@pytest.mark.parametrize("user", ["anonymous", "T0k"], ids=["WD32-new", "WD32-older"])
def test_a_guest_in_the_environment_or_with_git_annex_keeps_its_turn(
    user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.keep("webdav", LINK.name, GUEST)
    monkeypatch.setenv("WEBDAV_USERNAME", user)
    monkeypatch.setenv("WEBDAV_PASSWORD", "hunter2")
    held = Credential(user, "hunter3", "git-annex")
    assert find(WEBDAV, Trust(clone_with(**VERIFIED), LINK), held) == held
    assert find(WEBDAV, Trust(clone_with(**VERIFIED), LINK), None) == Credential(user, "hunter2", "environment")
    assert find(WEBDAV, Trust(clone_with(), LINK), None) == GUEST
    assert "WEBDAV_USERNAME is set but not used" in remedy(WEBDAV, Trust(clone_with(), LINK))


@pytest.mark.usefixtures("ambient")
def test_the_remedy_at_a_public_link_is_to_log_in_at_the_link_wd32() -> None:
    assert remedy(WEBDAV, Trust(clone_with(), LINK)) == f"Type: pyshare login https://{HOST}/s/T0k"
    trap = LINK._replace(words=(f"http://{HOST}:8080/s/T;reboot",))
    assert remedy(WEBDAV, Trust(clone_with(), trap)) == f"Type: pyshare login 'http://{HOST}:8080/s/T;reboot'"


def test_a_kept_login_serves_its_own_service_only() -> None:
    kept.keep("dropbox", HOST, KEPT)
    assert find(WEBDAV, Trust(clone_with(), Account(HOST)), None) is None


@pytest.mark.parametrize(
    ("variables", "login"),
    [
        ({}, None),
        ({"WEBDAV_USERNAME": "bob"}, None),
        ({"WEBDAV_PASSWORD": "secret"}, None),
        ({"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": ""}, None),
        ({"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": " a:b "}, ("bob", " a:b ")),
        ({"WEBDAV_TOKEN": "t"}, ("", "t")),
        ({"WEBDAV_TOKEN": "t", "WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": "p"}, ("bob", "p")),
        ({"WEBDAV_TOKEN": "t", "WEBDAV_USERNAME": "bob"}, ("", "t")),
    ],
)
def test_the_environment_holds_user_and_password_or_a_token(
    variables: dict[str, str], login: tuple[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = WEBDAV.variables.read()
    assert (found[:2] if found else None) == login


def test_a_service_without_variables_has_nothing_in_the_environment() -> None:
    assert Variables().read() is None


@pytest.mark.usefixtures("ambient")
def test_the_remedy_for_an_unused_environment_names_variable_and_command() -> None:
    text = remedy(WEBDAV, Trust(clone_with(), Account(HOST)))
    assert "WEBDAV_USERNAME is set but not used, since remote cloud is not verified" in text
    assert "git annex verifyremote cloud" in text
    assert f"git config remote.cloud.pyshare-host {HOST}" in text
    assert "hunter2" not in text


@pytest.mark.usefixtures("ambient")
def test_a_remedy_cannot_be_made_a_trap_by_the_name_that_a_dataset_gives_its_remote() -> None:
    clone = clone_with()
    clone.remote = "x;reboot"
    text = remedy(WEBDAV, Trust(clone, Account(HOST)))
    assert "verifyremote 'x;reboot'" in text
    assert "git config 'remote.x;reboot.pyshare-host'" in text


def test_the_remedy_without_any_login_is_to_log_in() -> None:
    account = Account(HOST, words=(f"http://{HOST}/dav/lab",))
    assert remedy(WEBDAV, Trust(clone_with(), account)) == f"Type: pyshare login http://{HOST}/dav/lab"


def test_the_refusal_names_both_hosts_and_the_command_to_accept() -> None:
    with pytest.raises(PermissionDenied) as caught:
        find(WEBDAV, Trust(clone_with(**MOVED), Account(HOST)), HELD)
    text = str(caught.value)
    assert "old.example.org" in text
    assert f"git config remote.cloud.pyshare-host {HOST}" in text
    assert "hunter2" not in text


def test_a_login_never_shows_its_secret() -> None:
    assert "hunter2" not in f"{HELD!r} {HELD} {HELD!s} {[HELD]}"


@pytest.mark.parametrize("source", ["git-annex", "environment"])
def test_a_login_that_needs_no_keyring_imports_nothing_heavy(source: str, alone: Path) -> None:
    script = f"""
import os, sys
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.backends.webdav.spec import SPEC as WEBDAV
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.lookup import find
from git_annex_remote_pyshare.credentials.trust import Trust
clone = LocalConfig({clone_with(**VERIFIED).git_dir!r}, "cloud")
clone.__dict__["config"] = {clone_with(**VERIFIED).config!r}
os.environ.update(WEBDAV_USERNAME="bob", WEBDAV_PASSWORD="secret")
held = Credential("bob", "secret", "git-annex") if {source!r} == "git-annex" else None
assert find(WEBDAV, Trust(clone, Account("cloud.example.org")), held).origin == {source!r}
print(*{{"keyring", "requests", "urllib3", "platformdirs", "json", "dataclasses", "subprocess"}} & sys.modules.keys())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_a_host_without_a_login_asks_no_keyring(alone: Path) -> None:
    kept.keep("webdav", "other.example.org", KEPT)
    script = """
import sys
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.backends.webdav.spec import SPEC as WEBDAV
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.lookup import find
from git_annex_remote_pyshare.credentials.trust import Trust
assert find(WEBDAV, Trust(LocalConfig(), Account("cloud.example.org")), None) is None
print(*{"keyring", "secretstorage", "requests"} & sys.modules.keys())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("", "")
