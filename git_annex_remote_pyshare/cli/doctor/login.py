"""Section "login": which login a remote uses, where it is kept, and whether the server accepts it."""

from collections.abc import Iterator

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.doctor.check import OK, PROBLEM, UNKNOWN, Check
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command

SECTION = "login"


def checks_of(remote: Remote) -> Iterator[Check]:
    """The login of one remote; sends a request, so the remote is a verified one."""
    spec = registry.spec_of(remote.place.url)
    name = remote.place.clone.remote
    if not spec.takes_login and spec.login:
        yield Check(SECTION, "login", OK, f"{name}: a program of yours logs in, and pyshare keeps no login for it")
        return
    if not spec.takes_login:
        yield Check(SECTION, "login", OK, f"{name} needs no login")
        return
    try:
        login = remote.place.credential()
    except PyshareError as refusal:
        yield Check(SECTION, "login", PROBLEM, f"{name} has no login that may be used: {refusal.what}", _again(remote))
        return
    yield _without(remote) if login is None else _tried(remote, login)


def _without(remote: Remote) -> Check:
    """No login: the section on the server says whether one is needed."""
    account = registry.account_of(remote.place.settings)
    return Check(SECTION, "login", OK, f"none is kept for {account.name}, so the server is tried without")


def _tried(remote: Remote, login: Credential) -> Check:
    spec = registry.spec_of(remote.place.url)
    who = f"{login.user or 'a token'} ({_where(remote, login)})"
    if spec.login is None:
        return Check(SECTION, "login", UNKNOWN, f"{who}; this kind of store cannot try a login alone")
    try:
        spec.login.check(lambda: remote.place.settings, login)
    except PermissionDenied as error:
        return Check(SECTION, "login", PROBLEM, f"{who} is refused: {error.what}", _again(remote))
    except PyshareError as error:
        return Check(SECTION, "login", UNKNOWN, f"{who} could not be tried: {error.what}")
    return Check(SECTION, "login", OK, f"{who}, accepted by the server")


def _where(remote: Remote, login: Credential) -> str:
    """Where the login comes from: the keyring or file of `pyshare login`, git-annex, or the environment."""
    from git_annex_remote_pyshare.credentials import stored  # noqa: PLC0415  # imports the keyring only when needed

    spec = registry.spec_of(remote.place.url)
    entry = stored.entry(spec.name, registry.account_of(remote.place.settings).name)
    return entry.where if entry and login.origin == "pyshare login" else login.origin


def _again(remote: Remote) -> str:
    """The command for a new login."""
    return command("pyshare", "login", *registry.account_of(remote.place.settings).words)
