"""What pyshare logs of whole stories: each request, for `git annex --debug` and `pyshare -v`, and no secret."""

import re
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest
from support.annex import Home, Repository, unlock
from support.dropbox_people import log_in
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.nextcloud import FILES as HOME_OF_BOB
from support.fakes.s3 import ScriptedS3
from support.s3_gate import Login
from support.scripted import served
from support.sharing import Owner, as_friend, blocks
from support.sharing_cloud import SharingCloud

LINE = re.compile(r"([A-Z]+) (\S+) (/\S*): (\d{3}|\w+), \d+ ms, \d+ bytes sent, \d+ received")
PASSWORD = "hunter2 & sons"
FILES = {"large": b"content " * 300_000, "small": b"content"}


class Log:
    """What pyshare logged in commands that were told to show it."""

    def __init__(self, home: Home, folder: Path) -> None:
        self._home = home
        self._folder = folder
        self.lines: list[str] = []

    def annex(self, *words: str) -> None:
        """`git annex --debug …`, which shows the whole dialogue: of that only our own lines count."""
        done = self._home.run("git", "annex", *words, "--debug", cwd=self._folder)
        found = [line.partition(" DEBUG ")[2] for line in done.stderr.splitlines() if " --> " in line]
        self._take([line for line in found if line])

    def pyshare(self, *words: str, typed: str = "") -> str:
        """`pyshare -v …`; what it printed to standard output."""
        done = self._home.run("pyshare", "-v", *words, cwd=self._folder, input=typed)
        self._take(done.stderr.splitlines())
        return done.stdout

    def _take(self, lines: list[str]) -> None:
        self.lines += lines

    @property
    def requests(self) -> set[tuple[str, str]]:
        """Method and status of all requests."""
        return {(match[1], match[4]) for line in self.lines if (match := LINE.fullmatch(line))}

    def lacks(self, *secrets: str) -> bool:
        """Whether no form of a secret is in it, nor a query or a header."""
        text = "\n".join(self.lines)
        forms = {
            form
            for secret in secrets
            for form in (secret, quote(secret, safe=""), b64encode(secret.encode()).decode().rstrip("="))
        }
        forms |= {"?", "Authorization", "Bearer", "Basic ", "Signature", "password="}
        return not [form for form in forms if form in text]


def story(log: Log, remote: str) -> None:
    """Store, look, get and drop."""
    log.annex("copy", "--to", remote, ".")
    log.annex("drop", ".")
    log.annex("get", ".")
    log.pyshare("verify", remote)
    log.pyshare("info", remote)
    log.annex("drop", "--from", remote, "small")


def test_of_a_cloud_neither_password_nor_link_is_logged(sharer: Owner, sharing_cloud: SharingCloud, bob: Home) -> None:
    log = Log(sharer.home, sharer.folder)
    log.pyshare("login", f"{sharing_cloud.url}{HOME_OF_BOB}", "--user", "bob", typed=f"{PASSWORD}\n")
    repository = Repository(sharer.home, sharer.folder)
    repository.add(FILES)
    ours = ("type=external", "externaltype=pyshare", "encryption=none", "autoenable=true")
    log.annex("initremote", "for-friends", *ours, f"url={sharing_cloud.url}{HOME_OF_BOB}/share")
    story(log, "for-friends")
    sharer.publish()
    printed = log.pyshare("share", "for-friends", "-y", "--password", typed="opensesame\n")
    (link,) = sharing_cloud.links.values()

    friends = Log(bob, as_friend(bob, [*blocks(printed)[-1][:-1], "true"], "opensesame\n"))
    friends.annex("get", "large")
    assert (friends._folder / "large").read_bytes() == FILES["large"]

    assert {("PUT", "201"), ("GET", "200"), ("DELETE", "204"), ("POST", "200")} <= log.requests
    assert ("GET", "200") in friends.requests
    assert any("/public.php/dav/files/…/" in line for line in friends.lines)
    assert any(" 2400000 bytes sent, 0 received" in line for line in log.lines)
    for told in (log, friends):
        assert told.lacks(PASSWORD, f"bob:{PASSWORD}", "opensesame", "anonymous:opensesame", link.token)


def test_of_s3_neither_key_nor_session_token_is_logged(repository: Repository) -> None:
    login = Login(session_token="session/TOKEN+of=an hour".replace(" ", ""))
    with served(ScriptedS3()) as server:
        server.login = login
        repository.home.environment.update(
            AWS_ACCESS_KEY_ID=login.access_key,
            AWS_SECRET_ACCESS_KEY=login.secret_key,
            AWS_SESSION_TOKEN=login.session_token,
        )
        log = Log(repository.home, repository.folder)
        repository.add(FILES)
        settings = (f"{name}={value}" for name, value in server.settings.items())
        log.annex(
            *("initremote", "store", "type=external", "externaltype=pyshare", "encryption=none", "url=s3://bucket"),
            *settings,
        )
        story(log, "store")
        assert {("PUT", "200"), ("GET", "200"), ("HEAD", "200"), ("DELETE", "204")} <= log.requests
        assert log.lacks(login.access_key, login.secret_key, login.session_token)


def test_of_dropbox_neither_code_nor_token_nor_link_is_logged(
    fake_dropbox: RunningDropbox, dropbox_alice: Account, sharer: Owner
) -> None:
    service, log = fake_dropbox.service, Log(sharer.home, sharer.folder)
    log_in(sharer.home, fake_dropbox, dropbox_alice, "--sharing")
    repository = Repository(sharer.home, sharer.folder)
    repository.add(FILES)
    log.annex(
        *("initremote", "for-friends", "type=external", "externaltype=pyshare", "encryption=none", "url=dropbox:/Data")
    )
    story(log, "for-friends")
    log.pyshare("whoami", "--check")
    service.pass_time(5 * 3600.0)
    log.annex("fsck", "--fast", "--from", "for-friends", "large")
    sharer.publish()
    log.pyshare("share", "for-friends", "-y")
    tokens = [*service.tokens, *service.refreshes]
    log.pyshare("logout", "dropbox")
    links = [str(link.url) for link in service.table("links").values()]
    assert links
    paths = "\n".join(log.lines)
    for route in ("/oauth2/token", "/2/files/upload", "/2/files/download", "/2/sharing/", "/2/auth/token/revoke"):
        assert f"POST api.dropboxapi.com {route}" in paths or f"POST content.dropboxapi.com {route}" in paths
    assert log.lacks(*tokens, *links, service.app.secret or "no secret")


@pytest.mark.parametrize("words", [("-q",), ("--quiet",)])
def test_quiet_prints_errors_and_what_was_asked_for(
    words: tuple[str, ...], sharer: Owner, sharing_cloud: SharingCloud
) -> None:
    def quiet(*more: str, typed: str = "", check: bool = True) -> tuple[str, str]:
        done = sharer.home.run("pyshare", *words, *more, cwd=sharer.folder, input=typed, check=check)
        return done.stdout, done.stderr

    url = f"{sharing_cloud.url}{HOME_OF_BOB}"
    assert quiet("login", url, "--user", "bob", typed="secret\n") == ("", "")
    sharer.initremote(f"{url}/share")
    sharer.store()
    assert quiet("verify", "for-friends") == ("", "")
    out, err = quiet("verify", "for-friends", "--json")
    assert '"complete": 2' in out
    assert not err
    out, err = quiet("info", "nothing", check=False)
    assert not out
    assert err.startswith("pyshare: ")
    assert quiet("logout", url) == ("", "")
    unlock(sharer.folder)
