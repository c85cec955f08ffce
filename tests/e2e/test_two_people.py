"""From "my data" to "you have it": how many commands the owner and the friend type, login included, on every place."""

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from support import dropbox_people
from support.annex import Home
from support.at_terminal import typing
from support.clicker import browser
from support.login_cloud import APP_PASSWORD, LoginCloud
from support.marks import LONG
from support.sharing import Owner, has_all

if TYPE_CHECKING:
    from support.fakes.dropbox.fake import RunningDropbox
    from support.s3_servers import S3Server
    from support.servers import Server

CLONE = "DataLad-101"


class Way(NamedTuple):
    """How two people get to a place."""

    init: tuple[str, ...]
    """What the owner types behind `pyshare init`."""
    log_in: Callable[[Home], object] | None = None
    """The friend's own command, where the place is not open to everyone."""


class Typed:
    """Counts the commands that a person types."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home = home
        self.folder = folder
        self.count = 0

    def __call__(self, *words: str) -> str:
        """Type a command; what it prints."""
        self.count += 1
        return self.home.run(*words, cwd=self.folder).stdout


def _nextcloud(request: pytest.FixtureRequest, alice: Home, _bob: Home) -> Way:
    cloud: LoginCloud = request.getfixturevalue("login_cloud")
    alice.environment.update({"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": APP_PASSWORD})
    return Way(("cloud", f"{cloud.url}/DataLad-101", "--readers", "link", "--history", "github"))


def _public_s3(request: pytest.FixtureRequest, alice: Home, _bob: Home) -> Way:
    server: S3Server = request.getfixturevalue("moto_server")
    alice.environment.update(server.login)
    endpoint = ("--set", f"endpoint={server.endpoint}", "--set", "region=us-east-1")
    return Way(("s3", f"s3://{server.fresh_bucket()}/data", *endpoint, "--readers", "link", "--history", "github"))


def _folder(request: pytest.FixtureRequest, _alice: Home, _bob: Home) -> Way:
    disk = request.getfixturevalue("tmp_path") / "our disk"
    return Way(("disk", str(disk), "--history", "github"))


def _folder_with_history(request: pytest.FixtureRequest, _alice: Home, _bob: Home) -> Way:
    dataset: Owner = request.getfixturevalue("publisher")
    dataset.type("git", "remote", "remove", "github")
    disk = request.getfixturevalue("tmp_path") / "our disk"
    return Way(("disk", str(disk), "--history", "same"))


def _dropbox(request: pytest.FixtureRequest, alice: Home, bob: Home) -> Way:
    running: RunningDropbox = request.getfixturevalue("fake_dropbox")
    dropbox_people.machine(alice, running, running.service.person("Alice"))
    dropbox_people.reaches(bob, running)
    friend = running.service.person("Bob")
    return Way(
        ("dropbox", "dropbox:/DataLad-101", "--readers", "link", "--history", "github"),
        log_in=lambda home: dropbox_people.log_in(home, running, friend, "--sharing"),
    )


def _private_webdav(request: pytest.FixtureRequest, alice: Home, _bob: Home) -> Way:
    server: Server = request.getfixturevalue("apache_server")
    url = f"{server.url}/{os.urandom(8).hex()}"
    alice.environment.update({"WEBDAV_USERNAME": server.user, "WEBDAV_PASSWORD": server.password})
    words = ("pyshare", "login", "--user", server.user, url)
    return Way(
        ("lab", url, "--readers", "account", "--history", "github"),
        log_in=lambda home: home.run(*words, cwd=home.folder, input=f"{server.password}\n"),
    )


OPEN = (_nextcloud, _public_s3, _folder, _folder_with_history)
BY_LOGIN = (_dropbox, _private_webdav)
SEEN_ELSEWHERE = (_folder, _private_webdav)
"""Their commands are typed in tests/e2e/share and accept, too."""


@pytest.mark.parametrize(
    "place", [pytest.param(place, marks=LONG if place in SEEN_ELSEWHERE else []) for place in (*OPEN, *BY_LOGIN)]
)
def test_the_owner_types_three_commands_and_the_friend_one_or_two(
    request: pytest.FixtureRequest,
    publisher: Owner,
    bob: Home,
    place: Callable[[pytest.FixtureRequest, Home, Home], Way],
) -> None:
    way = place(request, publisher.home, bob)
    alice = Typed(publisher.home, publisher.folder)

    told = json.loads(alice("pyshare", "init", *way.init, "--yes", "--json"))
    push = next((line for line in told["next"] if not line.startswith("pyshare")), "")
    alice(*shlex.split(push))
    invited = json.loads(alice("pyshare", "invite", way.init[0], "--json"))

    friend = Typed(bob, bob.folder)
    if way.log_in is not None:
        friend.count += 1
        way.log_in(bob)
    friend("pyshare", "accept", invited["target"], "--yes", "--get", "all", *_clone(invited["target"]))

    assert has_all(bob.folder / CLONE)
    assert alice.count == 3
    assert friend.count == (1 if place in OPEN else 2)


def test_at_a_terminal_the_owner_answers_six_questions_and_the_friend_two(
    publisher: Owner, login_cloud: LoginCloud, bob: Home
) -> None:
    publisher.home.environment["BROWSER"] = browser(publisher.home.folder)[0]
    with typing(publisher.home, ["pyshare", "init"], publisher.folder) as terminal:
        terminal.answer("Number, with or without an address [1]:", "2")
        terminal.answer("Address of your cloud, as in the browser:", login_cloud.url)
        terminal.answer("Folder there [DataLad-101]:")
        terminal.answer("Number [1]:")
        terminal.answer("Number [1]:")
        terminal.answer("Go? [Y/n]:")
        assert terminal.end() == 0, terminal.shown
        asked_owner = terminal.prompts
    publisher.type("datalad", "push", "--to", "github")
    with typing(publisher.home, ["pyshare", "invite", "cloud"], publisher.folder) as terminal:
        assert terminal.end() == 0, terminal.shown
        asked_owner += terminal.prompts
        (line,) = (each for each in terminal.shown.splitlines() if "pyshare accept" in each and "uvx" in each)
    target = shlex.split(line)[-1]
    with typing(bob, ["pyshare", "accept", target], bob.folder) as terminal:
        terminal.answer("Go? [Y/n]")
        terminal.answer("3 choose", "1")
        assert terminal.end() == 0, terminal.shown
        asked_friend = terminal.prompts
    assert has_all(bob.folder / CLONE)
    assert asked_owner <= 6
    assert asked_friend <= 2


def _clone(target: str) -> tuple[str, ...]:
    """The folder, where the address itself names none."""
    return (CLONE,) if target.startswith("pyshare1:") else ()
