"""What an error says to type is typed into a shell, where the real git-annex shows it, and it helps."""

import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import trustme
from support.annex import Home, Repository, unlock
from support.fakes.dav import DAVHandler, ScriptedDAV
from support.fakes.s3 import ScriptedS3
from support.s3_answers import moved
from support.s3_gate import Login
from support.s3kit import signed_region
from support.scripted import Play, Seen, answer, served

BOB = "bob\nhunter2\n"
WEBDAV = {"WEBDAV_USERNAME": "bob", "WEBDAV_PASSWORD": "hunter2"}
MIB = 1 << 20


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Git-annex protects its objects."""
    yield
    unlock(tmp_path)


def said(of: Repository, *words: str, login: Mapping[str, str] | None = None) -> str:
    """What `git annex …` prints that fails, on one line."""
    done = of.annex(*words, check=False, login=login)
    assert done.returncode == 1, done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


def type_it(of: Repository, text: str, pattern: str, answers: str = "", **inside: str) -> str:
    """Type the command in a text that has the pattern, its placeholders replaced, and answer what it asks."""
    found = re.search(pattern, text)
    assert found, text
    line = found[0]
    for placeholder, value in inside.items():
        line = line.replace(placeholder, value)
    done = of.home.run("bash", "-c", line, cwd=of.folder, input=answers)
    return done.stdout + done.stderr


def stored(of: Repository, url: str, content: bytes = b"content", **settings: str) -> None:
    """A remote of this repository's user, and a file whose content is in it and here."""
    of.initremote(url, {"autoenable": "true", **settings})
    of.add({"file": content})
    of.annex("copy", "--to", "store")


def test_a_friend_without_a_login_logs_in(dav: ScriptedDAV, repository: Repository, bob: Home) -> None:
    dav.login = ("bob", "hunter2")
    repository.home.environment.update(WEBDAV)
    stored(repository, f"{dav.url}/dav")
    clone, _ = repository.cloned(bob)
    told = said(clone, "get", "file")
    assert "needs a login" in told
    type_it(clone, told, rf"pyshare login {dav.url}\S*", BOB)
    clone.annex("get", "file")


def test_a_friend_whose_login_of_the_environment_is_withheld_verifies_the_remote(
    dav: ScriptedDAV, repository: Repository, bob: Home
) -> None:
    dav.login = ("bob", "hunter2")
    repository.home.environment.update(WEBDAV)
    stored(repository, f"{dav.url}/dav")
    clone, _ = repository.cloned(bob)
    told = said(clone, "get", "file", login=WEBDAV)
    shown = type_it(clone, told, r"git annex verifyremote store")
    type_it(clone, shown, r"git annex verifyremote store --safe\S* \S+|git-annex verifyremote store --safe\S* \S+")
    clone.annex("get", "file", login=WEBDAV)


def test_a_login_that_the_server_refuses_is_renewed(dav: ScriptedDAV, repository: Repository) -> None:
    dav.login = ("bob", "hunter2")
    repository.home.run("pyshare", "login", f"{dav.url}/dav", cwd=repository.folder, input=BOB)
    stored(repository, f"{dav.url}/dav")
    dav.login = ("bob", "other")
    told = said(repository, "fsck", "--fast", "--from", "store")
    type_it(repository, told, rf"pyshare login {dav.url}\S*", "bob\nother\n")
    repository.annex("fsck", "--fast", "--from", "store")


def test_what_was_stored_wrongly_is_stored_again(repository: Repository, bob: Home, tmp_path: Path) -> None:
    stored(repository, str(tmp_path / "share"))
    clone, _ = repository.cloned(bob)
    clone.annex("enableremote", "store")
    [path] = [path for path in (tmp_path / "share").rglob("SHA256E*") if path.is_file()]
    path.chmod(0o644)
    path.write_bytes(b"cut")
    told = said(clone, "get", "file")
    type_it(repository, told, r"git annex fsck --fast --from store; git annex copy --to store")
    clone.annex("get", "file")


