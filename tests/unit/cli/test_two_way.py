"""`pyshare init --two-way`: what it refuses, and the settings that the second remote needs as well."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from git_annex_remote_pyshare.cli.init import two_way
from git_annex_remote_pyshare.cli.init.answers import Answers, Options
from git_annex_remote_pyshare.cli.init.here import Here
from git_annex_remote_pyshare.config import remotes
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import BadSetting

S3 = {"url": "s3://bucket/lab", "endpoint": "https://s3.example.org", "region": "us-east-1", "exporttree": "yes"}


@pytest.fixture
def here(tmp_path: Path) -> Here:
    """No dataset yet."""
    return Here(LocalConfig())


def says_version(monkeypatch: pytest.MonkeyPatch, version: bytes) -> None:
    monkeypatch.setattr(f"{two_way.__name__}.subprocess.run", lambda *_, **__: SimpleNamespace(stdout=version))


def test_the_second_remote_gets_the_settings_of_the_store_but_not_those_of_git_annex(here: Here) -> None:
    answers = Answers("lab", {**S3, "layout": "flat", "autoenable": "true"}, "me", "none", is_tree=True, two_way=True)
    made = next(two_way.pairing(answers, here, None, "lab-back"))
    assert [*made[5:]] == [
        *("type=external", "externaltype=pyshare", "url=s3://bucket/lab", "endpoint=https://s3.example.org"),
        *("region=us-east-1", "importtree=yes", "exporttree=no"),
    ]


def test_the_command_that_asks_nothing_has_the_option_and_not_what_it_implies() -> None:
    options = two_way.as_tree(Options(settings={"chunk": "1MiB"}))
    assert options.settings == {"chunk": "1MiB", "exporttree": "yes"}
    answers = Answers("lab", {"url": "/mnt/lab", **options.settings}, "me", "none", is_tree=True, two_way=True)
    assert answers.command().endswith("--history none --set chunk=1MiB --two-way --yes")


@pytest.mark.parametrize("version", [b"10.20250929-gabc20990101", b"8.20210223", b""])
def test_an_older_git_annex_is_refused_by_its_version(
    monkeypatch: pytest.MonkeyPatch, here: Here, version: bytes
) -> None:
    says_version(monkeypatch, version)
    with pytest.raises(BadSetting, match=r"--two-way needs git-annex 10\.20260717 or newer"):
        two_way.require_possible({"url": "/mnt/lab"}, here)


def test_a_store_whose_files_cannot_be_listed_is_refused(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    says_version(monkeypatch, b"10.20261026-gabc")
    two_way.require_possible({"url": "/mnt/lab"}, here)
    monkeypatch.setattr(two_way, "ability", lambda *_: None)
    with pytest.raises(BadSetting, match="edits cannot come back from /mnt/lab, since pyshare cannot list"):
        two_way.require_possible({"url": "/mnt/lab"}, here)


def test_the_remote_that_brings_edits_back_is_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    back = {"sameas-uuid": "u", "sameas-name": "lab-back", "url": "/mnt/lab", "importtree": "yes"}
    link = {"sameas-uuid": "u", "sameas-name": "lab-link", "url": "https://x/s/1"}
    monkeypatch.setattr(remotes, "all_remotes", lambda _git_dir: {"1": back, "2": link, "3": {"name": "lab"}})
    clone = LocalConfig()
    assert remotes.links_to(clone, "u") == ["https://x/s/1"]
    assert remotes.link_named(clone, "u", "/mnt/lab") == ""
    assert remotes.way_back(clone, "u") == "lab-back"
    assert remotes.way_back(clone, "v") == ""
    clone.__dict__["config"] = {"remote.in.annex-config-uuid": "1"}
    assert remotes.way_back(clone, "u") == "in"
