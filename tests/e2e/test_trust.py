"""What counts as known to git-annex, with the real one."""

from pathlib import Path

import pytest
from support.annex import Home

from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.trust import Trust, known_remote

STRANGE = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def alice(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("alice"))


@pytest.fixture(scope="module")
def repository(alice: Home) -> Path:
    """A repository with a special remote of git-annex's own."""
    path = alice.folder / "repository"
    (alice.folder / "share").mkdir()
    alice.run("git", "init", "-q", str(path), cwd=alice.folder)
    alice.run("git", "annex", "init", "-q", cwd=path)
    _make_remote(alice, path, "shared")
    return path


def _make_remote(alice: Home, path: Path, name: str, *more: str) -> str:
    share = f"directory={alice.folder / 'share'}"
    alice.run("git", "annex", "initremote", "-q", name, "type=directory", share, "encryption=none", *more, cwd=path)
    return _uuid(alice, path, name)


def _uuid(alice: Home, path: Path, name: str) -> str:
    return alice.run("git", "config", f"remote.{name}.annex-uuid", cwd=path).stdout.strip()


def test_a_remote_on_the_branch_is_known_and_another_is_not(alice: Home, repository: Path) -> None:
    assert known_remote(str(repository / ".git"), _uuid(alice, repository, "shared"))
    assert not known_remote(str(repository / ".git"), STRANGE)


def test_a_remote_that_was_only_fetched_is_known(alice: Home, repository: Path) -> None:
    clone = alice.folder / "clone"
    alice.run("git", "clone", "-q", str(repository), str(clone), cwd=alice.folder)
    assert known_remote(str(clone / ".git"), _uuid(alice, repository, "shared"))
    assert not known_remote(str(clone / ".git"), STRANGE)


def test_a_private_remote_is_known(alice: Home, repository: Path) -> None:
    assert known_remote(str(repository / ".git"), _make_remote(alice, repository, "mine", "--private"))


def test_a_remote_that_is_not_committed_yet_is_known(alice: Home, repository: Path) -> None:
    alice.run("git", "config", "annex.alwayscommit", "false", cwd=repository)
    uuid = _make_remote(alice, repository, "late")
    alice.run("git", "config", "--unset", "annex.alwayscommit", cwd=repository)
    assert uuid not in alice.run("git", "show", "git-annex:remote.log", cwd=repository).stdout
    assert known_remote(str(repository / ".git"), uuid)


@pytest.mark.parametrize("spelling", [STRANGE, f"&49;{STRANGE[1:]}", f"&{'0' * 30}49;{STRANGE[1:]}"])
def test_a_uuid_that_a_strangers_remote_shares_is_known(alice: Home, spelling: str) -> None:
    """Made with `--sameas`, or written by hand, it has no line of its own; git-annex reads all these spellings."""
    path = alice.folder / f"shared-{len(spelling)}"
    alice.run("git", "init", "-q", "-b", "git-annex", str(path), cwd=alice.folder)
    (path / "remote.log").write_text(
        f"22222222-2222-3333-4444-555555555555 autoenable=true encryption=none externaltype=pyshare sameas-name=evil"
        f" sameas-uuid={spelling} type=external url=https://evil.example.org/dav timestamp=1s\n"
    )
    alice.run("git", "add", ".", cwd=path)
    alice.run("git", "commit", "-q", "-m", "evil", cwd=path)
    assert known_remote(str(path / ".git"), STRANGE)


def test_before_the_first_remote_none_is_known(alice: Home) -> None:
    path = alice.folder / "fresh"
    alice.run("git", "init", "-q", str(path), cwd=alice.folder)
    alice.run("git", "annex", "init", "-q", cwd=path)
    assert not known_remote(str(path / ".git"), STRANGE)


def test_where_nothing_can_be_read_a_remote_counts_as_known(tmp_path: Path) -> None:
    assert known_remote(str(tmp_path), STRANGE)


def test_the_owners_remote_is_verified_by_git_annex_and_binding_it_is_kept(alice: Home, repository: Path) -> None:
    clone = LocalConfig(str(repository / ".git"), "shared")
    trust = Trust(clone, Account("cloud.example.org"))
    assert trust.verified
    trust.bind()
    assert clone.option("pyshare-host") == "cloud.example.org"
    assert trust.verified
    elsewhere = Trust(LocalConfig(str(repository / ".git"), "shared"), Account("evil.example"))
    assert elsewhere.moved
    assert not elsewhere.verified
