"""The conformance suite over every backend we have, on every server we can start, bare and inside its layers."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from support.fakes.nextcloud import ScriptedCloud
from support.marks import LONG
from support.rclone_remotes import Remotes
from support.s3_servers import S3Server
from support.scripted import served
from support.servers import Server
from support.sftpkit import StandIn, place_at
from support.sharing_cloud import SharingCloud

from git_annex_remote_pyshare.backends.base import Backend, CanInitialize, StoreConfig, ability
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.backends.directory.by_path import PathFolder
from git_annex_remote_pyshare.backends.registry import make, parse
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.part_plan import Limits
from git_annex_remote_pyshare.store import progress
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.conformance import Conformance, TreeConformance
from git_annex_remote_pyshare.testing.conformance.names import NAMES, NOT_UTF8
from git_annex_remote_pyshare.testing.conformance.trees import Trees
from git_annex_remote_pyshare.testing.links import LinkedBackend
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place
from git_annex_remote_pyshare.testing.parts import PartsBackend

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

pytest_plugins = ["support.dropbox_stores"]

Reach = Callable[[], Backend]


def memory(_request: pytest.FixtureRequest) -> Reach:
    backend = MemoryBackend(digests=("sha256", "md5"))
    return lambda: backend


def memory_in_parts(_request: pytest.FixtureRequest) -> Reach:
    limits = Limits(smallest=1 << 18, largest=8 << 20, most=10_000)
    backend = PartsBackend(limits, digests=("sha256", "md5"))
    return lambda: backend


def memory_with_links(_request: pytest.FixtureRequest) -> Reach:
    backend = LinkedBackend()
    return lambda: backend


def directory(request: pytest.FixtureRequest) -> Reach:
    return ready(place(str(request.getfixturevalue("tmp_path") / "share")))


def directory_by_path(request: pytest.FixtureRequest) -> Reach:
    """As on Windows, where no program can work relative to an open folder."""
    reach = directory(request)

    def by_path() -> Backend:
        store = reach()
        assert isinstance(store, DirectoryBackend)
        store.folders = PathFolder
        return store

    return by_path


def webdav(fixture: str) -> Callable[[pytest.FixtureRequest], Reach]:
    return lambda request: new_folder(request.getfixturevalue(fixture))


def new_folder(server: Server) -> Reach:
    login = Credential(server.user, server.password, "environment")
    return ready(place(f"{server.url}/{uuid4().hex}")._replace(credential=lambda: login))


@pytest.fixture
def scripted_cloud() -> Iterator[ScriptedCloud]:
    with served(SharingCloud()) as server:
        yield server


def nextcloud(request: pytest.FixtureRequest) -> Reach:
    return ready(place(request.getfixturevalue("scripted_cloud").address))


def s3(fixture: str) -> Callable[[pytest.FixtureRequest], Reach]:
    return lambda request: new_bucket(request.getfixturevalue(fixture))


def new_bucket(server: S3Server) -> Reach:
    login = Credential(server.access_key, server.secret_key, "environment")
    settings = parse({"url": f"s3://annex-{uuid4().hex}/folder", "endpoint": server.endpoint})
    where = StoreConfig(
        settings["url"], settings, place().clone, lambda: login, trusted=lambda: True, uuid=str(uuid4())
    )
    return ready(where)


def dropbox(request: pytest.FixtureRequest) -> Reach:
    reach: Reach = request.getfixturevalue("owner").store
    return reach


def sftp(*options: str) -> Callable[[pytest.FixtureRequest], Reach]:
    """OpenSSH's server on a pipe."""

    def reach(request: pytest.FixtureRequest) -> Reach:
        ssh: StandIn = request.getfixturevalue("ssh")
        ssh.serves(*options)
        return ready(place_at(request.getfixturevalue("tmp_path") / "share"))

    return reach


