"""A friend without an account gets through a public link with a password, with the real git-annex."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from support.annex import Home, Repository, unlock
from support.fakes.dav import ScriptedDAV
from support.scripted import Play, Seen, answer

FILES = {"books/TLCL.pdf": b"%PDF-1.4 The Linux Command Line\n" * 4000, "EMPTY.DAT": b""}


class Link:
    """A link to the folder `/dav` of the server, which wants a password from whoever comes through it."""

    def __init__(self, dav: ScriptedDAV, *, older: bool) -> None:
        self.url = f"{dav.url}/s/T0k"
        self.folder, user = ("/public.php/webdav", "T0k") if older else ("/public.php/dav/files/T0k", "anonymous")
        self._login = f"Basic {b64encode(f'{user}:opensesame'.encode()).decode()}"
        self._dav = dav
        dav.decide = self._decide

    def show(self) -> None:
        """Let the link show what the folder holds now."""
        for things in (self._dav.objects, self._dav.folders):
            seen = {path: self.folder + path.removeprefix("/dav") for path in things if path.startswith("/dav")}
            if isinstance(things, dict):
                things.update({seen[path]: things[path] for path in seen})
            else:
                things |= set(seen.values())

    def _decide(self, seen: Seen) -> Play | None:
        if not seen.path.startswith("/public.php/"):
            return None
        if not f"{seen.path}/".startswith(f"{self.folder}/"):
            return answer(404)
        asked = {name.lower(): value for name, value in seen.headers.items()}
        ours = asked.get("authorization") == self._login and asked.get("x-requested-with") == "XMLHttpRequest"
        return None if ours else answer(401, WWW_Authenticate='Basic realm="link"')


@pytest.mark.parametrize("older", [False, True], ids=["WD32-new address", "WD32-older address"])
def test_a_friend_who_typed_the_links_password_gets_without_anything_else(
    dav: ScriptedDAV, repository: Repository, bob: Home, tmp_path: Path, *, older: bool
) -> None:
    link = Link(dav, older=older)
    repository.add(FILES)
    repository.initremote(f"{dav.url}/dav", name="cloud")
    repository.annex("copy", "--to", "cloud")
    link.show()
    repository.annex(
        *("initremote", "cloud-public", "--sameas=cloud", "type=external", "externaltype=pyshare"),
        *("autoenable=true", f"url={link.url}"),
    )
    clone = Repository(bob, bob.folder / "clone")
    bob.run("git", "clone", "-q", str(repository.folder), str(clone.folder), cwd=bob.folder)
    clone.git("config", "remote.origin.annex-ignore", "true")

    told = clone.annex("init", check=False)
    assert "no login" not in told.stdout + told.stderr
    told = clone.annex("get", check=False)
    assert told.returncode != 0
    assert f"Type: pyshare login {link.url}" in told.stdout + told.stderr

    bob.run("pyshare", "login", link.url, cwd=bob.folder, input="opensesame\n")
    clone.annex("get")
    assert {name: (clone.folder / name).read_bytes() for name in FILES} == FILES
    assert "login: anonymous (from pyshare login)" in clone.annex("info", "cloud-public").stdout
    unlock(tmp_path)


def test_wd32_the_owners_login_in_the_environment_is_not_handed_over_for_a_link(
    dav: ScriptedDAV, repository: Repository
) -> None:
    alices: dict[str, Any] = {"WEBDAV_USERNAME": "alice", "WEBDAV_PASSWORD": "hunter2"}
    ours = ("type=external", "externaltype=pyshare", "encryption=none", "embedcreds=no")
    logins = repository.folder / ".git" / "annex" / "creds"
    dav.folders.add("/public.php/dav/files/T0k")
    repository.annex("initremote", "link", *ours, f"url={dav.url}/s/T0k", login=alices)
    assert not logins.exists()
    repository.annex("initremote", "cloud", *ours, f"url={dav.url}/dav", login=alices)
    assert [file.read_text() for file in logins.iterdir()] == ["alice\nhunter2\n"]
