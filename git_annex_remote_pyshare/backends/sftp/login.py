"""`pyshare login sftp://HOST`: lets ssh ask its user once, and keeps the connection open for all programs of the user.

The prompts are ssh's own, and the user types in a terminal that belongs to ssh: no password comes to pyshare.
"""

import os
from contextlib import suppress

from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal, refuse_options
from git_annex_remote_pyshare.backends.sftp.ssh import LASTS, is_ours, sockets, ssh_command, through
from git_annex_remote_pyshare.backends.sftp.url import Address, address_of
from git_annex_remote_pyshare.config.git_config import git_environment
from git_annex_remote_pyshare.errors import BadSetting, CommandFailed

_LONGEST = 104 - 18
"""Bytes of a socket's path: the least of all systems, less what ssh appends while it makes one."""


def login(request: LoginRequest, terminal: Terminal) -> str:
    """Open the connection, and return the URL of the user's home on the server.

    Raises:
        BadSetting: An option has no meaning here, or there is no terminal.
        CommandFailed: ssh does not get in; it has said why.
    """
    names = ("user", "token", "no_browser", "no_check", "insecure", "sharing", "app_key", "ca")
    refuse_options(request, "SFTP, where ssh logs in", *names)
    address = address_of(request.url)
    if not terminal.is_interactive():
        raise BadSetting("ssh needs a terminal to ask you in", remedy=f"Type in one: {request.command()}")
    path = _place(address)
    log_out(request.url)
    _open(address, path)
    terminal.say(
        f"Logged in at {address.account}: the connection stays open until {LASTS.removesuffix('h')} hours after its"
        " last use. pyshare keeps no password."
    )
    return f"{address.server}/~"


def _place(address: Address) -> str:
    """The path of the socket; its folder is made if necessary."""
    if os.name == "nt":
        raise BadSetting(
            "the ssh of Windows cannot keep a connection open",
            remedy="Put a key on the server, and its passphrase into the agent (ssh-add).",
        )
    for path in sockets(address):
        if len(os.fsencode(path)) <= _LONGEST:
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            return path
    raise BadSetting(
        "the path of your home is too long for a socket of ssh",
        remedy="Set XDG_RUNTIME_DIR to a short folder of yours.",
    )


def log_out(url: str) -> bool:
    """End the connection of an earlier login; returns whether there was one."""
    import subprocess  # noqa: PLC0415  # not for help and wrong words

    address, ended = address_of(url), False
    for path in filter(is_ours, sockets(address)):
        done = subprocess.run(
            ssh_command(address, *through(path), "-O", "exit"),
            env=git_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        ended = ended or not done.returncode
        with suppress(OSError):  # ssh has removed it, unless it was dead
            os.unlink(path)
    return ended


def _open(address: Address, path: str) -> None:
    import subprocess  # noqa: PLC0415  # as above

    options = ("-M", *through(path), f"-oControlPersist={LASTS}", "-fN")
    done = subprocess.run(ssh_command(address, *options), env=git_environment(), check=False)
    if done.returncode or not os.path.lexists(path):
        raise CommandFailed(f"ssh did not log in at {address.account}")
