"""What error texts tell the user to type may be pasted, even where a stranger's dataset named the remote."""

import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login as S3Login

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Share, StoreConfig
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.backends.dropbox import errors as dropbox_errors
from git_annex_remote_pyshare.backends.dropbox.backend import DropboxBackend
from git_annex_remote_pyshare.backends.dropbox.credential import Login
from git_annex_remote_pyshare.backends.dropbox.error_codes import BY_TAG
from git_annex_remote_pyshare.backends.dropbox.errors import Refusal
from git_annex_remote_pyshare.backends.s3 import errors as s3_errors
from git_annex_remote_pyshare.backends.s3.error_codes import CODES
from git_annex_remote_pyshare.backends.webdav import errors as webdav_errors
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.cli.share.trial import Guest, require_readable
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError, QuotaExceeded, Unreachable
from git_annex_remote_pyshare.part_plan import Limits, plan

TRAP = "x; reboot #"


def unquoted(text: str) -> str:
    """What is left of a text without its quoted words; an apostrophe within a word is none of a shell's quotes."""
    return re.sub(r"(?<!\w)'[^']*'", "", text)


def backend_of(folder: Path, *, trusted: bool) -> DirectoryBackend:
    clone = LocalConfig(remote=TRAP)
    clone.__dict__["config"] = {f"remote.{TRAP}.pyshare-made": "true"} if trusted else {}
    return DirectoryBackend(StoreConfig(str(folder), {}, clone, trusted=lambda: trusted))


def test_a_folder_without_marker_names_the_remote_as_one_word(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(Unreachable) as refused:
            backend_of(folder, trusted=True).stat("X--1")
        assert str(refused.value).endswith("git annex enableremote 'x; reboot #'")
        with pytest.raises(Unreachable, match="initremote 'x; reboot #-here' '--sameas=x; reboot #' type=external"):
            backend_of(folder, trusted=False).stat("X--1")


def test_git_config_is_named_as_one_word() -> None:
    clone = LocalConfig(remote=TRAP)
    clone.__dict__["config"] = {f"remote.{TRAP}.pyshare-timeout": "soon"}
    with pytest.raises(BadSetting, match=r"git config --unset 'remote\.x; reboot #\.pyshare-timeout'$"):
        clone.get(options.TIMEOUT)


def test_a_plain_name_is_shown_plainly_and_no_name_as_a_placeholder() -> None:
    assert LocalConfig(remote="friends").key(options.PUT) == "remote.friends.pyshare-put"
    assert LocalConfig().key(options.PUT) == "remote.NAME.pyshare-put"


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        (
            {"url": "https://u:p@h/;touch PWNED;"},
            "'url=https://h/;touch PWNED;' and, for the login: pyshare login 'https://h/;touch PWNED;'",
        ),
        ({"url": "https://u:p@h/$(touch PWNED)"}, "'url=https://h/$(touch PWNED)'"),
        ({"url": "https://h/$(reboot)/;touch PWNED;?q"}, "'url=https://h/$(reboot)/;touch%20PWNED;'"),
        ({"url": "~/x;touch PWNED;"}, "/x;touch PWNED;'"),
        ({"url": "./x;touch PWNED;"}, "/x;touch PWNED;'"),
        ({"url": "x`touch PWNED`"}, "/x`touch PWNED`'"),
        ({"url": "dropbox:x;touch PWNED;"}, "'url=dropbox:/x;touch PWNED;'"),
        ({"url": "dropbox:"}, "url=dropbox:/FOLDER"),
        ({"url": "https://www.dropbox.com/home/x;touch PWNED;"}, "'url=dropbox:/x;touch PWNED;'"),
        ({"url": "s3://b", "endpoint": "x;touch PWNED;"}, "endpoint=https://s3.example.org"),
        ({"url": "s3://b", "endpoint": "http://h/$(touch PWNED)"}, "endpoint=http://h"),
        ({"url": "s3://b", "endpoint": "https://b.s3.amazonaws.com"}, "url=s3://b endpoint=https://s3.amazonaws.com"),
        ({"url": "s3://b", "endpoint": "https://s3.eu-west-1.amazonaws.com", "region": "x"}, "region=eu-west-1"),
        ({"url": "s3://b/f", "fileprefix": ";touch PWNED;"}, "url=s3://b"),
        ({"url": "s3://b_", "addressing": "virtual"}, "addressing=path"),
        ({"url": "https://h/dav", "password": ";touch PWNED;"}, "pyshare login URL"),
    ],
)
def test_a_setting_of_a_stranger_is_one_word_of_what_to_type(given: Mapping[str, str], typed: str) -> None:
    with pytest.raises(BadSetting) as refused:
        registry.check(registry.parse(given))
    assert typed in refused.value.remedy
    assert not re.search(r"touch|reboot|[;`$&]", unquoted(refused.value.remedy))


