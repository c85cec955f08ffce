"""Fixtures that several test modules use."""

pytest_plugins = ["annex", "servers", "davkit", "places", "logins", "waiting"]
