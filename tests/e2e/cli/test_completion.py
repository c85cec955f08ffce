"""TAB in a real shell: the line that `pyshare completion` prints is typed, and a new shell completes."""

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import click
import pexpect
import pytest
from support.annex import Home, Repository
from support.servers import Missing, or_skip

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli import app
from git_annex_remote_pyshare.cli.completion import SERVICES
from git_annex_remote_pyshare.cli.login_request import settings_of

SHELLS = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--private"]}
READY = {"bash": "source ~/.bashrc", "zsh": "autoload -Uz compinit && compinit -u; source ~/.zshrc", "fish": ""}


@pytest.fixture(name="dataset")
def _dataset(repository: Repository, tmp_path: Path) -> Repository:
    """With two remotes whose names begin alike, and one that no shell should be given."""
    for name in ("cloud-one", "cloud-two"):
        repository.initremote(str(tmp_path / name), name=name)
    repository.git("config", "remote.-rf.annex-externaltype", "pyshare")
    return repository


def shell_in(dataset: Repository, shell: str) -> "pexpect.spawn[str]":
    """An interactive shell, in which completion was installed by the line that is printed for it."""
    home = dataset.home
    printed = home.run("pyshare", "completion", shell, cwd=dataset.folder).stdout
    (install,) = re.findall(r"^# To install it, type: (.*)$", printed, re.MULTILINE)
    (home.folder / ".config" / "fish" / "completions").mkdir(parents=True)
    # Without it a new fish reads all manual pages in the background, for minutes, and outlives the test.
    (home.folder / ".local" / "share" / "fish" / "generated_completions").mkdir(parents=True)
    home.run("sh", "-c", install, cwd=dataset.folder)
    env: Any = {**home.environment, "TERM": "dumb" if shell != "fish" else "xterm", "PS1": "$ "}
    child = pexpect.spawn(
        shell, SHELLS[shell], env=env, cwd=str(dataset.folder), encoding="utf-8", timeout=60, dimensions=(40, 120)
    )
    child.sendline(f"{READY[shell]}; echo rea''dy" if READY[shell] else "echo rea''dy")
    child.expect("ready\r?\n")
    return child


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_commands_options_and_remotes(shell: str, dataset: Repository) -> None:
    with or_skip():
        if not shutil.which(shell):
            raise Missing(shell)
    child = shell_in(dataset, shell)
    for begun, ended in (
        ("pyshare verif", "verify"),
        ("pyshare verify --downl", "--download"),
        ("pyshare info cloud-o", "cloud-one"),
        ("pyshare login dropb", "dropbox"),
        ("pyshare help clea", "cleanup"),
    ):
        child.send(f"{begun}\t")
        child.expect_exact(ended)
        child.send("\x15" if shell != "fish" else "\x03")
    child.close(force=True)


def completed(home: Home, folder: Path, *words: str) -> list[str]:
    """What bash is given for the last word."""
    told = {"_PYSHARE_COMPLETE": "bash_complete", "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    return home.run("pyshare", cwd=folder, login=told).stdout.split()


def test_remotes_are_those_of_the_dataset_that_a_shell_can_take(dataset: Repository) -> None:
    asked = completed(dataset.home, dataset.folder, "pyshare", "share", "")
    assert asked == ["plain,cloud-one", "plain,cloud-two"]
    assert completed(dataset.home, dataset.home.folder, "pyshare", "share", "") == []


def test_logout_and_whoami_complete_the_kept_logins(alice: Home) -> None:
    alice.run("pyshare", "login", "dav.example.org", "--user", "a", "--no-check", cwd=alice.folder, input="x\n")
    for command in ("logout", "whoami", "login"):
        assert completed(alice, alice.folder, "pyshare", command, "dav") == ["plain,dav.example.org"]


def test_every_service_is_one_that_login_takes_and_every_word_for_a_login_is_offered() -> None:
    words = {spec.login.url.rstrip(":") for spec in registry.built_in() if spec.login and spec.login.url}
    assert words <= set(SERVICES)
    for word in SERVICES:
        settings = settings_of(f"{word}example" if word.endswith("//") else word)
        assert registry.spec_of(settings["url"]).login


def test_every_argument_that_is_a_remote_or_a_server_is_completed() -> None:
    context = click.Context(app.pyshare)
    for command in app.COMMANDS:
        made = app.pyshare.get_command(context, command)
        assert made
        for each in made.params:
            if isinstance(each, click.Argument) and each.name in {"name", "url"}:
                assert each._custom_shell_complete, f"{command}: shell_complete=, see cli/completion.py"


TOO_MUCH = ("backends.directory", "backends.dropbox", "backends.s3", "backends.webdav", "store.open", "transport")
LIBRARIES = {"requests", "urllib3", "keyring", "botocore", "dropbox", "rich", "ssl", "truststore", "annexremote"}


@pytest.mark.parametrize("words", [("pyshare", ""), ("pyshare", "verify", "--"), ("pyshare", "login", "")])
def test_a_tab_imports_no_backend_and_few_modules(words: tuple[str, ...], alice: Home) -> None:
    script = (
        "import atexit, sys; from git_annex_remote_pyshare.cli.app import run;"
        " atexit.register(lambda: print(*sys.modules, file=sys.stderr)); run([])"
    )
    told = {"_PYSHARE_COMPLETE": "bash_complete", "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    done = alice.run(sys.executable, "-c", script, cwd=alice.folder, login=told)
    assert done.stdout
    modules = set(done.stderr.split())
    ours = {name.removeprefix("git_annex_remote_pyshare.") for name in modules if name.startswith("git_annex_")}
    assert [name for name in ours if name.startswith(TOO_MUCH)] == []
    assert modules & LIBRARIES == set()
    assert len(ours) < (10 if words[1:] == ("",) else 45), sorted(ours)


def test_the_list_of_commands_needs_no_git(alice: Home) -> None:
    alice.environment["PATH"] = os.path.dirname(sys.executable)
    assert "plain,verify" in completed(alice, alice.folder, "pyshare", "ver")
