"""Defines the headers that every request has."""

from collections.abc import Mapping

from git_annex_remote_pyshare import __version__

USER_AGENT = f"git-annex-remote-pyshare/{__version__}"
"""Also the name under which a Nextcloud lists the app password that it makes for pyshare."""

HEADERS: Mapping[str, str] = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
"""No compression: a compressed body could neither be resumed nor counted."""

UNCACHED: Mapping[str, str] = {"Cache-Control": "no-cache"}
"""For requests that read: a proxy on the way must ask the server, since others replace and remove objects (RFC 9111
§5.2.1.4)."""
