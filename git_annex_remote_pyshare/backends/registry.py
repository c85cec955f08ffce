"""Which backend is meant by a URL: a table of strings, so that nothing is imported before it is needed."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.config.settings import SETTINGS, Setting
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting

ENTRY_POINTS = "git_annex_remote_pyshare.backends"
"""Group in which other packages offer backends: the entry's name is the scheme, its object a Kind.

They have the common settings only, since `settings.py` declares all that git-annex is told of.
"""


class BackendSpec(NamedTuple):
    """A kind of store, as far as git-annex wants to know about it before any backend is imported."""

    name: str
    """For `git annex info`, and the service under which logins are kept."""
    target: str
    """`module:class` of the backend."""
    check: str
    """`module:function` that takes all settings (name → value, empty for unset) and raises BadSetting for those that
    cannot be meant."""
    cost: int = 200
    """git-annex's own scale: 100 is cheap, 200 expensive."""
    local: bool = False
    """Whether the store is on this machine, so that others reach it only where they have it, too."""
    login: bool = True
    """Whether a login can be of use."""
    account: str = "git_annex_remote_pyshare.credentials.account:of_host"
    """`module:function` that takes all settings and gives the Account that a login there is bound to; its name is empty
    where nothing but this machine is asked."""
    layout: str = "shard"
    """The layout where the settings name none."""
    chain: str = ""
    """`module:function` that takes all settings and asks for a login where the service's own programs look for one;
    gives a Credential or None. Empty where there is no such place."""
    completion: str = ""
    """`module:function` that takes all settings and gives those that they leave out and the service's own programs are
    told on this machine. Empty where there are none."""
    correction: str = ""
    """`module:function` that takes the Place of settings that `check` refused, and the refusal, and gives a refusal
    whose remedy the server has helped with. Empty where no server can."""


DIRECTORY = BackendSpec(
    "directory",
    "git_annex_remote_pyshare.backends.directory.backend:DirectoryBackend",
    "git_annex_remote_pyshare.backends.directory.url:check",
    cost=100,
    local=True,
    login=False,
    account="git_annex_remote_pyshare.backends.directory.url:account_of",
)
WEBDAV = BackendSpec(
    "webdav",
    "git_annex_remote_pyshare.backends.webdav.backend:WebDAVBackend",
    "git_annex_remote_pyshare.backends.webdav.url:check",
    account="git_annex_remote_pyshare.backends.webdav.url:account_of",
    correction="git_annex_remote_pyshare.backends.webdav.correction:better",
)
DROPBOX = BackendSpec(
    "dropbox",
    "git_annex_remote_pyshare.backends.dropbox.backend:DropboxBackend",
    "git_annex_remote_pyshare.backends.dropbox.url:check",
    account="git_annex_remote_pyshare.backends.dropbox.credential:account_of",
)
DROPBOX_LINK = DROPBOX._replace(
    target="git_annex_remote_pyshare.backends.dropbox.link:LinkBackend",
    check="git_annex_remote_pyshare.backends.dropbox.url:check_link",
    account="git_annex_remote_pyshare.backends.dropbox.url:account_of_link",
)
S3 = BackendSpec(
    "s3",
    "git_annex_remote_pyshare.backends.s3.backend:S3Backend",
    "git_annex_remote_pyshare.backends.s3.url:check",
    account="git_annex_remote_pyshare.backends.s3.url:account_of",
    layout="flat",
    chain="git_annex_remote_pyshare.backends.s3.aws_credentials:chain",
    completion="git_annex_remote_pyshare.backends.s3.aws_defaults:completion",
)

CLAIMS: Mapping[str, BackendSpec] = {
    "file:": DIRECTORY,
    "http:": WEBDAV,
    "https:": WEBDAV,
    "dav:": WEBDAV,
    "davs:": WEBDAV,
    "dropbox:": DROPBOX,
    "https://www.dropbox.com/": DROPBOX_LINK,
    "https://dropbox.com/": DROPBOX_LINK,
    "s3:": S3,
}
"""Beginning of a URL, in lower case → the kind that claims it. The longest one counts, so that a service can claim
its own hosts and paths of a scheme that it shares. A URL without a scheme is a path."""


