"""What a login is for: everybody's own one for a host, or the password that all guests of a public link share."""

from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import OPEN, bound_host


class Endpoint(NamedTuple):
    """One of the addresses of a public link, and the user name that its guests bear there."""

    url: str
    user: str


class Account(NamedTuple):
    """What a login is bound to."""

    name: str
    """The host, as `bound_host` gives it; behind it the path of a public link (`HOST/s/TOKEN`)."""
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
        """The host alone, as `bound_host` gives it."""
        start = OPEN if self.name.startswith(OPEN) else ""
        return start + self.name.removeprefix(OPEN).partition("/")[0]

    @property
    def former(self) -> str:
        """The name before http and https were told apart on all ports, under which older versions kept a login."""
        return self.name.removeprefix(OPEN)

    @property
    def former_host(self) -> str:
        """The host in that name."""
        return self.host.removeprefix(OPEN)

    @property
    def former_is_plain(self) -> bool:
        """Whether that name, too, is for http alone: it has http's own port."""
        return self.host.startswith(OPEN) and self.host.endswith(":80")

    def fitting(self, login: Credential | None) -> Credential | None:
        """The login if it is meant for this account: somebody's own is not for what is open to guests."""
        fits = login and (not self.is_link or login.user in {endpoint.user for endpoint in self.endpoints})
        return login if fits else None


def of_host(settings: Mapping[str, str]) -> Account:
    """The account of a service where one login serves the whole host; raises BadSetting as `bound_host` does."""
    return Account(bound_host(settings["url"]), words=(settings["url"],))