def remote(name: str) -> Callable[[pytest.FixtureRequest], Reach]:
    """A folder of one of the user's rclone remotes."""

    return lambda request: ready(request.getfixturevalue("rclone_remotes").new_folder(name))


def as_tree(reach: Reach) -> Reach:
    """The same store, but for the marker that a tree does not have."""

    def reached() -> Backend:
        keys = reach()
        if type(keys) is MemoryBackend:
            return keys
        made = type(keys)(keys.place._replace(is_tree=True, trusted=lambda: True))
        made.delete("annex-uuid")
        return made

    return reached


def ready(where: StoreConfig) -> Reach:
    """Clients of the store at `where`, which is made ready as its owner's `git annex initremote` does."""
    if maker := ability(make(where), CanInitialize):
        maker.initialize()
    return lambda: make(where)


STORES = {
    "memory": memory,
    "memory in parts": memory_in_parts,
    "memory with links": memory_with_links,
    "directory": directory,
    "directory by path": directory_by_path,
    "apache": webdav("apache_server"),
    "rclone": webdav("rclone_server"),
    "wsgidav": webdav("wsgidav_server"),
    "nginx": webdav("nginx_server"),
    "sabre": webdav("sabre_server"),
    "nextcloud": nextcloud,
    "rclone_s3": s3("rclone_s3_server"),
    "moto": s3("moto_server"),
    "ceph": s3("ceph_server"),
    "dropbox": dropbox,
    "sftp": sftp(),
    "rclone remote": remote("disk"),
}
"""A new backend joins here."""

BROKEN = {
    ("wsgidav", NOT_UTF8): "WsgiDAV stores the object, and then breaks the connection whenever it is asked for it",
    ("sabre", NOT_UTF8): "sabre takes the bytes for Latin-1, and stores the object under their names in UTF-8",
    (
        "sabre",
        "test_many_jobs_store_the_same_name_and_one_of_them_stays",
    ): "sabre removes the old object before it renames the new one, and a job may look in between",
    ("moto", NOT_UTF8): "moto replaces the bytes that are no UTF-8 in its listing",
    ("moto", "test_many_jobs_store_the_same_name_and_one_of_them_stays"): "moto's own jobs stumble over each other",
    (
        "rclone_s3",
        "test_many_jobs_store_the_same_name_and_one_of_them_stays",
    ): "rclone's S3 server fails, or mixes them",
}
"""What a server does wrong, so that nobody in front of it can do it right: store, and name or test."""

BROKEN_AT_ONCE = {
    (
        "rclone_s3",
        "test_many_jobs_store_and_retrieve_at_once",
    ): "rclone's S3 server now and then fails to store into a folder that another job has just emptied, and says so",
    ("rclone_s3", "test_readers_never_see_a_part"): "rclone's S3 server now and then fails while it replaces an object",
}
"""What a server gets right when it is asked again, so that nobody without the layers can do it right."""


def bare(backend: Backend) -> Backend:
    return backend


def layered(backend: Backend) -> Backend:
    return wrap(backend, Event())


OTHER_STORES = (
    *("memory with links", "directory by path", "rclone", "wsgidav", "nginx", "sabre", "rclone_s3", "ceph"),
    *("rclone remote", "moto", "sftp", "nextcloud", "memory in parts"),
)
"""The layers see no difference between these and another store of the same kind."""


def _stores_and_dresses() -> Iterator["ParameterSet"]:
    """Each store bare and inside its layers; those of a kind that is tried already in layers only with -m long."""
    for store in STORES:
        ceph = [pytest.mark.ceph] if store == "ceph" else []
        for dress in (bare, layered):
            # The third S3 server breaks most promises itself.
            marks = LONG if store == "rclone_s3" or (dress is layered and store in OTHER_STORES) else []
            yield pytest.param((store, dress), marks=[*ceph, *marks], id=f"{store}-{dress.__name__}")