def kind_of(url: str) -> BackendSpec:
    """The kind of store that `url` points to.

    Raises:
        BadSetting: No backend claims the URL.
    """
    kind = _claimed(url) if _has_scheme(url) else DIRECTORY
    if kind is None:
        raise BadSetting(
            f"url={url} is not a kind of address that pyshare knows",
            remedy=f"Give an absolute path, or a URL that begins with one of {', '.join(CLAIMS)}.",
        )
    return kind


def settings_for(url: str) -> list[Setting]:
    """The settings that a store at `url` may have; all of them where the URL does not tell."""
    name = kind_of(url).name if url else ""
    return [setting for setting in SETTINGS if not name or setting.kind in {"", name}]


def check(settings: Mapping[str, str]) -> BackendSpec:
    """The kind of `url=` after its backend found nothing wrong with the settings.

    Raises:
        BadSetting: One of them is for stores of another kind, or cannot be meant.
    """
    kind = kind_of(settings["url"])
    for setting in SETTINGS:
        if setting.kind not in {"", kind.name} and settings.get(setting.name):
            raise BadSetting(
                f"{setting.name}= is for {setting.kind} stores, and url={settings['url']} is a {kind.name} store",
                remedy=f"Leave {setting.name}= out.",
            )
    _load(kind.check)(settings)
    return kind


def account_of(settings: Mapping[str, str]) -> Account:
    """What a login for the store is bound to.

    Raises:
        BadSetting: No backend claims the URL, or it leads to no server.
    """
    account: Account = _load(kind_of(settings["url"]).account)(settings)
    return account


def chain(settings: Mapping[str, str]) -> Credential | None:
    """The login that the service's own programs would use."""
    kind = kind_of(settings["url"])
    login: Credential | None = _load(kind.chain)(settings) if kind.chain else None
    return login


def completion(settings: Mapping[str, str]) -> Mapping[str, str]:
    """What the service's own programs are told on this machine, and the settings do not say."""
    kind = kind_of(settings["url"])
    added: Mapping[str, str] = _load(kind.completion)(settings) if kind.completion else {}
    return added


def correction(place: StoreConfig, refusal: BadSetting) -> BadSetting:
    """The refusal of a place's settings, with a better remedy where its server can tell one."""
    kind = kind_of(place.url)
    better: BadSetting = _load(kind.correction)(place, refusal) if kind.correction else refusal
    return better


def make(place: StoreConfig) -> Backend:
    """The backend for a place; imports it."""
    backend: Backend = _load(kind_of(place.url).target)(place)
    return backend


def _has_scheme(url: str) -> bool:
    """Whether the URL begins with a scheme; `C:/share` is a path on Windows, so one letter is none."""
    scheme, colon, _ = url.partition(":")
    return bool(colon) and len(scheme) > 1 and scheme.isascii() and scheme.replace("+", "").isalnum()


def _claimed(url: str) -> BackendSpec | None:
    claims = [beginning for beginning in CLAIMS if url.lower().startswith(beginning)]
    return CLAIMS[max(claims, key=len)] if claims else _plugin(url.partition(":")[0].lower())


def _plugin(scheme: str) -> BackendSpec | None:
    # Listing what is installed costs as much as our whole start-up, hence only for a scheme that is not ours.
    from importlib.metadata import entry_points  # noqa: PLC0415

    # A stranger's url= may choose the scheme, so that nothing but a declared Kind of an installed package counts.
    found = (entry.load() for entry in entry_points(group=ENTRY_POINTS, name=scheme))
    return next((kind for kind in found if isinstance(kind, BackendSpec)), None)


def _load(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)
