"""Fixtures that several test modules use, and which kind of test each one is."""

import signal
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A suite that runs in the background ignores SIGINT, and all programs that the tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = [
    "support.annex",
    "support.servers",
    "support.s3_servers",
    "support.s3kit",
    "support.davkit",
    "support.fakes.nextcloud_files",
    "support.places",
    "support.logins",
    "support.dropbox_places",
    "support.waiting",
    "support.partskit",
    "support.sharing",
    "support.sharing_cloud",
    "support.login_cloud",
    "support.datalad_extension",
]

TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder: `unit`, `integration` or `e2e`."""
    for item in items:
        item.add_marker(item.path.relative_to(TESTS).parts[0])
