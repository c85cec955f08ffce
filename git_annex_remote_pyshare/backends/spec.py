"""Defines the record with which a backend describes its kind of store to pyshare.

The `spec.py` of a backend must import fast, since it is imported before a store is used, and often without using one.
So its functions import what they need when they are called.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.offer import Offer
from git_annex_remote_pyshare.config.settings import Setting
from git_annex_remote_pyshare.credentials.account import Account, of_host
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.environment import LoginVariables, Variables
from git_annex_remote_pyshare.errors import BadSetting

if TYPE_CHECKING:
    from git_annex_remote_pyshare.backends.login import LoginRequest, Terminal

Settings = Mapping[str, str]
"""Settings of a remote, name → value; empty if unset."""


def _only_account(account: str) -> tuple[str, ...]:
    return (account,)


class LoginFlow(NamedTuple):
    """How users log in to a kind of store: for `pyshare login`, `logout` and `whoami --check`."""

    log_in: Callable[["LoginRequest", "Terminal"], str | None]
    """Gets a login from the user, tests it, stores it (`backends.login.keep`), and tells the user. Returns the URL of a
    folder in which the user can make stores now, empty if there is none, or None if the user was told what is next."""
    check: Callable[[Callable[[], Settings], Credential], None]
    """Tests a stored login once; raises a PyshareError unless the server accepts it. The first argument returns the
    settings that the login was created with, or raises BadSetting if they are unknown."""
    revoke: Callable[[str, Credential], bool] | None = None
    """Called with the address of the server that created the login for pyshare, and the login; returns whether the
    server has revoked it. Raises a PyshareError if the server does not respond. None if no server can revoke logins."""
    words_for: Callable[[str], tuple[str, ...]] = _only_account
    """Returns the arguments of `pyshare login` for an account if only its name is known."""
    url: str = ""
    """The URL that `pyshare login` uses for the name of the kind, if one login is for a whole service."""
    end: Callable[[str], bool] | None = None
    """Called with a URL; ends a login there that is not kept but an open connection, and returns whether there was one.
    None if logins are kept."""
    says_how: bool = False
    """Whether the remedy of a PermissionDenied that `check` raises is the command for a new login."""


def _no_login(_settings: Settings) -> None:
    """The default: no other program on this machine has a login for such stores."""


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

    Functions with settings as an argument get all of them, including defaults.
    """

    name: str
    """Name for `git annex info`, and the service under which logins are stored."""
    backend: Callable[[StoreConfig], Backend]
    """Imports and creates the backend, without connecting to the server."""
    check: Callable[[Settings], None]
    """Raises BadSetting if the settings cannot work together; sends no request."""
    claims: tuple[str, ...] = ()
    """Prefixes of the URLs of such stores, in lower case: a scheme, or hosts and paths of a shared scheme. For a
    backend of another package, the scheme is the name of its entry point."""
    title: str = ""
    """Name to show to users; if empty, `name`."""
    settings: tuple[Setting, ...] = ()
    """Settings that are not common to all kinds of stores."""
    layout: str = "shard"
    """The default layout."""
    cost: int = 200
    """Cost on the scale of git-annex: 100 is cheap, 200 expensive."""
    local: bool = False
    """Whether the store is on this machine, so that others can use it only if they have the same disk or folder."""
    takes_login: bool = True
    """Whether such a store can use a login."""
    account: Callable[[Settings], Account] | None = None
    """Returns the account of a login, with an empty name if the store is on this machine. If None, the account is the
    host of an http(s) or dav(s) URL."""
    variables: LoginVariables = Variables()
    """The environment variables with a login."""
    login: LoginFlow | None = None
    """How users log in; None if `pyshare login` does not support such stores."""
    default_credentials: Callable[[Settings], Credential | None] = _no_login
    """Returns the login that the service's own programs use on this machine; None if there is none."""
    default_settings: Callable[[Settings], Settings] = _no_settings
    """Returns missing settings from the configuration of the service's own programs on this machine; stored with the
    remote when its owner runs `initremote`."""
    default_url: Callable[[Settings], str] = _no_url
    """Returns the URL from the other settings if `url=` is missing; empty if there is none."""
    correct: Callable[[StoreConfig, BadSetting], BadSetting] = _unchanged
    """Called with the place whose settings `check` refused, and its error; returns an error with a better remedy if the
    server can provide one."""
    is_public: Callable[[Settings], bool] = _never
    """Returns whether anyone can read the store according to the settings, so that a clone needs no login."""
    offer: Offer | None = None
    """How `pyshare init` offers such stores; None for the usual questions."""

    @property
    def offered(self) -> Offer:
        """How `pyshare init` offers such stores."""
        if self.offer:
            return self.offer
        scheme = self.claims[0] if self.claims else f"{self.name}:"
        return Offer(self.title or self.name, question=f"Its address, which begins with {scheme}")

    def account_of(self, settings: Settings) -> Account:
        """The account of a login for the store.

        Raises:
            BadSetting: The settings do not name a server.
        """
        if self.account is not None:
            return self.account(settings)
        return of_host(settings) if self.takes_login else Account("")
