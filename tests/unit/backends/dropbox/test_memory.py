"""Memory stays flat, whatever is stored."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.dropboxkit import Owner

pytest_plugins = ["support.dropbox_stores"]

BUDGET = 64 << 20
"""Bytes of all buffers of all jobs together."""

PROGRAM = """
import json, sys, tracemalloc
from concurrent.futures import ThreadPoolExecutor
from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.registry import make
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.backends.dropbox.credential import from_environment
from git_annex_remote_pyshare.transfer import Source

path, jobs = sys.argv[1], int(sys.argv[2])
settings = {"url": "dropbox:/annex", "namespace": "", "share": ""}
box = make(StoreConfig("dropbox:/annex", settings, LocalConfig(), from_environment, trusted=lambda: True))
box.stat("a/KEY")
tracemalloc.start()
with ThreadPoolExecutor(jobs) as pool:
    list(pool.map(lambda number: box.put(f"a/KEY{number}", Source(path), lambda _: None), range(jobs)))
print(tracemalloc.get_traced_memory()[1])
box.close()
"""


@pytest.mark.parametrize(
    ("jobs", "size"),
    [pytest.param(32, 4 << 20, id="DB30"), pytest.param(1, 150 << 20, id="the largest single request")],
)
def test_what_is_sent_is_never_held_as_a_whole(owner: Owner, tmp_path: Path, jobs: int, size: int) -> None:
    (tmp_path / "file").touch()
    os.truncate(tmp_path / "file", size)
    login = {"DROPBOX_REFRESH_TOKEN": "", "DROPBOX_ACCESS_TOKEN": owner.service.log_in(owner.account).access}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "file"), str(jobs)]
    done = subprocess.run(command, env={**os.environ, **login}, check=True, capture_output=True, text=True, timeout=120)
    assert sum(seen.size for seen in owner.service.seen) == jobs * size
    assert int(done.stdout) < BUDGET
