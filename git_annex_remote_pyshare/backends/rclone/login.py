"""`pyshare login rclone:NAME`: runs rclone's own dialogue, and tries the remote."""

import subprocess
from collections.abc import Callable

from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal, refuse_options
from git_annex_remote_pyshare.backends.rclone.program import environment, found
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


def log_in(request: LoginRequest, terminal: Terminal) -> str | None:
    """Let the user configure the remote of the URL in rclone, which keeps the login; returns its URL.

    Raises:
        BadSetting: An option is not for rclone, or rclone is not installed.
        CommandFailed: The remote is still not there after the dialogue.
    """
    why = "rclone, which asks for the login itself"
    refuse_options(request, why, "user", "token", "no_browser", "no_check", "insecure", "sharing", "app_key", "ca")
    target = parse(request.url)
    if target.name in names():
        again = command("rclone", "config", "reconnect", f"{target.name}:")
        terminal.say(f"rclone has the remote {target.name}. If its login has expired, type: {again}")
        return _url(target.name)
    if not terminal.is_interactive():
        raise BadSetting(
            f"rclone has no remote {target.name}, and its dialogue needs a terminal",
            remedy="Type at a terminal: rclone config",
        )
    terminal.say(_OWN_CLIENT)
    terminal.say(f"Now rclone asks. Type n for a new remote, and then the name: {target.name}")
    subprocess.run(found("config"), env=environment(git_environment()), check=False)
    if target.name not in names():
        raise CommandFailed(f"rclone still has no remote {target.name}", remedy=f"Type: {request.command()}")
    terminal.say(f"rclone has the remote {target.name} now.")
    return _url(target.name)


def check(_settings: Callable[[], Settings], _login: Credential) -> None:
    """Do nothing: pyshare keeps no login for rclone, so there is never one to try."""


def names() -> list[str]:
    """The names of the remotes in the configuration of this user.

    Raises:
        PermissionDenied: rclone cannot read it.
    """
    done = subprocess.run(
        found("listremotes", "--ask-password=false"),
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
    return [line.removesuffix(":") for line in done.stdout.decode("utf-8", "replace").splitlines()]


def _url(name: str) -> str:
    return f"rclone:{name}:"
