"""Invitations: what an owner's pyshare writes comes back, and everything else is refused."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_annex_remote_pyshare.cli.invitation import (
    LONGEST,
    PREFIX,
    Access,
    Invitation,
    is_folder_name,
    read_invitation,
)
from git_annex_remote_pyshare.config.annex_url import AnnexUrl
from git_annex_remote_pyshare.errors import BadSetting

UUID = "6b1f2f0e-7d5b-4c53-9c1e-0f3f8f6f1d2a"
OURS = {"type": "external", "externaltype": "pyshare", "encryption": "none", "url": "https://cloud.example.org/s/Tk3"}
WEB = "https://github.com/alice/DataLad-101.git"

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(is_folder_name)
WHO = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=40)
URLS = st.sampled_from(
    (
        WEB,
        "http://h:8080/x",
        "ssh://git@h/x",
        "git@h:x/y.git",
        "/srv/x y/ü.git",
        AnnexUrl(UUID, OURS).text,
        AnnexUrl(UUID, {**OURS, "config-uuid": UUID, "layout": "shard"}).text,
    )
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def coded(content: object) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def plain(**changes: object) -> dict[str, object]:
    return {"v": 1, "name": "d", "url": WEB, **changes}


@given(NAMES, URLS, WHO, st.sampled_from(("", "cloud", "cloud-link")), st.sampled_from(Access))
def test_what_is_written_is_read(name: str, url: str, who: str, store: str, access: Access) -> None:
    invitation = Invitation(name, url, who, store, access)
    assert read_invitation(invitation.code()) == invitation


@given(JSON)
def test_any_json_is_an_invitation_with_valid_texts_or_refused(content: object) -> None:
    try:
        read = read_invitation(coded(content))
    except BadSetting:
        return
    assert is_folder_name(read.name)


@given(st.sampled_from(("name", "url", "who", "store", "access", "v")), JSON)
def test_a_field_of_any_type_is_refused_or_harmless(field: str, value: object) -> None:
    try:
        read = read_invitation(coded(plain(**{field: value})))
    except BadSetting:
        return
    assert is_folder_name(read.name)
    assert (read.name + read.who + read.url).isprintable()


def is_read(text: str) -> bool:
    try:
        read_invitation(text)
    except BadSetting:
        return False
    return True


@given(st.text(max_size=60), st.sampled_from(("", PREFIX, "annex::", f"annex::{UUID}?", "https://", "ssh://", "h:")))
def test_any_text_is_read_or_refused_with_a_sentence(text: str, start: str) -> None:
    assert not is_read(start + text) or (start + text).strip().isprintable()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (WEB, "DataLad-101"),
        ("  https://h/x/\n", "x"),
        ("http://127.0.0.1:8080/x.git", "x"),
        ("ssh://git@h:22/~/x.git", "x"),
        ("git@github.com:alice/x.git", "x"),
        ("h:/srv/x", "x"),
        ("/srv/git/my data.git", "my data"),
        ("C:\\data\\x", "x"),
        ("https://h/", "dataset"),
        ("https://h/..", "dataset"),
        (AnnexUrl(UUID, {**OURS, "url": "/srv/s/x"}).text, "x"),
        (AnnexUrl(UUID, {**OURS, "url": "s3://bucket/x"}).text, "x"),
        (f"annex::{UUID}?type=httpalso&encryption=none&url=https%3A%2F%2Fh%2Fx", "x"),
        ("annex::https://h/x", "x"),
    ],
)
def test_a_plain_address_is_an_invitation_too(url: str, name: str) -> None:
    assert read_invitation(url) == Invitation(name, url.strip())


ADDRESSES = {
    "a program": "ext::sh -c touch% /tmp/x",
    "a descriptor": "fd::3",
    "another helper": "foo::https://h/x",
    "an option": "--upload-pack=touch /tmp/x",
    "an option of ssh": "ssh://-oProxyCommand=x/y",
    "an option of ssh, short": "-oProxyCommand=x:y",
    "an option as user": "ssh://-oProxyCommand=x@h/y",
    "an option as path": "h:-x",
    "a shell in the host": "ssh://h$(x)/y",
    "a shell in the user": "ssh://`x`@h/y",
    "git's own protocol": "git://h/x",
    "a file URL": "file:///etc",
    "a file on another machine": "file://h/x",
    "a share of Windows": "\\\\h\\x",
    "the same with slashes": "//h/x",
    "a relative path": "../x",
    "a home": "~/x",
    "nothing": "",
    "a login": "https://alice:secret@h/x",
    "a token": "https://ghp_secret@h/x",
    "a login for ssh": "ssh://alice:secret@h/x",
    "a control character": "https://h/\x1b[2J",
    "a line break": "https://h/x\n--upload-pack=y",
    "an override": "https://h/\u202egit.x",
    "a space": "https://h/x y",
    "no host": "https:///x",
    "no such port": "https://h:99999/x",
    "too long": "https://h/" + "x" * 5000,
    "another external type": AnnexUrl(UUID, {**OURS, "externaltype": "evil"}).text,
    "another type": AnnexUrl(UUID, {**OURS, "type": "directory"}).text,
    "a rsync type": AnnexUrl(UUID, {"type": "rsync", "encryption": "none", "rsyncurl": "h:x"}).text,
    "encryption": AnnexUrl(UUID, {**OURS, "encryption": "shared"}).text,
    "no encryption": f"annex::{UUID}?type=external&externaltype=pyshare&url=%2Fx",
    "no UUID": AnnexUrl("x", OURS).text,
    "an option as UUID": AnnexUrl("--x", OURS).text,
    "another UUID of the settings": AnnexUrl(UUID, {**OURS, "config-uuid": "../x"}).text,
    "a login in the store": AnnexUrl(UUID, {**OURS, "url": "https://alice:secret@h/x"}).text,
    "a password in the settings": AnnexUrl(UUID, {**OURS, "password": "secret"}).text,
    "an unknown setting": AnnexUrl(UUID, {**OURS, "gpg-program": "x"}).text,
    "no url": f"annex::{UUID}?type=external&externaltype=pyshare&encryption=none",
    "a relative store": AnnexUrl(UUID, {**OURS, "url": "../x"}).text,
    "a store on a Windows share": AnnexUrl(UUID, {**OURS, "url": "//h/x"}).text,
    "a control character in the store": AnnexUrl(UUID, {**OURS, "url": "https://h/\x1b[2J"}).text,
    "a setting twice": f"{AnnexUrl(UUID, OURS).text}&url=x",
    "another protocol for httpalso": f"annex::{UUID}?type=httpalso&encryption=none&url=file%3A%2F%2F%2Fx",
    "a program of httpalso": f"annex::{UUID}?type=httpalso&encryption=none&externaltype=x&url=https%3A%2F%2Fh",
    "a file in annex": "annex::file:///x",
    "a program in annex": "annex::ext::x",
    "the canonical form": f"annex://{UUID}?type=external",
}


@pytest.mark.parametrize("url", ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_that_git_must_not_get_is_refused_alone_and_in_a_code(url: str) -> None:
    for text in (url, coded(plain(url=url))):
        with pytest.raises(BadSetting) as refused:
            read_invitation(text)
        assert "secret" not in str(refused.value)
        assert str(refused.value).isprintable()


CONTENTS = {
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "no object": b"[]",
    "deep": b"[" * 6000,
    "a name twice": b'{"v":1,"name":"a","name":"b","url":"https://h/x"}',
    "an unknown field": plain(run="rm"),
    "no name": {"v": 1, "url": WEB},
    "no url": {"v": 1, "name": "d"},
    "no version": {"name": "d", "url": WEB},
    "version 0": plain(v=0),
    "version true": plain(v=True),
    "version as text": plain(v="1"),
    "a number as name": plain(name=1),
    "nothing as url": plain(url=None),
    "a list as person": plain(who=["x"]),
    "an unknown access": plain(access="all"),
    "a parent folder": plain(name=".."),
    "a path": plain(name="../x"),
    "an absolute path": plain(name="/etc"),
    "a path of Windows": plain(name="C:x"),
    "a hidden folder": plain(name=".ssh"),
    "an option as name": plain(name="-x"),
    "a home as name": plain(name="~alice"),
    "a device": plain(name="NUL"),
    "a device with an ending": plain(name="con.txt"),
    "an empty name": plain(name=""),
    "a long name": plain(name="x" * 101),
    "an escape as name": plain(name="\x1b]0;x\x07"),
    "half a character": plain(name="\ud800"),
    "an escape as person": plain(who="Alice\x1b[2J"),
    "an override as person": plain(who="\u202eecilA"),
    "a long person": plain(who="x" * 101),
    "an option as remote": plain(store="-x"),
    "a path as remote": plain(store="a/b"),
    "dots as remote": plain(store="a..b"),
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_code_with_anything_else_in_it_is_refused(content: object) -> None:
    with pytest.raises(BadSetting) as refused:
        read_invitation(coded(content))
    assert str(refused.value).isprintable()


def test_the_same_record_without_the_attack_is_read() -> None:
    assert read_invitation(coded(plain())) == Invitation("d", WEB)


@pytest.mark.parametrize("text", ["pyshare2:e30", "pyshare10:x", coded(plain(v=2, more=[1]))])
def test_a_code_of_a_later_version_says_that_a_newer_pyshare_is_needed(text: str) -> None:
    with pytest.raises(BadSetting, match="newer pyshare"):
        read_invitation(text)


@pytest.mark.parametrize("text", [PREFIX, f"{PREFIX}a", f"{PREFIX}e30=", f"{PREFIX}e3 0", f"{PREFIX}e+0/", "pyshare1"])
def test_a_code_that_was_not_copied_whole_is_refused(text: str) -> None:
    with pytest.raises(BadSetting):
        read_invitation(text)


def test_ten_megabytes_are_refused_unread() -> None:
    with pytest.raises(BadSetting, match=str(LONGEST)):
        read_invitation(coded(plain(who="x" * 10_000_000)))


@pytest.mark.parametrize(
    "invitation",
    [
        Invitation("../x", WEB),
        Invitation("d", "ext::x"),
        Invitation("d", "https://a:b@h/x"),
        Invitation("d", WEB, "\x1b"),
    ],
)
def test_an_invitation_that_nobody_could_read_is_not_written(invitation: Invitation) -> None:
    with pytest.raises(BadSetting):
        invitation.code()
