"""Fixtures that several test modules use, and which kind of test each one is."""

import gc
import os
import signal
from pathlib import Path

import pytest
from support.tracing import Tracing

_ARENAS = "MALLOC_ARENA_MAX"
"""Number of heaps of glibc's malloc. A heap for each thread, as is usual, makes a worker grow to 3 GiB."""

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.pop(_ARENAS, None)  # for this worker alone: the programs whose memory tests measure run without it

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A suite that runs in the background ignores SIGINT, and all programs that the tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = [
    "support.annex",
    "support.computer",
    "support.servers",
    "support.nginx",
    "support.s3_servers",
    "support.rclone_remotes",
    "support.s3kit",
    "support.davkit",
    "support.fakes.annex_clone",
    "support.fakes.nextcloud_files",
    "support.sftpkit",
    "support.places",
    "support.logins",
    "support.dropbox_places",
    "support.waiting",
    "support.partskit",
    "support.sharing",
    "support.sharing_cloud",
    "support.folder_people",
    "support.sftp_script",
    "support.sshd",
    "support.login_cloud",
    "support.datalad_extension",
    "support.browser",
]

TESTS = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Trace no more than is measured."""
    config.pluginmanager.register(Tracing(config))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder: `unit`, `integration` or `e2e`."""
    kinds = {path: path.relative_to(TESTS).parts[0] for path in {item.path for item in items}}
    for item in items:
        item.add_marker(kinds[item.path])
    gc.freeze()  # what has been collected stays to the end: the collector need not look at it again and again


def pytest_xdist_auto_num_workers() -> int:
    """Start two workers for each processor with `-n auto`: half of a test's time is waiting for other programs."""
    return 2 * (os.cpu_count() or 1)


def pytest_xdist_setupnodes() -> None:
    """Let the workers, which start next, return memory to the system."""
    os.environ[_ARENAS] = "2"
