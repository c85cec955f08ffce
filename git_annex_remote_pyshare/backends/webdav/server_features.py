"""What kinds of servers there are, and how to tell them by an answer to something that they did for us.

A proxy in front may put its own name into `Server:`, and PHP behind Apache stores otherwise than Apache itself. So a
row also wants a sign that only the storing program gives, and only successes count: errors come from anywhere.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple


class Traits(NamedTuple):
    """How a kind of server stores."""

    atomic: bool = False
    """Whether readers see what is PUT only when it is whole, and whether an old object survives a broken PUT."""
    counts: bool = False
    """Whether a success implies that all bytes are stored."""
    hashes: bool = False
    """Whether the header `X-Hash` may be answered with the hash of what was received (Nextcloud)."""
    unmovable: str = ""
    """Characters that the server does not keep in the name that a MOVE goes to."""


UNKNOWN = Traits()
ATOMIC = Traits(atomic=True, counts=True)
PLAIN = Traits(counts=True)
CLOUD = Traits(atomic=True, counts=True, hashes=True)


class _Row(NamedTuple):
    traits: Traits
    server: str
    """What `Server:` looks like, as a regular expression."""
    sign: str = ""
    """A header that must be there too."""
    looks: str = ""
    """How that header looks, as a regular expression."""


_TABLE = (
    # Nextcloud and ownCloud 10 write a part file and rename it (apps/dav/lib/Connector/Sabre/File.php).
    _Row(CLOUD, "", "OC-FileId"),
    _Row(CLOUD, "", "OC-ETag"),
    # mod_dav's page for 201 (modules/dav/main/mod_dav.c, dav_created); PHP's answers are in UTF-8.
    _Row(ATOMIC, r"Apache\b", "Content-Type", r"text/html; *charset=ISO-8859-1"),
    # ngx_http_dav_module alone names the new file in Location.
    _Row(ATOMIC, r"nginx\b", "Location"),
    _Row(ATOMIC, r"lighttpd\b"),
    _Row(PLAIN, r"rclone/"),
    # Decodes Destination before it takes query and parameters off (wsgidav/request_server.py, _copy_or_move), by
    # urllib.parse, which drops tabs and line breaks.
    _Row(PLAIN._replace(unmovable="?;\t\r"), r"WsgiDAV/"),
)

_PROGRAMS_BEHIND = ("X-Sabre-Version", "X-Powered-By", "Via")
"""Who has one of these is not the server that `Server:` names."""


def recognise(status: int, headers: Mapping[str, str]) -> Traits:
    """What the answer to a PUT, MKCOL or MOVE tells about the server; UNKNOWN when it tells nothing."""
    if status not in {201, 204}:
        return UNKNOWN
    server = headers.get("Server", "")
    behind = any(name in headers for name in _PROGRAMS_BEHIND)
    for row in _TABLE:
        if row.server and (behind or not re.match(row.server, server)):
            continue
        if not row.sign or (row.sign in headers and re.match(row.looks, headers[row.sign], re.IGNORECASE)):
            return row.traits
    return UNKNOWN
