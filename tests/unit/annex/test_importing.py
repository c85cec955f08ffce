"""A list of a store whose folder is not there: empty at first, and a failure once git has files of it."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from support.davkit import backend as dav_at
from support.dropboxkit import Owner, place_for
from support.fakes.dav import ScriptedDAV
from support.recorded_import import Recording
from support.scripted import Play, Rule

from git_annex_remote_pyshare.annex.importing import Importing
from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.backends.dropbox.backend import DropboxBackend
from git_annex_remote_pyshare.backends.webdav.backend import WebDAVBackend
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import NotAStore, PyshareError

pytest_plugins = ["support.dropbox_stores"]


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """What git-annex records in the clone."""
    return Recording(tmp_path / "git")


@pytest.fixture(params=["dropbox", "webdav"])
def store(request: pytest.FixtureRequest, tmp_path: Path, recording: Recording) -> Iterator[Backend]:
    """A store whose folder is not there."""
    del recording
    clone = LocalConfig(str(tmp_path / "git"), "store")
    made: Backend
    if request.param == "dropbox":
        owner: Owner = request.getfixturevalue("owner")
        made = DropboxBackend(place_for(owner.login)._replace(clone=clone, is_tree=True))
    else:
        dav: ScriptedDAV = request.getfixturevalue("dav")
        made = WebDAVBackend(dav_at(f"{dav.url}/dav/not there").place._replace(clone=clone, is_tree=True))
    yield made
    made.close()


def test_it_is_empty_if_git_has_no_file_of_it(store: Backend) -> None:
    contents, _ = Importing(store, Event()).list()
    assert contents.is_empty()


def test_it_fails_if_git_has_files_of_it(store: Backend, recording: Recording) -> None:
    recording.committed({"a/file.txt": ""})
    with pytest.raises(NotAStore, match="no files any more"):
        Importing(store, Event()).list()


def test_an_answer_that_leaves_a_doubt_is_no_empty_list(dav: ScriptedDAV, tmp_path: Path, recording: Recording) -> None:
    del recording
    clone = LocalConfig(str(tmp_path / "git"), "store")
    store = WebDAVBackend(dav_at(f"{dav.url}/dav").place._replace(clone=clone, is_tree=True))
    for status in (403, 500, 200):
        dav.script(Rule("PROPFIND", Play(status)))
        with pytest.raises(PyshareError):
            Importing(store, Event()).list()
    store.close()
