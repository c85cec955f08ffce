"""What `pyshare init` makes of an address that is copied from a cloud's page."""

import pytest
from support.fakes.dav import ScriptedDAV
from support.logins import Cloud
from support.scripted import Play, Seen, answer

from git_annex_remote_pyshare.backends.webdav import nextcloud
from git_annex_remote_pyshare.backends.webdav.offer import complete, look
from git_annex_remote_pyshare.backends.webdav.spec import SPEC
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied

BOB = Credential("bob@example.org", "pass word", "pyshare login")
HOME = "/remote.php/dav/files/bob%20the%201st"


@pytest.mark.parametrize(
    ("typed", "folder"),
    [
        ("", ""),
        ("/", ""),
        ("/index.php/apps/dashboard/", ""),
        ("/apps/files/files/12?dir=/data/my%20files", "data/my%20files"),
        ("/apps/files/?dir=/", ""),
        ("/DataLad-101", "DataLad-101"),
        ("/my data/x", "my%20data/x"),
        ("/remote.php/dav/files", ""),
        (f"{HOME}/data/x", "data/x"),
    ],
)
def test_an_address_of_the_browser_becomes_that_of_a_folder(cloud: Cloud, typed: str, folder: str) -> None:
    url = f"{cloud.base}{typed}"
    found = look(url)
    assert found.text == "Nextcloud 31"
    assert found.is_private
    assert found.needs_folder is not bool(folder)
    wanted = folder or "chosen"
    assert complete(url, "" if folder else "chosen", BOB) == f"{cloud.base}{HOME}/{wanted}"


def test_without_a_login_the_users_id_is_left_open(cloud: Cloud) -> None:
    assert complete(cloud.base, "my data", None) == f"{cloud.base}/remote.php/dav/files/USER/my%20data"


def test_a_login_that_the_cloud_refuses_is_an_error(cloud: Cloud) -> None:
    with pytest.raises(PermissionDenied):
        complete(cloud.base, "data", BOB._replace(secret="wrong"))


@pytest.mark.parametrize(
    "typed", ["/s/0pen", "/public.php/dav/files/0pen", "/remote.php/webdav/data", "/remote.php/dav/files/carol/data"]
)
def test_an_address_that_is_complete_stays(cloud: Cloud, typed: str) -> None:
    url = f"{cloud.base}{typed}"
    assert not look(url).needs_folder
    assert complete(url, "", BOB) == url


def test_a_server_that_is_no_cloud_has_no_links_and_keeps_its_address(dav: ScriptedDAV) -> None:
    found = look(f"{dav.url}/dav")
    assert (found.text, found.has_links, found.is_private, found.needs_folder) == ("", False, False, False)
    assert not found.wants_login
    assert complete(f"{dav.url}/dav", "", BOB) == f"{dav.url}/dav"
    assert look(dav.url).needs_folder
    assert complete(dav.url, "my data", BOB) == f"{dav.url}/my%20data"
    dav.decide = lambda _seen: answer(401, WWW_Authenticate='Basic realm="x"')
    assert look(f"{dav.url}/dav").wants_login


def test_a_server_cannot_give_orders_by_its_name(dav: ScriptedDAV) -> None:
    def named(seen: Seen) -> Play | None:
        body = b'{"productname": "\\u001b[2JNext\\u202ecloud' + b"x" * 500 + b'", "version": {"a": 1}}'
        return answer(200, body) if seen.path.endswith("/status.php") else None

    dav.decide = named
    name = nextcloud.name_of(dav.url)
    assert name.isprintable()
    assert len(name) <= 60


def test_a_host_alone_is_meant_by_https() -> None:
    assert SPEC.offered.read("cloud.example.org/x") == {"url": "https://cloud.example.org/x"}
    assert SPEC.offered.read("davs://cloud.example.org/x") == {"url": "davs://cloud.example.org/x"}


def test_a_public_link_has_no_folder_of_ours() -> None:
    link = "https://cloud.example.org/s/T0k3n"
    assert complete(link, "", None) == link
    with pytest.raises(BadSetting, match="is a public link, in which pyshare makes no folders"):
        complete(link, "sub", None)
