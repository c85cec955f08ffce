"""Fixtures that several test modules use."""

pytest_plugins = [
    "annex",
    "servers",
    "s3_servers",
    "s3kit",
    "davkit",
    "places",
    "logins",
    "dropbox_places",
    "waiting",
    "partskit",
]
