"""What ssh says before it ends, in our words, with what to type."""

import pytest

from git_annex_remote_pyshare.backends.sftp.errors import of_ssh, of_status
from git_annex_remote_pyshare.backends.sftp.packets import Code
from git_annex_remote_pyshare.backends.sftp.url import Address
from git_annex_remote_pyshare.errors import (
    BadName,
    BadSetting,
    NotAStore,
    NotReached,
    PermissionDenied,
    PyshareError,
    Unreachable,
)

HOST = Address("sftp.example.org", "bob", 2222, b"/data")
LOGIN = "pyshare login sftp://bob@sftp.example.org:2222"

CHANGED = """@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
Offending ED25519 key in /home/bob/.ssh/known_hosts:3
Host key for [sftp.example.org]:2222 has changed and you have requested strict checking.
Host key verification failed."""
"""As OpenSSH 9.2 says it; so are the others."""

WORDS = [
    (CHANGED, Unreachable, False, f"ssh-keygen -R '[sftp.example.org]:2222' && {LOGIN}"),
    (
        "No ED25519 host key is known for x and you have requested strict checking.\r\nHost key verification failed.",
        Unreachable,
        False,
        LOGIN,
    ),
    ("bob@sftp.example.org: Permission denied (publickey,keyboard-interactive).", PermissionDenied, False, LOGIN),
    ("Received disconnect from 127.0.0.1 port 22:2: Too many authentication failures", PermissionDenied, False, LOGIN),
    ("ssh: Could not resolve hostname sftp.example.org: Name or service not known", NotReached, True, "url="),
    ("ssh: connect to host sftp.example.org port 2222: Connection refused", NotReached, True, ""),
    ("ssh: connect to host sftp.example.org port 2222: Connection timed out", Unreachable, True, ""),
    ("Timeout, server sftp.example.org not responding.", Unreachable, True, ""),
    ("subsystem request failed on channel 0", NotAStore, False, "administrator"),
    ("/home/bob/.ssh/config: line 3: Bad configuration option: foo", BadSetting, False, ""),
    ("Unable to negotiate with 127.0.0.1 port 22: no matching host key type found", NotAStore, False, ""),
    ("Connection closed by 127.0.0.1 port 22", Unreachable, True, ""),
    ("", Unreachable, True, ""),
]


@pytest.mark.parametrize(("said", "kind", "retryable", "remedy"), WORDS)
def test_the_last_words_of_ssh_say_what_to_do(
    said: str, kind: type[PyshareError], retryable: object, remedy: str
) -> None:
    error = of_ssh(HOST, said.splitlines())
    assert type(error) is kind or type(error).__base__ is kind
    assert error.retryable == retryable
    assert remedy in error.remedy
    assert "sftp.example.org" in str(error) or kind is BadSetting


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (Code.PERMISSION_DENIED, PermissionDenied),
        (Code.BAD_MESSAGE, BadName),
        (Code.OP_UNSUPPORTED, NotAStore),
        (Code.NO_SUCH_FILE, Unreachable),
        (Code.CONNECTION_LOST, Unreachable),
        (Code.FAILURE, Unreachable),
        (99, Unreachable),
    ],
)
def test_a_status_is_an_error_in_words(code: int, kind: type[PyshareError]) -> None:
    error = of_status("cannot store the file on sftp.example.org", code, b"\x1b[2Jwords\n")
    assert isinstance(error, kind)
    assert "\x1b" not in str(error)
    assert str(error).startswith("cannot store the file on sftp.example.org: ")
