"""A friend logs in at the cloud of a dataset whose remote names its owner's own files, which no other user opens."""

import json
import re
from collections.abc import Iterator

import pytest
from support.annex import Home, Repository
from support.fakes.dav import DAVHandler, ScriptedDAV
from support.scripted import Answer, Play, Seen, answer, served

FILES = {"a.txt": b"a", "sub/b.bin": b"b" * 5000}
HOME = "/remote.php/dav/files"
BOB = "Basic Ym9iOnBhc3M="
"""`bob:pass`."""


class Shared(DAVHandler):
    """A cloud where Bob has Alice's shared folder among his own files, and may not look into hers."""

    def proper(self, seen: Seen) -> Answer:
        if seen.headers.get("Authorization") == BOB and seen.path.startswith(f"{HOME}/alice"):
            return 404, {"Content-Type": "application/xml"}, b"<d:error xmlns:d='DAV:'/>"
        mapped = seen._replace(path=seen.path.replace(f"{HOME}/bob/study 2", f"{HOME}/alice/study 2", 1))
        return super().proper(mapped)


class SharedDAV(ScriptedDAV):
    """That cloud."""

    handler = Shared


def decide(seen: Seen) -> Play | None:
    """What a Nextcloud answers that is not WebDAV."""
    if seen.path.endswith("/status.php"):
        return answer(200, json.dumps({"productname": "Nextcloud"}).encode())
    if seen.path.endswith("/ocs/v1.php/cloud/user"):
        return answer(200, json.dumps({"ocs": {"data": {"id": "bob"}}}).encode())
    return None


@pytest.fixture
def cloud() -> Iterator[ScriptedDAV]:
    made = SharedDAV()
    made.decide = decide
    with served(made) as server:
        parts = [*HOME.split("/")[1:], "alice"]
        server.folders.update("/" + "/".join(parts[: number + 1]) for number in range(len(parts)))
        yield server


@pytest.mark.parametrize("layout", ["", "lower"])
def test_what_is_said_to_type_gets_the_content_from_the_friends_own_files(
    layout: str, cloud: ScriptedDAV, repository: Repository, bob: Home
) -> None:
    settings = {"autoenable": "true", **({"layout": layout} if layout else {})}
    repository.initremote(f"{cloud.url}{HOME}/alice/study%202", settings)
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    clone, _ = repository.cloned(bob)
    typed = f"pyshare login {cloud.url} --user bob"
    done = bob.run("bash", "-c", typed, cwd=clone.folder, input="pass\n")
    assert "These are the files of alice, and you are bob." in done.stdout
    line = re.findall(r"in the dataset: (git annex initremote .*)", done.stdout)[0]
    assert f"url={cloud.url}{HOME}/bob/study%202" in line
    clone.git("config", "remote.store.annex-ignore", "true")
    bob.run("bash", "-c", line, cwd=clone.folder)
    clone.annex("get", "--from", "store-here")
    assert (clone.folder / "sub/b.bin").read_bytes() == FILES["sub/b.bin"]


def test_outside_of_a_clone_the_address_that_was_typed_is_enough(cloud: ScriptedDAV, bob: Home) -> None:
    done = bob.run(
        *("pyshare", "login", f"{cloud.url}{HOME}/alice/study%202", "--user", "bob"), cwd=bob.folder, input="pass\n"
    )
    assert "These are the files of alice, and you are bob." in done.stdout
    assert f"--sameas=NAME type=external externaltype=pyshare url={cloud.url}{HOME}/bob/study%202" in done.stdout


@pytest.mark.parametrize("path", ["", f"{HOME}/bob/x", f"{HOME}/Bob", "/apps/files"])
def test_the_users_own_files_need_no_hint(path: str, cloud: ScriptedDAV, bob: Home) -> None:
    done = bob.run("pyshare", "login", f"{cloud.url}{path}", "--user", "bob", cwd=bob.folder, input="pass\n")
    assert f"encryption=none url={cloud.url}{HOME}/bob/FOLDER\n" in done.stdout
    assert "These are the files" not in done.stdout
