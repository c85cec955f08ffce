"""Describes what a login is for: a user's account at a host, or a public link whose guests share a password."""

from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import OPEN, bound_host


class Endpoint(NamedTuple):
    """An address of a public link, and the user name of its guests there."""

    url: str
    user: str


class Account(NamedTuple):
    """What a login is bound to."""

    name: str
    """The host, as `bound_host` returns it, followed by the path of a public link (`HOST/s/TOKEN`)."""
    endpoints: tuple[Endpoint, ...] = ()
    """The addresses of a public link, the likeliest first; empty if users have accounts of their own."""
    words: tuple[str, ...] = ()
    """The arguments of `pyshare login` for it."""
    ambient: bool = False
    """Whether the host belongs to the service that a login in the environment is for, so that the login may be sent
    there before the user has verified the remote."""

    @property
    def is_link(self) -> bool:
        """Whether it is a public link."""
        return bool(self.endpoints)

    @property
    def host(self) -> str:
        """The host alone, as `bound_host` returns it."""
        start = OPEN if self.name.startswith(OPEN) else ""
        return start + self.name.removeprefix(OPEN).partition("/")[0]

    @property
    def former(self) -> str:
        """The name under which older versions, which did not distinguish http and https, kept a login."""
        return self.name.removeprefix(OPEN)

    @property
    def former_host(self) -> str:
        """The host in that name."""
        return self.host.removeprefix(OPEN)

    @property
    def former_is_plain(self) -> bool:
        """Whether that name is also for http only: it has the default port of http."""
        return self.host.startswith(OPEN) and self.host.endswith(":80")

    def fitting(self, login: Credential | None) -> Credential | None:
        """The login if it is for this account: a user's own login is not for a public link."""
        fits = login and (not self.is_link or login.user in {endpoint.user for endpoint in self.endpoints})
        return login if fits else None


def of_host(settings: Mapping[str, str]) -> Account:
    """The account of a service with one login for the whole host; raises BadSetting as `bound_host` does."""
    return Account(bound_host(settings["url"]), words=(settings["url"],))
