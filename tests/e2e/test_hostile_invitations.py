"""Invitations and datasets of an attacker: each is refused or harmless, and nothing is sent before the yes."""

import base64
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pexpect
import pytest
from support.annex import Home, Repository, unlock
from support.at_terminal import type_at_terminal
from support.fakes.dav import ScriptedDAV
from support.scripted import served
from support.trap import Trap, trap, tree

from git_annex_remote_pyshare.cli.app import run

UUID = "5f7a1c7e-0d5b-4a3e-9a43-0c1f6f1b8a11"
ESCAPE = "\x1b]0;owned\x07"
STORE = f"annex::{UUID}?type=external&externaltype=pyshare&encryption=none"
LOGIN = {"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": "hunter2", "WEBDAV_TOKEN": ""}


def code(text: str) -> str:
    return "pyshare1:" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def of(**fields: object) -> str:
    """A code with an honest address, unless the fields name another one."""
    return code(json.dumps({"v": 1, "name": "d", "url": "http://HOST/d.git", **fields}))


REFUSED = {
    "a list as address": of(url=["http://HOST/d.git"]),
    "a number as name": of(name=1),
    "null as name": of(name=None),
    "an object as person": of(who={"a": 1}),
    "a version that is a text": of(v="1"),
    "a version that is true": of(v=True),
    "no object": code('["v", 1]'),
    "an unknown field": of(run="xterm"),
    "two addresses": code('{"v": 1, "name": "d", "url": "http://HOST/d.git", "url": "ext::sh"}'),
    "10 MB": of(who="x" * 10_000_000),
    "a hundred thousand brackets": code("[" * 100_000),
    "no base64": "pyshare1:%%%",
    "an escape in the name": of(name=f"d{ESCAPE}"),
    "an escape in the person": of(who=ESCAPE),
    "an escape in the address": of(url=f"http://HOST/{ESCAPE}"),
    "reversed text in the name": of(name="d\u202egpj"),
    "a folder above": of(name="../d"),
    "the folder above": of(name=".."),
    "an absolute folder": of(name="/tmp/d"),
    "git's own folder": of(name=".git"),
    "a folder of Windows": of(name="..\\d"),
    "an option as folder": of(name="--template=x"),
    "an option as remote": of(store="--force"),
    "ext": of(url="ext::sh -c 'touch owned'"),
    "ext, typed": "ext::sh -c 'touch owned'",
    "fd": of(url="fd::17"),
    "an unknown helper": of(url="datalad-annex::http://HOST/"),
    "upload-pack": of(url="--upload-pack=touch owned"),
    "a proxy command": of(url="ssh://-oProxyCommand=touch owned/d"),
    "a proxy command with HOST:PATH": of(url="-oProxyCommand=touch:d"),
    "a proxy command as user": of(url="ssh://-oProxyCommand=x@HOST/d"),
    "an option as path": of(url="127.0.0.1:--upload-pack=touch"),
    "a login in the address": of(url="http://bob:hunter2@HOST/d.git"),
    "a user that looks like the host": of(url="https://github.com@HOST/d.git"),
    "a backslash before the host": of(url="http://HOST\\@github.com/d.git"),
    "file": of(url="file:///etc"),
    "a share of another machine": of(url="//HOST/share"),
    "another program": of(url=f"{STORE}&url=http%3A%2F%2FHOST%2Fd".replace("pyshare", "rclone")),
    "another type": of(url=f"annex::{UUID}?type=webdav&encryption=none&url=http%3A%2F%2FHOST%2Fd"),
    "an encrypted store": of(url=f"{STORE}&url=http%3A%2F%2FHOST%2Fd".replace("none", "shared")),
    "two url=": of(url=f"{STORE}&url=%2Ftmp%2Fd&url=http%3A%2F%2FHOST%2Fd"),
    "a hook": of(url=f"{STORE}&url=%2Ftmp%2Fd&retrieve-hook=touch"),
    "a password in a store": of(url=f"{STORE}&url=http%3A%2F%2Fbob%3Ahunter2%40HOST%2Fd"),
    "a line break in a setting": of(url=f"{STORE}&url=%2Ftmp%2Fd%0AVALUE"),
    "a file on the web that leads elsewhere": of(url="annex::http://HOST/d"),
    "httpalso without an address": of(url=f"annex::{UUID}?type=httpalso&encryption=none&url=file%3A%2F%2F%2Fetc"),
    "a name of 5000 letters": f"http://HOST/{'d' * 5000}.git",
}
"""`HOST` is a port that listens. A code with it is made anew."""


