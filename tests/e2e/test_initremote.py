"""The real git-annex makes remotes whose settings do not go together, or that share a UUID with another remote."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.annex import Home, Repository
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login

from git_annex_remote_pyshare.annex.layout import name_of
from git_annex_remote_pyshare.annex.remote_checks import layout_of
from git_annex_remote_pyshare.config.annex_branch import remote_settings

OURS = ("type=external", "externaltype=pyshare")


def sameas(repository: Repository, *settings: str, name: str = "second", check: bool = True) -> str:
    """Make a remote that shares the UUID of `store`; what git-annex printed."""
    done = repository.annex("initremote", name, "--sameas=store", *OURS, *settings, check=check)
    return done.stdout + done.stderr


def layout_written(repository: Repository, name: str = "second") -> str:
    own = repository.git("config", f"remote.{name}.annex-config-uuid").stdout.strip()
    return remote_settings(str(repository.folder / ".git"), own)["layout"]


@pytest.fixture
def lab(repository: Repository, tmp_path: Path) -> Path:
    """A folder with a file of Alice's in git-annex's own layout."""
    folder = tmp_path / "lab"
    folder.mkdir()
    repository.add({"file": b"content"})
    repository.annex("initremote", "store", "type=directory", "encryption=none", f"directory={folder}")
    repository.annex("copy", "--to", "store")
    return folder


def test_a_second_remote_takes_the_layout_of_git_annexs_own_one(repository: Repository, lab: Path) -> None:
    sameas(repository, f"url={lab}")
    assert layout_written(repository) == "annex-directory"
    repository.annex("enableremote", "second")  # leaves the marker
    repository.annex("fsck", "--from", "second")
    repository.annex("drop", "file")
    repository.annex("get", "--from", "second")


def test_a_second_remote_takes_the_layout_of_ours(repository: Repository, tmp_path: Path) -> None:
    repository.add({"file": b"content"})
    repository.initremote(str(tmp_path / "lab"), {"layout": "lower"})
    repository.annex("copy", "--to", "store")
    sameas(repository, f"url={tmp_path / 'lab'}")
    assert layout_written(repository) == "lower"
    repository.annex("fsck", "--from", "second")


def test_a_second_remote_of_another_layout_is_refused_with_the_layout_to_type(
    repository: Repository, lab: Path
) -> None:
    said = sameas(repository, f"url={lab}", "layout=shard", check=False)
    assert "layout=shard is not the layout of store" in said
    found = re.search("Type instead: (layout=[a-z-]+)", said)
    assert found
    sameas(repository, f"url={lab}", found[1])
    assert layout_written(repository) == "annex-directory"


def test_a_layout_that_was_published_is_corrected_by_the_command_that_the_refusal_names(
    repository: Repository, lab: Path
) -> None:
    sameas(repository, f"url={lab}")
    refused = repository.annex("enableremote", "second", "layout=shard", check=False)
    found = re.search("Type: (git annex enableremote second layout=[a-z-]+)", refused.stdout + refused.stderr)
    assert found
    repository.home.run("bash", "-c", found[1], cwd=repository.folder)
    assert layout_written(repository) == "annex-directory"


def test_two_words_for_one_layout_are_one(repository: Repository, lab: Path) -> None:
    sameas(repository, f"url={lab}", "layout=annex-webdav")
    assert layout_written(repository) == "annex-webdav"


def test_a_friends_clone_enables_the_layout_that_was_taken(repository: Repository, lab: Path, bob: Home) -> None:
    sameas(repository, f"url={lab}", "autoenable=true")
    repository.annex("enableremote", "second")
    clone, _ = repository.cloned(bob)
    clone.annex("get", "file")
    assert (clone.folder / "file").read_bytes() == b"content"


@pytest.mark.parametrize(
    ("told", "layout"),
    [
        ({"type": "webdav"}, "annex-webdav"),
        ({"type": "directory"}, "annex-directory"),
        ({"type": "S3"}, "annex-s3"),
        ({"type": "S3", "exporttree": "yes"}, ""),
        ({"type": "rsync"}, ""),
        ({"type": "external", "externaltype": "pyshare", "layout": "flat"}, "flat"),
        ({"type": "external", "externaltype": "pyshare", "layout": "of a later version"}, ""),
        ({"type": "external", "externaltype": "rclone", "rclone_layout": "mixed"}, "mixed"),
        ({"type": "external", "externaltype": "rclone"}, "lower"),
        ({"type": "external", "externaltype": "rclone", "rcloneremotename": "x"}, "flat"),
        ({"type": "external", "externaltype": "rclone-builtin", "rclonelayout": "frankencase"}, "frankencase"),
        ({"type": "rclone", "rclonelayout": "nodir"}, "flat"),
        ({"type": "rclone"}, "flat"),
        ({}, ""),
    ],
    ids=str,
)
def test_each_program_is_known_by_its_settings(told: Mapping[str, str], layout: str) -> None:
    assert layout_of(told) == layout
    assert not layout or name_of(layout, "WORM-s1--x")


@pytest.fixture
def owner(repository: Repository, scripted_s3: ScriptedS3) -> Repository:
    """Alice's repository, with her login for the server in her environment."""
    scripted_s3.login = Login()
    login = {"AWS_ACCESS_KEY_ID": Login().access_key, "AWS_SECRET_ACCESS_KEY": Login().secret_key}
    repository.home.environment.update(login)
    return repository


