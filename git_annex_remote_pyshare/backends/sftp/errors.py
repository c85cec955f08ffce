"""Maps failures of an SFTP server, and the last words of ssh, to errors that say what to do.

No other module of this backend interprets a failing status or a text of ssh.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

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
from git_annex_remote_pyshare.safe_text import command, one_line

_LONGEST = 120
"""Characters of a server's text that an error repeats."""


class Refused(Unreachable):
    """The server says that it failed, and not why: a full disk, a quota, or an error of its disk."""

    max_attempts = 3


class NotLetIn(PermissionDenied):
    """The server does not let ssh in without a question to the user."""


def login_command(address: Address) -> str:
    """The command that logs in once, for all programs of this machine."""
    return command("pyshare", "login", address.server)


def of_status(doing: str, code: int, text: bytes) -> PyshareError:
    """The error for a STATUS that is not OK.

    Args:
        doing: "cannot store the file on HOST".
        code: Of the STATUS.
        text: The server's own words.
    """
    said = _quoted(text)
    if code == Code.PERMISSION_DENIED:
        return PermissionDenied(f"{doing}: the server forbids it", remedy="Ask the owner of the folder for permission.")
    if code == Code.BAD_MESSAGE:
        return BadName(f"{doing}: the server does not take such a name", remedy="A shorter name may be accepted.")
    if code == Code.OP_UNSUPPORTED:
        return NotAStore(f"{doing}: the server does not support this request{said}")
    if code == Code.NO_SUCH_FILE:
        return Unreachable(f"{doing}: a file or folder that it needs was renamed or removed meanwhile")
    if code in {Code.NO_CONNECTION, Code.CONNECTION_LOST}:
        return Unreachable(f"{doing}: the server has lost its disk or connection{said}")
    return Refused(f"{doing}: the server fails{said}")


_CHANGED = r"REMOTE HOST IDENTIFICATION HAS CHANGED|Offending \S+ key in|host key for .* has changed"
_REMOVES = re.compile(r"ssh-keygen -f [\"']([^\"'\n]+)[\"'] -R [\"']([\w.:\[\]-]+)[\"']")
"""How to forget a key, as ssh says it: the host may have another name in its configuration."""


class _Words(NamedTuple):
    """Words that ssh says before it ends, and what they mean."""

    pattern: str
    error: Callable[[Address], PyshareError]


_WORDS = (
    _Words(
        r"host key is known for|Host key verification failed|authenticity of host",
        lambda it: Unreachable(
            f"this machine does not know the host key of {it.host} yet",
            remedy=f"To see the key and accept it, type: {login_command(it)}",
            retryable=False,
        ),
    ),
    _Words(
        r"Permission denied|Too many authentication failures|No supported authentication methods|"
        r"Authentication failed",
        lambda it: NotLetIn(
            f"{it.account} is not let in by its server without a password or a second factor",
            remedy=f"Type: {login_command(it)}",
        ),
    ),
    _Words(
        r"Could not resolve hostname|Name or service not known",
        lambda it: NotReached(f"there is no host {it.host}", remedy="Is it spelt right in url=?"),
    ),
    _Words(
        r"Connection refused",
        lambda it: NotReached(f"{it.host} refuses the connection: no SSH server listens at that port"),
    ),
    _Words(
        r"timed out|No route to host|Network is unreachable|not responding",
        lambda it: Unreachable(f"{it.host} does not respond"),
    ),
    _Words(
        r"subsystem request failed",
        lambda it: NotAStore(
            f"{it.host} lets you in, but offers no SFTP", remedy="Ask its administrator to switch SFTP on."
        ),
    ),
    _Words(
        r"[Bb]ad configuration option|bad configuration options|Bad owner or permissions|"
        r"[Uu]nsupported option|line \d+: ",
        lambda _: BadSetting("the ssh of this machine does not accept its own configuration"),
    ),
    _Words(
        r"Unable to negotiate|no matching",
        lambda it: NotAStore(f"{it.host} and the ssh of this machine have no method in common"),
    ),
)


def of_ssh(address: Address, lines: Sequence[str]) -> PyshareError:
    """The error for an ssh that ended, from its last lines on standard error; without known words, Unreachable."""
    said = "\n".join(lines)
    if re.search(_CHANGED, said):
        return _changed(address, said)
    last = one_line(next((line for line in reversed(lines) if line.strip()), ""))[:_LONGEST]
    for words in _WORDS:
        if re.search(words.pattern, said):
            error = words.error(address)
            error.detail = last
            return error
    shown = f" ({last})" if last else ""
    return Unreachable(f"the connection to {address.host} ended{shown}")


def of_text(address: Address, text: bytes) -> NotAStore:
    """The error for a server that sends text in place of SFTP: a message of the day, or a shell without SFTP."""
    shown = one_line(text.decode("utf-8", "replace"))[:_LONGEST]
    return NotAStore(
        f"{address.host} sends text in place of SFTP: {shown!r}",
        remedy="If it is from a start-up file of the shell there (.bashrc), print it only in a terminal.",
    )


def _changed(address: Address, said: str) -> Unreachable:
    """The error for a host that has another key than before."""
    host = f"[{address.host}]:{address.port}" if address.port not in {0, 22} else address.host
    found = _REMOVES.search(said)
    forget = command("ssh-keygen", *(("-f", found[1], "-R", found[2]) if found else ("-R", host)))
    return Unreachable(
        f"the host key of {address.host} has changed: it is another machine than before, or a machine in between",
        remedy=f"Ask its administrator. If the new key is right, type: {forget} && {login_command(address)}",
        retryable=False,
    )


def _quoted(text: bytes) -> str:
    shown = one_line(text[:_LONGEST].decode("utf-8", "replace"))
    return f" ({shown})" if shown else ""
