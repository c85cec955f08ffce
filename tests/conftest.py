"""Fixtures that several test modules use, and which tests are large."""

import pytest

pytest_plugins = [
    "annex",
    "servers",
    "s3_servers",
    "s3kit",
    "davkit",
    "scripted_nextcloud",
    "places",
    "logins",
    "dropbox_places",
    "waiting",
    "partskit",
    "sharing",
    "sharing_cloud",
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
