"""`pyshare login LINK`: the password of a public link, asked for only if there is one, kept for this link alone."""

from base64 import b64decode

import pytest
from support.logins import Cloud, Type

from git_annex_remote_pyshare.credentials import private
from git_annex_remote_pyshare.credentials import stored as kept
from git_annex_remote_pyshare.credentials.credential import Credential

BOB = Credential("bob@example.org", "pass word", "pyshare login")

BOTH_AGES = pytest.mark.parametrize("older", [False, True], ids=["WD32-new address", "WD32-older address"])
FORMS = pytest.mark.parametrize(
    "form", ["/s/{}", "/index.php/s/{}?path=/x", "/public.php/dav/files/{}", "/public.php/dav/files/{}/x#y", "/s/{}#x"]
)


def private_file() -> str:
    return f"private file {private.folder()}/{kept.SECRETS}"


def shown(cloud: Cloud) -> list[str]:
    """The logins that the cloud got to see."""
    return [b64decode(authorization.removeprefix("Basic ")).decode() for _, _, authorization in cloud.seen]


@BOTH_AGES
@FORMS
def test_a_link_without_a_password_needs_no_login(form: str, older: bool, cloud: Cloud, typed: Type) -> None:  # noqa: FBT001  # pytest's way
    cloud.older = older
    done = typed("login", cloud.base + form.format("0pen"))
    assert (done.code, done.err) == (0, "")
    assert "you need no login" in done.out
    assert shown(cloud) == ["anonymous:", "0pen:"][: 1 + older]
    assert kept.entries() == []


@BOTH_AGES
@FORMS
def test_the_password_of_a_link_is_kept_for_this_link(form: str, older: bool, cloud: Cloud, typed: Type) -> None:  # noqa: FBT001  # as above
    cloud.older = older
    done = typed("login", cloud.base + form.format("T0k"), pipe=b"opensesame\n")
    assert (done.code, done.err) == (0, "")
    account = f"{cloud.host}/cloud/s/T0k"
    assert done.out == f"The password of the public link {account} is kept in the {private_file()}.\n"
    (entry,) = kept.entries()
    assert (entry.account, kept.read(entry)) == (account, Credential("anonymous", "opensesame", "pyshare login"))
    assert shown(cloud)[-1] == ("T0k:opensesame" if older else "anonymous:opensesame")


@BOTH_AGES
def test_a_wrong_link_password_is_tried_once_and_not_kept(older: bool, cloud: Cloud, typed: Type) -> None:  # noqa: FBT001  # as above
    cloud.older = older
    done = typed("login", f"{cloud.base}/s/T0k", pipe=b"hunter2\n")
    assert done.code == 1
    assert done.err.startswith(f"pyshare: the public link {cloud.host}/cloud/s/T0k refuses this password")
    assert "hunter2" not in done.out + done.err
    assert len([login for login in shown(cloud) if login.endswith("hunter2")]) == 1
    assert kept.entries() == []


def test_wd32_a_link_that_is_gone_is_told_before_any_password_is_asked_for(cloud: Cloud, typed: Type) -> None:
    cloud.links = {}
    cloud.replies["PROPFIND", "/cloud/public.php/webdav/"] = (404, {})
    done = typed("login", f"{cloud.base}/s/T0k")
    assert done.code == 2
    assert f"has no public link {cloud.host}/cloud/s/T0k" in done.err


def test_wd32_a_server_that_fails_has_not_denied_the_link(cloud: Cloud, typed: Type) -> None:
    cloud.replies["PROPFIND", "/cloud/public.php/dav/files/T0k/"] = (500, {})
    done = typed("login", f"{cloud.base}/s/T0k")
    assert (done.code, done.err) == (2, f"pyshare: {cloud.host} has an internal error (status 500). Try again later.\n")


def test_wd32_a_link_password_may_be_kept_untried(cloud: Cloud, typed: Type) -> None:
    assert typed("login", f"{cloud.base}/s/T0k", "--no-check", pipe=b"opensesame\n").code == 0
    assert [entry.user for entry in kept.entries()] == ["anonymous"]
    assert cloud.seen == []


@pytest.mark.parametrize("words", [("--user", "bob"), ("--token",)], ids=["WD32-user", "WD32-token"])
def test_a_link_has_no_users_and_no_tokens(words: tuple[str, ...], cloud: Cloud, typed: Type) -> None:
    done = typed("login", f"{cloud.base}/s/T0k", *words, pipe=b"opensesame\n")
    assert done.code == 2
    assert f"has one password for all. Type: pyshare login {cloud.base}/s/T0k\n" in done.err
    assert cloud.seen == []


def test_wd32_logins_for_a_link_and_for_its_server_do_not_touch_each_other(cloud: Cloud, typed: Type) -> None:
    kept.keep("webdav", cloud.host, BOB)
    link = f"{cloud.base}/s/T0k"
    typed("login", link, pipe=b"opensesame\n")
    account = f"{cloud.host}/cloud/s/T0k"
    assert typed("whoami").out.splitlines() == [
        f"{cloud.host:{len(account)}}  WebDAV       bob@example.org  in the {private_file()}",
        f"{account}  public link  anonymous        in the {private_file()}",
    ]
    assert (
        typed("whoami", f"{cloud.base}/index.php/s/T0k").out
        == f"{account}  public link  anonymous  in the {private_file()}\n"
    )
    assert typed("logout", link).out == f"Logged out from {account}.\n"
    assert [kept.read(entry) for entry in kept.entries()] == [BOB]
    assert typed("logout", link).err == f"pyshare: no login is kept for {account}. Type: pyshare whoami\n"
    assert f"Type: pyshare login {link}" in typed("whoami", link).err
