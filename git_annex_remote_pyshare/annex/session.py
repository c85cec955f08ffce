"""Holds what all jobs of a process share: the remote's settings, and its store, opened at first use."""

from collections.abc import Mapping
from contextlib import suppress
from threading import Event, Lock

from annexremote import Master, ProtocolError

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.spec import BackendSpec
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.config.settings import Setting
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.trust import Trust
from git_annex_remote_pyshare.store.place import CREDS, place_of, trust_of


class Session:
    """One process of the special remote.

    Asking git-annex is possible only for the job whose request is being handled, so methods that may have to ask
    take that job's `annex`.
    """

    def __init__(self) -> None:
        self.stopping = Event()
        self._lock = Lock()
        self._preparing = Lock()
        self._is_prepared = False
        self._settings: Mapping[str, str] = {}
        self._store: Backend | None = None
        self._jobs: set[Master] = set()

    def prepare(self, annex: Master) -> None:
        """Ask for the settings at the first job's PREPARE: git-annex prepares each job, and all have one remote.

        Raises:
            BadSetting: One of them cannot work.
        """
        with self._preparing:
            if not self._is_prepared:
                self.configure(annex)
                self._is_prepared = True

    def configure(self, annex: Master) -> Mapping[str, str]:
        """Ask git-annex for the settings that the remote's kind of store has, and keep them; offline.

        Raises:
            BadSetting: One of them cannot work.
        """
        url = annex.getconfig("url")
        # Most settings are another kind's.
        settings = registry.settings_for(url)
        asked = [setting.name for setting in settings if setting.name != "url"]
        return self._keep({"url": url, **annex.getconfigs(asked)}, settings)

    def configure_strictly(self, annex: Master) -> Mapping[str, str]:
        """The same, with all settings that there are: one for stores of another kind is refused, too.

        git-annex asks so before it changes them, so the next PREPARE asks again.
        """
        self._is_prepared = False
        given = annex.getconfigs(setting.name for setting in registry.all_settings())
        return self._keep(given, registry.all_settings(given["url"]))

    def settings(self, annex: Master) -> Mapping[str, str]:
        """The remote's settings, asked for at most once."""
        return self._settings or self.configure(annex)

    def kind(self, annex: Master) -> BackendSpec:
        """The kind of store that `url=` points to."""
        return registry.spec_of(self.settings(annex)["url"])

    def store(self, annex: Master) -> Backend:
        """The store, made at the first call; making it connects to nothing."""
        with self._lock:
            self._jobs.add(annex)
            if self._store is None:
                # Imported here: up to PREPARE-SUCCESS the layers are not needed.
                from git_annex_remote_pyshare.store.open import open_store  # noqa: PLC0415

                self._store = open_store(self.place(annex, self.trust(annex)), self.stopping, self.tell)
            return self._store

    def tell(self, text: str) -> None:
        """Show the user a line, through a job whose request is under way; whom the line is about does not matter."""
        for annex in list(self._jobs):
            with suppress(ProtocolError):  # its request has ended, and git-annex would read nothing of it
                annex.info(text)
                return

    def trust(self, annex: Master) -> Trust:
        """What the user has accepted of the remote."""
        return trust_of(self.settings(annex), clone_of(annex))

    def place(self, annex: Master, trust: Trust) -> StoreConfig:
        """Where the store is, and the login that `trust` allows there."""
        # Asked now, in the job's own request; the backend may want it later, in any thread.
        held = held_login(annex) if self.kind(annex).takes_login else None
        return place_of(self.settings(annex), trust, held)

    def _keep(self, given: Mapping[str, str], settings: tuple[Setting, ...]) -> Mapping[str, str]:
        values = registry.parse(given, settings)
        spec = registry.check(values)
        self._settings = {**values, "layout": values["layout"] or spec.layout}
        return self._settings

    def stop(self) -> None:
        """End waiting and transfers in all jobs, and let go of connections."""
        self.stopping.set()
        if self._store is not None:
            self._store.close()


def clone_of(annex: Master) -> LocalConfig:
    """The clone that git-annex works in."""
    try:
        name = annex.getgitremotename()
    except ProtocolError:  # a git-annex older than 8.20210128 does not say; the name given at initremote is next best
        name = annex.getconfig("name")
    return LocalConfig(annex.getgitdir(), name)


def held_login(annex: Master) -> Credential | None:
    """The login that git-annex itself keeps for this remote."""
    creds = annex.getcreds(CREDS)
    return Credential(creds["user"], creds["password"], "git-annex") if creds["password"] else None
