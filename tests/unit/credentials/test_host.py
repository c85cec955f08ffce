"""The name of the host that a login is bound to."""

import pytest

from git_annex_remote_pyshare.credentials.host import host_of, is_confidential, without_login
from git_annex_remote_pyshare.errors import BadSetting


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://cloud.example.org", "cloud.example.org"),
        ("https://cloud.example.org/remote.php/dav/files/bob", "cloud.example.org"),
        ("https://Cloud.Example.ORG:443/x?y#z", "cloud.example.org"),
        ("davs://cloud.example.org/", "cloud.example.org"),
        ("HTTPS://cloud.example.org:/x", "cloud.example.org"),
        ("https://cloud.example.org:8443/x", "cloud.example.org:8443"),
        ("https://cloud.example.org:0443/x", "cloud.example.org"),
        ("http://cloud.example.org/x", "cloud.example.org:80"),
        ("dav://cloud.example.org/x", "cloud.example.org:80"),
        ("http://cloud.example.org:443/x", "cloud.example.org:443"),
        ("https://[::1]:8443/x", "[::1]:8443"),
        ("https://bücher.example/x", "bücher.example"),
    ],
)
def test_a_url_leads_to_one_host(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "https://bob:hunter2@cloud.example.org/x",
        "https://evil.example\\@cloud.example.org/x",
        "https://cloud.example.org\n.evil.example/x",
        "https://cloud.example.org .evil.example/x",
        "https://cloud.example.org:8o/x",
        "https://cloud.example.org:80:80/x",
        "http\u017f://cloud.example.org",
        "https:///x",
        "https:cloud.example.org",
        "cloud.example.org",
        "/mnt/share",
        "file:///mnt/share",
        "s3://bucket/x",
        "",
    ],
)
def test_a_url_without_a_host_beyond_doubt_is_refused_without_its_login(url: str) -> None:
    with pytest.raises(BadSetting) as caught:
        host_of(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "other",
    [
        "http://cloud.example.org",
        "https://cloud.example.org:8443",
        "https://cloud.example.org.evil.example",
        "https://cloud.example.org.",
        "https://evil.example/cloud.example.org",
        "https://evil.example#cloud.example.org",
        "https://evil.example?cloud.example.org",
        "https://cl\u043eud.example.org",  # a Cyrillic o
        "https://\u212aloud.example.org",  # a Kelvin sign
    ],
)
def test_look_alikes_are_other_hosts(other: str) -> None:
    assert host_of(other) != host_of("https://cloud.example.org")


def test_sharp_s_is_not_taken_for_two_letters() -> None:
    assert host_of("https://fa\xdf.example") != host_of("https://fass.example")


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("https://cloud.example.org", True),
        ("davs://cloud.example.org", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:8080/x", True),
        ("http://cloud.example.org", False),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("dav://cloud.example.org:443", False),
    ],
)
def test_only_tls_and_this_machine_are_confidential(url: str, *, answer: bool) -> None:
    assert is_confidential(url) is answer


def test_a_url_is_shown_without_its_login() -> None:
    assert without_login("https://bob:hunter2@cloud.example.org/a@b") == "https://cloud.example.org/a@b"


@pytest.mark.parametrize("url", ["https://bob:s3/cret@cloud.example.org/dav", "https://bob:s3#cret@cloud.example.org"])
def test_a_password_with_a_slash_is_not_shown(url: str) -> None:
    with pytest.raises(BadSetting) as refused:
        host_of(url)
    assert "s3" not in str(refused.value)
    assert "cloud.example.org" in str(refused.value)
