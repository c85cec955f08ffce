"""Keeps the folders of other people: in a tree a colleague may put a folder where a file of ours was, or will be.

On every server a DELETE of a folder removes all that is in it, and so does a MOVE onto it with `Overwrite: T`; a URL
without a slash at its end protects from neither. So a request that may destroy something is sent only after the server
has said that it is a file.
"""

from http import HTTPStatus
from urllib.parse import unquote

from git_annex_remote_pyshare.backends.webdav import propfind
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.errors import FolderInTheWay, PyshareError
from git_annex_remote_pyshare.safe_text import one_line

_REMOVED = {200, 204, 404, 410}


class FileInTheWay(PyshareError):
    """A file has the name of a folder, so it is kept and nothing can be stored below it."""


def is_file(client: Client, path: str, what: str) -> bool:
    """Whether a file is there, and not nothing.

    Args:
        client: Sends the request.
        path: Percent-encoded, relative to the store's folder.
        what: For error texts.

    Raises:
        FolderInTheWay: A folder is there.
        PyshareError: The server does not say what is there.
    """
    found = propfind.stat(client, path, what)
    if found is not None and found.is_folder:
        name = one_line(unquote(path, errors="surrogateescape"))
        raise FolderInTheWay(
            f"{client.doing(what)}: {name} is a folder on the server, and it is kept with all that is in it"
        )
    return found is not None


def delete_file(client: Client, path: str, what: str) -> None:
    """Delete a file; succeeds if there is none. Args and errors as of `is_file`.

    With `Depth: 0` some servers delete no folder (RFC 4918 §9.6.1; a file has no depth): mod_dav (mod_dav.c,
    dav_method_delete), where no look is needed, nginx and WsgiDAV. Others take no notice of it, or refuse it always.
    """
    if not client.is_mod_dav and not is_file(client, path, what):
        return
    request = Request("DELETE", path, what, {"Depth": "0"})
    with client.send(request) as response:
        if response.status in _REMOVED:
            return
        if response.status != HTTPStatus.BAD_REQUEST:
            raise client.failure(request, response)
    if is_file(client, path, what):
        delete(client, path, what)


def delete(client: Client, path: str, what: str) -> None:
    """Delete what no other person can have made a folder of; succeeds if it is not there."""
    request = Request("DELETE", path, what)
    with client.send(request) as response:
        if response.status not in _REMOVED:
            raise client.failure(request, response)


def explain_above(client: Client, path: str, what: str) -> None:
    """Raise FileInTheWay if a folder of `path` is a file, since that is why it was refused. Args as of `is_file`."""
    above = path
    while above := above.rpartition("/")[0]:
        try:
            found = propfind.stat(client, above, what)
        except PyshareError:
            return  # the refusal is the better error
        if found is None:
            continue
        if not found.is_folder:
            name = one_line(unquote(above, errors="surrogateescape"))
            raise FileInTheWay(
                f"{client.doing(what)}: {name} is a file on the server, so nothing can be stored below it",
                remedy="Rename that file on the server, or your folder, then try again.",
            )
        return


def explain(client: Client, path: str, what: str) -> None:
    """Raise FolderInTheWay if that is why a file was refused. Args as of `is_file`."""
    try:
        is_file(client, path, what)
    except FolderInTheWay:
        raise
    except PyshareError:
        return  # the refusal is the better error
