"""Our program is killed while it renames files in a tree that are only there: one good export later all is right."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, TimeoutExpired
from typing import TYPE_CHECKING

import pytest
from support.annex import Repository
from support.fault_proxy import faulty
from support.marks import LONG
from support.places import SharedPlace, folder_at, folder_on
from support.trees import our_processes, stored_tree

if TYPE_CHECKING:
    from support.servers import Server

KILLS = 5
COUNT = 8
FILES = {f"many/f{number}.txt": b"%d" % number * 9 for number in range(COUNT)}
PATIENCE = 8.0
"""Seconds for an export."""

# With several jobs, git-annex 10.20261026 sends a request to the process that is gone, takes the new tree for exported
# nevertheless, and does not ask about that file again.

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")


@pytest.fixture(params=["folder", pytest.param("apache", marks=LONG)])
def far_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[SharedPlace, Path]]:
    """A folder, or one on Apache that is so far away that a kill meets requests under way."""
    if request.param == "folder":
        yield folder_at(tmp_path / "share"), tmp_path / "share"
        return
    server: Server = request.getfixturevalue("apache_server")
    with faulty(server.url.removeprefix("http://")) as line:
        line.latency = 0.03
        place = folder_on(server._replace(url=line.url))
        yield place, server.folder / place.settings["url"].removeprefix(f"{line.url}/")


def test_kills_while_files_are_renamed_lose_nothing_and_leave_nothing(
    repository: Repository, far_place: tuple[SharedPlace, Path]
) -> None:
    place, folder = far_place
    repository.add(FILES)
    place.initremote(repository, {"exporttree": "yes"})
    repository.annex("export", "HEAD", "--to", "store", "-J8")
    repository.annex("drop", "--force", "-q", ".")
    kills = 0
    for number in range(KILLS):
        repository.git("mv", "many" if number == 0 else f"after-{number - 1}", f"after-{number}")
        repository.git("commit", "-q", "-m", "a folder is renamed")

        kills += _killed(repository, folder, number)

        assert sorted({*stored_tree(place).values()}) == sorted(FILES.values())
        repository.annex("export", "HEAD", "--to", "store", "-J1")
        renamed = {name.replace("many/", f"after-{number}/"): content for name, content in FILES.items()}
        assert stored_tree(place) == renamed
    assert kills
    repository.annex("get", "-q", ".")


def _names(folder: Path) -> set[str]:
    """The files there, while they are renamed."""
    return {os.path.join(above, name) for above, _, names in os.walk(folder) for name in names}


def _killed(repository: Repository, folder: Path, number: int) -> int:
    """Export, and kill our program once it has renamed some files; git-annex goes on. How many were killed."""
    before, killed = _names(folder), 0
    with repository.killed("export", "HEAD", "--to", "store", "-J1", stdout=DEVNULL, stderr=DEVNULL) as export:
        end = time.monotonic() + PATIENCE
        while export.poll() is None and time.monotonic() < end:
            if len(before - _names(folder)) > number:
                for pid in our_processes(export.pid):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        killed += 1
                break
        with suppress(TimeoutExpired):  # git-annex itself may wait for ever for the process that is gone
            export.wait(PATIENCE)
    return killed
