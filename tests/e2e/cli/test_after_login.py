"""The last line of `pyshare login` is the whole next command; each one is typed here where it is printed."""

import pytest
from support.annex import Home, Repository
from support.fakes.dav import ScriptedDAV

LOGIN = "alice\npass word\n"


@pytest.fixture(name="server")
def _server(dav: ScriptedDAV) -> ScriptedDAV:
    """A server that lets Alice in."""
    dav.login = ("alice", "pass word")
    return dav


def log_in(user: Repository, server: ScriptedDAV) -> str:
    """The last lines of a login, without what leads to the commands."""
    done = user.home.run("pyshare", "login", f"{server.url}/dav", cwd=user.folder, input=LOGIN)
    return done.stdout.partition("Next, ")[2]


def type_it(user: Repository, told: str) -> str:
    return user.home.run("sh", "-e", "-c", told.partition("type:")[2], cwd=user.folder).stdout


def test_in_a_dataset_without_a_remote_one_is_made_then_filled_then_got_from(
    repository: Repository, server: ScriptedDAV
) -> None:
    repository.add({"book": b"content"})
    made = log_in(repository, server)
    assert made == (
        "type: git annex initremote cloud type=external externaltype=pyshare encryption=none"
        f" url={server.url}/dav/{repository.folder.name}\n"
    )
    type_it(repository, made)
    stored = log_in(repository, server)
    assert stored == "type: git annex copy --to cloud\n"
    type_it(repository, stored)
    repository.annex("drop")
    got = log_in(repository, server)
    assert got == "type: datalad get .\n"
    type_it(repository, got)
    assert (repository.folder / "book").read_bytes() == b"content"


def test_an_owner_whose_push_brings_content_is_told_to_push(repository: Repository, server: ScriptedDAV) -> None:
    repository.add({"book": b"content"})
    type_it(repository, log_in(repository, server))
    github = repository.folder.parent / "github.git"
    repository.git("init", "-q", "--bare", str(github))
    repository.git("remote", "add", "github", str(github))
    repository.git("config", "remote.github.annex-ignore", "true")
    repository.git("config", "remote.github.datalad-publish-depends", "cloud")
    told = log_in(repository, server)
    assert told == "type: datalad push --to github\n"
    type_it(repository, told)
    assert b"content" in server.objects.values()


def test_a_friend_enables_the_remote_that_waits_and_makes_no_second_one(
    repository: Repository, server: ScriptedDAV, bob: Home
) -> None:
    repository.add({"book": b"content"})
    type_it(repository, log_in(repository, server))
    repository.annex("copy", "--to", "cloud")
    clone, _ = repository.cloned(bob)
    told = log_in(clone, server)
    assert told == "type:\n  git annex enableremote cloud\n  git annex verifyremote cloud\n"
    assert "--safe" in type_it(clone, told)
    assert log_in(clone, server) == "type: datalad get .\n"


def test_a_dataset_whose_remotes_are_elsewhere_is_looked_at(
    repository: Repository, server: ScriptedDAV, tmp_path: object
) -> None:
    repository.initremote(f"{tmp_path}/share")
    told = log_in(repository, server)
    assert told == "type: pyshare info\n"
    assert "store" in type_it(repository, told)


def test_outside_of_a_dataset_the_place_to_type_it_is_said(alice: Home, server: ScriptedDAV) -> None:
    done = alice.run("pyshare", "login", f"{server.url}/dav", cwd=alice.folder, input=LOGIN)
    last = done.stdout.splitlines()[-1]
    assert last.startswith("Next, in your dataset's folder, type: git annex initremote cloud ")
    assert last.endswith(f" url={server.url}/dav/FOLDER")


def test_programs_get_the_next_command_as_a_field(repository: Repository, server: ScriptedDAV) -> None:
    done = repository.home.run("pyshare", "login", server.url, "--json", cwd=repository.folder, input=LOGIN)
    assert '"next": [' in done.stdout
    assert f"url={server.url}/{repository.folder.name}" in done.stdout
    assert "Logged in" in done.stderr
