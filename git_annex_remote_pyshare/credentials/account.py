"""Describes what a login is for: a user's account at a host, or a public link whose guests share a password."""

from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import OPEN, bound_host


class Endpoint(NamedTuple):
    """An address of a public link, and the user name that guests have there."""

    url: str
    user: str


class Account(NamedTuple):
    """The account or public link that a login is for."""

    name: str
    """The host, as `bound_host` returns it, followed by the path of a public link (`HOST/s/TOKEN`)."""
    endpoints: tuple[Endpoint, ...] = ()
    """The addresses of a public link, the most likely first; empty if users have accounts of their own."""
    words: tuple[str, ...] = ()
    """The arguments of `pyshare login` for this account."""
    ambient: bool = False
    """Whether the host belongs to the service that a login in the environment is for, so that pyshare may send the
    login there before the user has verified the remote."""
    is_whole: bool = False
    """Whether the user accepts the whole name, not only the host in it."""

    @property
    def is_link(self) -> bool:
        """Whether this is a public link."""
        return bool(self.endpoints)

    @property
    def host(self) -> str:
        """The host alone, as `bound_host` returns it; for some kinds of stores, what else the user has to accept."""
        if self.is_whole:
            return self.name
        start = OPEN if self.name.startswith(OPEN) else ""
        return start + self.name.removeprefix(OPEN).partition("/")[0]

    @property
    def former(self) -> str:
        """The name under which older versions kept a login, without a distinction between http and https."""
        return self.name.removeprefix(OPEN)

    @property
    def former_host(self) -> str:
        """The host in the former name."""
        return self.host.removeprefix(OPEN)

    @property
    def former_is_plain(self) -> bool:
        """Whether the former name also means http only, since it has the default port of http."""
        return self.host.startswith(OPEN) and self.host.endswith(":80")

    def fitting(self, login: Credential | None) -> Credential | None:
        """The login if it is for this account, else None: a user's own login is not for a public link."""
        fits = login and (not self.is_link or login.user in {endpoint.user for endpoint in self.endpoints})
        return login if fits else None


def of_host(settings: Mapping[str, str]) -> Account:
    """The account for a service that has one login per host; raises BadSetting as `bound_host` does."""
    return Account(bound_host(settings["url"]), words=(settings["url"],))
