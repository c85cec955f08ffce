"""Questions to the user: name, password, token, code, yes or no. From a pipe, lines take their place."""

import sys

import click

from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import one_line

_ORIGIN = "pyshare login"


def ask_login(user: str) -> Credential:
    """User and password; a user that is given already is not asked for.

    Raises:
        BadSetting: One of them is empty or cannot be sent.
    """
    user = user or _line("User", hidden=False)
    if ":" in user:  # RFC 7617 section 2: the first colon ends the name
        raise BadSetting(f"the user name {user} has a colon, which no login can have", remedy="Check the name.")
    return _complete(user, _line(f"Password of {user}", hidden=True))


def ask_guest(user: str) -> Credential:
    """The password of a public link, where all guests have the same user name; raises BadSetting as above."""
    return _complete(user, _line("Password of the public link", hidden=True))


def ask_key(user: str) -> Credential:
    """An access key's id and its secret; an id that is given already is not asked for.

    Raises:
        BadSetting: One of them is empty or invalid.
    """
    user = user or _word("access key id", hidden=False)
    if not user:
        raise BadSetting("no access key id was given", remedy="Type it, or send it through a pipe.")
    return _complete(user, _word("secret access key", hidden=True))


def ask_token() -> Credential:
    """A bearer token.

    Raises:
        BadSetting: It is empty or cannot be sent.
    """
    return _complete("", _word("token", hidden=True))


def ask_code() -> str:
    """The code that a server's page shows to be copied.

    Raises:
        BadSetting: It is empty or cannot be sent.
    """
    # Shown: it can be used once, soon, and by this process only.
    if code := _word("code", hidden=False):
        return code
    raise BadSetting("no code was given", remedy="Copy it from the page, and paste it here.")


def confirm(question: str) -> bool:
    """Whether the user says yes; without a terminal the answer is no."""
    return is_terminal() and click.confirm(one_line(question), default=False, err=True)


def is_terminal() -> bool:
    """Whether a person can be asked."""
    return bool(sys.stdin) and sys.stdin.isatty()


def _complete(user: str, secret: str) -> Credential:
    if not secret or "\0" in secret:
        raise BadSetting("nothing was given as password", remedy="Type it, or send it through a pipe.")
    return Credential(user, secret, _ORIGIN)


def _word(what: str, *, hidden: bool) -> str:
    word = _line(what.capitalize(), hidden=hidden).strip()
    if not word.isascii() or not word.isprintable() or " " in word:
        raise BadSetting(f"the {what} contains characters that no {what} has", remedy="Copy it again, without spaces.")
    return word


def _line(what: str, *, hidden: bool) -> str:
    """One line, byte for byte but for its end: spaces at either end may belong to a password."""
    if is_terminal():
        return str(click.prompt(one_line(what), hide_input=hidden, err=True))
    line = sys.stdin.buffer.readline() if sys.stdin else b""  # a process can be started without any
    if not line:
        raise BadSetting(f"the pipe ended before this was given: {what.lower()}", remedy="See: pyshare login --help")
    return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")
