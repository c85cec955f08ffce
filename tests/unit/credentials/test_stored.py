"""What `pyshare login` keeps: in the keyring or a private file, by many processes at once, never in the way."""

import json
import os
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import keyring.backends.null
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from support.logins import Equip, FailingKeyring, HangingKeyring, MemoryKeyring, UnadvisedKeyring, clone_with

from git_annex_remote_pyshare.backends.webdav.spec import SPEC as WEBDAV
from git_annex_remote_pyshare.credentials import keyring as keyrings
from git_annex_remote_pyshare.credentials import private
from git_annex_remote_pyshare.credentials import stored as kept
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.lookup import find, remedy
from git_annex_remote_pyshare.credentials.trust import Trust
from git_annex_remote_pyshare.errors import BadSetting

HOST = "cloud.example.org"
LOGIN = Credential("bob", "hunter2", "pyshare login")

pytestmark = pytest.mark.usefixtures("alone")


def read_back(host: str = HOST) -> Credential | None:
    entry = kept.entry("webdav", host)
    return kept.read(entry) if entry else None


def files() -> dict[str, str]:
    return {path.name: path.read_text() for path in Path(private.folder()).iterdir()}


def test_without_a_keyring_the_secret_lies_in_a_file() -> None:
    assert kept.keep("webdav", HOST, LOGIN).where == kept.FILE
    assert read_back() == LOGIN


def test_with_a_keyring_no_file_holds_the_secret(with_keyring: Equip) -> None:
    backend = MemoryKeyring()
    with_keyring(backend)
    assert kept.keep("webdav", HOST, LOGIN).where == kept.KEYRING
    assert read_back() == LOGIN
    assert list(backend.secrets.values()) == ["hunter2"]
    assert not any("hunter2" in text for text in files().values())


def test_the_index_never_holds_the_secret() -> None:
    kept.keep("webdav", HOST, LOGIN)
    assert "hunter2" not in files()[kept.INDEX]


@pytest.mark.skipif(os.name == "nt", reason="there the profile folder's own rights keep others out")
def test_only_the_owner_may_look_even_into_a_folder_that_was_open_before() -> None:
    os.makedirs(private.folder(), mode=0o755)
    kept.keep("webdav", HOST, LOGIN)
    assert stat.S_IMODE(os.stat(private.folder()).st_mode) == 0o700
    modes = {name: stat.S_IMODE(os.stat(os.path.join(private.folder(), name)).st_mode) for name in files()}
    assert set(modes.values()) == {0o600}


def test_moving_into_a_keyring_leaves_no_copy_in_the_file(with_keyring: Equip) -> None:
    kept.keep("webdav", HOST, LOGIN)
    with_keyring(MemoryKeyring())
    kept.keep("webdav", HOST, LOGIN)
    assert not any("hunter2" in text for text in files().values())


@pytest.mark.parametrize("backend", [MemoryKeyring(), None], ids=["keyring", "file"])
def test_what_is_forgotten_is_gone_and_the_others_stay(backend: KeyringBackend | None, with_keyring: Equip) -> None:
    if backend:
        with_keyring(backend)
    entry = kept.keep("webdav", HOST, LOGIN)
    kept.keep("webdav", "other.example.org", LOGIN)
    assert kept.forget(entry)
    assert read_back() is None
    assert read_back("other.example.org") == LOGIN
    assert [left.account for left in kept.entries()] == ["other.example.org"]


@pytest.mark.parametrize(
    "backend",
    [FailingKeyring(), UnadvisedKeyring(), keyring.backends.null.Keyring()],  # type: ignore[no-untyped-call]
    ids=["failing", "a file in disguise", "null"],
)
def test_a_keyring_that_is_none_is_not_used(backend: KeyringBackend, with_keyring: Equip) -> None:
    with_keyring(backend)
    assert kept.keep("webdav", HOST, LOGIN).where == kept.FILE
    assert read_back() == LOGIN


def test_of_several_keyrings_the_first_good_one_is_taken(with_keyring: Equip) -> None:
    good = MemoryKeyring()
    chain = MemoryKeyring()
    chain.backends = [UnadvisedKeyring(), good]  # type: ignore[attr-defined]
    with_keyring(chain)
    kept.keep("webdav", HOST, LOGIN)
    assert good.secrets
    assert read_back() == LOGIN


def test_pr29_a_keyring_that_hangs_counts_as_not_there(with_keyring: Equip, monkeypatch: pytest.MonkeyPatch) -> None:
    with_keyring(MemoryKeyring())
    kept.keep("webdav", HOST, LOGIN)
    hanging = HangingKeyring()
    with_keyring(hanging)
    monkeypatch.setattr(keyrings, "READING", 0.05)
    begun = time.monotonic()
    assert read_back() is None
    assert time.monotonic() - begun < 5
    hanging.release.set()


