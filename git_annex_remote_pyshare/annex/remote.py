"""Implements the special remote: turns each request of git-annex into an operation on the store."""

import itertools

from annexremote import Master, SpecialRemote

from git_annex_remote_pyshare.annex.keys import digests, expected_size, is_of_repository, is_replaced, is_whole
from git_annex_remote_pyshare.annex.layout import name_of
from git_annex_remote_pyshare.annex.manifest import is_list
from git_annex_remote_pyshare.annex.repository_chunks import chunks_of
from git_annex_remote_pyshare.annex.retrieval import Retrieval
from git_annex_remote_pyshare.annex.session import Session
from git_annex_remote_pyshare.backends.base import (
    Backend,
    HasNotices,
    HasQuota,
    Locates,
    Publishes,
    ReportsAvailability,
    StoreConfig,
    ability,
)
from git_annex_remote_pyshare.errors import NotFound, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.transfer import Source, in_words, local_path


class PyshareRemote(SpecialRemote):  # type: ignore[misc]  # annexremote has no types
    """The remote of one job; the session holds what all jobs share.

    Keys and paths are `str`, with surrogate escapes for bytes that are not UTF-8. Operations on the store raise
    PyshareError if they fail.
    """

    def __init__(self, annex: Master, session: Session) -> None:
        super().__init__(annex)
        self.session = session

    def initremote(self) -> None:
        """Check the settings and, for the owner, prepare the store; git-annex also calls this for autoenable."""
        # Imported here, since only this request needs it.
        from git_annex_remote_pyshare.annex.initremote import initremote  # noqa: PLC0415

        initremote(self.annex, self.session)

    def prepare(self) -> None:
        """Read the settings, without a connection to the server."""
        self.session.prepare(self.annex)

    def replied(self) -> None:
        """Fetch ahead while git-annex is busy with the reply."""
        self.session.replied()

    def transfer_store(self, key: str, local_file: str) -> None:
        """Store the file as the object of `key`; this replaces an existing object."""
        source = Source(local_path(local_file), digests(key), is_replaced=is_replaced(key))
        store, name = self.session.store(self.annex), self._name(key)
        if is_list(key):
            self.session.manifests.put(store, name, source, self.annex.progress)
        else:
            store.put(name, source, self.annex.progress)
        self._remark(store)
        if _publishing(store, key):
            self._publish(store, key, name)

    def _delete(self, key: str, store: Backend, name: str) -> None:
        if is_list(key):
            self.session.manifests.delete(store, name)
        else:
            store.delete(name)

    def _note_whole(self, key: str, name: str, local_file: str) -> None:
        """Note which list of bundles a push has read."""
        if is_list(key):
            self.session.manifests.retrieved(name, local_path(local_file))

    def _note_presence(self, key: str, name: str, *, is_there: bool) -> bool:
        if is_list(key):
            self.session.manifests.looked(name, is_there=is_there)
        return is_there

    def transfer_retrieve(self, key: str, local_file: str) -> None:
        """Download the content of `key` into the file.

        A file's object is resumed if the file already has its beginning.
        """
        store, layout = self.session.store(self.annex), self._layout
        retrieval = Retrieval(self.annex, store, key, local_path(local_file))
        with self.session.asking(key):
            try:
                retrieval.whole(name_of(layout, key))
            except NotFound:
                chunks = chunks_of(self.annex, key, layout)
                if chunks is None:
                    raise
                retrieval.chunked(chunks)
                return
        self._note_whole(key, name_of(layout, key), local_file)

    def checkpresent(self, key: str) -> bool:
        """Whether the store has the content of `key`, in its full size."""
        if self._has(key):
            return True
        chunks = chunks_of(self.annex, key, self._layout)
        if chunks is None:
            return self._note_presence(key, self._name(key), is_there=False)
        return all(map(self._has, chunks.keys()))

    def _has(self, key: str) -> bool:
        """Whether the store has the object of `key`, in its full size."""
        stat = self.session.store(self.annex).stat(self._name(key))
        if stat is None:
            return False
        expected = expected_size(key)
        return expected is None or stat.size is None or stat.size == expected

    def remove(self, key: str) -> None:
        """Remove the object of `key`; succeeds if there is no such object."""
        store, name = self.session.store(self.annex), self._name(key)
        self._delete(key, store, name)
        if chunks := chunks_of(self.annex, key, self._layout):
            # A clone has no chunk log, so git-annex asks it for the whole only, and the chunks would stay.
            for chunk in itertools.takewhile(lambda chunk: store.stat(chunk) is not None, chunks.names()):
                store.delete(chunk)
        self._remark(store)
        if publishes := _publishing(store, key):
            for url in self.annex.geturls(key, "http"):
                if publishes.has_published(name, url):
                    self.annex.seturlmissing(key, url)

    def getcost(self) -> int:
        """The cost of this kind of store, on git-annex's scale: git-annex prefers remotes of lower cost."""
        return self.session.kind(self.annex).cost

    def getavailability(self) -> str:
        """`global`, `local` for a folder on this machine, or `unavailable` for a folder that is not mounted."""
        if not self.session.kind(self.annex).local:
            return "global"
        mounts = ability(self.session.store(self.annex), ReportsAvailability)
        return "local" if mounts is None or mounts.available() else "unavailable"

    def whereis(self, key: str) -> str:
        """The path or URL of the object, without a request to the server; empty if the store has none."""
        locates = ability(self.session.store(self.annex), Locates)
        return locates.locate(self._name(key)) if locates else ""

    @property
    def info(self) -> dict[str, str]:
        """The fields that `git annex info NAME` shows for this remote: name → value."""
        values = self.session.settings(self.annex)
        fields = {"url": values["url"], "backend": self.session.kind(self.annex).name, "layout": values["layout"]}
        if self.session.kind(self.annex).takes_login:
            fields["login"] = _login_of(self.session.place(self.annex, self.session.trust(self.annex)))
        store = self.session.store(self.annex)
        if store.has(HasQuota):
            fields["space"] = _space(store)
        return fields

    @info.setter
    def info(self, _value: object) -> None:
        """Ignore the empty value that annexremote's constructor sets; the getter computes the fields."""

    def _publish(self, store: Backend, key: str, name: str) -> None:
        """Give a stored object a public URL.

        A failure here only shows a message, since the object is stored: if TRANSFER failed, git-annex would record the
        object as missing and upload it again.
        """
        try:
            url = store.call(Publishes, lambda able: able.publish(name))
        except PyshareError as error:
            self.annex.info(_without_link(error, key, store.place.clone.remote))
            return
        if url:
            self.annex.seturlpresent(key, url)

    def _remark(self, store: Backend) -> None:
        if (remarks := ability(store, HasNotices)) and (text := remarks.notice()):
            self.annex.info(text)

    def _name(self, key: str) -> str:
        return name_of(self._layout, key)

    @property
    def _layout(self) -> str:
        return self.session.settings(self.annex)["layout"]


