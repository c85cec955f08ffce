"""`pyshare rehearse`: a stranger with an empty HOME tries what friends will do, and says how it went."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import pytest
from support.fakes.dav import ScriptedDAV
from support.fakes.nextcloud import FILES as HOME_OF_BOB
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login
from support.sharing import FILES, Owner
from support.sharing_cloud import SharingCloud, make_link

Found = TypeVar("Found")


def rehearsed(owner: Owner, *words: str, code: int) -> dict[str, Any]:
    """What a rehearsal says, as JSON; nothing of it is left on this machine."""
    temporary = owner.home.folder / "temporary"
    temporary.mkdir(exist_ok=True)
    owner.home.environment["TMPDIR"] = str(temporary)
    done = owner.type("pyshare", "rehearse", *(words or ["for-friends"]), "--json", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert list(temporary.iterdir()) == []
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def states(rehearsal: dict[str, Any]) -> dict[str, str]:
    return {check["check"]: check["state"] for check in rehearsal["checks"]}


def text(rehearsal: dict[str, Any], check: str) -> str:
    (found,) = [f"{each['text']} → {each['fix']}" for each in rehearsal["checks"] if each["check"] == check]
    return found


FINE = {"clone": "ok", "store": "ok", "files": "ok", "read": "ok"}


@pytest.fixture
def cloudy(sharer: Owner, sharing_cloud: SharingCloud) -> Owner:
    """Alice's dataset, published, its content in a Nextcloud that friends read by a link."""
    sharer.initremote(f"{sharing_cloud.url}{HOME_OF_BOB}/our share")
    sharer.store()
    make_link(sharer, sharing_cloud)
    sharer.publish()
    return sharer


def test_a_folder_is_read_and_the_json_says_what_was_done(shared_lab: Owner) -> None:
    found = rehearsed(shared_lab, code=0)
    assert states(found) == FINE
    assert (found["state"], found["files"], found["missing"]) == ("ok", len(FILES), 0)
    done = shared_lab.type("pyshare", "rehearse", "for-friends", "--files", "5")
    assert "✓ cloned\n" in done.stdout
    assert f"✓ {len(FILES)} smallest files read\n" in done.stdout


def test_a_link_is_read_and_a_password_or_a_withdrawal_is_said_with_what_helps(
    cloudy: Owner, sharing_cloud: SharingCloud
) -> None:
    found = rehearsed(cloudy, code=0)
    assert states(found) == FINE
    assert text(found, "store") == "the store is enabled as for-friends-link → "

    (link,) = sharing_cloud.links.values()
    link.password = "opensesame"
    found = rehearsed(cloudy, code=4)
    assert states(found) == {**FINE, "read": "login"}
    assert f"Does it have a password? Type: pyshare login {link.url}" in text(found, "read")
    assert "opensesame" not in json.dumps(found)

    sharing_cloud.links.clear()
    found = rehearsed(cloudy, code=1)
    assert states(found) == {**FINE, "read": "problem"}
    said, _, fix = text(found, "read").partition(" → ")
    assert "there is no such link any more" in said
    cloudy.type(*fix.split(), "-y")
    assert states(rehearsed(cloudy, code=0)) == FINE


def test_without_the_git_annex_branch_friends_get_nothing_and_the_push_helps(shared_lab: Owner, tmp_path: Path) -> None:
    github = tmp_path / "our github" / "DataLad-101.git"
    shared_lab.home.run("git", "branch", "-D", "git-annex", cwd=github)
    found = rehearsed(shared_lab, code=1)
    assert states(found) == {"clone": "problem"}
    fix = text(found, "clone").partition(" → ")[2]
    assert fix == "datalad push --to github --data nothing"
    shared_lab.type(*fix.split())
    rehearsed(shared_lab, code=0)


def test_files_that_are_not_stored_are_counted_and_what_is_said_to_type_stores_them(shared_lab: Owner) -> None:
    (shared_lab.folder / "new").write_bytes(b"new")
    shared_lab.type("git", "annex", "add", "-q", ".")
    shared_lab.type("git", "commit", "-q", "-m", "new")
    shared_lab.type("git", "push", "-q", "github", "main", "git-annex")
    found = rehearsed(shared_lab, code=1)
    assert states(found) == {**FINE, "files": "problem"}
    said, _, fix = text(found, "files").partition(" → ")
    assert said == "1 of 3 files is not in the store"
    assert fix == "git annex copy --to for-friends && datalad push --to github --data nothing"
    # Where the publication dependency is set, one command does both.
    shared_lab.type("git", "config", "--add", "remote.github.datalad-publish-depends", "for-friends")
    fix = text(rehearsed(shared_lab, code=1), "files").partition(" → ")[2]
    assert fix == "datalad push --to github"
    shared_lab.type(*fix.split())
    rehearsed(shared_lab, code=0)


