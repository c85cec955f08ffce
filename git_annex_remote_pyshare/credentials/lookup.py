"""Chooses the login for an account: from git-annex, the environment, `pyshare login`, or the service's own files."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.environment import LoginVariables
from git_annex_remote_pyshare.credentials.trust import Trust
from git_annex_remote_pyshare.safe_text import command, one_line

if TYPE_CHECKING:
    from git_annex_remote_pyshare.credentials.stored import Kept


class Service(Protocol):
    """A kind of service, as its BackendSpec describes it."""

    @property
    def name(self) -> str:
        """Under which `pyshare login` keeps its logins, e.g. "webdav"."""

    @property
    def variables(self) -> LoginVariables:
        """The environment variables that hold a login for it."""


def _nothing() -> None:
    """No login."""


def find(
    service: Service, trust: Trust, held: Credential | None, defaults: Callable[[], Credential | None] = _nothing
) -> Credential | None:
    """The login for the account that `trust` is about, or None; never prompts, never hangs.

    Args:
        service: The kind of service.
        trust: What the user has accepted, the host, and the account there.
        held: What git-annex holds for the remote (GETCREDS).
        defaults: Asks the places where the service's own programs look for a login.

    Raises:
        PermissionDenied: git-annex holds a login, but not for the host that the remote's URL leads to.
    """
    held = trust.account.fitting(held)
    if held and not trust.withheld:
        return held
    if (ambient := trust.account.fitting(service.variables.read())) and _may_have_ambient(trust):
        return ambient
    if kept := _kept(service.name, trust):
        return kept
    if _may_have_ambient(trust) and (default := defaults()):
        return default
    if held:
        raise trust.refusal()
    return None


def remedy(service: Service, trust: Trust) -> str:
    """What the user should type after `find` gave None and the server wants a login: one sentence or two."""
    # The dataset may have chosen the URL and the remote's name, and the user will paste this into a shell.
    login = command("pyshare", "login", *trust.account.words)
    if (ambient := trust.account.fitting(service.variables.read())) and not _may_have_ambient(trust):
        return _why_not(service.variables.name_of(ambient), trust, login)
    return _kept_remedy(service.name, trust, login) or f"Type: {login}"


def _why_not(name: str, trust: Trust, login: str) -> str:
    if trust.by_address:  # git annex verifyremote would change nothing here, and git clone keeps no failed clone
        return f"{name} is set but not used, since the settings came with an annex:: address. Type: {login}"
    return (
        f"{name} is set but not used, since remote {one_line(trust.clone.remote)} is not verified."
        f" Type: {trust.verification()} (or, if your git-annex does not know that: {trust.acceptance()})"
    )


def _may_have_ambient(trust: Trust) -> bool:
    return trust.verified or (trust.account.ambient and not trust.by_address)


def _kept(service: str, trust: Trust) -> Credential | None:
    # Imported here, since it looks into the user's folders and maybe the keyring.
    from git_annex_remote_pyshare.credentials import stored as kept  # noqa: PLC0415

    entry = _entry(service, trust)
    return kept.read(entry) if entry else None


def _entry(service: str, trust: Trust) -> "Kept | None":
    """The login that is kept for the account; under the name of older versions, too, which did not say http.

    That one may have been meant for https, so that it goes to an http address only where the user has accepted that.
    """
    from git_annex_remote_pyshare.credentials import stored as kept  # noqa: PLC0415  # as above

    account = trust.account
    if (found := kept.entry(service, account.name)) or account.former == account.name:
        return found
    return kept.entry(service, account.former) if account.former_is_plain or trust.verified else None


def _kept_remedy(service: str, trust: Trust, login: str) -> str:
    entry = _entry(service, trust)
    if not entry:
        return ""
    return (
        f"The login for {trust.account.name} is in the {entry.where}, which is locked or does not answer."
        f" Unlock it, or type: {login}"
    )
