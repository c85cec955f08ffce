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
    """A kind of service; every BackendSpec is one."""

    @property
    def name(self) -> str:
        """The name under which `pyshare login` keeps logins for the service, e.g. "webdav"."""

    @property
    def variables(self) -> LoginVariables:
        """The environment variables that contain a login for the service."""


def _nothing() -> None:
    """No login."""


def find(
    service: Service, trust: Trust, held: Credential | None, defaults: Callable[[], Credential | None] = _nothing
) -> Credential | None:
    """The login for the account in `trust`, or None; never prompts and never hangs.

    Args:
        service: The kind of service.
        trust: The account with its host, and whether the user has accepted it.
        held: The login that git-annex keeps for the remote (GETCREDS).
        defaults: Reads a login from the files that the service's own programs use.

    Raises:
        PermissionDenied: The only login is one that git-annex keeps for another host than that of the remote's URL.
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
    """What the user should type if `find` returns None and the server requires a login: one or two sentences."""
    # Quoted, since the user pastes it into a shell, and a stranger may have chosen the URL and the remote's name.
    login = command("pyshare", "login", *trust.account.words)
    if (ambient := trust.account.fitting(service.variables.read())) and not _may_have_ambient(trust):
        return _why_not(service.variables.name_of(ambient), trust, login)
    return _kept_remedy(service.name, trust, login) or f"Type: {login}"


def _why_not(name: str, trust: Trust, login: str) -> str:
    if trust.by_address:  # verifyremote has no effect here, and git clone removes a failed clone
        return f"{name} is set but not used, since the settings came with an annex:: address. Type: {login}"
    return (
        f"{name} is set but not used, since remote {one_line(trust.clone.remote)} is not verified."
        f" Type: {trust.verification()} (or, if your git-annex does not know that: {trust.acceptance()})"
    )


def _may_have_ambient(trust: Trust) -> bool:
    return trust.verified or (trust.account.ambient and not trust.by_address)


def _kept(service: str, trust: Trust) -> Credential | None:
    # Imported here, since only this step needs the user's files and the keyring.
    from git_annex_remote_pyshare.credentials import stored as kept  # noqa: PLC0415

    entry = _entry(service, trust)
    return kept.read(entry) if entry else None


def _entry(service: str, trust: Trust) -> "Kept | None":
    """The kept login for the account, also under the name that older versions used, which does not distinguish http.

    A login under the older name may be for https, so pyshare sends it to an http address only if the user accepts that.
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