def at_webdav(status: int) -> PyshareError:
    doing = webdav_errors.Doing("store the file", f"https://h/{TRAP}", remote=TRAP)
    return webdav_errors.from_response(doing, status, {})


def at_s3(code: str) -> PyshareError:
    doing = s3_errors.Doing("store the file", "s3://b/", "b", "PUT", words=(f"s3://b/{TRAP}",), remote=TRAP)
    body = f"<Error><Code>{code}</Code><Region>{TRAP}</Region></Error>"
    return s3_errors.from_response(doing, 400, {}, body.encode())


def at_dropbox(tag: str) -> PyshareError:
    return dropbox_errors.from_refusal("cannot store the file in dropbox:/x", Refusal(409, tag), Login(), TRAP)


SHOWN: Mapping[str, Callable[[], PyshareError]] = {
    **{f"webdav {status}": partial(at_webdav, status) for status in (403, 413)},
    **{f"s3 {code}": partial(at_s3, code) for code in CODES},
    **{f"dropbox {tag}": partial(at_dropbox, tag) for tag in BY_TAG},
}
"""Errors whose remedy may name the remote."""


@pytest.mark.parametrize("name", SHOWN)
def test_a_remedy_names_the_remote_by_its_name_and_as_one_word(name: str) -> None:
    remedy = SHOWN[name]().remedy
    assert "NAME" not in remedy
    assert "{" not in remedy
    assert "reboot" not in unquoted(remedy)


def test_what_is_too_large_for_the_store_names_the_remote() -> None:
    with pytest.raises(QuotaExceeded, match=r"git annex enableremote 'x; reboot #' chunk=1GiB$"):
        plan(1 << 60, Limits(smallest=1, largest=1, most=1, step=1), remote=TRAP)


@pytest.mark.parametrize("name", ["lab", TRAP])
def test_a_bucket_that_is_closed_to_friends_names_the_remote_as_one_word(name: str, scripted_s3: ScriptedS3) -> None:
    scripted_s3.login = S3Login()
    scripted_s3.objects["bucket/KEY"] = b"content"
    values = registry.parse({"url": "s3://bucket", "endpoint": scripted_s3.url, "region": "us-east-1", "public": "yes"})
    place = StoreConfig("s3://bucket", values, LocalConfig(remote=name))
    encrypted = Remote(place, "uuid", {"encryption": "shared"})
    with pytest.raises(PermissionDenied, match="the bucket is still closed to your friends") as refused:
        require_readable(encrypted, Share("s3://bucket"), Guest("KEY", "", just_opened=False))
    assert refused.value.remedy == f"Type: pyshare share {shlex.quote(name)} --public"


def test_a_dropbox_without_owner_names_the_remote() -> None:
    values = registry.parse({"url": "dropbox:/x"})
    with pytest.raises(PermissionDenied, match=r"git annex enableremote lab$"):
        DropboxBackend(StoreConfig("dropbox:/x", values, LocalConfig(remote="lab"))).stat("KEY")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://u:p@h/;touch PWNED;", id="a login in it"),
        pytest.param("https://h/$(touch PWNED)?q", id="a query"),
        pytest.param("https://h/apps/files/$(touch PWNED)?dir=x", id="a page"),
        pytest.param("http//h/;touch PWNED;", id="no colon"),
        pytest.param("h.org/remote.php/;touch PWNED;", id="no scheme"),
        pytest.param("me@h:/;touch PWNED;", id="ssh"),
    ],
)
def test_a_strangers_address_runs_nothing_when_what_a_refusal_says_is_pasted(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as refused:
        registry.check(registry.parse({"url": url}))
    remedy = str(refused.value).partition(": ")[2]
    line = remedy.partition(" instead: ")[2] or remedy
    for part in line.replace("(in a folder", "\n").splitlines():
        subprocess.run(["bash", "-c", f"echo {part}"], cwd=tmp_path, capture_output=True, check=False)
    assert list(tmp_path.iterdir()) == []
