"""People who work in the folder of a store by real names, with everyday programs and without git-annex."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from support.fakes.dropbox.fake import RunningDropbox
from support.places import SharedPlace
from support.s3_servers import S3Server


class People(NamedTuple):
    """What they do to files; a name is relative to the store."""

    write: Callable[[str, bytes], object]
    """Writes a file, or changes it."""
    remove: Callable[[str], object]
    """Removes a file."""
    move: Callable[[str, str], object]
    """Gives a file another name."""

    remove_empty_folders: Callable[[], object] = lambda: None
    """Removes all folders without a file in them, where there are such folders."""

    def write_all(self, files: Mapping[str, bytes]) -> None:
        """Write these files."""
        for name, content in files.items():
            self.write(name, content)


@pytest.fixture
def people(request: pytest.FixtureRequest, place: SharedPlace) -> People:
    """Those who work in the folder of the test's place."""
    param = request.node.callspec.params["place"]
    if param == "folder":
        return _in_folder(Path(place.settings["url"]))
    if param == "dropbox":
        return _in_dropbox(request.getfixturevalue("fake_dropbox"), place.settings["url"].partition(":")[2])
    server = request.getfixturevalue(f"{param}_server")
    address = urlsplit(place.settings["url"])
    if isinstance(server, S3Server):
        return _in_bucket(server, address.netloc, f"{address.path.strip('/')}/")
    return _in_folder(server.folder / address.path.strip("/"))


def _in_folder(root: Path) -> People:
    def made(name: str) -> Path:
        for folder in reversed((root / name).parents):
            if not folder.exists():
                folder.mkdir()
                folder.chmod(0o777)  # the server may be another user
        return root / name

    def write(name: str, content: bytes) -> None:
        path = made(name)
        if path.is_dir():
            path.rmdir()  # an empty one that was left behind
        path.write_bytes(content)

    def remove_empty_folders() -> None:
        for path in sorted(root.rglob("*"), reverse=True):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()

    return People(
        write,
        lambda name: (root / name).unlink(),
        lambda name, new: (root / name).rename(made(new)),
        remove_empty_folders,
    )


def _in_bucket(server: S3Server, bucket: str, prefix: str) -> People:
    def write(name: str, content: bytes) -> None:
        with server.client() as client:
            with suppress(ClientError):  # it is there already
                client.create_bucket(Bucket=bucket)
            client.put_object(Bucket=bucket, Key=prefix + name, Body=content)

    def remove(name: str) -> None:
        with server.client() as client:
            client.delete_object(Bucket=bucket, Key=prefix + name)

    def move(name: str, new: str) -> None:
        with server.client() as client:
            source = {"Bucket": bucket, "Key": prefix + name}
            client.copy_object(Bucket=bucket, Key=prefix + new, CopySource=source)
        remove(name)

    return People(write, remove, move)


def _in_dropbox(running: RunningDropbox, folder: str) -> People:
    service, tree = running.service, running.service.people[-1].home  # the place is the newest account

    def move(name: str, new: str) -> None:
        content = service.content(tree, f"{folder}/{name}")
        assert content is not None
        tree.delete(f"{folder}/{name}")
        service.put(tree, f"{folder}/{new}", content)

    return People(
        lambda name, content: service.put(tree, f"{folder}/{name}", content),
        lambda name: tree.delete(f"{folder}/{name}"),
        move,
    )
