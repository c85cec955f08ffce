"""Public links on a scripted cloud: who may read, whose password goes where, and what a link is not."""

from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.davkit import BOB, backend, clone, fetched, quiet, shown, source
from support.fakes.dav import ScriptedDAV
from support.scripted import Rule, answer
from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.response import BaseHTTPResponse

from git_annex_remote_pyshare.backends.base import Stat, StoreConfig
from git_annex_remote_pyshare.backends.webdav.auth import Auth
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.backends.webdav.errors import Doing
from git_annex_remote_pyshare.backends.webdav.url import address_of
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import NotAStore, PermissionDenied, PyshareError


def test_a_public_link_is_read_without_an_account_wd32(dav: ScriptedDAV, tmp_path: Path) -> None:
    dav.folders |= {"/public.php", "/public.php/dav/files/T0k"}
    dav.objects["/public.php/dav/files/T0k/KEY"] = b"content"
    store = backend(f"{dav.url}/s/T0k", BOB)
    assert store.stat("KEY") == Stat(7)
    assert fetched(store, "KEY", tmp_path / "back") == b"content"
    assert {shown(seen) for seen in dav.requests} == {"anonymous:"}, "Bob's own login is not for links"
    assert {seen.headers.get("X-Requested-With") for seen in dav.requests} == {"XMLHttpRequest"}
    assert dav.methods() == ["PROPFIND", "HEAD", "GET"]
    store.close()


def test_an_older_server_is_met_at_its_older_address_wd32(dav: ScriptedDAV) -> None:
    dav.folders |= {"/public.php", "/public.php/webdav"}
    dav.objects["/public.php/webdav/KEY"] = b"content"
    store = backend(f"{dav.url}/s/T0k")
    assert store.stat("KEY") == Stat(7)
    assert store.stat("OTHER") is None
    assert [shown(seen) for seen in dav.requests[1:]] == ["T0k:"] * 3
    store.close()


def locked_link(dav: ScriptedDAV, *, older: bool) -> str:
    """A link whose password is "opensesame", on a server of either age."""
    folder, user = ("/public.php/webdav", "T0k") if older else ("/public.php/dav/files/T0k", "anonymous")
    dav.folders |= {folder}
    dav.objects[f"{folder}/KEY"] = b"content"
    dav.login = (user, "opensesame")
    if older:
        dav.script(Rule("PROPFIND", answer(404), "dav/files", times=99))
    return f"{dav.url}/s/T0k"


BOTH_AGES = pytest.mark.parametrize("older", [False, True], ids=["WD32-new address", "WD32-older address"])


@BOTH_AGES
@pytest.mark.parametrize("user", ["anonymous", "T0k"])
def test_the_password_of_a_link_opens_it(user: str, dav: ScriptedDAV, tmp_path: Path, *, older: bool) -> None:
    store = backend(locked_link(dav, older=older), Credential(user, "opensesame", "pyshare login"))
    assert store.stat("KEY") == Stat(7)
    assert fetched(store, "KEY", tmp_path / "back") == b"content"
    store.close()


@BOTH_AGES
def test_a_link_that_wants_a_password_says_what_to_type(dav: ScriptedDAV, *, older: bool) -> None:
    link = locked_link(dav, older=older)
    store = backend(f"{link}?path=/", BOB)
    with pytest.raises(PermissionDenied, match="does not open the public link") as raised:
        store.stat("KEY")
    assert str(raised.value).endswith(
        "the public link. Was it withdrawn? Ask its owner for a new one."
        f" Does it have a password? Type: pyshare login {link}"
    )
    with pytest.raises(PermissionDenied, match="does not open the public link"):
        store.stat("OTHER")
    tried = [shown(seen) for seen in dav.requests]
    assert tried == ["anonymous:", "T0k:"][: 1 + older], "Bob's own login is not for links, and nothing is tried twice"
    store.close()


