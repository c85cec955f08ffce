"""What people may type in a clone of somebody else's dataset, whatever stands in its git-annex branch."""

from collections.abc import Callable

import pytest
from support.annex import Repository
from support.fakes.s3 import ScriptedS3
from support.marks import LONG
from support.scripted import Rule, answer

from git_annex_remote_pyshare.config.annex_branch import chunks

Say = Callable[[str, str], None]

KEY = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture
def user(repository: Repository, scripted_s3: ScriptedS3) -> Repository:
    repository.home.environment.update(KEY)
    repository.initremote("s3://bucket/share", {**scripted_s3.settings, "public": "yes"})
    return repository


@pytest.fixture
def say(user: Repository) -> Say:
    """Puts a file into a git-annex branch that was fetched from somebody."""

    def git(*words: str, told: str = "") -> str:
        return user.home.run("git", *words, cwd=user.folder, input=told).stdout.strip()

    def write(path: str, text: str) -> None:
        blob = git("hash-object", "-w", "--stdin", told=text)
        tree = git("mktree", told=f"100644 blob {blob}\t{path}\n")
        git("update-ref", "refs/remotes/stranger/git-annex", git("commit-tree", tree, "-m", "update"))

    return write


def uuid_of(user: Repository) -> str:
    return user.git("config", "remote.store.annex-uuid").stdout.strip()


def forget_what_was_verified(user: Repository) -> None:
    """As in a clone by a git-annex that knows no verifyremote."""
    (user.folder / ".git" / "annex" / "verified-remote.log").unlink()


def pyshare(user: Repository, *words: str) -> str:
    done = user.home.run("pyshare", *words, cwd=user.folder, check=False)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_what_the_user_has_verified_stays_whatever_others_write_later(user: Repository, say: Say) -> None:
    other = "type=external externaltype=pyshare url=s3://trap endpoint=http://127.0.0.1:9 profile=other"
    say("remote.log", f"{uuid_of(user)} {other} timestamp=9999999999s\n")
    assert "url: s3://bucket/share\n" in pyshare(user, "info", "store")
    forget_what_was_verified(user)
    assert "was made for" in pyshare(user, "info", "store")


@pytest.mark.parametrize("value", ["\x1b]0;title\x07", "&27;[2J", "&155;2J", "&55555;"])
@pytest.mark.parametrize("command", ["info", *(pytest.param(each, marks=LONG) for each in ("share", "restore"))])
def test_no_setting_gives_orders_to_a_terminal(user: Repository, say: Say, command: str, value: str) -> None:
    forget_what_was_verified(user)
    say("remote.log", f"{uuid_of(user)} url=s3://bucket/{value} public=yes timestamp=9999999999s\n")
    told = pyshare(user, command, "store")
    assert "url= contains a control character" in told
    assert told.rstrip("\n").isprintable()


@pytest.mark.parametrize(
    "words", ["timestamp=abc", "timestamp=1.2.3s", "url=&1114112; timestamp=9s", f"url=&{10**30}; timestamp=9s"]
)
def test_a_line_that_cannot_be_read_counts_for_nothing(user: Repository, say: Say, words: str) -> None:
    forget_what_was_verified(user)
    say("remote.log", f"{uuid_of(user)} {words}\n")
    assert "url: s3://bucket/share\n" in pyshare(user, "info", "store")


def test_only_lines_that_can_be_read_tell_of_chunks(user: Repository, say: Say) -> None:
    uuid = uuid_of(user)
    say("x.log.cnk", f"words\n1.5s {uuid}:10 3\n2s {uuid}:10\nxs {uuid}:x y\n2s {uuid}:0 5\n2s {uuid}:11 0\n")
    assert chunks(str(user.folder / ".git"), "x", uuid) == {10: 3}


def test_the_names_of_files_give_no_orders_to_a_terminal(user: Repository, scripted_s3: ScriptedS3) -> None:
    user.add({"a\x1b]0;title\x07": b"content"})
    user.annex("copy", "--to", "store")
    scripted_s3.script(Rule("HEAD", answer(403), times=-1), Rule("GET", answer(403), times=-1))
    told = pyshare(user, "restore", "store")
    assert "]0;title" in told
    assert "\x1b" not in told
    assert "\x07" not in told


def test_a_token_in_the_address_of_the_dataset_is_not_sent_to_friends(user: Repository) -> None:
    user.git("remote", "add", "origin", "https://alice:token@git.example.org/alice/data.git")
    user.add({"file": b"content"})
    user.annex("copy", "--to", "store")
    assert "  datalad clone https://git.example.org/alice/data.git\n" in pyshare(user, "share", "store")
