"""A dataset in a store, where pushes are killed and answers are lost: a clone has one whole state of it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.annex import Home, Repository, unlock
from support.fakes.dav import ScriptedDAV
from support.fault_proxy import faulty
from support.hosted import cloned, content, keep_here, publish, update
from support.s3_servers import S3Server
from support.scripted import Play, Seen
from support.servers import PASSWORD, USER, Server

PATIENCE = 60.0
"""Seconds that a push may take."""
WHAT_GOES_WRONG = "PUT swallow; DELETE swallow; PUT 503; HEAD 500; GET cut down 5; GET truncate 9; DELETE reset"


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Git-annex protects its objects."""
    yield
    unlock(tmp_path)


def manifests(dav: ScriptedDAV) -> list[str]:
    return sorted(path.rpartition("/")[2][-4:] for path in dav.objects if "/GITMANIFEST--" in path)


def kill_without_manifest(repository: Repository, dav: ScriptedDAV) -> None:
    """Push, and kill everybody when the old manifest is gone and the new one is not there yet."""
    proper = dav.decide

    def stall_without_manifest(seen: Seen) -> Play | None:
        return Play(wait=PATIENCE) if seen.method in {"PUT", "MOVE"} and manifests(dav) == [".bak"] else proper(seen)

    dav.decide = stall_without_manifest
    with subprocess.Popen(
        ["git", "push", "store", "main", "git-annex"],
        cwd=repository.folder,
        env=repository.home.environment,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    ) as pushing:
        end = time.monotonic() + PATIENCE
        while manifests(dav) != [".bak"] and time.monotonic() < end:
            time.sleep(0.05)
        os.killpg(pushing.pid, signal.SIGKILL)
    dav.decide = proper


def test_a_push_that_is_killed_between_remove_and_store_leaves_a_dataset_to_clone(
    repository: Repository, dav: ScriptedDAV, bob: Home
) -> None:
    repository.add({"first": b"one"})
    url = keep_here(repository, {"url": f"{dav.url}/dav/share"})
    repository.add({"second": b"two"})
    repository.annex("copy", "--quiet", "--to", "store")
    kill_without_manifest(repository, dav)
    assert manifests(dav) == [".bak"]
    clone = cloned(bob, url)
    clone.annex("get", "--quiet")
    assert content(clone)["first"] == b"one"
    publish(repository, "store")
    assert len(manifests(dav)) == 2
    update(clone, "origin")
    assert content(clone) == content(repository)


def push_on_a_bad_line(repository: Repository, settings: Mapping[str, str], server: str, bob: Home) -> None:
    """Push, clone, push and fetch, where the line fails each time."""
    with faulty(server) as line:
        through = {name: value.replace(server, line.host) for name, value in settings.items()}
        repository.add({"first": b"one"})
        url = keep_here(repository, through)
        if through["url"].startswith("http"):
            words = (through["url"], "--user", USER, "--no-check")
            bob.run("pyshare", "login", *words, cwd=bob.folder, input=f"{PASSWORD}\n")
        repository.add({"second": b"two"})
        line.fail(WHAT_GOES_WRONG)
        publish(repository, "store")
        line.fail(WHAT_GOES_WRONG)
        clone = cloned(bob, url)
        repository.add({"third": b"three"})
        line.fail(WHAT_GOES_WRONG)
        publish(repository, "store")
        line.fail(WHAT_GOES_WRONG)
        update(clone, "origin")
        assert {seen.fault.kind for seen in line.requests} >= {"swallow", "status", "cut", "reset"}
        assert content(clone) == content(repository)


def test_lost_answers_of_apache_leave_no_old_manifest(
    repository: Repository, apache_server: Server, bob: Home, tmp_path: Path
) -> None:
    repository.home.environment.update(WEBDAV_USERNAME=USER, WEBDAV_PASSWORD=PASSWORD)
    url = f"{apache_server.url}/{tmp_path.parent.name}-{tmp_path.name}/share"
    push_on_a_bad_line(repository, {"url": url}, apache_server.url.removeprefix("http://"), bob)


def test_lost_answers_of_s3_leave_no_old_manifest(repository: Repository, open_s3_server: S3Server, bob: Home) -> None:
    settings = {"url": f"s3://{open_s3_server.fresh_bucket()}/share", **open_s3_server.settings}
    push_on_a_bad_line(repository, settings, open_s3_server.host, bob)
