"""Defines the headers that every request has, and the type of an object."""

from collections.abc import Mapping

from git_annex_remote_pyshare import __version__

USER_AGENT = f"git-annex-remote-pyshare/{__version__}"
"""Also the name under which a Nextcloud lists the app password that it makes for pyshare."""

HEADERS: Mapping[str, str] = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
"""No compression: a compressed body could neither be resumed nor counted."""

UNCACHED: Mapping[str, str] = {"Cache-Control": "no-cache"}
"""For requests that read: a proxy on the way must ask the server, since others replace and remove objects (RFC 9111
§5.2.1.4)."""

BINARY = "application/octet-stream"
"""The type of an object whose name says nothing, as a key's."""

_COMPRESSED: Mapping[str, str] = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
"""What compressed a file → its type. As Content-Encoding, browsers would store another content than was exported."""


def content_type(name: str) -> str:
    """The Content-Type of a file of a tree, by the suffix of its name, so that browsers open it."""
    from mimetypes import guess_type  # noqa: PLC0415  # only trees need it, and it reads the system's tables

    # Without a folder in front, a name with a colon would look like a URL.
    kind, compression = guess_type(f"/{name.rpartition('/')[2]}", strict=False)
    return (_COMPRESSED.get(compression, BINARY) if compression else kind) or BINARY
