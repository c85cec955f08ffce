"""Holds what all jobs of a process share: the settings of the remote and its store, which opens at first use."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Lock
from typing import TYPE_CHECKING

from annexremote import Master, ProtocolError

from git_annex_remote_pyshare.annex.manifest import Manifests
from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.spec import BackendSpec
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.config.settings import Setting
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.trust import Trust
from git_annex_remote_pyshare.store.store_config import CREDS, store_config_of, trust_of

if TYPE_CHECKING:
    from git_annex_remote_pyshare.annex.importing import Importing
    from git_annex_remote_pyshare.annex.prediction import Prediction
    from git_annex_remote_pyshare.annex.tree import Tree

_TREE = ("exporttree", "importtree")
"""Settings of git-annex itself: with either, the store has the files of a tree, under their own names."""


class Session:
    """The state of one process of the special remote.

    Only a job that handles a request can ask git-annex, so methods that may ask take the `annex` of that job.
    """

    def __init__(self) -> None:
        self.stopping = Event()
        self._lock = Lock()
        self._preparing = Lock()
        self._is_prepared = False
        self._settings: Mapping[str, str] = {}
        self._is_tree = False
        self._store: Backend | None = None
        self._prediction: Prediction | None = None
        self._tree: Tree | None = None
        self._importing: Importing | None = None
        self.manifests = Manifests()
        self._jobs: set[Master] = set()

    def prepare(self, annex: Master) -> None:
        """Get the settings at the first PREPARE; git-annex sends one for each job, and all jobs share the settings.

        Raises:
            BadSetting: A setting is wrong.
        """
        with self._preparing:
            if not self._is_prepared:
                self.configure(annex)
                self._is_prepared = True

    def configure(self, annex: Master) -> Mapping[str, str]:
        """Get the settings for the remote's kind of store from git-annex and keep them; this needs no network.

        Raises:
            BadSetting: A setting is wrong.
        """
        url = annex.getconfig("url")
        # Most settings are for other kinds of stores.
        settings = registry.settings_for(url)
        asked = [*(setting.name for setting in settings if setting.name != "url"), *_TREE]
        return self._keep({"url": url, **annex.getconfigs(asked)}, settings)

    def configure_strictly(self, annex: Master) -> Mapping[str, str]:
        """Get all settings of all kinds of stores, and refuse those that are for another kind.

        `initremote` may change settings, so the next PREPARE reads them again.

        Raises:
            BadSetting: A setting is wrong, or is for another kind of store.
        """
        self._is_prepared = False
        given = annex.getconfigs([*(setting.name for setting in registry.all_settings()), *_TREE])
        return self._keep(given, registry.all_settings(given["url"]))

    def settings(self, annex: Master) -> Mapping[str, str]:
        """The settings of the remote, read from git-annex at the first call; raises BadSetting as `configure` does."""
        return self._settings or self.configure(annex)

    def kind(self, annex: Master) -> BackendSpec:
        """The kind of store that `url=` points to."""
        return registry.spec_of(self.settings(annex)["url"])

    def store(self, annex: Master) -> Backend:
        """The store, created at the first call; this opens no connection."""
        with self._lock:
            self._jobs.add(annex)
            if self._store is None:
                # Imported here, since nothing before PREPARE-SUCCESS needs it.
                from git_annex_remote_pyshare.store.open import open_store  # noqa: PLC0415

                place = self.place(annex, self.trust(annex))
                forecast = self._predict(annex, place.clone)
                self._store = open_store(place, self.stopping, self.tell, forecast=forecast)
            return self._store

    @contextmanager
    def asking(self, key: str) -> Iterator[None]:
        """Note that git-annex asks for the content of `key`, from which the next ones are predicted."""
        if self._prediction is None:
            yield
            return
        self._prediction.asked(key)
        try:
            yield
        finally:
            self._prediction.answered(key)

    def replied(self) -> None:
        """Note that git-annex has the reply to a request, and is busy with it."""
        if self._prediction is not None:
            self._prediction.replied()

    def _predict(self, annex: Master, clone: LocalConfig) -> "Prediction | None":
        """What git-annex will ask for; None for a folder, which is not far away, and for a tree."""
        from git_annex_remote_pyshare.annex.prediction import Prediction  # noqa: PLC0415  # as above

        if not self.kind(annex).local and not self._is_tree:
            self._prediction = Prediction(clone, self.settings(annex)["layout"])
        return self._prediction

    def is_tree(self, annex: Master) -> bool:
        """Whether the store holds the files of a tree; raises BadSetting as `configure` does."""
        self.settings(annex)
        return self._is_tree

    def tree(self, annex: Master) -> "Tree":
        """The tree in the store, created at the first call; raises as `store` does."""
        store = self.store(annex)
        with self._lock:
            if self._tree is None:
                # Imported here, since only `exporttree=yes` needs it.
                from git_annex_remote_pyshare.annex.tree import Tree  # noqa: PLC0415

                self._tree = Tree(store)
            return self._tree

    def importing(self, annex: Master) -> "Importing":
        """The versions in the store, created at the first call; raises as `store` does."""
        store = self.store(annex)
        with self._lock:
            if self._importing is None:
                # Imported here, since only `importtree=yes` needs it.
                from git_annex_remote_pyshare.annex.importing import Importing  # noqa: PLC0415

                self._importing = Importing(store, self.stopping)
            return self._importing

    def tell(self, text: str) -> None:
        """Show the user a line of text, through any job that handles a request at the moment."""
        for annex in list(self._jobs):
            with suppress(ProtocolError):  # its request has ended, so git-annex does not read its messages
                annex.info(text)
                return

    def trust(self, annex: Master) -> Trust:
        """Whether, and for which host, the user has accepted the remote."""
        return trust_of(self.settings(annex), clone_of(annex))

    def place(self, annex: Master, trust: Trust) -> StoreConfig:
        """The address of the store, with the login that `trust` allows there."""
        # Read now, during the job's request; the backend may need it later, in any thread.
        held = held_login(annex) if self.kind(annex).takes_login else None
        return store_config_of(self.settings(annex), trust, held)._replace(is_tree=self._is_tree)

    def _keep(self, given: Mapping[str, str], settings: tuple[Setting, ...]) -> Mapping[str, str]:
        self._is_tree = any(given[name] == "yes" for name in _TREE)
        values = registry.parse({name: value for name, value in given.items() if name not in _TREE}, settings)
        spec = registry.check(values)
        self._settings = {**values, "layout": values["layout"] or spec.layout}
        return self._settings

    def stop(self) -> None:
        """Stop transfers and waits in all jobs, and close the connections."""
        self.stopping.set()
        if self._tree is not None:
            self._tree.close()
        if self._store is not None:
            self._store.close()


def clone_of(annex: Master) -> LocalConfig:
    """The clone that git-annex works in."""
    try:
        name = annex.getgitremotename()
    except ProtocolError:  # git-annex before 8.20210128 cannot tell; use the name given at initremote
        name = annex.getconfig("name")
    return LocalConfig(annex.getgitdir(), name)


def held_login(annex: Master) -> Credential | None:
    """The login that git-annex keeps for this remote, or None."""
    creds = annex.getcreds(CREDS)
    return Credential(creds["user"], creds["password"], "git-annex") if creds["password"] else None
