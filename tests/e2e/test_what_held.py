"""Attacks by servers, datasets and colleagues that have always failed, by the number of the review that tried them."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from support.annex import Home, Repository, unlock
from support.davkit import BOB, backend
from support.fakes.dav import ScriptedDAV
from support.fakes.s3 import ScriptedS3
from support.folderkit import content_of, established
from support.marks import LONG
from support.s3kit import backend as bucket_backend
from support.scripted import Play, Rule, Seen, answer, served

from git_annex_remote_pyshare.annex.layout import name_of
from git_annex_remote_pyshare.backends.webdav.capabilities import Capabilities
from git_annex_remote_pyshare.config.settings import LAYOUTS
from git_annex_remote_pyshare.errors import BadName, PyshareError
from git_annex_remote_pyshare.transfer import Source

WEBDAV = {"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": "hunter2"}


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Git-annex protects its objects."""
    yield
    unlock(tmp_path)


@pytest.fixture
def trap() -> Iterator[ScriptedDAV]:
    """Another server than the user's own."""
    with served(ScriptedDAV()) as server:
        server.folders.update({"/dav", "/dav/a"})
        yield server


def everything(of: Repository, name: str = "store") -> str:
    """What is printed by all that a user may do with a remote."""
    said = ""
    for words in (
        *(("git", "annex", "get", "."), ("git", "annex", "copy", "--to", name), ("git", "annex", "info", name)),
        *(("git", "annex", "fsck", "--from", name), ("git", "annex", "enableremote", name), ("pyshare", "info", name)),
        *(("pyshare", "verify", name), ("pyshare", "cleanup", name)),
    ):
        done = of.home.run(*words, cwd=of.folder, check=False, login=WEBDAV)
        said += done.stdout + done.stderr
    return said


@pytest.mark.parametrize(
    "stamp", [pytest.param("1s", id="now"), pytest.param("99999999999s", id="in the future", marks=LONG)]
)
@pytest.mark.parametrize("who", ["owner", pytest.param("friend", marks=LONG)])
def test_held_7_a_url_that_a_collaborator_changed_gets_nothing(
    who: str, stamp: str, dav: ScriptedDAV, trap: ScriptedDAV, repository: Repository, bob: Home
) -> None:
    dav.login = ("bob", "hunter2")
    repository.home.environment.update(WEBDAV)
    repository.initremote(f"{dav.url}/dav")
    repository.add({"file": b"content"})
    repository.annex("copy", "--to", "store")
    clone = repository
    if who == "friend":
        clone, _ = repository.cloned(bob)
        clone.annex("enableremote", "store", login=WEBDAV)
        clone.annex("verifyremote", "store")
        clone.annex("verifyremote", "store", "--safe", "1")
    uuid = clone.git("config", "remote.store.annex-uuid").stdout.strip()
    line = (
        f"{uuid} encryption=none externaltype=pyshare name=store type=external url={trap.url}/dav timestamp={stamp}\n"
    )
    blob = clone.home.run("git", "hash-object", "-w", "--stdin", cwd=clone.folder, input=line).stdout.strip()
    entry = f"100644 blob {blob}\tremote.log\n"
    tree = clone.home.run("git", "mktree", cwd=clone.folder, input=entry).stdout.strip()
    commit = clone.git("commit-tree", tree, "-m", "update").stdout.strip()
    clone.git("update-ref", "refs/remotes/collaborator/git-annex", commit)
    dav.forget()
    everything(clone)
    assert any("Authorization" in seen.headers for seen in dav.requests)
    assert not any("Authorization" in seen.headers for seen in trap.requests)


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(ENTITIES + b"<ROOT>&a;</ROOT>", id="entity"),
        pytest.param(ENTITIES + b"<ROOT>&b;</ROOT>", id="external entity"),
        pytest.param(b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "URL/x.dtd"><ROOT/>', id="DTD"),
        pytest.param(b"<ROOT>" + b"x" * (27 << 20) + b"</ROOT>", id="27 MiB"),
    ],
)
def test_held_10_entities_and_endless_xml_are_refused(body: bytes, dav: ScriptedDAV, scripted_s3: ScriptedS3) -> None:
    named = {b"URL": dav.url.encode()}
    for root, server in ((b"multistatus", dav), (b"ListBucketResult", scripted_s3)):
        text = body.replace(b"ROOT", root).replace(b"URL", named[b"URL"]).replace(b"<multi", b"<d:multi")
        text = text.replace(b"</multi", b"</d:multi").replace(b"<d:multistatus", b'<d:multistatus xmlns:d="DAV:"')
        status = 207 if server is dav else 200
        server.script(*(Rule(method, answer(status, text), times=-1) for method in ("PROPFIND", "GET")))
    for store in (backend(f"{dav.url}/dav"), bucket_backend(scripted_s3)):
        with pytest.raises(PyshareError) as refused:
            list(store.list())
        assert "root:" not in str(refused.value)
        store.close()
    assert not any(seen.path.endswith("x.dtd") for seen in dav.requests)


