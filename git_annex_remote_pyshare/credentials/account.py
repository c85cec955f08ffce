"""Whom a login is for: everybody's own one on a host, or the one thing there that has a password of its own."""

from typing import NamedTuple

from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import host_of, web_address


class Door(NamedTuple):
    """An address where a guest is let in, and the user name that a guest bears there."""

    url: str
    user: str


class Account(NamedTuple):
    """What a login is bound to."""

    name: str
    """The host, as `host_of` gives it; behind it the path of what has a password of its own (`HOST/s/TOKEN`)."""
    doors: tuple[Door, ...] = ()
    """Where its guests may be let in, the likeliest first; empty where people have accounts of their own."""

    @property
    def host(self) -> str:
        """The host alone."""
        return self.name.partition("/")[0]

    @property
    def url(self) -> str:
        """What to type behind `pyshare login` for it."""
        if not self.doors:
            return web_address(self.name)
        return f"{self.doors[0].url.partition(':')[0]}://{self.name}"

    def fitting(self, login: Credential | None) -> Credential | None:
        """The login if it is meant for this account: somebody's own is not for what is open to guests."""
        fits = login and (not self.doors or login.user in {door.user for door in self.doors})
        return login if fits else None


def of_host(url: str) -> Account:
    """The account of a service where one login serves the whole host; raises BadSetting as `host_of` does."""
    return Account(host_of(url))
