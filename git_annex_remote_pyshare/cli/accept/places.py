"""Says in words where data lies: the hosts, the kind of store, and what a friend may do there."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.spec import BackendSpec
from git_annex_remote_pyshare.config.annex_url import SCHEME, parse_annex_url
from git_annex_remote_pyshare.config.remotes import OURS
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.host import host_of
from git_annex_remote_pyshare.safe_text import command, one_line

_PUBLIC_URL = "publicurl"
"""Setting of a store with a second address, from which others read."""
_HOW = frozenset(("url", "layout", "public", "storageclass", "versioning", "requesterpays", "signature", "addressing"))
"""Settings that say how a store is used, and not where it is."""


class Place(NamedTuple):
    """A store, as its settings describe it."""

    hosts: tuple[str, ...]
    """All hosts that get requests; for a store on this machine, its path."""
    kind: str
    """Name of the kind of store, for users."""
    access: str
    """What a friend may do there, in words; empty if only the server knows."""
    settings: Mapping[str, str]
    """All settings of the store, defaults included; empty for a store of git-annex itself."""
    address: str
    """The whole address: the bucket, folder or link, and what else in the settings leads elsewhere.

    A user agrees to this, since anyone can have a folder at the host of a large service. Contains text of strangers.
    """

    @property
    def spec(self) -> BackendSpec:
        """The kind of store."""
        return registry.spec_of(self.settings["url"])

    @property
    def account(self) -> Account:
        """The account that a login for the store is for."""
        return self.spec.account_of(self.settings)

    @property
    def is_local(self) -> bool:
        """Whether the store is a folder on this machine."""
        return bool(self.settings) and not self.account.host

    @property
    def is_link(self) -> bool:
        """Whether this is a link to the store of another person, through which friends only read."""
        return self.access.startswith("public link")

    @property
    def where(self) -> str:
        """The hosts, in one line that is safe for a terminal."""
        return one_line(" and ".join(self.hosts))

    @property
    def words(self) -> str:
        """`https://cloud.example.org/s/T0ken (WebDAV, public link, read only)`."""
        hidden = [host for host in self.hosts if host.rpartition("://")[2].partition(":")[0] not in self.address]
        at = " at ".join([self.address, *hidden])
        return f"{one_line(at)} ({', '.join(filter(None, (self.kind, self.access)))})"


def place_of(settings: Mapping[str, str]) -> Place:
    """The place that the settings of one of our remotes lead to; sends no request.

    Args:
        settings: As git-annex records them, name → value.

    Raises:
        BadSetting: The settings are wrong, or name no store.
    """
    values = registry.parse(settings)
    spec = registry.check(values)
    account = spec.account_of(values)
    hosts = [account.host or values["url"], *_other_hosts(values)]
    kind = spec.title or spec.name
    if spec.local:
        kind, access = "a folder", "on this machine" if not account.host else "in your network"
    else:
        access = _access(settings, spec.is_public(values) or account.is_link)
    return Place(tuple(dict.fromkeys(hosts)), kind, access, values, _address(values))


def place_of_address(url: str) -> Place:
    """The place that an annex:: address with settings leads to.

    Raises:
        BadSetting: The settings are wrong, or name no store.
    """
    settings = parse_annex_url(url).settings
    if settings.get("externaltype") != OURS:  # checked before: then it is type=httpalso
        return Place((host_of(settings["url"]),), "web server", "read only", {}, settings["url"])
    return place_of({**settings, "sameas-uuid": settings.get("config-uuid", "")})


def git_host(url: str) -> str:
    """The host that `git clone` contacts, or the path that it reads.

    Args:
        url: An address that `require_safe_address` accepts, without annex::.
    """
    if url.startswith("/") or url[1:2] == ":":
        return url
    if "://" in url:
        return url.partition("://")[2].partition("/")[0].rpartition("@")[2].lower()
    return url.partition(":")[0].rpartition("@")[2].lower()


def has_login(place: Place) -> bool:
    """Whether this machine has a login that pyshare may have sent to the place; reads no keyring."""
    from git_annex_remote_pyshare.credentials import stored  # noqa: PLC0415  # as late as the other commands

    if not place.settings or not place.account.name:
        return False
    spec, account = place.spec, place.account
    if not spec.takes_login:
        return True  # that of the program which connects
    ambient = account.fitting(spec.variables.read()) or spec.default_credentials(place.settings)
    return bool(ambient or stored.entry(spec.name, account.name))


def is_store_address(url: str) -> bool:
    """Whether the address is that of a store with its settings, so that its hosts are known."""
    return url.startswith(SCHEME) and "?" in url and not url.startswith(f"{SCHEME}http")


def _address(values: Mapping[str, str]) -> str:
    elsewhere = [f"{name}={value}" for name, value in sorted(values.items()) if value and name not in _HOW]
    return " ".join(map(_word, (values["url"], *elsewhere)))


def _word(text: str) -> str:
    """The text, in quotes if it could be read as two settings: no two stores have the same address in words."""
    return command(text) if " " in text and ("=" in text or "'" in text) else text


def _access(settings: Mapping[str, str], is_public: bool) -> str:  # noqa: FBT001  # a fact about the settings
    if settings.get("sameas-uuid"):
        return "public link, read only"
    return "public, read only without a login" if is_public else ""


def _other_hosts(values: Mapping[str, str]) -> Iterator[str]:
    if values.get(_PUBLIC_URL):
        yield host_of(values[_PUBLIC_URL])
