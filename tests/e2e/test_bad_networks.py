"""The real git-annex against a server on which one request in three goes wrong: nothing lost, nothing made up."""

import os
import random
from collections.abc import Callable
from threading import Lock

import pytest
from support.annex import Repository
from support.fakes.dav import ScriptedDAV
from support.marks import LONG
from support.scripted import Play, Seen, served

APACHE = {"Content-Type": "text/html; charset=ISO-8859-1"}


def faults(seed: int) -> Callable[[Seen], Play | None]:
    """Draws 5 to 10 % of each: 503, reset, half a body, a lost reply, a truncated download, 500 on a check."""
    draw, lock = random.Random(seed), Lock()
    by_method = {
        "PUT": [Play(503), Play(reset=True), Play(half=True), Play(lost=True)],
        "MOVE": [Play(503), Play(reset=True), Play(lost=True)],
        "GET": [Play(503), Play(reset=True), Play(cut=700)],
        "HEAD": [Play(500), Play(503), Play(reset=True)],
        "DELETE": [Play(500), Play(reset=True), Play(lost=True)],
        "MKCOL": [Play(503), Play(lost=True)],
    }

    def decide(seen: Seen) -> Play | None:
        with lock:
            number = draw.random()
        plays = by_method.get(seen.method, [])
        index = int(number / 0.085)
        return plays[index] if index < len(plays) else None

    return decide


@pytest.mark.parametrize(
    ("jobs", "count", "atomic"),
    [
        pytest.param("-J1", 15, False, id="-J1-put-in-place"),
        pytest.param("-J8", 60, True, id="-J8-atomic-put"),
        pytest.param("-J1", 15, True, id="-J1-atomic-put", marks=LONG),
        pytest.param("-J8", 60, False, id="-J8-put-in-place", marks=LONG),
    ],
)
def test_every_file_is_stored_and_got_by_plain_copy_and_get(
    repository: Repository, jobs: str, count: int, *, atomic: bool
) -> None:
    dav = ScriptedDAV()
    if atomic:
        dav.server_name, dav.on_put = "Apache/2.4", lambda _seen: APACHE
    files = {f"f{number}": os.urandom(3000 + number) for number in range(count)}
    repository.add(files)
    with served(dav):
        repository.initremote(f"{dav.url}/share")
        dav.objects.clear()  # the mark of the place
        dav.decide = faults(20261122)
        if atomic:
            # A server whose PUT is atomic keeps nothing of a broken one.
            drawn = dav.decide
            dav.decide = lambda seen: play._replace(half=False, reset=True) if (play := drawn(seen)) else None
        repository.annex("copy", "--to", "store", jobs)
        objects = {body for path, body in dav.objects.items() if "pyshare-tmp" not in path}
        assert objects == set(files.values())
        repository.annex("drop", jobs, ".")
        repository.annex("get", jobs, ".")
        assert {name: (repository.folder / name).read_bytes() for name in files} == files
        repository.annex("drop", "--from", "store", jobs, ".")
        assert [path for path in dav.objects if "pyshare-tmp" not in path] == []


def test_what_fails_for_good_is_reported_and_never_called_present(repository: Repository) -> None:
    dav = ScriptedDAV()
    repository.add({f"f{number}": os.urandom(2000 + number) for number in range(6)})
    with served(dav):
        repository.initremote(f"{dav.url}/share")
        dav.objects.clear()  # the mark of the place
        dav.decide = lambda seen: Play(507) if seen.method == "PUT" else None
        answers = repository.json("copy", "--to", "store", check=False)
        assert [answer["success"] for answer in answers] == [False] * 6
        assert all("no space left" in str(answer["error-messages"]) for answer in answers)
        assert repository.annex("find", "--in", "store").stdout == ""
        assert dav.objects == {}
