"""What url= means in Dropbox, and which names it can hold."""

import pytest

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.dropbox.name_case import IGNORED, checked
from git_annex_remote_pyshare.backends.dropbox.spec import LINK as LINK_SPEC
from git_annex_remote_pyshare.backends.dropbox.url import address_of, link_of
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.errors import BadName, BadSetting

LINK = "https://www.dropbox.com/scl/fo/abc123/h?rlkey=s3cret"


@pytest.mark.parametrize(
    ("url", "folder", "shown"),
    [
        ("dropbox:/lab", "/lab", "dropbox:/lab"),
        ("DROPBOX:/Lab/My Data/", "/Lab/My Data", "dropbox:/Lab/My Data"),
        ("dropbox:/", "", "dropbox:/"),
    ],
)
def test_a_folder_is_taken_as_it_is_written(url: str, folder: str, shown: str) -> None:
    address = address_of(url)
    assert (address.folder, address.shown, address.link) == (folder, shown, "")


@pytest.mark.parametrize(
    ("url", "instead"),
    [
        ("dropbox:lab", "url=dropbox:/lab"),
        ("dropbox://lab/data", "url=dropbox:/lab/data"),
        ("dropbox:/lab//data", "url=dropbox:/lab/data"),
        ("dropbox:", "url=dropbox:/FOLDER"),
    ],
)
def test_a_slip_in_the_folder_is_told_with_what_to_type(url: str, instead: str) -> None:
    with pytest.raises(BadSetting) as refused:
        address_of(url)
    assert refused.value.remedy == f"Type instead: {instead}"


@pytest.mark.parametrize("url", ["dropbox:/lab/../x", "dropbox:/a\\b", "dropbox:/lab /x", "dropbox:/.dropbox"])
def test_a_folder_that_dropbox_cannot_hold_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="not a folder in Dropbox"):
        address_of(url)


@pytest.mark.parametrize(
    "url",
    [
        LINK,
        f"{LINK}&st=xyz&dl=0",
        "https://dropbox.com/scl/fo/abc123/h?dl=0&rlkey=s3cret#frag",
        "https://WWW.dropbox.com/scl/fo/abc123/h/?rlkey=s3cret",
    ],
)
def test_a_link_keeps_its_key_and_nothing_of_how_it_is_shown(url: str) -> None:
    address = link_of(url)
    assert address.link == LINK
    assert "s3cret" not in address.shown


def test_an_older_link_has_no_key() -> None:
    assert link_of("https://www.dropbox.com/sh/abc/AAAx?dl=0").link == "https://www.dropbox.com/sh/abc/AAAx"


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("https://www.dropbox.com/scl/fo/abc123/h", "quotes"),
        ("https://www.dropbox.com/scl/fi/abc123/file.pdf?rlkey=x", "share the folder instead"),
        ("https://www.dropbox.com/s/abc123/file.pdf", "share the folder instead"),
        ("https://www.dropbox.com/home/Lab/data", "url=dropbox:/Lab/data"),
        ("https://www.dropbox.com/login", "looks like this"),
    ],
)
def test_an_address_that_is_no_link_to_a_folder_is_refused(url: str, remedy: str) -> None:
    with pytest.raises(BadSetting) as refused:
        link_of(url)
    assert remedy in refused.value.remedy


def test_a_link_needs_the_right_to_read_links() -> None:
    settings = parse({"url": LINK})
    assert registry.check(settings) is LINK_SPEC
    assert registry.account_of(settings).words == ("dropbox", "--sharing")
    assert registry.account_of(parse({"url": "dropbox:/x"})).words == ("dropbox",)


@pytest.mark.parametrize("setting", [{"share": "files"}, {"namespace": "123"}])
def test_a_link_has_no_settings_of_its_owner(setting: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match="your own"):
        registry.check(parse({"url": LINK, **setting}))


@pytest.mark.parametrize("setting", [{"share": "everything"}, {"namespace": "home"}])
def test_a_wrong_setting_is_refused(setting: dict[str, str]) -> None:
    with pytest.raises(BadSetting):
        parse({"url": "dropbox:/x", **setting})


def test_settings_of_dropbox_are_for_dropbox_only() -> None:
    with pytest.raises(BadSetting, match="for dropbox stores"):
        registry.check(parse({"url": "/mnt/x", "share": "files"}))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a/" + "n" * 256, id="DB12-too-long"),
        pytest.param("a/" + "\U0001f600" * 128, id="DB12-too-long-in-UTF-16"),
        pytest.param("a/back\\slash", id="DB12-backslash"),
        pytest.param("a/del\x7f", id="DB12-del"),
        pytest.param("a/not UTF-8 \udcff", id="DB12-not-utf-8"),
        pytest.param("a/ends with a blank ", id="DB14-trailing-blank"),
        *(pytest.param(f"a/{name.upper()}", id=f"DB13-{name.strip()}") for name in sorted(IGNORED)),
    ],
)
def test_a_name_that_dropbox_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(BadName):
        checked(name)


@pytest.mark.parametrize(
    "name", [pytest.param("a/\U0001f600.txt", id="DB14-emoji"), pytest.param("a/dot.", id="DB14-trailing-dot")]
)
def test_odd_names_that_dropbox_holds_are_taken(name: str) -> None:
    assert checked(name) == name