def test_pr29_a_keyring_that_hangs_does_not_keep_the_process_from_ending() -> None:
    script = """
import threading
from git_annex_remote_pyshare.credentials import keyring as keyrings
print(keyrings._within(0.05, threading.Event().wait))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=20)
    assert (done.stdout, done.returncode) == ("None\n", 0)


def test_a_keyring_that_fails_counts_as_not_there_and_the_remedy_says_so(
    with_keyring: Equip, capfd: pytest.CaptureFixture[str]
) -> None:
    with_keyring(MemoryKeyring())
    kept.keep("webdav", HOST, LOGIN)
    with_keyring(FailingKeyring())
    trust = Trust(clone_with(), Account(HOST, words=(f"https://{HOST}",)))
    assert find(WEBDAV, trust, None) is None
    text = remedy(WEBDAV, trust)
    assert f"in the {kept.KEYRING}, which is locked or does not answer" in text
    assert f"pyshare login https://{HOST}" in text
    assert "hunter2" not in text + "".join(capfd.readouterr())


@pytest.mark.parametrize("locked", [True, False])
def test_pr29_a_locked_secret_service_is_not_asked(
    *, locked: bool, with_keyring: Equip, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Keyring(MemoryKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            asked.append(service)  # the real one opens its dialogue here
            return "hunter2"

    Keyring.__module__ = "keyring.backends.SecretService"
    service = SimpleNamespace(
        dbus_init=lambda: SimpleNamespace(close=lambda: None),
        Collection=lambda bus, path: SimpleNamespace(is_locked=lambda: locked),
    )
    monkeypatch.setitem(sys.modules, "secretstorage", service)
    with_keyring(Keyring())
    assert keyrings.read("pyshare webdav x", "bob") == (None if locked else "hunter2")
    assert bool(asked) is not locked


def test_a_login_that_the_keyring_does_not_give_back_is_not_left_there_alone(with_keyring: Equip) -> None:
    class Forgetful(MemoryKeyring):
        def set_password(self, service: str, username: str, password: str) -> None:
            self.secrets[service, username] = password[:4]

    with_keyring(Forgetful())
    assert kept.keep("webdav", HOST, LOGIN).where == kept.FILE
    assert read_back() == LOGIN


def test_forgetting_tells_when_the_keyring_could_not(with_keyring: Equip) -> None:
    with_keyring(MemoryKeyring())
    entry = kept.keep("webdav", HOST, LOGIN)
    with_keyring(FailingKeyring())
    assert kept.forget(entry) is False
    assert kept.entries() == []


WRITER = """
import sys
from git_annex_remote_pyshare.credentials import private
for number in range(10):
    with private.changing("logins.json") as index:
        index.setdefault(sys.argv[1], {})[str(number)] = {"user": "bob", "where": "private file", "server": ""}
"""


def test_pr25_processes_that_write_at_once_lose_nothing() -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, f"service{number}"]) for number in range(4)]
    while any(writer.poll() is None for writer in writers):
        private.load(kept.INDEX)  # a reader never meets half a file
        time.sleep(0.001)
    assert [writer.returncode for writer in writers] == [0] * 4
    assert len(kept.entries()) == 40


def test_pr25_a_writer_that_was_killed_is_no_obstacle() -> None:
    kept.keep("webdav", HOST, LOGIN)
    Path(private.folder(), f"{kept.INDEX}.new").write_text('{"half')
    kept.keep("webdav", "other.example.org", LOGIN)
    assert [entry.account for entry in kept.entries()] == [HOST, "other.example.org"]


def test_a_failure_while_changing_leaves_the_file_as_it_was() -> None:
    kept.keep("webdav", HOST, LOGIN)
    before = files()
    with suppress(RuntimeError), private.changing(kept.INDEX) as index:
        index.clear()
        raise RuntimeError
    assert files() == before


@pytest.mark.parametrize("content", ["{", "[]", '"x"', "\0"])
def test_a_damaged_index_is_named_with_the_cure(content: str) -> None:
    kept.keep("webdav", HOST, LOGIN)
    path = Path(private.folder(), kept.INDEX)
    path.write_text(content)
    with pytest.raises(BadSetting, match=kept.INDEX) as caught:
        kept.entry("webdav", HOST)
    assert f"Remove {path}" in str(caught.value)


def test_a_folder_that_cannot_be_made_is_named(alone: Path) -> None:
    (alone / ".config").write_text("no folder")
    with pytest.raises(BadSetting, match="cannot use"):
        kept.keep("webdav", HOST, LOGIN)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    user=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
    secret=st.text(st.characters(exclude_categories=["Cc"]), min_size=1),
)
def test_users_and_passwords_come_back_as_they_were(user: str, secret: str) -> None:
    kept.keep("webdav", HOST, Credential(user, secret, "pyshare login"))
    assert read_back() == Credential(user, secret, "pyshare login")
    assert json.loads(files()[kept.INDEX])["webdav"][HOST]["user"] == user
