"""`pyshare login sqlite:…`: ask for the password of the file, try it once, keep it."""

from collections.abc import Callable
from contextlib import suppress

from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal, ask_password, keep
from git_annex_remote_pyshare.backends.spec import Settings
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import Unreachable


def log_in(request: LoginRequest, terminal: Terminal) -> None:
    """Log in at a file; raises PermissionDenied for a wrong password."""
    login = ask_password(terminal, request.user or terminal.ask("User"), "Password of the file")
    check(lambda: request.settings, login)
    now = keep(request, terminal, login)
    terminal.say(f"The password of {request.account.name} is kept in the {now.place}.")


def check(settings: Callable[[], Settings], login: Credential) -> None:
    """Try a login; a file that is not there yet takes any."""
    from .file import opened  # what does the work is imported when it is needed

    with suppress(Unreachable), opened(settings()["url"].partition(":")[2], login):
        pass
