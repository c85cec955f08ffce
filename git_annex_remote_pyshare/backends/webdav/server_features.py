"""Detects the kind of WebDAV server, and so how it stores, from a successful response.

A proxy may put its own name into `Server:`, and PHP behind Apache stores differently than Apache itself. So a row also
requires a header that only the storing program sends, and error responses, which a proxy may send, do not count.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple


class ServerFeatures(NamedTuple):
    """How a kind of server stores objects."""

    atomic: bool = False
    """Whether a PUT becomes visible only when complete, and an interrupted one leaves the old object."""
    counts: bool = False
    """Whether a success implies that all bytes are stored."""
    hashes: bool = False
    """Whether the server may respond to the header `X-Hash` with the hash of the received data (Nextcloud)."""
    compares: bool = False
    """Whether it compares `If-Match` and `If-None-Match` with the file of a PUT, MOVE or DELETE."""
    unmovable: str = ""
    """Characters that the server drops from the target name of a MOVE."""


UNKNOWN = ServerFeatures()
ATOMIC = ServerFeatures(atomic=True, counts=True)
PLAIN = ServerFeatures(counts=True)
CLOUD = ServerFeatures(atomic=True, counts=True, hashes=True, compares=True)


class _Row(NamedTuple):
    features: ServerFeatures
    server: str
    """A regular expression for `Server:`."""
    sign: str = ""
    """Another header that must exist."""
    looks: str = ""
    """A regular expression for that header."""


_TABLE = (
    # Nextcloud and ownCloud 10 write a part file and rename it (apps/dav/lib/Connector/Sabre/File.php).
    _Row(CLOUD, "", "OC-FileId"),
    _Row(CLOUD, "", "OC-ETag"),
    # mod_dav's page for 201 (modules/dav/main/mod_dav.c, dav_created); PHP's responses are in UTF-8.
    _Row(ATOMIC, r"Apache\b", "Content-Type", r"text/html; *charset=ISO-8859-1"),
    # Only ngx_http_dav_module sends the new file's path in Location.
    _Row(ATOMIC, r"nginx\b", "Location"),
    _Row(ATOMIC, r"lighttpd\b"),
    _Row(PLAIN, r"rclone/"),
    # Decodes Destination before it removes query and parameters (wsgidav/request_server.py, _copy_or_move), by
    # urllib.parse, which drops tabs and line breaks.
    _Row(PLAIN._replace(compares=True, unmovable="?;\t\r"), r"WsgiDAV/"),
)

_PROGRAMS_BEHIND = ("X-Sabre-Version", "X-Powered-By", "Via")
"""Headers of a program behind the server that `Server:` names."""


def detect(status: int, headers: Mapping[str, str]) -> ServerFeatures:
    """The server's features by its response to a PUT, MKCOL or MOVE; UNKNOWN if it is not recognized."""
    if status not in {201, 204}:
        return UNKNOWN
    server = headers.get("Server", "")
    behind = any(name in headers for name in _PROGRAMS_BEHIND)
    for row in _TABLE:
        if row.server and (behind or not re.match(row.server, server)):
            continue
        if not row.sign or (row.sign in headers and re.match(row.looks, headers[row.sign], re.IGNORECASE)):
            return row.features
    return UNKNOWN