def test_content_that_the_store_has_lost_or_changed_is_a_problem(shared_lab: Owner, tmp_path: Path) -> None:
    objects = [path for path in (tmp_path / "the lab").rglob("*") if path.is_file() and "SHA256E" in path.name]
    smallest = min(objects, key=lambda path: path.stat().st_size)
    smallest.parent.chmod(0o755)
    smallest.chmod(0o644)
    smallest.write_bytes(b"2;1\n")
    found = rehearsed(shared_lab, code=1)
    assert states(found) == {**FINE, "read": "problem"}
    verify = text(found, "read").partition("Verification of content failed → ")[2]
    assert shared_lab.type(*verify.split(), "--download", check=False).returncode == 1
    smallest.unlink()
    found = rehearsed(shared_lab, code=1)
    assert states(found) == {**FINE, "read": "problem"}
    assert "the file is not in" in text(found, "read")


def test_a_bucket_needs_a_login_until_it_is_public(sharer: Owner, scripted_s3: ScriptedS3) -> None:
    scripted_s3.login = Login()
    login = {"AWS_ACCESS_KEY_ID": Login().access_key, "AWS_SECRET_ACCESS_KEY": Login().secret_key}
    sharer.home.environment.update(login)
    sharer.initremote("s3://bucket/our share", endpoint=scripted_s3.url, region="us-east-1")
    sharer.store()
    sharer.publish()
    found = rehearsed(sharer, code=4)
    assert states(found) == {**FINE, "read": "login"}
    assert "Type: pyshare login 's3://bucket/our share'" in text(found, "read")
    sharer.share("--public", "-y")
    assert states(rehearsed(sharer, code=0)) == FINE


OWNERS = {
    "WEBDAV_USERNAME": "alice",
    "WEBDAV_PASSWORD": "hunter2",
    "AWS_SECRET_ACCESS_KEY": "hunter2",
    "DROPBOX_ACCESS_TOKEN": "hunter2",
    "GIT_ASKPASS": "/bin/echo",
    "SSH_AUTH_SOCK": "/tmp/hunter2",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "http.extraHeader",
    "GIT_CONFIG_VALUE_0": "X-Secret: hunter2",
    "NETRC": "/hunter2",
}


def test_no_login_variable_or_git_config_of_the_owner_reaches_the_stranger(
    sharer: Owner, dav: ScriptedDAV, tmp_path: Path
) -> None:
    home = sharer.home
    home.environment.update({name: OWNERS[name] for name in ("WEBDAV_USERNAME", "WEBDAV_PASSWORD")})
    sharer.initremote(f"{dav.url}/dav/share")
    sharer.store()
    sharer.publish()
    host = dav.url.partition("://")[2]
    (home.folder / ".netrc").write_text(f"machine {host.partition(':')[0]} login alice password hunter2\n")
    (home.folder / ".git-credentials").write_text(f"http://alice:hunter2@{host}\n")
    for words in (("credential.helper", "store"), ("http.extraHeader", "X-Secret: hunter2")):
        home.run("git", "config", "--global", *words, cwd=home.folder)
    # Programs of the same names write down with what they were started.
    spies, seen = tmp_path / "spies", tmp_path / "seen"
    spies.mkdir()
    for name in ("git", "git-annex", "git-annex-remote-pyshare"):
        real = shutil.which(name, path=home.environment["PATH"])
        (spies / name).write_text(
            f'#!/bin/sh\n(echo "$0"; env; "{shutil.which("git")}" config --list) >> "{seen}"\nexec "{real}" "$@"\n'
        )
        (spies / name).chmod(0o755)
    dav.requests.clear()
    spied = run_in(sharer, OWNERS, spies)
    assert states(spied) == FINE
    told = seen.read_text()
    assert f"{spies}/git\n" in told
    assert f"{spies}/git-annex-remote-pyshare\n" in told
    assert "hunter2" not in told
    assert str(home.folder / ".gitconfig") not in told
    assert dav.requests
    assert not any({"Authorization", "X-Secret"} & set(request.headers) for request in dav.requests)