@BOTH_AGES
def test_eight_jobs_try_a_wrong_link_password_once(dav: ScriptedDAV, *, older: bool) -> None:
    link = locked_link(dav, older=older)
    store = backend(link, Credential("anonymous", "wr0ng!", "pyshare login"))

    def job(_number: int) -> str:
        with pytest.raises(PermissionDenied) as raised:
            store.stat("KEY")
        return str(raised.value)

    with ThreadPoolExecutor(8) as jobs:
        told = set(jobs.map(job, range(16)))
    assert len([seen for seen in dav.requests if shown(seen) == f"{dav.login and dav.login[0]}:wr0ng!"]) == 1
    (text,) = told
    assert "does not open the public link: it was withdrawn, or the password from pyshare login is wrong" in text
    assert text.endswith(f"Ask its owner for a new one or, if its password is another, type: pyshare login {link}")
    assert "wr0ng" not in text
    store.close()


@BOTH_AGES
def test_a_renewed_link_password_is_taken_in_the_middle(dav: ScriptedDAV, *, older: bool) -> None:
    passwords = ["opensesame"]
    place = StoreConfig(
        locked_link(dav, older=older), {}, clone(), lambda: Credential("anonymous", passwords[-1], "test")
    )
    store = WebDAVBackend(place)
    store.stat("KEY")
    assert dav.login
    dav.login = (dav.login[0], "changed")
    passwords.append("changed")
    assert store.stat("KEY") == Stat(7)
    store.close()


@pytest.mark.parametrize("older", [False, True], ids=["WD32-new address", "WD32-older address"])
def test_the_password_of_a_link_never_goes_over_plain_http_to_another_machine(*, older: bool) -> None:
    place = StoreConfig(
        "http://cloud.example.org/s/T0k", {}, clone(), lambda: Credential("anonymous", "opensesame", "test")
    )
    auth = Auth(place, address_of(place.url))
    sent: list[str] = []

    def send(header: str) -> BaseHTTPResponse:
        sent.append(b64decode(header.removeprefix("Basic ")).decode())
        return HTTPResponse(b"", HTTPHeaderDict(), 404 if older and len(sent) == 1 else 401)

    doing = Doing("look", place.url, public=True)
    if older:
        auth.send("PROPFIND", address_of(place.url).base, doing, send)
        auth.as_guest("T0k")
    with pytest.raises(PermissionDenied, match="over http:// others on the network could read the login"):
        auth.send("PROPFIND", address_of(place.url).older, doing, send)
    assert sent == (["anonymous:", "T0k:"] if older else ["anonymous:"])


def test_a_link_that_is_gone_is_unknown_and_not_absent_wd32(dav: ScriptedDAV) -> None:
    store = backend(f"{dav.url}/s/T0k")
    with pytest.raises(NotAStore, match="no such link"):
        store.stat("KEY")
    store.close()


def test_a_link_to_a_single_file_is_no_store_wd32(dav: ScriptedDAV) -> None:
    dav.objects["/public.php/dav/files/T0k"] = b"content"
    store = backend(f"{dav.url}/s/T0k")
    with pytest.raises(NotAStore, match="leads to a file"):
        store.stat("KEY")
    store.close()


def test_a_link_without_downloads_is_explained_wd32(dav: ScriptedDAV, tmp_path: Path) -> None:
    dav.folders |= {"/public.php/dav/files/T0k"}
    store = backend(f"{dav.url}/s/T0k")
    dav.script(Rule("GET", answer(403)))
    with pytest.raises(
        PermissionDenied, match=r"the public link does not allow it\. Ask its owner for a link that allows it"
    ):
        fetched(store, "KEY", tmp_path / "back")
    store.close()


@pytest.mark.parametrize("status", [403, 405], ids=lambda status: f"WD31-{status}")
def test_a_read_only_share_says_so_when_written_to_and_is_never_tested_by_writing_wd31(
    dav: ScriptedDAV, tmp_path: Path, status: int
) -> None:
    dav.folders |= {"/public.php/dav/files/T0k"}
    dav.objects["/public.php/dav/files/T0k/KEY"] = b"content"
    store = backend(f"{dav.url}/s/T0k")
    assert store.stat("KEY") == Stat(7)
    assert set(dav.methods()) == {"PROPFIND", "HEAD"}
    dav.script(Rule("PUT", answer(status), times=9), Rule("MKCOL", answer(status), times=9))
    with pytest.raises(PyshareError, match=r"does not allow it|does not support"):
        store.put("OTHER", source(tmp_path), quiet)
    assert store.stat("KEY") == Stat(7)
    store.close()
