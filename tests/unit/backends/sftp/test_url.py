"""Addresses of SFTP stores: which are taken, and which never come near a command line."""

import pytest

from git_annex_remote_pyshare.backends.registry import check, parse, spec_of
from git_annex_remote_pyshare.backends.sftp.ssh import ssh_command
from git_annex_remote_pyshare.backends.sftp.url import Address, account_of, address_of
from git_annex_remote_pyshare.errors import BadSetting


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("sftp://host/data", Address("host", path=b"/data")),
        ("SFTP://bob@sftp.example.org:2222/a/b/", Address("sftp.example.org", "bob", 2222, b"/a/b")),
        ("sftp://host/~/data", Address("host", path=b"data")),
        ("sftp://host/~/my%20data/%C3%BC", Address("host", path=b"my data/\xc3\xbc")),
        ("sftp://host/~other/data", Address("host", path=b"/~other/data")),
        ("sftp://[2001:db8::1]:22/data", Address("2001:db8::1", "", 22, b"/data")),
        ("sftp://Lab_1/data", None),
        ("sftp://u1234-sub1@host/data", Address("host", "u1234-sub1", path=b"/data")),
        ("sftp://host", Address("host")),
        ("sftp://host/~", Address("host", path=b".")),
    ],
)
def test_an_address_is_taken_apart(url: str, address: Address | None) -> None:
    found = address_of(url)
    assert found == (address or Address("Lab_1", path=b"/data"))
    assert address_of(found.url) == found or found.path in {b"", b"."}


ATTACKS = (
    "sftp://-oProxyCommand=touch x/data",
    "sftp://-oProxyCommand=touch%20x/data",
    "sftp://-V/data",
    "sftp://bob@-oProxyCommand=x/data",
    "sftp://-lroot@host/data",
    "sftp://$(touch x)@host/data",
    "sftp://`touch x`/data",
    "sftp://host;touch x/data",
    "sftp://ho'st/data",
    "sftp://host%20-oX/data",
    "sftp://b ob@host/data",
    "sftp://bob@evil.org@host/data",
    "sftp://bob:secret@host/data",
    "sftp://host:22;touch/data",
    "sftp://host:-1/data",
    "sftp://host:0/data",
    "sftp://host:65536/data",
    "sftp://host:²/data",
    "sftp://[::1%eth0]/data",
    "sftp://[-oX]/data",
    "sftp://hóst/data",
    "sftp:///data",
    "sftp:host/data",
    "sftp://host/../data",
    "sftp://host/~/../../data",
    "sftp://host/a//b",
    "sftp://host/a%2F..%2Fb",
    "sftp://host/a%00b",
    "sftp://host/a%0Ab",
    "sftp://host/a%zz",
    "sftp://host/a?b",
    "sftp://host/a#b",
)


@pytest.mark.parametrize("url", ATTACKS)
def test_a_strange_address_is_refused_before_a_program_starts(url: str) -> None:
    with pytest.raises(BadSetting):
        check(parse({"url": url}))


def test_a_password_in_the_address_is_not_repeated() -> None:
    for url in ("sftp://bob:secret@host/data", "sftp://bob:se/cret@host/data", "sftp://bob@x:secret@host/data"):
        with pytest.raises(BadSetting) as refused:
            check(parse({"url": url}))
        assert "cret" not in str(refused.value)


@pytest.mark.parametrize("url", ["sftp://host", "sftp://host/", "sftp://host/~", "sftp://host/~/"])
def test_a_store_needs_a_folder_of_its_own(url: str) -> None:
    with pytest.raises(BadSetting, match=r"names no folder.*Type instead: '?url=sftp://host/~/FOLDER"):
        check(parse({"url": url}))


def test_what_a_stranger_chose_stands_behind_the_dashes_or_its_own_option() -> None:
    words = ssh_command(Address("host", "bob", 2222, b"/data"), subsystem="sftp")
    assert words[-8:] == ["-s", "-p", "2222", "-l", "bob", "--", "host", "sftp"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sftp://host/data", "host"),
        ("sftp://Bob@Host/data", "Bob@Host"),
        ("sftp://bob@host:2222/data", "bob@host:2222"),
        ("sftp://[::1]:22/~/data", "[::1]:22"),
    ],
)
def test_the_account_is_host_and_user(url: str, name: str) -> None:
    account = account_of({"url": url})
    assert (account.name, account.host, account.words) == (name, name, (f"sftp://{name}",))
    assert spec_of(url).account_of({"url": url}) == account
