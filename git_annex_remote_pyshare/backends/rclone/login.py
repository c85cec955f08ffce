"""`pyshare login rclone:NAME`: runs rclone's own dialogue, and tries the remote."""

import re
import subprocess
from collections.abc import Callable, Mapping

from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal, refuse_options
from git_annex_remote_pyshare.backends.rclone.kinds import SERVICES, login_again
from git_annex_remote_pyshare.backends.rclone.program import HIDES_LOGINS, environment, found, require_version
from git_annex_remote_pyshare.backends.rclone.url import parse
from git_annex_remote_pyshare.backends.spec import Settings
from git_annex_remote_pyshare.config.git_config import git_environment
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting, CommandFailed, PermissionDenied
from git_annex_remote_pyshare.safe_text import command

_OWN_CLIENT = (
    "Google Drive needs a client id of your own, since Google is ending the one that all users of rclone share."
    " Make it first: https://rclone.org/drive/#making-your-own-client-id"
)

_REMOTE = re.compile(r"(?m)^([^:\n]+): +(google (?:cloud storage|photos)|[^ \n]+)")
"""A line of `rclone listremotes --long`: name, and type, which may have spaces; a description may follow."""


def log_in(request: LoginRequest, terminal: Terminal) -> str | None:
    """Let the user configure the remote of the URL in rclone, which keeps the login; returns its URL.

    Raises:
        BadSetting: An option is not for rclone, or rclone is not installed or too old.
        CommandFailed: The remote is not complete after the dialogue.
    """
    why = "rclone, which asks for the login itself"
    refuse_options(request, why, "user", "token", "no_browser", "no_check", "insecure", "sharing", "app_key", "ca")
    target, known = parse(request.url), remotes()
    if target.name in known:
        again = login_again(target.name, known[target.name])
        terminal.say(f"rclone has the remote {target.name}. Does its login work no more? {again}")
        return _url(target.name)
    if not terminal.is_interactive():
        raise BadSetting(
            f"rclone has no remote {target.name}, and its dialogue needs a terminal",
            remedy=f"Type at a terminal: {request.command()}",
        )
    _check_version(terminal)
    kind = request.settings.get("rclonetype", "")
    if kind in {"", "drive"}:
        terminal.warn(_OWN_CLIENT)
    _ask(target.name, kind, terminal)
    if target.name not in remotes():
        raise CommandFailed(f"rclone still has no remote {target.name}", remedy=f"Type: {request.command()}")
    terminal.say(f"rclone has the remote {target.name} now.")
    return _url(target.name)


def _check_version(terminal: Terminal) -> None:
    """Raise BadSetting if rclone is too old, before the user has typed all of a login."""
    done = subprocess.run(
        found("version"),
        env=environment(git_environment()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    version = require_version(done.stdout.decode("utf-8", "replace"))
    if version and version < HIDES_LOGINS:
        terminal.warn("This rclone prints the login's secrets at the end of its dialogue; 1.70 and newer do not.")


def _ask(name: str, kind: str, terminal: Terminal) -> None:
    """Run rclone's own dialogue, for a remote of a service that is known, or with its menu.

    Raises:
        CommandFailed: It ended too early, and may have kept a part of the answers.
    """
    away = command("rclone", "config", "delete", name)
    remedy = f"Type this, which removes what rclone has kept of it, and begin again: {away}"
    try:
        done = subprocess.run(found(*_words(name, kind, terminal)), env=environment(git_environment()), check=False)
    except KeyboardInterrupt:
        terminal.warn(f"\nrclone's dialogue for {name} has not come to its end. {remedy}")
        raise
    if done.returncode:
        raise CommandFailed(f"rclone's dialogue for {name} ended too early", remedy=remedy)


def _words(name: str, kind: str, terminal: Terminal) -> list[str]:
    """The arguments that start rclone's dialogue, after a word to the user about it."""
    if kind in SERVICES:
        terminal.warn(
            f"Now rclone asks for the login of {name}, a remote of the type {kind}."
            " Enter means what it says is the default."
        )
        return ["config", "create", name, kind, "--all"]
    if kind:
        terminal.warn(
            f"pyshare knows no service of the type {kind}: such a remote may open files of this machine."
            " So choose the type yourself."
        )
    terminal.warn(f"Now rclone asks. Type n for a new remote, and then the name: {name}")
    return ["config"]


def check(_settings: Callable[[], Settings], _login: Credential) -> None:
    """Do nothing: pyshare keeps no login for rclone, so there is never one to try."""


def remotes() -> Mapping[str, str]:
    """The remotes of this user, in rclone's configuration and in its variables: name → type.

    Raises:
        BadSetting: rclone is not installed.
        PermissionDenied: rclone cannot read its configuration.
    """
    done = subprocess.run(
        found("listremotes", "--long", "--ask-password=false"),
        env=environment(git_environment()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise PermissionDenied(
            "rclone cannot read its configuration",
            remedy="Is it encrypted? Set RCLONE_CONFIG_PASS or RCLONE_PASSWORD_COMMAND.",
        )
    return dict(_REMOTE.findall(done.stdout.decode("utf-8", "replace")))


def _url(name: str) -> str:
    return f"rclone:{name}:"