@pytest.mark.parametrize("words", [["--show"], ["--yes", "--get", "all"]], ids=["show", "yes"])
def test_what_no_invitation_is_is_refused_unsent_and_unwritten(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: list[str]
) -> None:
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    before = tree(tmp_path)
    with trap() as listener:
        for name, invitation in REFUSED.items():
            assert run(["accept", *words, "--", aimed(invitation, listener)]) in {1, 2}, name
            said = "".join(capfd.readouterr())
            assert said.startswith("pyshare: "), name
            assert len(said) < 1000, name
            assert said.removesuffix("\n").isprintable(), name
            assert "hunter2" not in said, name
        assert listener.heard == []
    assert tree(tmp_path) == before


def aimed(invitation: str, listener: Trap) -> str:
    """The invitation with the listener's port in it."""
    start, _, letters = invitation.partition("pyshare1:")
    if not letters.replace("-", "").replace("_", "").isalnum():
        return invitation.replace("HOST", listener.host)
    raw = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4)).decode()
    return start + code(raw.replace("HOST", listener.host))


ASKED = {
    "a git host": of(),
    "a git host, typed": "http://HOST/d.git",
    "ssh": "ssh://HOST/d.git",
    "a store": of(url=f"{STORE}&url=http%3A%2F%2FHOST%2Fd"),
    "a link": of(url=f"{STORE}&config-uuid={UUID}&url=http%3A%2F%2FHOST%2Fs%2FT0ken"),
    "a bucket": of(url=f"{STORE}&url=s3%3A%2F%2Fb&endpoint=http%3A%2F%2FHOST"),
}


@pytest.mark.parametrize("invitation", ASKED.values(), ids=ASKED)
def test_before_the_yes_nothing_is_sent_and_after_a_no_nothing_is_there(
    bob: Home, tmp_path: Path, invitation: str
) -> None:
    bob.environment.update(LOGIN)
    with trap() as listener:
        before = tree(tmp_path)
        said = type_at_terminal(
            bob, ["pyshare", "accept", aimed(invitation, listener)], bob.folder, [("Go? [Y/n]", "n")]
        )
        assert said.code == 1
        assert f"This contacts {listener.host} and makes ./d. Go?" in said.text
        assert "assword" not in said.text
        assert listener.heard == []
    assert tree(tmp_path) == before


