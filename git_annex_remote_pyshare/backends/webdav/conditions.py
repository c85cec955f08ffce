"""Makes a request depend on the version of a file, where the server compares it (RFC 9110 §13, RFC 4918 §10.4).

What servers make of that (seen; Nextcloud and ownCloud by the source of sabre/dav, Server.php, checkPreconditions):

- mod_dav compares `If-Match` and `If`. For a second or two after a change it calls the tag weak; `If-Match` then always
  fails, and `If` does not.
- Nextcloud, ownCloud and WsgiDAV compare `If-Match`, the first two also `If`.
- rclone ignores `If-Match`, and refuses every `If` with a tag.
- nginx ignores all of them. sabre/dav with its own file classes compares `If-Match`, but not for a MOVE.

So `If` is sent only to the servers that are known to compare it. Others get `If-Match`, which does no harm, and a look
at the file as late as possible.
"""

from collections.abc import Mapping

from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
from git_annex_remote_pyshare.backends.webdav.client import Client
from git_annex_remote_pyshare.backends.webdav.contents import content_of
from git_annex_remote_pyshare.errors import ContentChanged
from git_annex_remote_pyshare.transfer import Condition


def headers_of(client: Client, path: str, condition: Condition | None) -> Mapping[str, str]:
    """The headers of a request about the file at `path` that must not replace, rename or remove another version."""
    if condition is None:
        return {}
    if not condition.content:
        return {"If-None-Match": "*"}
    if client.is_mod_dav:
        return headers_for_target(client, path, condition)
    if not condition.version or condition.version.startswith("W/"):
        return {}
    return {"If-Match": _strong(condition.version)}


def headers_for_target(client: Client, path: str, condition: Condition | None) -> Mapping[str, str]:
    """The headers of a MOVE with `Overwrite: T` that must not replace another version at its destination, `path`.

    They name the file, since mod_dav otherwise compares the tag with those of both names, or of the folder, too.
    """
    if condition is None or not condition.version or not (client.is_mod_dav or client.features.hashes):
        return {}
    return {"If": f"<{client.url(path)}> ([{_strong(condition.version)}])"}


def are_compared(client: Client) -> bool:
    """Whether the server is known to compare what `headers_of` returns."""
    return client.is_mod_dav or client.features.compares


def require(client: Client, name: str, condition: Condition | None) -> None:
    """Raise ContentChanged unless the server now shows the version of the condition."""
    if condition is None:
        return
    found = content_of(client, name)
    if (found.id.removesuffix(YOUNG) if found else "") != condition.content:
        raise ContentChanged(f"{client.doing('change the file')}: it was changed a moment ago")


def _strong(tag: str) -> str:
    text = tag.removeprefix("W/")
    return text if text.startswith('"') else f'"{text}"'
