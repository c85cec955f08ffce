"""`pyshare login URL --ca FILE`: a server whose certificate comes from its institution, at login and for git-annex."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from support.annex import Home, Repository
from support.fakes.dav import ScriptedDAV
from support.fakes.s3 import ScriptedS3
from support.logins import Cloud, serving
from support.scripted import served

from git_annex_remote_pyshare.credentials import authorities

FILES = {"a.txt": b"a", "sub/b.bin": b"b" * 5000}
LOGIN = ("bob", "pass word")


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    """An institution's own certificate authority, its certificate in `institution ca.pem`."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "institution ca.pem"))
    return made


def context_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def dav(authority: trustme.CA) -> Iterator[ScriptedDAV]:
    """A WebDAV server with a certificate of that authority."""
    with served(ScriptedDAV(), context_of(authority)) as server:
        server.login = LOGIN
        server.folders.add("/dav")
        yield server


def types(home: Home, line: str, folder: Path, sent: str = "bob\npass word\n") -> tuple[int, str]:
    """Paste a line into a shell; exit code and all that it printed."""
    done = home.run("bash", "-c", line, cwd=folder, check=False, input=sent)
    return done.returncode, done.stdout + done.stderr


def test_what_a_login_without_the_authority_says_to_type_serves_git_annex_too(
    dav: ScriptedDAV, repository: Repository, tmp_path: Path
) -> None:
    alice = repository.home
    code, told = types(alice, f"pyshare login {dav.url}/dav --user bob", tmp_path, "pass word\n")
    assert code == 2
    assert told.startswith(f"pyshare: the certificate of {dav.url[8:]} cannot be trusted (")
    assert told.count("(") == told.count(")")
    line = told.strip().rpartition("type: ")[2]
    assert line == f"pyshare login {dav.url}/dav --user bob --ca FILE"
    assert types(alice, line.replace("FILE", "'institution ca.pem'"), tmp_path, "pass word\n")[0] == 0
    repository.initremote(f"{dav.url}/dav")
    repository.add(FILES)
    repository.annex("copy", "--to", "store")
    repository.annex("drop")
    repository.annex("get")
    assert (repository.folder / "a.txt").read_bytes() == b"a"
    assert "works" in types(alice, "pyshare whoami --check", tmp_path)[1]
    assert "free space: " in types(alice, "pyshare info store", repository.folder)[1]


def test_the_authority_is_forgotten_with_the_login_and_after_a_failed_one(
    dav: ScriptedDAV, alice: Home, tmp_path: Path
) -> None:
    line = f"pyshare login {dav.url}/dav --ca 'institution ca.pem'"
    code, told = types(alice, line, tmp_path, "bob\nwrong\n")
    assert code == 4
    assert "refuses this login" in told
    assert "cannot be trusted" in types(alice, f"pyshare login {dav.url}/dav", tmp_path)[1]
    assert types(alice, line, tmp_path)[0] == 0
    assert types(alice, f"pyshare logout {dav.url}", tmp_path)[0] == 0
    assert "cannot be trusted" in types(alice, f"pyshare login {dav.url}/dav", tmp_path)[1]


def test_the_authority_counts_for_its_host_only(
    dav: ScriptedDAV, authority: trustme.CA, alice: Home, tmp_path: Path
) -> None:
    assert types(alice, f"pyshare login {dav.url}/dav --ca 'institution ca.pem'", tmp_path)[0] == 0
    with served(ScriptedDAV(), context_of(authority)) as other:
        assert "cannot be trusted" in types(alice, f"pyshare login {other.url}/dav", tmp_path)[1]


def test_a_file_that_is_none_is_refused_and_one_that_went_away_is_named(
    dav: ScriptedDAV, alice: Home, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("no certificate")
    line = f"pyshare login {dav.url}/dav --ca"
    for name, why in (("text", "it holds no certificate in PEM form"), ("none.pem", "No such file or directory")):
        code, told = types(alice, f"{line} {name}", tmp_path)
        assert code == 2
        assert f"cannot use the certificates in {tmp_path}/{name}: {why}" in told
    assert types(alice, f"{line} 'institution ca.pem'", tmp_path)[0] == 0
    (tmp_path / "institution ca.pem").rename(tmp_path / "moved.pem")
    code, told = types(alice, "pyshare whoami --check", tmp_path)
    assert code == 2
    assert f"cannot read the certificates for {dav.url[8:]} in {tmp_path}/institution ca.pem" in told
    assert types(alice, f"{line} moved.pem", tmp_path)[0] == 0
    assert "works" in types(alice, "pyshare whoami --check", tmp_path)[1]


def test_an_s3_server_of_the_institution_is_trusted_alike(authority: trustme.CA, alice: Home, tmp_path: Path) -> None:
    with served(ScriptedS3(), context_of(authority)) as server:
        url = server.url
        typed = f"pyshare login s3://bucket endpoint={url}"
        code, told = types(alice, typed, tmp_path, "AKID\nsecret\n")
        assert code == 2
        line = re.sub("^.*type: ", "", told.strip())
        assert line == f"{typed} --ca FILE"
        code, told = types(alice, line.replace("FILE", "institution\\ ca.pem"), tmp_path, "AKID\nsecret\n")
        assert code == 0, told


def test_a_service_with_many_hosts_takes_no_authority(alice: Home, tmp_path: Path) -> None:
    for word in ("dropbox", "s3://bucket"):
        code, told = types(alice, f"pyshare login {word} --ca x.pem", tmp_path)
        assert code == 2
        assert f"type: SSL_CERT_FILE=FILE pyshare login {word}" in told


def test_a_cloud_is_logged_in_at_with_its_authority(authority: trustme.CA, alice: Home, tmp_path: Path) -> None:
    cloud = Cloud()
    cloud.socket = context_of(authority).wrap_socket(cloud.socket, server_side=True)
    for _ in serving(cloud):
        cloud.base = f"https://{cloud.host}/cloud"
        line = f"pyshare login {cloud.base} --user bob@example.org --ca 'institution ca.pem'"
        code, told = types(alice, line, tmp_path, "pass word\n")
        assert code == 0, told


def test_the_authority_of_an_s3_server_counts_for_its_buckets_host_names(alone: Path, authority: trustme.CA) -> None:
    (file,) = alone.parent.glob("*.pem")
    with authorities.trusting("s3.example.org:9000", str(file)):
        pass
    for host in ("s3.example.org:9000", "bucket.s3.example.org:9000"):
        assert authorities.authority_of(host) == str(file)
    for host in ("example.org:9000", "s3.example.org", "evils3.example.org:9000", "a.b.s3.example.org:9000"):
        assert authorities.authority_of(host) == ""