def test_a_file_that_is_too_large_for_the_server_is_sent_in_pieces(dav: ScriptedDAV, repository: Repository) -> None:
    repository.initremote(f"{dav.url}/dav")
    repository.add({"file": bytes(60 * MIB)})

    def decide(seen: Seen) -> Play | None:
        return answer(413) if int(seen.headers.get("Content-Length", 0)) > 51 * MIB else None

    dav.decide = decide
    told = said(repository, "copy", "--to", "store")
    type_it(repository, told, r"git annex enableremote store chunk=50MiB")
    repository.annex("copy", "--to", "store")
    assert len([path for path in dav.objects if "-C" in path]) == 2


def test_an_option_that_is_none_is_unset(dav: ScriptedDAV, repository: Repository) -> None:
    stored(repository, f"{dav.url}/dav")
    repository.git("config", "remote.store.pyshare-timeout", "soon")
    told = said(repository, "fsck", "--fast", "--from", "store")
    type_it(repository, told, r"git config --unset remote\.store\.pyshare-timeout")
    repository.annex("fsck", "--fast", "--from", "store")


class Proxy(DAVHandler):
    """A proxy that is the server, too: it is asked for whole addresses."""

    @property
    def target(self) -> str:
        return re.sub("^http://[^/]+", "", super().target)


class ProxiedDAV(ScriptedDAV):
    """A server off this machine."""

    handler = Proxy


def test_a_password_goes_over_plain_http_where_the_user_says_so(repository: Repository) -> None:
    with served(ProxiedDAV()) as far:
        repository.home.environment.update({"http_proxy": far.url, "no_proxy": ""})
        far.url = "http://cloud.example.org"
        far.folders.update({"/dav"})
        repository.initremote("http://cloud.example.org/dav")
        repository.home.environment.update(WEBDAV)
        far.login = ("bob", "hunter2")
        repository.add({"file": b"content"})
        told = said(repository, "copy", "--to", "store")
        type_it(repository, told, r"git config remote\.store\.pyshare-insecure true")
        repository.annex("copy", "--to", "store")


def test_a_region_that_the_server_tells_only_step_by_step_is_written_down(
    scripted_s3: ScriptedS3, repository: Repository
) -> None:
    scripted_s3.login = Login()
    login = {"AWS_ACCESS_KEY_ID": Login().access_key, "AWS_SECRET_ACCESS_KEY": Login().secret_key}
    repository.home.environment.update(login)
    stored(repository, "s3://bucket", endpoint=scripted_s3.url, region="us-east-1")
    scripted_s3.region = "eu-west-2"
    scripted_s3.decide = lambda seen: moved("eu-west-1") if signed_region(seen) == "us-east-1" else None
    told = said(repository, "fsck", "--fast", "--from", "store")
    type_it(repository, told, r"git annex enableremote store region=eu-west-2")
    repository.annex("fsck", "--fast", "--from", "store")


def test_an_institutions_own_certificates_are_trusted(repository: Repository, tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with served(ScriptedDAV(), context) as secure:
        secure.folders.update({"/dav"})
        repository.initremote(f"{secure.url}/dav", check=False)
        repository.add({"file": b"content"})
        told = said(repository, "copy", "--to", "store")
        type_it(repository, told, r"git config remote\.store\.pyshare-ca FILE", FILE=str(tmp_path / "ca.pem"))
        repository.annex("copy", "--to", "store")


def test_a_server_that_is_down_is_looked_at(repository: Repository) -> None:
    repository.initremote("http://127.0.0.1:9/dav")
    repository.git("config", "remote.store.pyshare-timeout", "1")
    repository.add({"file": b"content"})
    told = said(repository, "copy", "--to", "store")
    shown = type_it(repository, told, r"pyshare info store")
    assert "url: http://127.0.0.1:9/dav" in shown


def test_a_folder_whose_parent_is_missing_is_made(repository: Repository, tmp_path: Path) -> None:
    folder = str(tmp_path / "la b" / "share")
    told = " ".join(repository.initremote(folder, check=False).split())
    type_it(repository, told, r"mkdir -p '[^']*'")
    stored(repository, folder)
