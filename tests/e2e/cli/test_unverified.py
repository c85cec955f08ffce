"""Commands that change a store wait until its remote is verified, and say how to do that."""

import shlex
from pathlib import Path

import pytest
from support.annex import Home, Repository
from support.fakes.s3 import ScriptedS3
from support.marks import LONG

from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.store.store_config import store_config_of, trust_of

KEY = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
WRITES = frozenset(("POST", "PUT", "DELETE"))


@pytest.fixture
def friend(repository: Repository, bob: Home, scripted_s3: ScriptedS3) -> Repository:
    """Bob's clone, in which git-annex has enabled Alice's remotes by itself; he has a login for the server."""
    repository.home.environment.update(KEY)
    for name in ("store", "x;reboot"):
        settings = {**scripted_s3.settings, "autoenable": "true", "storageclass": "GLACIER", "public": "yes"}
        repository.initremote(f"s3://bucket/{name[0]}", settings, name=name)
    repository.add({"a.bin": b"a" * 3000})
    repository.annex("copy", "--to", "store")
    repository.annex("copy", "--to", "x;reboot")
    clone, _ = repository.cloned(bob)
    clone.home.environment.update(KEY)
    scripted_s3.forget()
    return clone


def pyshare(user: Repository, *words: str, code: int) -> str:
    done = user.home.run("pyshare", *words, cwd=user.folder, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def type_it(user: Repository, line: str) -> str:
    """What a shell prints when the user pastes a line into it."""
    done = user.home.run("sh", "-c", line, cwd=user.folder)
    return done.stdout + done.stderr


COMMANDS = (("cleanup",), ("restore",), ("verify", "--repair"))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        *((words, "store") for words in COMMANDS),
        (COMMANDS[0], "x;reboot"),
        *(pytest.param(words, "x;reboot", marks=LONG) for words in COMMANDS[1:]),
    ],
)
def test_nothing_is_written_through_a_remote_that_is_not_verified(
    friend: Repository, scripted_s3: ScriptedS3, words: tuple[str, ...], name: str
) -> None:
    told = pyshare(friend, *words, name, code=1)
    assert f"remote {name} is not verified: its address s3://bucket/{name[0]} comes from the dataset" in told
    assert WRITES.isdisjoint(scripted_s3.methods())
    _, advice = told.split("If you trust it, type: ")
    assert advice.strip() == shlex.join(["git", "annex", "verifyremote", name])
    assert name == "store" or "'x;reboot'" in advice


def test_what_is_advised_is_all_that_is_missing(friend: Repository) -> None:
    _, advice = pyshare(friend, "restore", "store", code=1).split("If you trust it, type: ")
    (further,) = (line for line in type_it(friend, advice).splitlines() if "If so, run:" in line)
    type_it(friend, further.split("run:")[1])
    assert pyshare(friend, "restore", "store", code=0).startswith("1 file restoring\n")


def test_where_git_annex_knows_no_verifyremote_the_host_is_accepted(friend: Repository) -> None:
    friend.git("config", "--unset", "remote.store.annex-verified")
    _, advice = pyshare(friend, "restore", "store", code=1).split("If you trust it, type: ")
    assert "pyshare-host" in advice
    type_it(friend, advice)
    assert pyshare(friend, "restore", "store", code=0).startswith("1 file restoring\n")


def test_an_address_that_leads_elsewhere_now_is_accepted_again(friend: Repository) -> None:
    friend.git("config", "remote.store.pyshare-host", "old.example.org")
    told = pyshare(friend, "cleanup", "store", code=1)
    assert "and you accepted old.example.org" in told
    type_it(friend, told.split(", type: ")[1])
    assert "old.example.org" not in pyshare(friend, "cleanup", "store", code=0)


def test_looking_needs_no_verifying(friend: Repository, scripted_s3: ScriptedS3) -> None:
    assert pyshare(friend, "restore", "store", "--status", code=0).startswith("1 file archived\n")
    assert "not verified" not in pyshare(friend, "cleanup", "store", "--list", code=0)
    assert pyshare(friend, "verify", "store", code=0)
    assert WRITES.isdisjoint(scripted_s3.methods())


def test_a_folder_is_verified_like_any_other_store(repository: Repository, bob: Home, tmp_path: Path) -> None:
    repository.initremote(str(tmp_path / "share"), {"autoenable": "true"})
    clone, _ = repository.cloned(bob)
    settings = parse({"url": str(tmp_path / "share")})
    for user, verified in ((repository, True), (clone, False)):
        trust = trust_of(settings, LocalConfig(str(user.folder / ".git"), "store"))
        assert store_config_of(settings, trust, None).trusted() is verified