def test_held_10_headers_without_end_are_an_error(dav: ScriptedDAV) -> None:
    dav.script(Rule("HEAD", Play(200, {f"X-{number}": "x" * 1000 for number in range(5000)}), times=-1))
    store = backend(f"{dav.url}/dav")
    with pytest.raises(PyshareError):
        store.stat("KEY")
    store.close()


@pytest.mark.parametrize("content", [b"x" * (64 << 20), b"wrongly", b""], ids=["endless", "wrong", "none"])
def test_held_11_another_body_than_the_keys_is_not_kept(
    content: bytes, dav: ScriptedDAV, repository: Repository
) -> None:
    repository.initremote(f"{dav.url}/dav")
    repository.add({"file": b"content"})
    repository.annex("copy", "--to", "store")
    repository.annex("drop", "--force", "file")
    dav.objects = {path: content if "SHA256E" in path else body for path, body in dav.objects.items()}
    assert repository.annex("get", "file", check=False).returncode == 1
    objects = repository.folder / ".git/annex/objects"
    assert not [path for path in objects.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in (repository.folder / ".git/annex").rglob("SHA256E*")) < 1 << 20


@pytest.mark.parametrize("where", ["PREFIX..%2f..%2ffiles", "%2e%2e", "../files", "..", "PREFIX%2e%2e/../../files"])
@pytest.mark.parametrize("host", ["", "http://evil.example", "//evil.example"])
def test_held_12_cleanup_removes_nothing_outside_of_the_own_uploads(host: str, where: str, dav: ScriptedDAV) -> None:
    store = backend(f"{dav.url}/remote.php/dav/files/bob/share", BOB)
    store._chunking._known_capabilities = Capabilities()
    name = where.replace("PREFIX", store._chunking._prefix)
    hrefs = "".join(
        f"<d:response><d:href>{host}/remote.php/dav/uploads/bob/{each}</d:href><d:propstat><d:prop><d:resourcetype>"
        "<d:collection/></d:resourcetype></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
        for each in ("", name, f"{name}/x")
    )
    body = f'<d:multistatus xmlns:d="DAV:">{hrefs}</d:multistatus>'.encode()
    dav.script(Rule("PROPFIND", answer(207, body), times=-1))
    for found in list(store._chunking.unfinished()):
        with suppress(PyshareError):
            store._chunking.abort(found.name, found.id)
    removed = [seen for seen in dav.requests if seen.method == "DELETE"]
    for seen in removed:
        assert os.path.normpath(seen.path).startswith("/remote.php/dav/uploads/bob/")
        assert ".." not in seen.path.split("/")
    store.close()


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


