"""Fixtures that several test modules use."""

pytest_plugins = ["annex", "servers", "places", "logins"]
