"""`pyshare login shelf://…`: ask for the shelf's password, try it once, keep it."""

import os
from pathlib import Path

from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal, ask_password, keep
from git_annex_remote_pyshare.backends.spec import Settings
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied


def log_in(request: LoginRequest, terminal: Terminal) -> None:
    """Log in at a shelf; raises PermissionDenied for a wrong password."""
    login = ask_password(terminal, request.user or terminal.ask("User"), "Password of the shelf")
    check(request.settings, login)
    now = keep(request, terminal, login)
    terminal.say(f"The password of {request.account.name} is kept in the {now.place}.")


def check(settings: Settings, login: Credential | None) -> Path:
    """The shelf, after it took the login; raises PermissionDenied where it does not."""
    shelf = Path(os.environ["SHELVES"], settings["url"].partition("://")[2])
    if login is None or login.secret != (shelf / "password").read_text():
        raise PermissionDenied(f"the shelf {shelf.name} refuses this password", remedy="Ask for the right one.")
    return shelf
