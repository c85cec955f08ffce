"""A stranger's dataset that enables its own remote gets no login, with the real git-annex."""

from pathlib import Path

import pytest
from support.annex import Home, Repository
from support.fakes.dav import ScriptedDAV

PLAIN = "autoenable=true embedcreds=yes encryption=none externaltype=pyshare type=external"


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param("name=evil", id="its own UUID"),
        pytest.param("sameas-name=evil sameas-uuid={unheard}", id="the UUID of nobody"),
        pytest.param("sameas-name=evil sameas-uuid=&57;{unheard_rest}", id="the same, disguised"),
        pytest.param("sameas-name=evil sameas-uuid={alice}", id="the UUID of a repository"),
    ],
)
def test_an_autoenabled_remote_is_not_taken_for_the_users_own(
    dav: ScriptedDAV, repository: Repository, bob: Home, settings: str
) -> None:
    repository.add({"file": b"content"})
    unheard = "99999999-4c94-45be-95c9-d97c532d7aa7"
    alice = repository.git("config", "annex.uuid").stdout.strip()
    told = settings.format(unheard=unheard, unheard_rest=unheard[1:], alice=alice)
    repository.git("checkout", "-q", "git-annex")
    line = f"e89b8837-e10a-40d9-9f41-fc36c418cc74 {PLAIN} {told} url={dav.url}/dav timestamp=1795397338s\n"
    (repository.folder / "remote.log").write_text(line)
    repository.git("add", "remote.log")
    repository.git("commit", "-q", "-m", "evil")
    repository.git("checkout", "-q", "main")

    clone = Repository(bob, bob.folder / "clone")
    bob.run("git", "clone", "-q", str(repository.folder), str(clone.folder), cwd=bob.folder)
    login = {"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": "hunter2"}
    clone.annex("init", login=login)
    assert clone.git("config", "remote.evil.annex-verified").stdout == "automatic\n"
    clone.annex("fsck", "--fast", "--from", "evil", check=False, login=login)
    assert dav.requests
    assert not any("Authorization" in seen.headers for seen in dav.requests)
    assert "pyshare-host" not in clone.git("config", "--list").stdout
    assert not list(Path(clone.folder, ".git", "annex").glob("creds/*"))
