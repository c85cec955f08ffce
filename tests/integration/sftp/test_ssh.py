"""The program ssh: what it says at its end, however much, and a machine without it."""

import pytest
from support.sftpkit import StandIn, place_at

from git_annex_remote_pyshare.backends.sftp.backend import SFTPBackend
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError, Unreachable


def test_what_a_program_says_at_its_end_reaches_the_user(ssh: StandIn) -> None:
    ssh.becomes("#!/bin/sh\necho 'bob@sftp.example.org: Permission denied (publickey).' >&2\nexit 255\n")
    store = SFTPBackend(place_at("/data"))
    for _ in range(3):
        with pytest.raises(PermissionDenied, match=r"Type: pyshare login sftp://bob@sftp\.example\.org"):
            store.stat("KEY")
    store.close()


def test_a_flood_of_words_is_bounded(ssh: StandIn) -> None:
    ssh.becomes("#!/bin/sh\nhead -c 20000000 /dev/zero | tr '\\0' x >&2\necho >&2\necho last words >&2\nexit 255\n")
    store = SFTPBackend(place_at("/data"))
    with pytest.raises(Unreachable, match="last words") as ended:
        store.stat("KEY")
    assert len(str(ended.value)) < 300
    store.close()


def test_a_machine_without_ssh_is_told_so(ssh: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(PyshareError, match="no program ssh"):
        SFTPBackend(place_at("/data")).stat("KEY")
