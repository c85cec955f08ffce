"""Where data lies, as settings and addresses say it."""

import pytest

from git_annex_remote_pyshare.cli.accept.places import git_host, is_store_address, place_of, place_of_address
from git_annex_remote_pyshare.errors import BadSetting

LINK = "https://cloud.example.org/s/T0ken"
START = "annex::5f7a1c7e-0d5b-4a3e-9a43-0c1f6f1b8a11?"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "https://cloud.example.org/s/T0ken"}, f"{LINK} (WebDAV, public, read only without a login)"),
        (
            {"url": "https://cloud.example.org/s/T0ken", "sameas-uuid": "u"},
            f"{LINK} (WebDAV, public link, read only)",
        ),
        ({"url": "https://dav.example.org/x"}, "https://dav.example.org/x (WebDAV)"),
        ({"url": "http://dav.example.org/x"}, "http://dav.example.org/x (WebDAV)"),
        ({"url": "dropbox:/x"}, "dropbox:/x at dropbox.com (Dropbox)"),
        ({"url": "s3://b", "endpoint": "https://s3.example.org"}, "s3://b endpoint=https://s3.example.org (S3)"),
        ({"url": "s3://b", "public": "yes"}, "s3://b at amazonaws.com (S3, public, read only without a login)"),
        ({"url": "/mnt/lab"}, "/mnt/lab (a folder, on this machine)"),
    ],
)
def test_a_place_is_named_by_address_kind_and_access(settings: dict[str, str], words: str) -> None:
    assert place_of(settings).words == words


def test_no_address_can_be_written_so_that_it_looks_like_another_store() -> None:
    stores = [
        {"url": "s3://b/x", "profile": "lab"},
        {"url": "s3://b/x profile=lab"},
        {"url": "s3://b/'x profile=lab'"},
    ]
    assert len({place_of(settings).address for settings in stores}) == len(stores)
    assert place_of({"url": "/mnt/the lab"}).address == "/mnt/the lab"


def test_each_host_that_gets_requests_is_named() -> None:
    settings = {"url": "s3://b", "endpoint": "https://s3.example.org", "publicurl": "https://cdn.example.net/b"}
    assert place_of(settings).hosts == ("s3.example.org", "cdn.example.net")


@pytest.mark.parametrize(
    "settings", [{}, {"url": "https://bob:secret@h.example.org/"}, {"url": "s3://b", "region": "\x1b"}, {"url": "x:y"}]
)
def test_settings_that_lead_nowhere_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(BadSetting):
        place_of(settings)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://GitHub.com/alice/d.git", "github.com"),
        ("https://git.example.org:8443/d", "git.example.org:8443"),
        ("ssh://git@git.example.org/d", "git.example.org"),
        ("git@git.example.org:alice/d", "git.example.org"),
        ("/mnt/lab/d.git", "/mnt/lab/d.git"),
        ("C:/lab/d.git", "C:/lab/d.git"),
    ],
)
def test_the_host_of_a_git_address_is_what_git_contacts(url: str, host: str) -> None:
    assert git_host(url) == host


def test_a_web_address_of_git_annex_is_that_of_its_server() -> None:
    place = place_of_address(f"{START}type=httpalso&encryption=none&url=https%3A%2F%2Fweb.example.org%2Fd")
    assert place.words == "https://web.example.org/d (web server, read only)"
    assert not place.is_local


@pytest.mark.parametrize(
    ("url", "is_store"),
    [(f"{START}url=/x", True), ("annex::", False), ("annex::https://h/d?x", False), ("https://h/d?x", False)],
)
def test_only_an_address_with_settings_tells_the_hosts_of_a_store(url: str, *, is_store: bool) -> None:
    assert is_store_address(url) is is_store
