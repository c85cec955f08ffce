"""Removes a file on a WebDAV server only if it is the version that was looked at."""

from git_annex_remote_pyshare.backends.webdav import contents, propfind
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.url import in_path
from git_annex_remote_pyshare.errors import ContentChanged, NotFound

_REMOVED = {200, 204}
_GONE = {404, 410}
_CHANGED = 412


def remove_version(client: Client, name: str, content: str) -> None:
    """See `RemovesVersions.remove_version`: one PROPFIND, and a DELETE with If-Match.

    Apache, lighttpd, sabre and WsgiDAV compare the tag; nginx and rclone ignore it (docs/guide/without-github.md). A
    weak tag is left out: Apache refuses it, and gives it to a file of the last second only.
    """
    found = next(propfind.versions(client, in_path(name), "0"), None)
    if found is None or found.is_gone or found.is_folder:
        raise _absent(client)
    if content not in contents.ids_of(contents.version(client, name, found)):
        raise _changed(client)
    is_exact = found.tag and not found.tag.startswith("W/")
    request = Request("DELETE", in_path(name), "remove the file", {"If-Match": found.tag} if is_exact else {})
    with client.send(request) as response:
        if response.status in _GONE:
            raise _absent(client)
        if response.status == _CHANGED:
            raise _changed(client)
        if response.status not in _REMOVED:
            raise client.failure(request, response)


def _absent(client: Client) -> NotFound:
    return NotFound(f"{client.doing('remove the file')}: it is not there")


def _changed(client: Client) -> ContentChanged:
    return ContentChanged(f"{client.doing('remove the file')}: it has changed")
