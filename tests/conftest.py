"""Fixtures that several test modules use, and which tests are large."""

import pytest

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
]

LARGE = {
    *("alice", "bob", "carol", "repository", "sharer", "lab", "place", "browser", "dropbox_sdk", "server", "s3_server"),
    *("apache_server", "apache_digest_server", "rclone_server", "wsgidav_server"),
    *("rclone_s3_server", "open_s3_server", "moto_server", "ceph_server"),
}
"""Fixtures that start whole programs or real servers."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that show little of another Python, and take minutes: `-m "not large"` leaves them out."""
    for item in items:
        if isinstance(item, pytest.Function) and not LARGE.isdisjoint(item.fixturenames):
            item.add_marker("large")