TREE_STORES = ("memory", "directory", "apache", "moto", "dropbox", "sftp")
"""One of each kind."""

OTHER_TREE_STORES = (
    "rclone",
    "wsgidav",
    "nginx",
    "sabre",
    "rclone_s3",
    "rclone remote",
    pytest.param("ceph", marks=pytest.mark.ceph),
)

_NORMALIZES = "rclone serve takes two names for one that differ in how they write an accent, and says nothing"
_HIDES_DOTS = "nginx lists no name that begins with a dot, as the name between two renames does"
_KEEPS_FOLDERS = "a folder on nginx is kept, since its list does not show all that its DELETE would remove"
_HAS_FOLDERS = "rclone's S3 server has folders: it fails where one is in the way, and deletes a file as an empty one"
BROKEN_TREES = {
    ("moto", "not UTF-8"): BROKEN["moto", NOT_UTF8],
    ("wsgidav", "not UTF-8"): BROKEN["wsgidav", NOT_UTF8],
    ("sabre", "not UTF-8"): BROKEN["sabre", NOT_UTF8],
    ("nginx", "alone[nginx-'"): _HIDES_DOTS,
    ("nginx", "test_names_are_listed"): _HIDES_DOTS,
    ("nginx", "not_removed[nginx-docs/.hidden]"): _HIDES_DOTS,
    ("nginx", "test_a_file_becomes_a_folder_and_a_folder_a_file"): _KEEPS_FOLDERS,
    ("nginx", "test_an_empty_folder_is_removed"): _KEEPS_FOLDERS,
    ("nginx", "test_a_folder_with_nothing_but_our_unfinished_uploads_is_removed"): _KEEPS_FOLDERS,
    (
        "rclone_s3",
        "alone[rclone_s3-'not UTF-8",
    ): "rclone's S3 server signs other bytes than those it got",
    ("rclone", "caf\\xe9-cafe"): _NORMALIZES,
    ("rclone_s3", "test_a_colleagues_folder_that_has_a_files_name_is_kept"): _HAS_FOLDERS,
    ("rclone_s3", "test_a_colleagues_file_that_has_a_folders_name_is_kept"): _HAS_FOLDERS,
    ("rclone_s3", "test_many_jobs"): "rclone's S3 server now and then fails where many jobs make one folder",
    (
        "rclone_s3",
        "test_a_folder_with_nothing_but_our_unfinished_uploads_is_removed",
    ): "rclone's S3 server now and then fails to store where a folder was just emptied",
}
"""As BROKEN: store, and part of the test's name."""


class TestTrees(Trees):
    """Renames on the other servers of these kinds."""

    @pytest.fixture(params=OTHER_TREE_STORES)
    def reach(self, request: pytest.FixtureRequest) -> Reach:
        return as_tree(STORES[request.param](request))


class TestTreeConformance(TreeConformance):
    """Stores that hold a tree, where files have the names that people gave them."""

    @pytest.fixture(
        params=[
            *TREE_STORES,
            *(
                pytest.param(name, marks=LONG)
                for name in ("nextcloud", "rclone", "wsgidav", "nginx", "sabre", "rclone_s3")
            ),
            pytest.param("ceph", marks=[pytest.mark.ceph, *LONG]),
        ]
    )
    def reach(self, request: pytest.FixtureRequest) -> Reach:
        for (store, part), reason in BROKEN_TREES.items():
            if store == request.param and part in request.node.name:
                pytest.xfail(reason)
        return as_tree(STORES[request.param](request))


