"""The address by which others clone a dataset out of its store."""

import subprocess
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.cli.clone_address import clone_address
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.config.annex_url import parse_annex_url
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import BadSetting

UUID = "6b1f2f0e-7d5b-4c53-9c1e-0f3f8f6f1d2a"
LINK = "11112222-7d5b-4c53-9c1e-0f3f8f6f1d2a"
KEPT = {
    "name": "cloud",
    "type": "external",
    "externaltype": "pyshare",
    "encryption": "none",
    "autoenable": "true",
    "timestamp": "1s",
}
DAV = "https://cloud.example.org/remote.php/dav/files/alice/data"
PUBLIC = "https://cloud.example.org/s/Tk3"


@pytest.fixture
def git_dir(tmp_path: Path) -> Path:
    """The git directory of a clone whose git-annex branch is still in the journal."""
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "clone")], check=True)
    (tmp_path / "clone" / "annex" / "journal").mkdir(parents=True)
    return tmp_path / "clone"


def remote(git_dir: Path, **settings: str) -> Remote:
    """A remote with these settings in remote.log."""
    annex = {**KEPT, **settings}
    parsed = registry.parse(annex)
    return Remote(StoreConfig(parsed["url"], parsed, LocalConfig(str(git_dir), "cloud"), lambda: None), UUID, annex)


def with_link(git_dir: Path, **settings: str) -> None:
    row = {"sameas-uuid": UUID, "sameas-name": "cloud-link", "type": "external", "externaltype": "pyshare"}
    words = " ".join(f"{name}={value}" for name, value in {**row, **settings}.items())
    (git_dir / "annex" / "journal" / "remote.log").write_text(f"{LINK} {words} timestamp=1s\n")


def test_the_address_has_what_git_annex_needs_and_the_default_layout(git_dir: Path) -> None:
    found = clone_address(remote(git_dir, url=DAV))

    assert found.uuid == UUID
    assert found.settings == {
        "type": "external",
        "externaltype": "pyshare",
        "encryption": "none",
        "url": DAV,
        "layout": "shard",
    }
    assert parse_annex_url(found.text) == found


def test_each_setting_that_is_not_at_its_default_is_in_the_address(git_dir: Path) -> None:
    settings = {"endpoint": "https://s3.example.org", "region": "eu-1", "layout": "annex-s3", "public": "yes"}

    found = clone_address(remote(git_dir, url="s3://bucket/data", **settings)).settings

    assert {name: found[name] for name in settings} == settings
    assert found["url"] == "s3://bucket/data"


@pytest.mark.parametrize("secret", ["pysharecreds", "cipher", "password", "token", "cipherkeys"])
def test_a_login_that_is_kept_with_the_dataset_is_not_in_the_address(git_dir: Path, secret: str) -> None:
    given = remote(git_dir, url=DAV)

    found = clone_address(given._replace(annex={**given.annex, secret: ""}))

    kept = given._replace(annex={**given.annex, secret: "aHVudGVyMg=="})
    if secret not in {"password", "token"}:
        assert clone_address(kept) == found
    else:
        with pytest.raises(BadSetting, match="cannot be a setting"):
            clone_address(kept)


def test_a_link_has_its_own_settings_and_the_uuid_of_its_settings(git_dir: Path) -> None:
    with_link(git_dir, url=PUBLIC, layout="lower")

    found = clone_address(remote(git_dir, url=DAV, layout="lower"), "cloud-link")

    assert found.uuid == UUID
    assert found.settings["url"] == PUBLIC
    assert found.settings["config-uuid"] == LINK
    assert found.settings["layout"] == "lower"
    assert "alice" not in found.text


def test_a_remote_that_is_itself_for_a_link_has_the_uuid_of_its_settings(git_dir: Path) -> None:
    subprocess.run(
        ["git", "-C", str(git_dir), "config", "remote.cloud.annex-config-uuid", LINK],  # as git-annex does
        check=True,
    )

    assert clone_address(remote(git_dir, url=PUBLIC)).settings["config-uuid"] == LINK


def test_a_link_that_the_dataset_has_not_is_refused(git_dir: Path) -> None:
    with_link(git_dir, url=PUBLIC)

    with pytest.raises(BadSetting, match="cloud has no link named other"):
        clone_address(remote(git_dir, url=DAV), "other")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        pytest.param({"encryption": "shared"}, "encrypted", id="encrypted"),
        pytest.param({"importtree": "yes"}, "only imports files", id="import-only"),
    ],
)
def test_a_remote_that_no_one_can_clone_from_is_refused(git_dir: Path, settings: dict[str, str], why: str) -> None:
    with pytest.raises(BadSetting, match=why):
        clone_address(remote(git_dir, url=DAV, **settings))


def test_the_encryption_that_a_link_inherits_is_refused(git_dir: Path) -> None:
    with_link(git_dir, url=PUBLIC)

    with pytest.raises(BadSetting, match="cloud-link, since it is encrypted"):
        clone_address(remote(git_dir, url=DAV, encryption="shared"), "cloud-link")


def test_the_size_of_chunks_is_in_the_address_since_a_clone_has_to_look_for_them(git_dir: Path) -> None:
    with_link(git_dir, url=PUBLIC)
    chunked = remote(git_dir, url=DAV, chunk="50MiB")

    assert clone_address(chunked).settings["chunk"] == "50MiB"
    assert clone_address(chunked, "cloud-link").settings["chunk"] == "50MiB"
