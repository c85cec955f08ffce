"""Marks a folder in a Dropbox as the place of one remote, while it is made ready."""

from git_annex_remote_pyshare.backends import ownership
from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client
from git_annex_remote_pyshare.errors import BadSetting, NotFound, PyshareError

_NOTHING = ("path/not_found", "path/not_file")


def claim(place: StoreConfig, client: Client, folder: str) -> tuple[str, ...]:
    """Mark the store's folder, which Dropbox makes on the way; what the owner should know of that.

    Args:
        place: The store's.
        client: Sends the requests, below the store's namespace.
        folder: Path of the store's folder there.

    Raises:
        BadSetting: The place is another remote's.
        PyshareError: There is no answer.
    """
    path = f"{folder}/{ownership.MARK}"
    try:
        return ownership.claim(place, place.url, lambda: _read(client, path), lambda mark: _write(client, path, mark))
    except PyshareError as error:
        if error.retryable or isinstance(error, BadSetting):
            raise
        return (ownership.unmarked(place.url),)


def _read(client: Client, path: str) -> bytes:
    try:
        with client.download(Call("files/download", {"path": path}, "see whose place it is", _NOTHING)) as response:
            return response.read(ownership.LONGEST) if response else b""
    except NotFound:
        return b""


def _write(client: Client, path: str, mark: bytes) -> None:
    where = {"path": path, "mode": "overwrite", "autorename": False, "mute": True, "strict_conflict": False}
    client.upload(Call("files/upload", where, "mark the place as this remote's", gives=("size",)), mark)
