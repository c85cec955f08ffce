"""`pyshare doctor` at servers that do well, lie, or are none: each is called by its name, and nothing stays there."""

import ssl
import time
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path

import pytest
import trustme
from support.davkit import be_cloud, clone
from support.fakes.dav import ScriptedDAV
from support.fakes.nextcloud import ScriptedCloud
from support.fakes.s3 import ScriptedS3
from support.folderkit import established
from support.s3kit import ALICE, place_at
from support.scripted import Play, Rule, Seen, answer, served

from git_annex_remote_pyshare import log
from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.cli.doctor import own_objects
from git_annex_remote_pyshare.cli.doctor.check import OK, PROBLEM, UNKNOWN, WARNING, Check
from git_annex_remote_pyshare.cli.doctor.own_objects import OwnObjects
from git_annex_remote_pyshare.cli.doctor.server import checks_of
from git_annex_remote_pyshare.cli.output import State
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.credentials.credential import Credential

WRITES = {"PUT", "MKCOL", "MOVE", "DELETE"}
LOGIN = Credential("bob", "s3cret", "pyshare login")
PAGE = b"<html><form>Welcome to our hotel</form></html>"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers in this process need no time to notice the end of a connection, and refusals are not tried for long."""
    monkeypatch.setattr(own_objects, "_LOOKS", (0.05, 0.1))
    monkeypatch.setattr(own_objects, "_PATIENCE", 0.3)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def remote_at(
    url: str, login: Credential | None = None, annex: Mapping[str, str] | None = None, **options: str
) -> Remote:
    place = StoreConfig(url, parse({"url": url}), clone(**options), lambda: login, trusted=lambda: True)
    return Remote(place, "5ca1ab1e", annex or {})


def looked_at(remote: Remote) -> dict[str, Check]:
    """What the doctor says of a server, by the words for programs."""
    with log.recorded() as record:
        return {check.check: check for check in checks_of(remote, record)}


def states(found: Mapping[str, Check]) -> dict[str, State]:
    return {name: check.state for name, check in found.items()}


def test_a_plain_server_does_all_and_has_nothing_left(dav: ScriptedDAV) -> None:
    found = looked_at(remote_at(f"{dav.url}/dav"))
    assert set(states(found).values()) == {OK}
    assert list(found) == [
        *("reach", "product", "put", "get", "range", "atomic", "move", "names", "parts", "delete", "clock")
    ]
    assert found["product"].text == "WebDAV: Scripted/1"
    assert found["names"].text == "takes names of 255 bytes"
    assert dav.objects == {}
    assert dav.folders == {"", "/dav", "/dav/a"}


def test_a_cloud_says_its_name_and_takes_parts_of_which_none_stays() -> None:
    with served(ScriptedCloud()) as cloud:
        cloud.folders.add("/remote.php/dav/files/bob/annex")
        told = b'{"productname": "Nextcloud", "versionstring": "31.0.2", "installed": true}'
        cloud.objects["/status.php"] = told
        before = set(cloud.folders)
        found = looked_at(remote_at(cloud.address))
        assert set(states(found).values()) == {OK}
        assert found["product"].text == "WebDAV: Nextcloud 31.0.2"
        assert found["parts"].text.startswith("takes large objects in parts of ")
        assert cloud.objects == {"/status.php": told}
        assert cloud.folders == before


def test_orders_to_the_terminal_in_a_servers_name_are_not_shown() -> None:
    with served(ScriptedCloud()) as cloud:
        cloud.folders.add("/remote.php/dav/files/bob/annex")
        cloud.objects["/status.php"] = b'{"productname": "\\u001b[2JEvil", "versionstring": "1"}'
        assert "\x1b" not in looked_at(remote_at(cloud.address))["product"].text


def test_a_bucket_does_all_and_has_nothing_left(scripted_s3: ScriptedS3) -> None:
    scripted_s3.buckets.add("bucket")
    found = looked_at(Remote(place_at(scripted_s3, ALICE), "5ca1ab1e", {}))
    assert set(states(found).values()) == {OK}
    assert "move" not in found
    assert found["parts"].text == "takes large objects in parts of 5.0 MiB to 5.0 GiB"
    assert scripted_s3.objects == {}
    assert not scripted_s3.multipart.begun


def test_a_folder_does_all_and_has_nothing_left(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    store = established(folder)
    remote = Remote(store.place._replace(settings=parse({"url": str(folder)})), "5ca1ab1e", {})
    found = looked_at(remote)
    assert set(states(found).values()) == {OK}
    assert "clock" not in found
    assert {path.name for path in folder.rglob("*")} == {".pyshare-store", ".pyshare-tmp"}  # as after each upload


def test_a_server_without_range_is_named_and_chunks_make_that_bearable(dav: ScriptedDAV) -> None:
    dav.knows_ranges = False
    found = looked_at(remote_at(f"{dav.url}/dav"))["range"]
    assert (found.state, found.fix) == (WARNING, "git annex enableremote cloud chunk=50MiB")
    assert found.text.startswith("the server has no Range")
    assert looked_at(remote_at(f"{dav.url}/dav", annex={"chunk": "50MiB"}))["range"].state == OK


def test_a_server_that_resumes_with_wrong_bytes_is_named(dav: ScriptedDAV) -> None:
    def spoil(seen: Seen) -> Play | None:
        body = dav.objects.get(seen.path, b"")
        start = int(seen.headers.get("Range", "bytes=0-")[6:-1] or 0)
        if seen.method != "GET" or not start:
            return None
        return Play(206, {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}, bytes(len(body) - start))

    dav.decide = spoil
    found = looked_at(remote_at(f"{dav.url}/dav"))["range"]
    assert (found.state, found.text) == (PROBLEM, "a resumed download has wrong bytes")


def test_a_server_that_shows_half_of_a_broken_upload_is_named_and_the_option_mends_it(dav: ScriptedDAV) -> None:
    be_cloud(dav)  # it claims to be one whose PUT is atomic
    dav.script(Rule("PUT", Play(keeps=True), "-cut", times=-1))
    found = looked_at(remote_at(f"{dav.url}/dav"))["atomic"]
    assert found.state == PROBLEM
    assert "PUT is not atomic" in found.text
    assert found.fix == "git config remote.cloud.pyshare-put move"
    assert looked_at(remote_at(f"{dav.url}/dav", put="move"))["atomic"].state == OK
    assert dav.objects == {}


def test_where_pyshare_renames_a_server_that_keeps_halves_is_named_and_does_no_harm(dav: ScriptedDAV) -> None:
    dav.script(Rule("PUT", Play(keeps=True), times=-1))
    found = looked_at(remote_at(f"{dav.url}/dav"))["atomic"]
    assert (found.state, found.text[:28]) == (OK, "keeps half of a broken uploa")
    assert dav.objects == {}


def test_a_server_that_sends_other_or_more_bytes_is_named(dav: ScriptedDAV) -> None:
    for body in (b"x" * (192 << 10), b"x" * (1 << 20)):
        dav.script(Rule("GET", answer(200, body, Content_Type="application/octet-stream"), times=-1))
        found = looked_at(remote_at(f"{dav.url}/dav"))["get"]
        assert (found.state, found.fix) == (PROBLEM, "git annex fsck --from cloud")


@pytest.mark.parametrize(("seconds", "said"), [(-7300, "2 hours ahead of"), (7300, "2 hours behind")])
def test_a_clock_that_differs_is_named(seconds: int, said: str, dav: ScriptedDAV) -> None:
    dav.decide = lambda _seen: Play(headers={"Date": formatdate(time.time() + seconds, usegmt=True)})
    found = looked_at(remote_at(f"{dav.url}/dav"))["clock"]
    assert (found.state, found.fix) == (WARNING, "sudo timedatectl set-ntp true")
    assert f"the clock of this machine is {said} the server's" in found.text


def test_a_server_whose_date_is_none_has_no_clock(dav: ScriptedDAV) -> None:
    dav.decide = lambda _seen: Play(headers={"Date": "yesterday"})
    assert "clock" not in looked_at(remote_at(f"{dav.url}/dav"))


def test_a_full_account_is_named(dav: ScriptedDAV) -> None:
    dav.script(Rule("PUT", answer(507), times=-1))
    found = looked_at(remote_at(f"{dav.url}/dav"))
    assert found["full"].state == PROBLEM
    assert "the store is full" in found["full"].text
    assert found["full"].fix == "git annex unused --from cloud"
    assert "get" not in found


def test_a_login_that_may_only_read_is_named_and_a_public_link_is_as_it_should_be(dav: ScriptedDAV) -> None:
    dav.decide = lambda seen: answer(403) if seen.method in WRITES else None
    found = looked_at(remote_at(f"{dav.url}/dav", LOGIN))
    assert found["read-only"].state == PROBLEM
    assert "this login may read, but not write" in found["read-only"].text
    assert found["read-only"].fix.startswith("pyshare login http://")
    dav.folders.add("/public.php/dav/files/T0k3n")
    found = looked_at(remote_at(f"{dav.url}/public.php/dav/files/T0k3n"))
    assert (found["put"].state, found["put"].text) == (OK, "read only, as a link for friends should be")


@pytest.mark.parametrize(
    "play",
    [
        answer(200, PAGE, Content_Type="text/html; charset=utf-8"),
        answer(302, Location="/login"),
        answer(511, PAGE, Content_Type="text/html"),
    ],
    ids=["page", "redirect", "511"],
)
def test_a_captive_portal_is_named_and_after_its_login_all_is_well(play: Play, dav: ScriptedDAV) -> None:
    page = answer(200, PAGE, Content_Type="text/html")
    dav.decide = lambda seen: page if seen.path == "/login" else play
    remote = remote_at(f"{dav.url}/dav", LOGIN)
    found = looked_at(remote)
    assert found["portal"].state == PROBLEM
    assert "captive portal" in found["portal"].text
    assert found["portal"].fix == "pyshare doctor cloud"
    dav.decide = lambda _seen: None
    assert set(states(looked_at(remote)).values()) == {OK}


def test_a_captive_portal_before_a_bucket_is_named(scripted_s3: ScriptedS3) -> None:
    scripted_s3.decide = lambda _seen: answer(200, PAGE, Content_Type="text/html")
    found = looked_at(Remote(place_at(scripted_s3, ALICE), "5ca1ab1e", {}))
    assert "captive portal" in found["portal"].text


def test_a_certificate_of_an_unknown_authority_is_named_and_the_option_mends_it(tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with served(ScriptedDAV(), context) as secure:
        secure.folders.add("/dav")
        found = looked_at(remote_at(f"{secure.url}/dav"))
        assert list(found) == ["certificate"]
        assert found["certificate"].state == PROBLEM
        assert "TLS interception" in found["certificate"].text
        assert found["certificate"].fix == "git config remote.cloud.pyshare-ca FILE"
        mended = looked_at(remote_at(f"{secure.url}/dav", ca=str(tmp_path / "ca.pem")))
        assert set(states(mended).values()) == {OK}


def test_a_network_that_needs_a_proxy_is_named_and_the_variable_mends_it(
    dav: ScriptedDAV, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = remote_at("http://127.0.0.1:9/dav")
    remote.place.clone.__dict__["config"]["http.proxy"] = dav.url
    found = looked_at(remote)
    assert list(found) == ["proxy"]
    assert "this network needs a proxy" in found["proxy"].text
    assert found["proxy"].fix == 'export http_proxy="$(git config http.proxy)"'
    monkeypatch.setenv("http_proxy", dav.url)
    dav.url = "http://127.0.0.1:9"  # what the client calls it
    assert set(states(looked_at(remote)).values()) == {OK}


def test_a_proxy_that_wants_a_login_is_named(dav: ScriptedDAV, monkeypatch: pytest.MonkeyPatch) -> None:
    dav.decide = lambda _seen: answer(407, Proxy_Authenticate='Basic realm="proxy"')
    monkeypatch.setenv("http_proxy", dav.url)
    found = looked_at(remote_at("http://127.0.0.1:9/dav"))
    assert found["proxy"].fix == "export https_proxy=http://USER:PASSWORD@PROXY:PORT"


def test_a_server_that_is_down_is_named() -> None:
    found = looked_at(remote_at("http://127.0.0.1:9/dav"))
    assert list(found) == ["reach"]
    assert (found["reach"].state, found["reach"].fix) == (PROBLEM, "git annex enableremote cloud url=ADDRESS")


def test_a_server_that_is_overloaded_could_not_be_looked_at(dav: ScriptedDAV) -> None:
    dav.decide = lambda _seen: answer(503)
    assert looked_at(remote_at(f"{dav.url}/dav"))["busy"].state == UNKNOWN


def test_a_server_that_confirms_what_it_has_not_is_named(dav: ScriptedDAV) -> None:
    be_cloud(dav)
    dav.script(Rule("PUT", answer(201, OC_FileId="1oc"), times=-1))
    found = looked_at(remote_at(f"{dav.url}/dav"))
    assert found["put"].state == PROBLEM
    assert "get" not in found


def test_a_server_that_keeps_what_it_removed_is_named(dav: ScriptedDAV) -> None:
    be_cloud(dav)
    dav.script(Rule("DELETE", answer(204), times=-1))
    found = looked_at(remote_at(f"{dav.url}/dav"))["delete"]
    assert found.state == PROBLEM
    assert "still has it" in found.text


def test_a_disk_with_short_names_is_said_so(dav: ScriptedDAV) -> None:
    def limit(seen: Seen) -> Play | None:
        name = seen.headers.get("Destination", seen.path).rpartition("/")[2]
        return answer(400) if len(name) > 150 and seen.method in {"PUT", "MOVE"} else None

    dav.decide = limit
    assert looked_at(remote_at(f"{dav.url}/dav"))["names"].text == "takes names of 143 bytes"
    assert dav.objects == {}


def test_nothing_is_sent_to_a_remote_that_is_not_verified(dav: ScriptedDAV) -> None:
    url = f"{dav.url}/dav"
    place = StoreConfig(url, parse({"url": url}), clone(), lambda: LOGIN)
    found = looked_at(Remote(place, "5ca1ab1e", {}))
    assert list(found) == ["verified"]
    assert found["verified"].state == UNKNOWN
    assert found["verified"].fix.startswith("git config remote.cloud.pyshare-host ")
    assert dav.requests == []


def test_a_stop_in_the_middle_leaves_nothing_and_what_a_killed_run_left_is_removed(
    dav: ScriptedDAV, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = remote_at(f"{dav.url}/dav")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as now:
        now.setattr(OwnObjects, "is_resumed", stop)
        with pytest.raises(KeyboardInterrupt):
            looked_at(remote)
    assert dav.objects == {}
    assert "PUT" in dav.methods()
    dav.objects[f"/dav/{OwnObjects(remote.place, tmp_path).name}-cut"] = b"left"
    looked_at(remote)
    assert dav.objects == {}
