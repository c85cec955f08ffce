"""What a login is for: everybody's own one for a host, or the password that all guests of a public link share."""

from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import host_of


class Endpoint(NamedTuple):
    """One of the addresses of a public link, and the user name that its guests bear there."""

    url: str
    user: str


class Account(NamedTuple):
    """What a login is bound to."""

    name: str
    """The host, as `host_of` gives it; behind it the path of a public link (`HOST/s/TOKEN`)."""
    endpoints: tuple[Endpoint, ...] = ()
    """Of a public link, the likeliest first; empty where people have accounts of their own."""
    words: tuple[str, ...] = ()
    """What to type behind `pyshare login` to get a login for it."""
    ambient: bool = False
    """Whether the host belongs to the very service that a login in the environment is for, so that it may go there
    although nobody has verified the remote."""

    @property
    def is_link(self) -> bool:
        """Whether it is a public link's."""
        return bool(self.endpoints)

    @property
    def host(self) -> str:
        """The host alone."""
        return self.name.partition("/")[0]

    def fitting(self, login: Credential | None) -> Credential | None:
        """The login if it is meant for this account: somebody's own is not for what is open to guests."""
        fits = login and (not self.is_link or login.user in {endpoint.user for endpoint in self.endpoints})
        return login if fits else None


def of_host(settings: Mapping[str, str]) -> Account:
    """The account of a service where one login serves the whole host; raises BadSetting as `host_of` does."""
    return Account(host_of(settings["url"]), words=(settings["url"],))