THINGS: Mapping[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "zero": lambda path: path.symlink_to("/dev/zero"),
    "passwd": lambda path: path.symlink_to("/etc/passwd"),
    "folder": Path.mkdir,
    "sparse": sparse,
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders")
@pytest.mark.parametrize(
    "thing", [pytest.param(thing, marks=LONG if thing in {"passwd", "folder"} else []) for thing in THINGS]
)
def test_held_13_what_is_no_object_ends_at_once_and_leaves_nothing(
    thing: str, repository: Repository, tmp_path: Path
) -> None:
    repository.initremote(str(tmp_path / "share"))
    repository.add({"file": b"content"})
    repository.annex("copy", "--to", "store")
    repository.annex("drop", "--force", "file")
    [path] = [path for path in (tmp_path / "share").rglob("SHA256E*") if path.is_file()]
    path.parent.chmod(0o755)
    path.unlink()
    THINGS[thing](path)
    assert repository.annex("get", "file", check=False, timeout=60).returncode == 1
    said = everything(repository)
    assert "root:" not in said
    assert not [path for path in (repository.folder / ".git/annex/objects").rglob("*") if path.is_file()]
    assert (repository.folder / ".git/annex").stat().st_blocks < 1 << 20


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "key", ["X--../../etc/passwd", "X--/etc/passwd", "X--..", "X--a//b", "X--.pyshare-store", "..--.."]
)
def test_held_14_a_key_that_looks_like_a_path_stays_in_the_store(layout: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "above").mkdir()
    folder = tmp_path / "above" / "share"
    store = established(folder)
    marker = (folder / ".pyshare-store").read_bytes()
    (tmp_path / "source").write_bytes(b"content")
    for name in (name_of(layout, key), "/etc/passwd", "../x", "a/../../x"):
        with suppress(BadName):
            store.put(name, Source(os.fsencode(tmp_path / "source")), lambda _done: None)
            assert content_of(store, name, tmp_path / "back") == b"content"
    assert (folder / ".pyshare-store").read_bytes() == marker
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "above",
        *(["back"] * (tmp_path / "back").exists()),
        "source",
    ]
    assert [path.name for path in (tmp_path / "above").iterdir()] == ["share"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_held_16_no_process_shows_a_secret_to_other_users(dav: ScriptedDAV, repository: Repository, bob: Home) -> None:
    """The environment of a process is its user's own; the arguments are for all to see."""
    secret, leaks = f"secret-{os.urandom(8).hex()}", []
    dav.login = ("bob", secret)

    def decide(_seen: Seen) -> None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                leaks.extend([path.read_bytes()] * (secret.encode() in path.read_bytes()))
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                leaks.extend([path.read_bytes()] * (secret.encode() in path.read_bytes()))

    dav.decide = decide
    repository.home.run(
        *("pyshare", "login", f"{dav.url}/dav", "--user", "bob"), cwd=repository.folder, input=f"{secret}\n"
    )
    repository.initremote(f"{dav.url}/dav")
    repository.add({"file": b"content"})
    repository.annex("copy", "--to", "store")
    repository.annex("get", "file")
    assert len(dav.requests) > 3
    assert leaks == []


PLANTED = (
    "json.py",
    "requests.py",
    "urllib3.py",
    "click.py",
    "ssl.py",
    "sitecustomize.py",
    "git",
    "git.exe",
    "git-annex",
)


def test_held_20_modules_and_programs_in_the_datasets_folder_are_not_run(
    dav: ScriptedDAV, repository: Repository, tmp_path: Path
) -> None:
    repository.initremote(f"{dav.url}/dav")
    for name in PLANTED:
        started = tmp_path / "started"
        text = f"open({str(started)!r}, 'w')\n" if name.endswith(".py") else f"#!/bin/sh\ntouch {started}\n"
        (repository.folder / name).write_text(text)
        (repository.folder / name).chmod(0o755)
    repository.add({"file": b"content"})
    everything(repository)
    repository.home.run("pyshare", "whoami", cwd=repository.folder)
    assert dav.objects
    assert not (tmp_path / "started").exists()


ORDERS = "gone\x9b2J\u202e\r\nTRANSFER-SUCCESS STORE x\nPREPARE-SUCCESS\x07"


def test_held_21_a_servers_words_are_one_line_without_orders(dav: ScriptedDAV, repository: Repository) -> None:
    repository.initremote(f"{dav.url}/dav")
    repository.add({"file": b"content"})
    body = f'<d:error xmlns:d="DAV:" xmlns:s="x"><s:message>{ORDERS}</s:message></d:error>'.encode()
    play = answer(403, body, Content_Type="application/xml")
    dav.script(*(Rule(method, play, times=-1) for method in ("PUT", "GET", "HEAD", "PROPFIND", "MKCOL")))
    done = repository.annex("copy", "--to", "store", check=False)
    said = done.stdout + done.stderr + everything(repository)
    assert done.returncode == 1
    assert "gone 2J TRANSFER-SUCCESS STORE x PREPARE-SUCCESS" in " ".join(said.split())
    assert {sign for sign in said if not sign.isprintable()} <= {"\n", "\r"}
    assert not any(line.startswith(("TRANSFER", "PREPARE")) for line in said.splitlines())


def test_held_22_git_stops_a_submodule_whose_address_is_a_store(dav: ScriptedDAV, alice: Home, bob: Home) -> None:
    made = Repository.create(alice, alice.folder / "dataset")
    url = (
        f"annex::e89b8837-e10a-40d9-9f41-fc36c418cc74?encryption=none&type=external&externaltype=pyshare&url={dav.url}"
    )
    (made.folder / ".gitmodules").write_text(f'[submodule "sub"]\n\tpath = sub\n\turl = "{url}"\n')
    made.git("add", ".gitmodules")
    made.git("commit", "-q", "--allow-empty", "-m", "dataset")
    made.git("update-index", "--add", "--cacheinfo", f"160000,{made.git('rev-parse', 'HEAD').stdout.strip()},sub")
    made.git("commit", "-q", "-m", "subdataset")
    words = ("git", "clone", "-q", "--recurse-submodules", str(made.folder), "dataset")
    refused = bob.run(*words, cwd=bob.folder, check=False, login=WEBDAV)
    assert "transport 'annex' not allowed" in refused.stderr
    assert dav.requests == []


def test_held_23_an_autoenabled_folder_is_neither_made_nor_touched(
    repository: Repository, bob: Home, tmp_path: Path
) -> None:
    repository.initremote(str(tmp_path / "share"), {"autoenable": "true"})
    for path in sorted((tmp_path / "share").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (tmp_path / "share").rmdir()
    clone, _ = repository.cloned(bob)
    assert clone.git("config", "remote.store.annex-externaltype").stdout == "pyshare\n"
    assert not (tmp_path / "share").exists()
    (tmp_path / "share").mkdir()
    clone.annex("fsck", "--fast", "--from", "store", check=False)
    assert list((tmp_path / "share").iterdir()) == []


@pytest.mark.parametrize("sign", ["\x1b[2J", "\x07", "\x9b2J", "\u202e", "\u2028"])
def test_held_23_control_characters_in_settings_are_refused(sign: str, repository: Repository, tmp_path: Path) -> None:
    said = repository.initremote(f"{tmp_path}/sha{sign}re", check=False)
    assert "contains a control character or an invisible one" in said
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("sha")]
