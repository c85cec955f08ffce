"""Addresses of WebDAV stores, and how names go into URLs."""

import re
import subprocess
import sys
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_annex_remote_pyshare.backends.base import encode_name
from git_annex_remote_pyshare.backends.webdav.url import account_of, address_of, check, in_path
from git_annex_remote_pyshare.credentials.account import Account, Endpoint
from git_annex_remote_pyshare.errors import BadName, BadSetting

CLOUD = "https://cloud.example.org"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        (f"{CLOUD}/remote.php/dav/files/bob/annex/", f"{CLOUD}/remote.php/dav/files/bob/annex"),
        ("davs://Cloud.Example.org/x", f"{CLOUD}/x"),
        ("dav://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://cloud.example.org", CLOUD),
        ("https://cloud.example.org:8443/", "https://cloud.example.org:8443"),
        (f"{CLOUD}/My Files/übung", f"{CLOUD}/My%20Files/%C3%BCbung"),
        (f"{CLOUD}/My%20Files/100%", f"{CLOUD}/My%20Files/100%25"),
    ],
)
def test_a_url_becomes_a_base_without_a_slash_at_its_end(url: str, base: str) -> None:
    assert address_of(url).base == base


@pytest.mark.parametrize(
    ("url", "base", "older"),
    [
        (f"{CLOUD}/s/T0k", f"{CLOUD}/public.php/dav/files/T0k", f"{CLOUD}/public.php/webdav"),
        (f"{CLOUD}/sub/index.php/s/T0k/", f"{CLOUD}/sub/public.php/dav/files/T0k", f"{CLOUD}/sub/public.php/webdav"),
        (
            f"{CLOUD}/s/T0k?path=%2Fa%20b&openfile=1",
            f"{CLOUD}/public.php/dav/files/T0k/a%20b",
            f"{CLOUD}/public.php/webdav/a%20b",
        ),
        (f"{CLOUD}/s/T0k?dir=/../x#y", f"{CLOUD}/public.php/dav/files/T0k/x", f"{CLOUD}/public.php/webdav/x"),
        (f"{CLOUD}/public.php/dav/files/T0k/x", f"{CLOUD}/public.php/dav/files/T0k/x", ""),
    ],
)
def test_a_public_link_is_a_store_for_guests(url: str, base: str, older: str) -> None:
    address = address_of(url)
    assert (address.base, address.older, address.token, address.public) == (base, older, "T0k", True)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("https://cloud.example.org/sub/s/T0k", id="WD32-page"),
        pytest.param("davs://Cloud.Example.org:443/sub/index.php/s/T0k?path=/x#y", id="WD32-page behind index.php"),
        pytest.param("https://cloud.example.org/sub/public.php/dav/files/T0k/x", id="WD32-address"),
    ],
)
def test_all_forms_of_a_public_link_are_one_account_with_two_doors(form: str) -> None:
    name, endpoints, *_ = account_of({"url": form})
    assert name == "cloud.example.org/sub/s/T0k"
    server = address_of(form).server
    assert endpoints == (
        Endpoint(f"{server}/public.php/dav/files/T0k", "anonymous"),
        Endpoint(f"{server}/public.php/webdav", "T0k"),
    )


@pytest.mark.parametrize("other", ["s/T0l", "s/t0k", "~eve/s/T0k", "public.php/dav/files/x/public.php/dav/files/T0k"])
def test_another_link_is_another_account_wd32(other: str) -> None:
    assert account_of({"url": f"{CLOUD}/{other}"}).name != account_of({"url": f"{CLOUD}/s/T0k"}).name


@pytest.mark.parametrize("path", ["", "/dav/lab", "/public.php/webdav", "/apps/files/?dir=/x&fileid=1", "/a/../s/T0k"])
def test_everything_else_belongs_to_the_account_of_its_host(path: str) -> None:
    assert account_of({"url": CLOUD + path}) == Account("cloud.example.org", words=(CLOUD + path,))


@pytest.mark.parametrize("below", ["", "/cloud", "/a/b"])
@pytest.mark.parametrize("path", ["/remote.php/dav/files/bob/annex", "/remote.php/webdav", "/remote.php/dav#x"])
def test_one_logs_in_at_a_cloud_itself_and_not_at_a_folder_of_it(below: str, path: str) -> None:
    assert account_of({"url": CLOUD + below + path}) == Account("cloud.example.org", words=(CLOUD + below,))


def test_the_old_address_of_public_links_has_no_token_in_it() -> None:
    address = address_of(f"{CLOUD}/public.php/webdav/x")
    assert (address.token, address.public) == ("", True)


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("https://bob:geheim@cloud.example.org/x", "https://cloud.example.org/x is not the address"),
        (f"{CLOUD}/x?token=1", f"url={CLOUD}/x"),
        (f"{CLOUD}/x#y", "%23"),
        ("https:///x", "address of a server"),
        ("https://ho st/x", "address of a server"),
        (f"{CLOUD}/a/../b", "empty, . or .. segment"),
        (f"{CLOUD}/a//b", "empty"),
        ("ftp://cloud.example.org/x", "WebDAV"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_with_what_to_type(url: str, part: str) -> None:
    with pytest.raises(BadSetting) as refused:
        check({"url": url})
    assert part in str(refused.value)
    assert "geheim" not in str(refused.value)


NAMES = st.text(st.characters(exclude_characters="/\0\n"), min_size=1).filter(lambda name: name not in {".", ".."})


@given(st.lists(NAMES, min_size=1, max_size=3).map("/".join))
def test_names_come_back_from_their_url_byte_for_byte_wd15(name: str) -> None:
    try:
        wanted = encode_name(name)
    except (BadName, UnicodeEncodeError):
        return
    path = in_path(name)
    assert unquote_to_bytes(path) == wanted
    assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", path)


def test_names_that_are_no_text_are_encoded_byte_by_byte_wd15() -> None:
    assert in_path("a/\udcff\udcfe") == "a/%FF%FE"


@pytest.mark.parametrize("module", ["url", "lazy"])
def test_no_http_library_is_imported_before_the_first_request(module: str) -> None:
    code = f"""
import sys
import git_annex_remote_pyshare.backends.webdav.{module} as it
heavy = {{"urllib3", "requests", "ssl", "http.client", "defusedxml", "truststore", "urllib.parse"}}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
