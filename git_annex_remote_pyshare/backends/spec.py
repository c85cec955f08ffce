"""What a backend says of its kind of store: one light record, from which pyshare learns all that it must know of it.

A backend's `spec.py` imports nothing heavy, since it is read before a store is used, and often without one being used.
So its functions import what does the work when they are called.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.config.settings import Setting
from git_annex_remote_pyshare.credentials.account import Account, of_host
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.environment import LoginVariables, Variables
from git_annex_remote_pyshare.errors import BadSetting

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal

Settings = Mapping[str, str]
"""Settings of a remote, name → value, empty for unset."""


def _only_account(account: str) -> tuple[str, ...]:
    return (account,)


class LoginFlow(NamedTuple):
    """How people log in at a kind of store: for `pyshare login`, `logout` and `whoami --check`."""

    log_in: Callable[["LoginRequest", "Terminal"], None]
    """Gets a login from the user, tries it, keeps it (`backends.login.keep`), and says so."""
    check: Callable[[Callable[[], Settings], Credential], None]
    """Tries a kept login once; raises a PyshareError unless the server takes it. The first argument gives the settings
    that the login was made with, or raises BadSetting where they are not known."""
    revoke: Callable[[str, Credential], bool] | None = None
    """Takes the address of the server that made the login for pyshare, and the login: whether the server has revoked
    it. Raises a PyshareError where the server does not answer. None where no server can."""
    words_for: Callable[[str], tuple[str, ...]] = _only_account
    """What to type behind `pyshare login` for an account whose name alone is known."""
    url: str = ""
    """The URL that the name of the kind stands for behind `pyshare login`, where one login is for a whole service."""
    says_how: bool = False
    """Whether the remedy of a PermissionDenied that `check` raises is the command for a new login."""


def _no_login(_settings: Settings) -> None:
    """Nothing on this machine has a login for such stores."""


def _no_settings(_settings: Settings) -> Settings:
    return {}


def _no_url(_settings: Settings) -> str:
    return ""


def _unchanged(_place: StoreConfig, refusal: BadSetting) -> BadSetting:
    return refusal


def _never(_settings: Settings) -> bool:
    return False


class BackendSpec(NamedTuple):
    """A kind of store.

    Functions that take settings get all of them with the defaults filled in.
    """

    name: str
    """For `git annex info`, and the service under which logins are kept."""
    backend: Callable[[StoreConfig], Backend]
    """Imports and makes the backend; connects to nothing."""
    check: Callable[[Settings], None]
    """Raises BadSetting where the settings together cannot work; asks no server."""
    claims: tuple[str, ...] = ()
    """How the URLs of such stores begin, in lower case: a scheme, or hosts and paths of a shared scheme. The scheme of
    another package's backend is the name of its entry point."""
    title: str = ""
    """What people call it; `name` where it is empty."""
    settings: tuple[Setting, ...] = ()
    """Those that other kinds of stores do not have."""
    layout: str = "shard"
    """The layout where the settings name none."""
    cost: int = 200
    """git-annex's own scale: 100 is cheap, 200 expensive."""
    local: bool = False
    """Whether the store is on this machine, so that others reach it only where they have it, too."""
    takes_login: bool = True
    """Whether a login can be of use."""
    account: Callable[[Settings], Account] | None = None
    """The Account that a login is bound to, with an empty name where the store is on this machine. None: the host of an
    http(s) or dav(s) URL."""
    variables: LoginVariables = Variables()
    """The environment variables that hold a login."""
    login: LoginFlow | None = None
    """None where `pyshare login` is of no use."""
    default_credentials: Callable[[Settings], Credential | None] = _no_login
    """The login that the service's own programs would use on this machine."""
    default_settings: Callable[[Settings], Settings] = _no_settings
    """What the settings leave out and the service's own programs are told on this machine; written down at the owner's
    `initremote`."""
    default_url: Callable[[Settings], str] = _no_url
    """The URL that the other settings mean where `url=` is missing; empty for none."""
    correct: Callable[[StoreConfig, BadSetting], BadSetting] = _unchanged
    """Takes the store of settings that `check` refused, and the refusal; gives a refusal with a better remedy, where
    the server can tell one."""
    is_public: Callable[[Settings], bool] = _never
    """Whether the settings say that anyone can read the store, so that a clone needs no login."""

    def account_of(self, settings: Settings) -> Account:
        """What a login for the store is bound to.

        Raises:
            BadSetting: The settings lead to no server.
        """
        if self.account is not None:
            return self.account(settings)
        return of_host(settings) if self.takes_login else Account("")
