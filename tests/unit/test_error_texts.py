"""How errors speak: short, in plain words, and without the names that git-annex gives its objects."""

import ast
import errno
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.dropboxkit import Owner
from support.fakes.dav import ScriptedDAV
from support.fakes.dropbox.script import Rule as DropboxRule
from support.fakes.dropbox.script import fails
from support.fakes.s3 import ScriptedS3
from support.s3_answers import problem
from support.scripted import Rule, answer

import git_annex_remote_pyshare
from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError
from git_annex_remote_pyshare.testing.files import Desk

pytest_plugins = ["support.dropbox_stores"]

HOME = Path(git_annex_remote_pyshare.__file__).parent
KEY = "a/MD5E-s7--0123456789abcdef0123456789abcdef.nii.gz"

BANNED = re.compile(
    r"gone on with|begins? anew|cannot be meant|no known kind|whoever|\bnobody\b|\bsomebody\b|another line|\bshall\b|"
    r"\bbears?\b|\bthe very\b|as far as|\bat hand\b|\bof which\b|\bblanks?\b|\broom\b|wants a login|has not the|"
    r"is none of|got tired|did not wait|has signs|type it again|\banew\b",
    re.IGNORECASE,
)
"""Words of other times, and our own private ones."""


OURS = sorted(
    path
    for room in (
        "",
        "backends",
        "backends/directory",
        "backends/webdav",
        "backends/s3",
        "backends/dropbox",
        "backends/sftp",
        "backends/rclone",
        "layers",
        "protocol",
        "transport",
    )
    for path in (HOME / room).glob("*.py")
)
"""Modules whose texts are errors and what to do about them."""


def verbs(store: Backend, desk: Desk) -> Iterator[Callable[[], object]]:
    yield lambda: store.stat(KEY)
    yield lambda: desk.get(store, KEY)
    yield lambda: desk.put(store, KEY, b"content")
    yield lambda: store.delete(KEY)


def check(error: PyshareError) -> None:
    name = KEY.rpartition("/")[2]
    assert name not in str(error)
    assert "R1" not in str(error)
    assert len(error.what) < 200
    assert name in error.trace or "pyshare-tmp-" in error.trace


def told(store: Backend, desk: Desk) -> list[PyshareError]:
    """What the verbs fail with; only looking for what is absent may be no failure."""
    found = []
    for verb in verbs(store, desk):
        try:
            verb()
        except PyshareError as error:  # noqa: PERF203  # each verb fails by itself
            found.append(error)
    assert len(found) >= 2
    return found


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 423, 500, 503, 507])
def test_an_error_at_a_webdav_server_names_no_object_and_its_trace_does(
    dav: ScriptedDAV, store: WebDAVBackend, desk: Desk, status: int
) -> None:
    methods = ("HEAD", "GET", "PUT", "DELETE", "PROPFIND")
    dav.script(*(Rule(method, answer(status), times=99) for method in methods), Rule("MKCOL", answer(403), times=99))
    for error in told(store, desk):
        if "make a folder" not in error.what:
            check(error)


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchKey", "SlowDown", "InternalError", "EntityTooLarge", "Other"])
def test_an_error_at_an_s3_server_names_no_object_and_its_trace_does(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, code: str
) -> None:
    scripted_s3.script(*(Rule(method, problem(400, code), times=99) for method in ("HEAD", "GET", "PUT", "DELETE")))
    for error in told(bucket, desk):
        check(error)


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
def test_an_error_at_dropbox_names_no_object_and_its_trace_does(
    owner: Owner, box: Backend, desk: Desk, status: int
) -> None:
    routes = ("files/get_metadata", "files/download", "files/upload", "files/delete_v2")
    owner.service.play(*(DropboxRule(route, fails(status), times=99) for route in routes))
    for error in told(box, desk):
        check(error)


@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC, errno.EIO, errno.EFBIG])
def test_an_error_in_a_folder_names_no_object_and_its_trace_does(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    box = DirectoryBackend(StoreConfig(str(tmp_path / "lab"), {}, LocalConfig(remote="my lab"), trusted=lambda: True))
    box.initialize()

    def fails_so(*_arguments: object, **_options: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(box, "_opened", fails_so)
    for error in told(box, desk):
        check(error)
        assert str(error).startswith("cannot ")
        assert "NAME" not in str(error)
        assert "FOLDER" not in str(error)


def test_a_login_that_is_missing_is_one_short_sentence_and_one_command(dav: ScriptedDAV) -> None:
    dav.login = ("bob", "secret")
    store = WebDAVBackend(StoreConfig(f"{dav.url}/remote.php/dav/files/alice/study", {}, LocalConfig(remote="lab")))
    with pytest.raises(PermissionDenied) as refused:
        store.stat(KEY)
    host = dav.url.partition("://")[2]
    assert str(refused.value) == f"{host} needs a login. Type: pyshare login {dav.url}"
    store.close()


def texts_of(path: Path) -> Iterator[str]:
    """The words of a module that are shown to people: its strings with more than one word, but for docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and " " in node.value
            and id(node) not in bare
        ):
            yield node.value


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.relative_to(HOME).as_posix())
def test_no_text_has_a_word_that_people_do_not_say(path: Path) -> None:
    assert [text for text in texts_of(path) if BANNED.search(text)] == []
