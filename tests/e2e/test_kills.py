"""Who stores large files is killed at random moments: nothing is sent twice, nothing is left over.

Ten kills for every run of the tests; `-m long` has fifty, of files that are cut as they are for users.
"""

import os
import random
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import NamedTuple

import pytest
from support.annex import Repository
from support.counting_relay import Relay, relayed
from support.dropbox_people import machine
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.dropbox.tree import File
from support.fakes.nextcloud import FILES, ScriptedCloud
from support.s3_servers import S3Server
from support.scripted import served

from git_annex_remote_pyshare.backends.ownership import MARK

MIB = 1 << 20
MOST = 1.3
"""Times a file's size that may be sent of it, in both processes together."""
GLANCE = 0.05
"""Seconds after which we look whether the process that is to be killed is still there."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
LONG = pytest.mark.skipif("'long' not in config.option.markexpr", reason="takes minutes; run it with -m long")


class Service(NamedTuple):
    """A store that takes parts, behind a line that counts, as the remote `store` of a repository."""

    repository: Repository
    line: Relay
    objects: Callable[[], list[bytes]]
    """What it holds, seen from behind."""
    unfinished: Callable[[], int]
    """Uploads that have begun and not ended."""
    part: str
    """The size of its smallest parts, as git config has it."""

    def kill_after(self, count: int) -> None:
        """Begin to store the file, and kill everybody once so many bytes were sent, if they need so many."""
        wanted = self.line.sent + count
        with self.repository.killed("copy", "--to", "store", "--quiet", "large") as copying:
            while copying.poll() is None and not self.line.wait_for(wanted, GLANCE):
                pass


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Service:
    """The service that the parameter names."""
    made: Service = request.getfixturevalue(f"in_{request.param}")
    return made


@pytest.fixture
def in_ceph(repository: Repository, ceph_server: S3Server) -> Iterator[Service]:
    name = ceph_server.fresh_bucket()
    with relayed(ceph_server.host) as line, ceph_server.client() as client:
        repository.home.environment.update(ceph_server.login)
        repository.initremote(f"s3://{name}/share", {"endpoint": f"http://{line.host}", "region": ceph_server.region})

        def objects() -> list[bytes]:
            listed = client.list_objects_v2(Bucket=name, Prefix="share/SHA256E-").get("Contents", [])
            return [client.get_object(Bucket=name, Key=entry["Key"])["Body"].read() for entry in listed]

        def unfinished() -> int:
            return len(client.list_multipart_uploads(Bucket=name).get("Uploads", []))

        yield Service(repository, line, objects, unfinished, "5MiB")


@pytest.fixture
def in_dropbox(repository: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account) -> Iterator[Service]:
    machine(repository.home, fake_dropbox, dropbox_alice)
    with relayed(fake_dropbox.proxy.removeprefix("http://")) as line:
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), f"http://{line.host}")
        repository.home.environment.update(proxies)
        repository.initremote("dropbox:/Data", {"embedcreds": "no"})

        def objects() -> list[bytes]:
            files = dropbox_alice.home.entries.items()
            return [file.content for path, file in files if isinstance(file, File) and not path.endswith(MARK)]

        # Dropbox lists no sessions, and ends them by itself.
        yield Service(repository, line, objects, lambda: 0, "4MiB")


@pytest.fixture
def in_nextcloud(repository: Repository) -> Iterator[Service]:
    with served(ScriptedCloud()) as cloud, relayed(cloud.url.removeprefix("http://")) as line:
        repository.initremote(cloud.address.replace(cloud.url, f"http://{line.host}"))

        def objects() -> list[bytes]:
            here = (path for path in cloud.objects if path.startswith(f"{FILES}/") and not path.endswith(MARK))
            return [cloud.objects[path] for path in here]

        yield Service(repository, line, objects, lambda: len(cloud.uploads), "5MiB")


@pytest.mark.parametrize(
    ("service", "kills"),
    [
        pytest.param("ceph", 4, marks=pytest.mark.ceph),
        pytest.param("dropbox", 3, marks=[pytest.mark.long, LONG]),
        ("nextcloud", 3),
    ],
    indirect=["service"],
)
def test_a_store_goes_on_after_kills_at_random_moments(service: Service, kills: int) -> None:
    service.repository.git("config", "remote.store.pyshare-part-size", service.part)
    service.repository.git("config", "remote.store.pyshare-parts", "2")
    check_kills(service, 60 * MIB, kills, random.Random(20261123))


@LONG
@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("service", "kills"),
    [pytest.param("ceph", 20, marks=pytest.mark.ceph), ("dropbox", 15), ("nextcloud", 15)],
    indirect=["service"],
)
def test_a_store_goes_on_after_very_many_kills(service: Service, kills: int) -> None:
    check_kills(service, 200 * MIB, kills, random.Random())


def check_kills(service: Service, size: int, kills: int, draw: random.Random) -> None:
    """Kill a store of so many bytes, and let it go on to its end; and so on. The last one does not go on."""
    body = os.urandom(size)
    service.repository.add({"large": body})
    for _ in range(kills - 1):
        begin = service.line.sent
        moment = draw.randrange(size)
        service.kill_after(moment)
        assert all(held == body for held in service.objects()), f"half an object after {moment} bytes"
        service.repository.annex("copy", "--to", "store", "large")
        assert service.line.sent - begin <= MOST * size, f"killed after {moment} bytes"
        assert [sha256(held).digest() for held in service.objects()] == [sha256(body).digest()]
        assert service.unfinished() == 0
        service.repository.annex("drop", "--from", "store", "large")
    service.kill_after(draw.randrange(size))
    home = service.repository.home
    home.run("pyshare", "cleanup", "store", "--older-than", "0", cwd=service.repository.folder)
    assert service.unfinished() == 0