def run_in(owner: Owner, environment: dict[str, str], programs: Path) -> dict[str, Any]:
    """A rehearsal whose own programs are replaced: the folder of this Python comes first on its PATH otherwise."""
    code = (
        "import sys; from git_annex_remote_pyshare.cli import app, sandbox; import os;"
        f"sandbox.search_path = lambda: {str(programs)!r} + os.pathsep + os.environ['PATH'];"
        "sys.exit(app.run(['rehearse', 'for-friends', '--json']))"
    )
    done = owner.home.run(sys.executable, "-c", code, cwd=owner.folder, login=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_rehearsal_removes_everything_and_ends_what_it_started(
    shared_lab: Owner, tmp_path: Path, number: int
) -> None:
    temporary = shared_lab.home.folder / "temporary"
    temporary.mkdir()
    hanging = tmp_path / "hanging"
    hanging.mkdir()
    (hanging / "git").write_text(
        '#!/bin/sh\nif [ "$1" = clone ]; then echo $$ > "$HOME/../started"; sleep 600; fi\nexec '
        f'{shutil.which("git")} "$@"\n'
    )
    (hanging / "git").chmod(0o755)
    environment = {**shared_lab.home.environment, "TMPDIR": str(temporary)}
    environment["PATH"] = f"{environment['PATH'].partition(':')[0]}:{hanging}:{environment['PATH']}"
    with subprocess.Popen(
        ["pyshare", "rehearse", "for-friends"],
        cwd=shared_lab.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        started = wait_for(lambda: next(temporary.glob("*/started"), None))
        assert started
        process = int(wait_for(started.read_text))
        running.send_signal(number)
        assert running.wait(60) == 128 + number
    assert list(temporary.iterdir()) == []
    wait_for(lambda: not is_alive(process))


def wait_for(found: Callable[[], Found]) -> Found:
    end = time.monotonic() + 60
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return value


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_an_address_of_anyone_is_tried_and_what_git_must_not_get_is_refused(shared_lab: Owner, tmp_path: Path) -> None:
    github = str(tmp_path / "our github" / "DataLad-101.git")
    assert states(rehearsed(shared_lab, github, code=0)) == FINE
    missing = rehearsed(shared_lab, f"{github}-none", code=1)
    assert states(missing) == {"clone": "problem"}
    assert "does not exist" in text(missing, "clone")
    for address in ("ext::touch /tmp/pyshare-evil", "--upload-pack=touch", "file:///x"):
        done = shared_lab.type("pyshare", "rehearse", "--", address, check=False)
        assert done.returncode == 2
    assert shared_lab.type("pyshare", "rehearse", "unknown", check=False).returncode == 2


def test_a_remote_that_no_clone_enables_by_itself_is_enabled_for_the_try(sharer: Owner, tmp_path: Path) -> None:
    sharer.initremote(str(tmp_path / "the lab"), autoenable="false")
    sharer.store()
    sharer.publish()
    assert states(rehearsed(sharer, code=0)) == FINE


@pytest.fixture
def web(shared_lab: Owner, tmp_path: Path) -> Iterator["type[Web]"]:
    """The published dataset on a web server, as plain files."""
    github = tmp_path / "our github" / "DataLad-101.git"
    shared_lab.home.run("git", "update-server-info", cwd=github)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Web, directory=str(github.parent))) as server:
        Web.is_private = False
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        shared_lab.type("git", "remote", "set-url", "github", f"http://127.0.0.1:{server.server_port}/DataLad-101.git")
        yield Web
        server.shutdown()
        thread.join()


class Web(SimpleHTTPRequestHandler):
    """A web server that can want a login for everything."""

    is_private = False

    def do_GET(self) -> None:
        if self.is_private:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its word
        """Print nothing."""


def test_over_http_a_private_repository_needs_a_login_which_no_one_is_asked_for(
    shared_lab: Owner, web: type[Web]
) -> None:
    assert states(rehearsed(shared_lab, code=0)) == FINE
    web.is_private = True
    found = rehearsed(shared_lab, code=4)
    assert states(found) == {"clone": "login"}
    assert text(found, "clone").startswith("there is no such repository, or cloning it needs a login")
