"""What is refused because it holds a secret, and what only looks like it; no refusal shows the secret."""

import pytest

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.errors import BadSetting


@pytest.mark.parametrize(
    "url",
    [
        "https://bob:s3cret@cloud.example.org/dav",
        "https://bob:s3/cret@cloud.example.org/dav",
        "https://bob:s3?cret#@cloud.example.org/dav",
        "webdavs://bob:s3/cret@cloud.example.org/",
        "https:/bob:s3cret@cloud.example.org/",
        "https:\\\\bob:s3cret@cloud.example.org/",
        "bob:s3cret@cloud.example.org/dav",
        "https://cloud.example.org/dav?token=s3cret",
    ],
)
def test_a_secret_in_the_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(BadSetting) as refused:
        registry.check(registry.parse({"url": url}))
    assert "s3" not in str(refused.value)
    assert "cloud.example.org" in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://cloud.example.org:8443/remote.php/dav/files/bob@example.org/annex",
        "https://cloud.example.org/a:b@c/d",
        "file:///mnt/a:b@c",
        "/mnt/x:1/a@b",
    ],
)
def test_an_at_sign_in_a_path_is_no_login(url: str) -> None:
    assert registry.check(registry.parse({"url": url}))


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param("\x1b[2J", id="escape"),
        pytest.param("\x9b2J", id="8-bit escape"),
        pytest.param("\u202emoc.live", id="bidirectional override"),
        pytest.param("\u2066x\u2069", id="bidirectional isolate"),
        pytest.param("\u200b", id="zero-width space"),
        pytest.param("\ufeff", id="byte order mark"),
        pytest.param("\u2028", id="line separator"),
        pytest.param("\ud800", id="half a character"),
    ],
)
@pytest.mark.parametrize("given", [{"url": "https://cloud.example.org/"}, {"url": "s3://bucket", "profile": "lab"}])
def test_what_a_terminal_does_not_show_is_refused_in_every_setting(given: dict[str, str], hidden: str) -> None:
    last = list(given)[-1]
    with pytest.raises(BadSetting, match=f"^{last}= contains a control character or an invisible one"):
        registry.parse({**given, last: given[last] + hidden})


@pytest.mark.parametrize("name", ["/mnt/Müller", "/mnt/数据", "/mnt/\udce9t\udce9", "/mnt/עברית", "/mnt/a b"])
def test_every_other_character_may_be_in_the_name_of_a_folder(name: str) -> None:
    assert registry.parse({"url": name})["url"] == name
