"""The S3 servers: the tests' Ceph gateway, and rclone's."""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from server import Server, reached

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from support import s3_servers  # the tests are no package
from support.servers import Missing


class S3(Server):
    """A server whose places are buckets.

    Args:
        started: The tests' server.
        url: How it is reached.
    """

    service = "s3"
    mark = b" beast: "

    def __init__(self, started: s3_servers.S3Server, url: str) -> None:
        # A server that lets everybody in takes any login as well.
        user, password = (
            started.access_key or s3_servers.ACCESS_KEY,
            started.secret_key or s3_servers.SECRET_KEY,
        )
        super().__init__(url, user, password, started.log)
        self._client = started.client

    def make_place(self, name: str) -> None:
        """Make an empty bucket, into which anybody may write: curl's signatures leave the port out, and are refused."""
        with self._client() as client:
            client.create_bucket(Bucket=name, ACL="public-read-write")

    def fill(self, place: str, names: Iterable[str]) -> None:
        """Put objects of one byte into a bucket, without the line in between."""
        with self._client() as client:
            for name in names:
                client.put_object(Bucket=place, Key=name, Body=b"x")

    def remove_place(self, name: str) -> None:
        """Remove a bucket and what is in it, without the line in between."""
        with self._client() as client:
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
                if objects := [{"Key": entry["Key"]} for entry in page.get("Contents", ())]:
                    client.delete_objects(Bucket=name, Delete={"Objects": objects})
            client.delete_bucket(Bucket=name)


def ceph(_folder: Path, rtt: float) -> AbstractContextManager[S3]:
    """Ceph's gateway on a free port, for one user; it keeps everything in memory, and needs no folder.

    Args:
        rtt: Round trip in seconds to put before it.

    Raises:
        SystemExit: Ceph is not installed.
    """
    return _started(s3_servers.ceph_gateway, rtt)


def rclone(_folder: Path, rtt: float) -> AbstractContextManager[S3]:
    """`rclone serve s3` for everybody, since it takes no signature that git-annex's own remote has.

    Args:
        rtt: Round trip in seconds to put before it.

    Raises:
        SystemExit: It is not installed.
    """
    return _started(lambda: s3_servers.rclone_s3("", ""), rtt)


@contextlib.contextmanager
def _started(server: Callable[[], AbstractContextManager[s3_servers.S3Server]], rtt: float) -> Iterator[S3]:
    try:
        with server() as started, reached(started.endpoint, rtt) as url:
            yield S3(started, url)
    except Missing as missing:
        sys.exit(f"not on this machine: {missing}")