def test_chunks_and_links_are_refused_together(owner: Repository, scripted_s3: ScriptedS3) -> None:
    settings = {"endpoint": scripted_s3.url, "publicurl": "https://data.example.org"}
    said = owner.initremote("s3://bucket", {**settings, "chunk": "1MiB"}, check=False)
    assert "chunked files have no links. Leave chunk= out, or publicurl=https://data.example.org." in said
    owner.initremote("s3://bucket", settings)
    changed = owner.annex("enableremote", "store", "chunk=1MiB", check=False)
    assert "chunked files have no links" in changed.stdout + changed.stderr


def test_chunks_and_links_to_files_in_dropbox_are_refused_together(repository: Repository) -> None:
    said = repository.initremote("dropbox:/study", {"share": "files", "chunk": "1MiB"}, check=False)
    assert "chunked files have no links. Leave chunk= out, or share=files." in said
    assert "no login for dropbox:/study" in repository.initremote("dropbox:/study", {"share": "files"})


def test_encryption_and_links_are_refused_together(owner: Repository, scripted_s3: ScriptedS3) -> None:
    settings = {"endpoint": scripted_s3.url, "publicurl": "https://data.example.org"}
    said = owner.initremote("s3://bucket", {**settings, "encryption": "shared"}, check=False)
    assert "encrypted files have no links. Type encryption=none, or leave publicurl= out." in said
    said = owner.initremote("s3://bucket", {"endpoint": scripted_s3.url, "public": "yes", "encryption": "shared"})
    assert "with encryption files have no URLs that a browser could open" in said


def test_encryption_and_links_to_files_in_dropbox_are_refused_together(repository: Repository) -> None:
    said = repository.initremote("dropbox:/study", {"share": "files", "encryption": "shared"}, check=False)
    assert "encrypted files have no links. Type encryption=none, or leave share= out." in said


def test_a_remote_that_has_chunks_and_links_already_is_enabled_without_a_word(
    owner: Repository, scripted_s3: ScriptedS3, bob: Home
) -> None:
    pair = ("chunk=1MiB", "publicurl=https://data.example.org")
    owner.initremote("s3://bucket", {"endpoint": scripted_s3.url, "autoenable": "true"})
    log = owner.git("show", "git-annex:remote.log").stdout.replace(" encryption", f" {pair[0]} encryption")
    log = log.replace(" timestamp", f" {pair[1]} timestamp")
    write_remote_log(owner, log)
    _, told = owner.cloned(bob)
    assert "have no links" not in told
    assert "no login" not in told  # anyone may read there


def write_remote_log(repository: Repository, text: str) -> None:
    """As an older version of this program, or another clone, has left it."""
    annex = repository.folder / ".git" / "annex"
    (annex / "journal").mkdir(exist_ok=True)
    (annex / "journal" / "remote.log").write_text(text)
    repository.annex("merge")


def test_chunks_in_a_public_bucket_are_told_and_read_by_clones(
    owner: Repository, scripted_s3: ScriptedS3, bob: Home
) -> None:
    chunked = {"endpoint": scripted_s3.url, "public": "yes", "chunk": "100", "autoenable": "true"}
    assert "no URLs that a browser could open" in owner.initremote("s3://bucket", chunked)
    owner.add({"file": b"content" * 100})
    owner.annex("copy", "--to", "store")
    scripted_s3.public.add("bucket")
    clone, told = owner.cloned(bob)
    assert "no login" not in told
    clone.annex("get", "file")
    assert (clone.folder / "file").read_bytes() == b"content" * 100


def test_without_a_login_the_owner_of_a_bucket_hears_what_to_type(
    repository: Repository, scripted_s3: ScriptedS3
) -> None:
    scripted_s3.login = Login()
    said = repository.initremote("s3://bucket", {"endpoint": scripted_s3.url})
    assert "no login for s3://bucket, so nothing was checked" in said
    found = re.search(rf"Type: (pyshare login s3://bucket endpoint={scripted_s3.url})", said)
    assert found
    keys = f"{Login().access_key}\n{Login().secret_key}\n"
    repository.home.run("bash", "-c", found[1], cwd=repository.folder, input=keys)
    repository.add({"file": b"content"})
    repository.annex("copy", "--to", "store")


def test_a_bucket_that_cannot_be_reached_is_told_and_the_remote_made(owner: Repository) -> None:
    with socket.socket() as waiting:
        waiting.bind(("127.0.0.1", 0))
        port = waiting.getsockname()[1]
        said = owner.initremote("s3://bucket", {"endpoint": f"http://127.0.0.1:{port}"})
    assert f"127.0.0.1:{port} cannot be reached, so nothing was checked" in said
    assert owner.git("config", "remote.store.annex-uuid").stdout