class TestConformance(Conformance):
    @pytest.fixture(params=[*_stores_and_dresses()])
    def reach(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Reach:
        # Every report goes out, so that the suite can look and stop in the middle of a transfer.
        monkeypatch.setattr(progress, "INTERVAL", 0)
        store, dress = request.param
        case = (store, request.node.callspec.params.get("name", request.node.originalname))
        if reason := BROKEN.get(case) or (BROKEN_AT_ONCE.get(case) if dress is bare else None):
            pytest.xfail(reason)
        reach_bare = STORES[store](request)
        return lambda: dress(reach_bare())


@pytest.fixture
def plain_sftp(request: pytest.FixtureRequest) -> Reach:
    """A server of SFTP that is not OpenSSH's: it has nothing beyond the protocol."""
    return sftp("-P", "posix-rename,fsync,limits,statvfs")(request)


class TestPlainSFTP(Conformance):
    """Bare alone: the layers see no difference to OpenSSH's."""

    @pytest.fixture
    def reach(self, plain_sftp: Reach) -> Reach:
        return plain_sftp


class TestTreesOfPlainSFTP(Trees):
    @pytest.fixture
    def reach(self, plain_sftp: Reach) -> Reach:
        return as_tree(plain_sftp)


BROKEN_REMOTES = {
    ("secret", NAMES[-1]): "an encrypted name is longer than the name",
    ("pieces", NAMES[-1]): "the name of a piece is longer than the name",
    ("pieces", "test_many_jobs_store_the_same_name_and_one_of_them_stays"): "chunker mixes their pieces, and says so",
    (
        "azure",
        "test_many_jobs_store_the_same_name_and_one_of_them_stays",
    ): "rclone takes what another job has stored meanwhile for its own, damaged on its way, and says so",
}
"""As BROKEN, for rclone's remotes."""


class TestRemotesOfRclone(Conformance):
    """Other kinds of the user's remotes, of which test_rclone.py has the shorter tests. Bare alone, as above."""

    @pytest.fixture(params=[pytest.param(name, marks=LONG) for name in ("secret", "pieces", "smb", "azure")])
    def reach(self, request: pytest.FixtureRequest) -> Reach:
        case = request.node.callspec.params.get("name", request.node.originalname)
        if reason := BROKEN_REMOTES.get((request.param, case)):
            pytest.xfail(reason)
        if request.param in {"smb", "azure"}:
            request.getfixturevalue(f"{request.param}_remote")
        return remote(request.param)(request)


_RESERVED = "Samba lists a file under another name whose name Windows reserves"
BROKEN_TREES_OF_RCLONE = {
    ("smb", "alone[smb-'con'"): _RESERVED,
    ("smb", "alone[smb-'aux.txt'"): _RESERVED,
    ("pieces", "alone[pieces-'nnnn"): "a rename to a name is possible that is too long for that of a piece",
    ("pieces", "xfc"): "as above",
}
"""As BROKEN_TREES, for rclone's remotes."""


@pytest.fixture(scope="module")
def dav_remote(rclone_remotes: Remotes, apache_server: Server) -> None:
    """The remote `dav`."""
    rclone_remotes.add_webdav("dav", apache_server)


@pytest.fixture(scope="module")
def bucket_remote(rclone_remotes: Remotes, ceph_server: S3Server) -> None:
    """The remote `bucket`."""
    rclone_remotes.add_s3("bucket-server", ceph_server)
    rclone_remotes.add("bucket", type="alias", remote=f"bucket-server:{ceph_server.fresh_bucket()}")


class TestTreesOfRclone(TreeConformance):
    """What rclone makes of a tree on remotes of several kinds."""

    @pytest.fixture(
        params=[
            "disk",
            *(pytest.param(name, marks=LONG) for name in ("dav", "secret", "pieces", "smb", "azure")),
            pytest.param("bucket", marks=[pytest.mark.ceph, *LONG]),
        ]
    )
    def reach(self, request: pytest.FixtureRequest) -> Reach:
        for (store, part), reason in BROKEN_TREES_OF_RCLONE.items():
            if store == request.param and part in request.node.name:
                pytest.xfail(reason)
        if request.param in {"dav", "smb", "azure", "bucket"}:
            request.getfixturevalue(f"{request.param}_remote")
        return as_tree(remote(request.param)(request))