def test_a_folder_that_appears_during_the_question_gets_nothing(bob: Home, mallory: "Mallory", tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for appear in ("link", "folder"):
        child = pexpect.spawn(
            "pyshare", ["accept", mallory.address, "new"], cwd=str(bob.folder), env=bob.environment, timeout=60
        )
        child.expect_exact("Go?")
        if appear == "link":
            (bob.folder / "new").symlink_to(elsewhere)
        else:
            (bob.folder / "new").mkdir()
            (bob.folder / "new" / "mine").touch()
        child.sendline("y")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 2
        if appear == "link":
            (bob.folder / "new").unlink()
    assert os.listdir(elsewhere) == []
    assert os.listdir(bob.folder / "new") == ["mine"]


@pytest.mark.parametrize("occupied", ["a link", "a link to nothing", "a file", "a full folder"])
def test_a_folder_that_is_taken_is_refused(bob: Home, tmp_path: Path, occupied: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    folder = bob.folder / "d"
    if occupied == "a full folder":
        folder.mkdir()
        (folder / "mine").touch()
    elif occupied == "a file":
        folder.touch()
    else:
        folder.symlink_to(elsewhere)
        if occupied == "a link":
            elsewhere.mkdir()
    with trap() as listener:
        before = tree(tmp_path)
        address = f"http://{listener.host}/d.git"
        done = bob.run("pyshare", "accept", address, "--yes", cwd=bob.folder, check=False)
        assert done.returncode == 2
        assert "Give another folder" in done.stderr
        assert listener.heard == []
    assert tree(tmp_path) == before


def test_a_git_host_that_sends_on_to_another_one_is_not_followed(bob: Home, tmp_path: Path) -> None:
    with trap() as elsewhere:

        def redirect(request: bytes) -> bytes:
            path = request.split(b" ")[1]
            return b"HTTP/1.1 302 Found\r\nLocation: http://%s%s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % (
                elsewhere.host.encode(),
                path,
            )

        with trap(redirect) as listener:
            address = f"http://{listener.host}/d.git"
            done = bob.run("pyshare", "accept", address, "--yes", cwd=bob.folder, check=False)
            assert done.returncode == 1
            assert "sends you on to another address, and pyshare does not follow" in done.stderr
            assert listener.heard
        assert elsewhere.heard == []
    assert not (bob.folder / "d").exists()


def test_git_annex_does_not_follow_a_git_host_that_sends_on_to_another_one(bob: Home, tmp_path: Path) -> None:
    """git-annex would ask the host for its annex. What is printed for a host with one gets the files from there."""
    owner = Repository.create(Home(tmp_path / "mallory", "Mallory"), tmp_path / "mallory" / "d")
    owner.add({"a.csv": b"1;2\n"})
    owner.git("update-server-info")
    bob.run("git", "config", "--global", "annex.security.allowed-ip-addresses", "all", cwd=bob.folder)
    sends_on = True
    with trap() as elsewhere:

        def answer(request: bytes) -> bytes:
            path = request.split(b" ")[1].decode().partition("?")[0]
            file = owner.folder / ".git" / path.removeprefix("/d/.git/")
            if sends_on and file.name == "config":
                head, body = f"302 Found\r\nLocation: http://{elsewhere.host}/d/.git/config", b""
            else:
                head, body = ("200 OK", file.read_bytes()) if file.is_file() else ("404 Not Found", b"")
            return f"HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

        with trap(answer) as listener:
            address = f"http://{listener.host}/d/.git"
            done = bob.run("pyshare", "accept", address, "d", "--yes", cwd=bob.folder, check=False)
            assert done.returncode == 1, "no store has the file"
            bob.run("git", "annex", "info", cwd=bob.folder / "d")
            assert elsewhere.heard == []
            sends_on = False
            line = done.stderr.partition("itself has the files, type in the clone: ")[2].partition("\n")[0]
            bob.run("sh", "-e", "-c", line, cwd=bob.folder / "d")
            assert (bob.folder / "d" / "a.csv").read_bytes() == b"1;2\n"
    unlock(tmp_path)


def test_what_a_git_host_says_cannot_command_a_terminal_and_no_login_is_asked_for(bob: Home) -> None:
    text = f"{ESCAPE}no".encode()

    def angry(_request: bytes) -> bytes:
        head = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="%s"\r\nContent-Type: text/plain\r\n' % text
        return head + b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)

    with trap(angry) as listener:
        done = bob.run("pyshare", "accept", f"http://{listener.host}/d.git", "--yes", cwd=bob.folder, check=False)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout + done.stderr
    assert "cannot clone" in done.stderr


class Mallory(NamedTuple):
    """A dataset full of traps, and what happened when Bob accepted it."""

    address: str
    listener: Trap
    home: Home
    clone: Path
    before: dict[str, object]
    after: dict[str, object]
    printed: str
    store: Path


ROWS = """
{0}1 name=origin url=http://{host}/a
{0}2 name=-x url=http://{host}/a
{0}3 name=bad&27;]0;owned&7; url=http://{host}/a
{0}4 name=a&32;b url=http://{host}/a
{0}5 name=twin url=http://{host}/a
{0}6 name=twin url={store}
{0}7 name=double url={store} url=http://{host}/a
{0}8 name=login url=http://bob:hunter2@{host}/a
{0}9 name=up url=../../somewhere
""".strip()
FOREIGN = """
{0}a name=evil type=external externaltype=evil encryption=none autoenable=true timestamp=1s
{0}b name=gitty type=git location=http://{host}/a autoenable=true timestamp=1s
{0}c name=also type=httpalso encryption=none url=http://{host}/a autoenable=true timestamp=1s
{0}d name=dav type=webdav encryption=none url=http://{host}/a autoenable=true timestamp=1s
{0}e name=gone type=external externaltype=pyshare encryption=none layout=shard url={store} autoenable=true timestamp=1s
{0}f name=gone type=external externaltype=evil encryption=none timestamp=1s
""".strip()
OURS = "type=external externaltype=pyshare encryption=none layout=shard autoenable=true timestamp=1s"


