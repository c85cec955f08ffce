"""How a command ends: its exit code, and what the user or a program reads when it fails.

docs/reference/exit-codes.md is written for users; a test compares it with `Exit`.
"""

import os
import re
import sys
from enum import IntEnum

import click

from git_annex_remote_pyshare.cli.output import alert, complain, is_for_programs, show, warn
from git_annex_remote_pyshare.errors import (
    BadSetting,
    Busy,
    NotAStore,
    PermissionDenied,
    PyshareError,
    Unreachable,
    origin,
)
from git_annex_remote_pyshare.safe_text import one_line

DEBUG = "PYSHARE_DEBUG"
"""Environment variable that makes a failure of pyshare itself show its traceback."""

_LOGIN = re.compile(r"(?<!&& )\b(pyshare|aws|aws sso) login\b")
"""In a remedy: the user has to log in, and nothing before it."""


class Exit(IntEnum):
    """The exit codes of all commands."""

    DONE = 0
    FAILED = 1
    """Something failed, or a check found problems."""
    UNABLE = 2
    """Nothing was done or looked at: a wrong word, a wrong setting, or a server that does not respond."""
    LOGIN = 4
    """A login is needed; the error says which command to type."""
    INTERRUPTED = 130
    """Ctrl-C, as shells have it."""


def exit_of(error: PyshareError) -> Exit:
    """The exit code for an error that ends a command."""
    if isinstance(error, PermissionDenied) and _LOGIN.search(error.remedy):
        return Exit.LOGIN
    if isinstance(error, BadSetting | NotAStore | Unreachable | Busy):
        return Exit.UNABLE
    return Exit.FAILED


def failed(error: BaseException) -> int:
    """Tell why a command failed, with `--json` also as an object on standard output; returns the exit code."""
    if isinstance(error, BrokenPipeError):
        return _unread()
    if isinstance(error, click.Abort) and KeyboardInterrupt in map(type, (error.__cause__, error.__context__)):
        return Exit.INTERRUPTED
    what, remedy, code = _told(error)
    if is_for_programs():
        from json import dumps  # noqa: PLC0415  # rarely wanted

        show(dumps({"error": {"what": what, "remedy": remedy, "code": code}}))
    return code


def _told(error: BaseException) -> tuple[str, str, int]:
    """Print an error for the user; what failed, what to do about it, and the exit code."""
    if isinstance(error, PyshareError):
        alert(f"pyshare: {error}")
        return one_line(error.what), one_line(error.remedy), exit_of(error)
    if isinstance(error, click.ClickException):
        complain(error)
        context = getattr(error, "ctx", None)
        remedy = f"Type: {context.command_path} --help" if context else "Type: pyshare help"
        return one_line(error.format_message()), one_line(remedy), Exit.UNABLE
    what, remedy = ("the input ended before everything was answered", "")
    if not isinstance(error, click.Abort):
        what, remedy = _unexpected(error)
    alert(f"pyshare: {what}.{f' {remedy}' if remedy else ''}")
    return what, remedy, Exit.FAILED


def _unread() -> int:
    """The reader of our output has gone (`pyshare whoami | head -1`), so what is left to print goes nowhere."""
    # Python flushes standard output once more at its end and would complain then.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.FAILED


def _unexpected(error: BaseException) -> tuple[str, str]:
    """What failed without that any code foresaw it, on one line, and what to do.

    Its own words may quote a login (http.client quotes a header that it refuses), so only the type is shown, and of an
    error of the operating system what the system says.
    """
    if os.environ.get(DEBUG):
        from traceback import format_exception  # noqa: PLC0415  # rarely wanted

        warn("".join(format_exception(error)).removesuffix("\n"))
    why = getattr(error, "strerror", None) if isinstance(error, OSError) else None
    what = f"this failed unexpectedly ({type(error).__name__}{f': {why}' if isinstance(why, str) else ''})"
    return one_line(what), (
        f"Please report it, with the place: {origin(error) or 'unknown'}."
        f" To see more, set {DEBUG}=1 and try again; what it prints then may hold a password."
    )