def _publishing(store: Backend, key: str) -> Publishes | None:
    """The store's ability to give the object of `key` a URL; None if the store lacks it or should not use it.

    A git repository in the store gets none: git-annex would record it in the branch that has just been pushed.
    """
    publishes = ability(store, Publishes)
    is_file = is_whole(key) and not is_of_repository(key)
    return publishes if publishes and publishes.is_publishing() and is_file else None


def _without_link(error: PyshareError, key: str, remote: str) -> str:
    """The message for a stored object without a link; git-annex stores it again only after you drop it."""
    name = remote or "NAME"
    drop = command("git", "annex", "drop", "--from", name, "--key", key)
    again = f"{drop}; {command('git', 'annex', 'copy', '--to', name, '--key', key)}"
    why = f"the file is stored, but has no link: {error.what}."
    return one_line(" ".join(filter(None, (why, error.remedy, f"To store it again with one, type: {again}"))))


def _space(store: Backend) -> str:
    """The used and free space in words, or why it is unknown."""
    try:
        quota = store.call(HasQuota, lambda able: able.quota())
    except PyshareError as error:
        return f"unknown, since {error.what}"
    if quota.used is None:
        return "this server does not report it"
    free = "" if quota.free is None else f", {in_words(quota.free)} free"
    return f"{in_words(quota.used)} used{free}"


def _login_of(place: StoreConfig) -> str:
    """The user name and the origin of the login, or why there is no login."""
    try:
        login = place.credential()
    except PyshareError as refusal:
        return f"none, since {refusal.what}"
    return f"{login.user or 'a token'} (from {login.origin})" if login else "none"
