"""Reads the features that a Nextcloud or ownCloud announces: its OCS capabilities, and its name and version.

Nextcloud developer manual, "OCS API", capabilities; the same on ownCloud.
"""

import json
from http import HTTPStatus
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.errors import NotAStore
from git_annex_remote_pyshare.safe_text import one_line

_API = "/ocs/v2.php/cloud/capabilities?format=json"
_MAX_BYTES = 1 << 20
"""Bytes of a response that are read."""
_LONGEST = 60
"""Characters of a name or version that are shown."""


_STATUS = "/status.php"


class Capabilities(NamedTuple):
    """Those that pyshare uses. The defaults are for a server that does not announce them."""

    chunks: bool = True
    """Whether it may accept chunked uploads (`dav.chunking`)."""
    chunk: int = 0
    """Largest chunk in bytes; 0 for no limit (Nextcloud: `files.chunked_upload.max_size`)."""
    compares_checksums: bool = False
    """Whether it compares an object with the SHA-1 that is sent with it (ownCloud 10: `checksums.supportedTypes`)."""


def fetch(client: Client, server: str) -> Capabilities:
    """Request them; the defaults if the response does not come from such a server.

    Args:
        client: Sends the request.
        server: Path of the cloud on its host; empty, or with a slash at its beginning only.
    """
    request = Request("GET", server + _API, "read the server's features", {"OCS-APIRequest": "true"})
    try:
        with client.send(request) as response:
            data = json.loads(response.read(_MAX_BYTES))["ocs"]["data"]["capabilities"]
    except (NotAStore, ValueError, RecursionError, KeyError, TypeError):
        return Capabilities()
    wish = _under(data, "files", "chunked_upload", "max_size")
    compares_checksums = _under(data, "checksums", "supportedTypes")
    return Capabilities(
        chunks=bool(_under(data, "dav", "chunking")),
        chunk=wish if isinstance(wish, int) else 0,
        compares_checksums=isinstance(compares_checksums, list) and "SHA1" in compares_checksums,
    )


def product(client: Client, server: str) -> str:
    """Its name and version, which it tells everyone; empty if the response does not come from such a server.

    Args:
        client: Sends the request.
        server: As for `fetch`.
    """
    request = Request("GET", server + _STATUS, "read the server's version")
    try:
        with client.send(request) as response:
            said = json.loads(response.read(_MAX_BYTES)) if response.status == HTTPStatus.OK else {}
    except (NotAStore, ValueError, RecursionError):
        return ""
    name, version = (str(_under(said, word) or "")[:_LONGEST] for word in ("productname", "versionstring"))
    return one_line(f"{name} {version}")


def _under(data: Any, *names: str) -> Any:
    """A nested value; None where any level is missing: PHP writes an empty dictionary as a list."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data
