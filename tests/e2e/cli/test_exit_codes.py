"""Exit codes with a real dataset and a real server; tests/unit/cli/test_exit_codes.py has all codes and commands."""

import json

from support.annex import Home, Repository
from support.fakes.dav import ScriptedDAV


def code(user: Repository, *words: str) -> int:
    return user.home.run("pyshare", *words, cwd=user.folder, check=False).returncode


def test_done_problem_and_nothing_to_look_at_are_told_apart(repository: Repository, dav: ScriptedDAV) -> None:
    repository.initremote(f"{dav.url}/dav/store")
    assert code(repository, "verify", "store") == 2
    repository.add({"book": b"content"})
    repository.annex("copy", "--to", "store")
    for words in (("verify", "store"), ("info",), ("info", "store"), ("cleanup", "store"), ("whoami",)):
        assert code(repository, *words) == 0, words
    for path in [path for path, content in dav.objects.items() if content == b"content"]:
        del dav.objects[path]
    assert code(repository, "verify", "store") == 1
    for words in (("verify", "no"), ("info", "no"), ("share", "no"), ("cleanup", "no"), ("restore", "store")):
        assert code(repository, *words) == 2, words


def test_where_a_login_is_needed_every_command_says_so_by_its_code(
    repository: Repository, dav: ScriptedDAV, bob: Home
) -> None:
    repository.initremote(f"{dav.url}/dav/store", {"autoenable": "true"})
    repository.add({"book": b"content"})
    repository.annex("copy", "--to", "store")
    dav.login = ("bob", "pass word")
    for words in (("verify", "store"), ("whoami", dav.url)):
        done = repository.home.run("pyshare", *words, "--json", cwd=repository.folder, check=False)
        assert done.returncode == 4, done.stdout + done.stderr
        error = json.loads(done.stdout.splitlines()[-1])["error"]
        assert error["code"] == 4
        assert "pyshare login" in error["remedy"]
    clone, _ = repository.cloned(bob)
    login = "bob\npass word\n"
    assert bob.run("pyshare", "login", dav.url, cwd=bob.folder, input=login).returncode == 0
    assert code(clone, "verify", "store") == 0
    assert code(clone, "share", "store") == 1  # it is not verified
    dav.login = ("bob", "changed")
    assert code(clone, "whoami", "--check") == 4
    assert code(clone, "logout", dav.url) == 0
    assert code(clone, "logout", dav.url) == 2
