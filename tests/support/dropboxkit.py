"""Short words for tests of the Dropbox backend: somebody's store in the fake Dropbox, and what it was asked."""

from pathlib import Path

from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.dropbox.credential import Login as OurLogin
from git_annex_remote_pyshare.backends.dropbox.credential import credential_of
from git_annex_remote_pyshare.backends.registry import make
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.transfer import Sink, Source
from support.fakes.dropbox.accounts import Account, App
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.dropbox.service import FakeDropbox
from support.fakes.dropbox.tree import Tree

SETTINGS = {"url": "dropbox:/annex", "namespace": "", "share": ""}
NAME = "a/SHA256E-s7--key.bin"


def credential(service: FakeDropbox, account: Account, scopes: str = "", app: App | None = None) -> Credential:
    """A login with a refresh token, as `pyshare login` keeps it."""
    login = service.log_in(account, app, scopes)
    return credential_of(OurLogin(login.app.key, login.refresh, origin="pyshare login"))


def place_for(login: Credential | None, url: str = "dropbox:/annex", **settings: str) -> StoreConfig:
    """A place as its owner's settings say, with a login."""
    every = {**SETTINGS, **settings, "url": url}
    clone = LocalConfig(remote="drop")
    return StoreConfig(url, every, clone, lambda: login, lambda: "Type: pyshare login dropbox", trusted=lambda: True)


def source(folder: Path, content: bytes = b"content", name: str = "source") -> Source:
    (folder / name).write_bytes(content)
    return Source(str(folder / name))


def quiet(_done: int) -> None:
    """Progress that nobody listens to."""


def fetched(store: Backend, name: str, file: Path) -> bytes:
    store.get(name, Sink(str(file)), quiet)
    return file.read_bytes()


class Owner:
    """Somebody with a Dropbox in which there is a store.

    Args:
        running: The fake Dropbox.
        account: Whose it is.
    """

    def __init__(self, running: RunningDropbox, account: Account) -> None:
        self.service = running.service
        self.account = account
        self.login = credential(self.service, account)
        self._opened: list[Backend] = []

    @property
    def home(self) -> Tree:
        return self.account.home

    def log_in(self, scopes: str = "") -> Credential:
        """Another login, for some of the scopes."""
        return credential(self.service, self.account, scopes)

    def store(self, url: str = "dropbox:/annex", **settings: str) -> Backend:
        """A client of the store, which is closed in the end."""
        made = make(place_for(self.login, url, **settings))
        self.opened(made)
        return made

    def opened(self, store: Backend) -> None:
        """Have a client closed in the end."""
        self._opened.append(store)

    def content(self, name: str = NAME) -> bytes | None:
        """What the Dropbox has in the store under that name."""
        return self.service.content(self.home, f"/annex/{name}")

    def routes(self) -> list[str]:
        """The API's routes that were called, without those that renew tokens."""
        return [route for route in self.service.routes() if not route.startswith("POST ")]

    def close(self) -> None:
        for store in self._opened:
            store.close()