@pytest.fixture(scope="module")
def mallory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mallory]:
    """Bob accepts Mallory's dataset by `--yes`, with logins in his environment."""
    folder = tmp_path_factory.mktemp("hostile")
    store = folder / "store"
    with trap() as listener:
        owner = Repository.create(Home(folder / "mallory", "Mallory"), folder / "mallory" / "d")
        owner.initremote(str(store), {"autoenable": "true"})
        dataset(owner, listener, folder)
        address = folder / "d.git"
        owner.git("clone", "-q", "--bare", ".", str(address))
        bob = Home(folder / "bob", "Bob", **LOGIN)
        programs = bob.folder / "programs"
        programs.mkdir()
        evil = programs / "git-annex-remote-evil"
        evil.write_text(f"#!/bin/sh\ntouch '{folder}/owned'\n")
        evil.chmod(evil.stat().st_mode | stat.S_IXUSR)
        bob.environment["PATH"] = f"{bob.environment['PATH']}{os.pathsep}{programs}"
        clone = bob.folder / "d"
        before = tree(folder, without=clone)
        done = bob.run("pyshare", "accept", str(address), "--yes", "--host", str(store), cwd=bob.folder)
        after = tree(folder, without=clone)
        yield Mallory(str(address), listener, bob, clone, before, after, done.stdout + done.stderr, store)
    unlock(folder)


def dataset(owner: Repository, listener: Trap, folder: Path) -> None:
    """Files that would run something or send something, if a program used them."""
    owner.add({f"esc{ESCAPE}.txt": b"1\n", "data/a.csv": b"1;2\n"})
    owner.annex("move", "-q", "--to", "store")
    files = {
        ".gitattributes": "plain.txt filter=lfs\nother.txt filter=evil diff=evil\n",
        ".lfsconfig": f"[lfs]\n\turl = http://{listener.host}/lfs\n",
        ".gitmodules": f'[submodule "sub"]\n\tpath = sub\n\turl = "{STORE}&url=http://{listener.host}/sub"\n',
        ".gitconfig": f"[filter \"evil\"]\n\tsmudge = touch '{folder}/owned'\n",
        "hooks/post-checkout": f"#!/bin/sh\ntouch '{folder}/owned'\n",
        ".datalad/config": f'[datalad "clone"]\n\turl = http://{listener.host}/\n',
        "plain.txt": "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 1\n",
        "other.txt": "x\n",
    }
    for name, content in files.items():
        path = owner.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        path.chmod(0o755)
    (owner.folder / "outside").symlink_to(folder / "bob")
    owner.git("-c", "annex.largefiles=nothing", "add", "-A")
    owner.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    owner.git("commit", "-q", "-m", "traps")
    owner.git("worktree", "add", "-q", str(folder / "branch"), "git-annex")
    log = folder / "branch" / "remote.log"
    start = "0badcafe-0000-4000-8000-00000000000"
    told = {"host": listener.host, "store": folder / "store"}
    rows = [f"{row} {OURS}" for row in ROWS.format(start, **told).split("\n")]
    log.write_text("\n".join([log.read_text().strip(), *rows, FOREIGN.format(start, **told), ""]))
    (log.parent / "trust.log").write_text(f"{start}e X timestamp=1s\n")
    owner.home.run("git", "add", "-A", cwd=log.parent)
    owner.home.run("git", "commit", "-q", "-m", "traps", cwd=log.parent)


def config(mallory: Mallory) -> str:
    return mallory.home.run("git", "config", "--local", "--list", cwd=mallory.clone).stdout


def test_an_honest_file_in_a_hostile_dataset_is_got(mallory: Mallory) -> None:
    assert (mallory.clone / "data" / "a.csv").read_bytes() == b"1;2\n"


def test_no_host_but_the_shown_ones_is_contacted(mallory: Mallory) -> None:
    """Not for submodules, git-lfs, `.datalad/config`, nor any remote that the dataset enables by itself."""
    assert mallory.listener.heard == []


def test_nothing_outside_of_the_clone_is_written_and_no_program_of_the_dataset_runs(mallory: Mallory) -> None:
    assert mallory.after == mallory.before
    assert "owned" not in mallory.after


