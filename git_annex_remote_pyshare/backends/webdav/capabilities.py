"""What a Nextcloud or ownCloud says that it can do: its OCS capabilities.

Nextcloud developer manual, "OCS API", capabilities; the same on ownCloud.
"""

import json
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.errors import NotAStore

_API = "/ocs/v2.php/cloud/capabilities?format=json"
_LONGEST = 1 << 20
"""Bytes of an answer that are read."""


class Capabilities(NamedTuple):
    """As far as they are of use here. The defaults are those of a server that does not tell."""

    chunks: bool = True
    """Whether it may take an object in chunks (`dav.chunking`)."""
    chunk: int = 0
    """Bytes that it wants a chunk to have at most; 0 for no wish (Nextcloud: `files.chunked_upload.max_size`)."""
    sums: bool = False
    """Whether it holds an object against the SHA-1 that is sent with it (ownCloud 10: `checksums.supportedTypes`)."""


def fetch(client: Client, server: str) -> Capabilities:
    """Ask for them; what is no answer of such a server tells nothing.

    Args:
        client: Sends the request.
        server: Path of the cloud on its host; empty, or with a slash at its beginning only.
    """
    request = Request("GET", server + _API, "ask what the server can do", {"OCS-APIRequest": "true"})
    try:
        with client.send(request) as response:
            said = json.loads(response.read(_LONGEST))["ocs"]["data"]["capabilities"]
    except (NotAStore, ValueError, RecursionError, KeyError, TypeError):
        return Capabilities()
    wish = _under(said, "files", "chunked_upload", "max_size")
    sums = _under(said, "checksums", "supportedTypes")
    return Capabilities(
        chunks=bool(_under(said, "dav", "chunking")),
        chunk=wish if isinstance(wish, int) else 0,
        sums=isinstance(sums, list) and "SHA1" in sums,
    )


def _under(said: Any, *names: str) -> Any:
    """What is there; None where anything is missing: PHP writes an empty dictionary as a list."""
    for name in names:
        said = said.get(name) if isinstance(said, dict) else None
    return said