def test_no_name_of_the_dataset_commands_the_terminal(mallory: Mallory) -> None:
    assert all(line.isprintable() for line in mallory.printed.splitlines())


@pytest.mark.parametrize("name", ["twin", "-x", "a b", "evil", "gitty", "also", "dav", "login", "up"])
def test_a_remote_that_is_a_trap_is_not_enabled(mallory: Mallory, name: str) -> None:
    assert f"remote.{name}." not in config(mallory)
    assert name in mallory.printed


def test_a_dead_remote_lends_its_name_to_no_program(mallory: Mallory) -> None:
    assert "remote.gone." not in config(mallory)


def test_the_remote_origin_stays_that_of_git(mallory: Mallory) -> None:
    set_there = [line for line in config(mallory).splitlines() if line.startswith("remote.origin.")]
    assert f"remote.origin.url={mallory.address}" in set_there
    assert not [line for line in set_there if "externaltype" in line]


def test_of_two_settings_of_one_name_none_is_verified_unseen(mallory: Mallory) -> None:
    """The user agreed to the folder, and git-annex may read the other address."""
    assert "remote.double.annex-verified=automatic" in config(mallory)
    assert "remote.store.annex-verified=verified" in config(mallory)


def test_a_dataset_that_leads_elsewhere_than_its_invitation_is_asked_about_again(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    owner = Repository.create(Home(tmp_path / "mallory", "Mallory"), tmp_path / "mallory" / "d")
    with trap() as listener, served(ScriptedDAV()) as dav:
        dav.folders.update({"/dav"})
        owner.annex(
            *("initremote", "lab", "type=external", "externaltype=pyshare", "encryption=none"),
            *("--with-url", f"url={folder}"),
        )
        owner.initremote(f"{dav.url}/dav/x", {"autoenable": "true"}, name="other")
        owner.add({"a.csv": b"1;2\n"})
        owner.annex("copy", "-q", "--to", "lab")
        owner.annex("copy", "-q", "--to", "other")
        owner.annex("enableremote", "other", f"url=http://{listener.host}/x", check=False)
        owner.git("push", "-q", "lab", "main", "git-annex")
        uuid = owner.git("config", "remote.lab.annex-uuid").stdout.strip()
        address = f"annex::{uuid}?type=external&externaltype=pyshare&encryption=none&url={folder}"
        listener.heard.clear()
        dav.requests.clear()
        bob = Home(tmp_path / "bob", "Bob", **LOGIN)
        bob.run("pyshare", "accept", address, "scripted", "--yes", cwd=bob.folder)
        answers = [("Go?", "y"), ("does not name. Use that, too? [y/N]", ""), ("choose", "1")]
        said = type_at_terminal(bob, ["pyshare", "accept", address, "asked"], bob.folder, answers)
        assert said.code == 0, said.text
        for name in ("scripted", "asked"):
            assert (bob.folder / name / "a.csv").read_bytes() == b"1;2\n"
            listed = bob.run("git", "config", "--local", "--list", cwd=bob.folder / name).stdout
            assert "remote.other." not in listed
        assert listener.heard == []
        assert dav.requests == []
    unlock(tmp_path)


def test_a_yes_in_a_script_sends_no_login_of_the_environment_to_a_host_that_it_does_not_name(tmp_path: Path) -> None:
    owner = Repository.create(Home(tmp_path / "mallory", "Mallory"), tmp_path / "mallory" / "d")
    with served(ScriptedDAV()) as dav:
        dav.folders.update({"/dav"})
        owner.initremote(f"{dav.url}/dav/x", {"autoenable": "true"})
        owner.add({"a.csv": b"1;2\n"})
        owner.annex("move", "-q", "--to", "store")
        dav.requests.clear()
        bob = Home(tmp_path / "bob", "Bob", **LOGIN)
        bob.run("pyshare", "accept", str(owner.folder), "--yes", cwd=bob.folder)
        assert (bob.folder / "d" / "a.csv").read_bytes() == b"1;2\n"
        assert dav.requests
        assert not [seen for seen in dav.requests if "Authorization" in seen.headers]
        verified = bob.run("git", "config", "remote.store.annex-verified", cwd=bob.folder / "d").stdout
        assert verified == "automatic\n"
    unlock(tmp_path)
