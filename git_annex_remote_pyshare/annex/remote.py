"""Implements the special remote: each request of git-annex becomes an operation on the store."""

from annexremote import Master, SpecialRemote

from git_annex_remote_pyshare.annex.disk_reserve import NoRoom, Reserve
from git_annex_remote_pyshare.annex.keys import digests, expected_size, is_checked, is_whole
from git_annex_remote_pyshare.annex.layout import name_of
from git_annex_remote_pyshare.annex.session import Session
from git_annex_remote_pyshare.backends import registry
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
from git_annex_remote_pyshare.errors import Corrupt, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.transfer import Sink, Source, in_words, local_path


class PyshareRemote(SpecialRemote):  # type: ignore[misc]  # annexremote has no types
    """One job's remote; what jobs share is in the session.

    Keys and paths are `str` whose bytes that are not UTF-8 are surrogate escapes.
    """

    def __init__(self, annex: Master, session: Session) -> None:
        super().__init__(annex)
        self.session = session

    def listconfigs(self) -> dict[str, str]:
        """The settings that `git annex initremote` accepts, name → help."""
        return {setting.name: setting.help for setting in registry.all_settings()}

    def initremote(self) -> None:
        """Check the settings; for the owner, make the place ready. Runs at autoenable, too."""
        # Imported here, since it runs git and no other request needs it.
        from git_annex_remote_pyshare.annex.initremote import initremote  # noqa: PLC0415

        initremote(self.annex, self.session)

    def prepare(self) -> None:
        """Read the settings; nothing is connected."""
        self.session.prepare(self.annex)

    def transfer_store(self, key: str, local_file: str) -> None:
        """Store the file as the object of `key`; over an existing one, too."""
        source = Source(local_path(local_file), digests(key))
        store, name = self.session.store(self.annex), self._name(key)
        store.put(name, source, self.annex.progress)
        self._remark(store)
        if _publishing(store, key):
            self._publish(store, key, name)

    def transfer_retrieve(self, key: str, local_file: str) -> None:
        """Bring the object of `key` into the file, going on behind what is there already.

        An object that has no end, or that this machine has no space for, leaves nothing of it there.
        """
        sink = Sink(local_path(local_file), is_checked=is_checked(key))
        expected = expected_size(key)
        store = self.session.store(self.annex)
        reserve = Reserve(store.place.clone, sink.path) if expected is None else None

        def report(done: int) -> None:
            if expected is not None and done > expected:  # a server may send without end, until the disk is full
                raise _wrong_size(key, done, expected, store.place.clone.remote)
            if reserve is not None:
                reserve.check(done)
            self.annex.progress(done)

        try:
            store.get(self._name(key), sink, report)
            if expected is not None and sink.size != expected:
                raise _wrong_size(key, sink.size, expected, store.place.clone.remote)
        except (Corrupt, NoRoom):
            with sink.writing(0):  # no later attempt may resume after a wrong beginning
                pass
            raise

    def checkpresent(self, key: str) -> bool:
        """Whether the whole object of `key` is there; an object of a wrong size is not it."""
        stat = self.session.store(self.annex).stat(self._name(key))
        if stat is None:
            return False
        expected = expected_size(key)
        return expected is None or stat.size is None or stat.size == expected

    def remove(self, key: str) -> None:
        """Remove the object of `key`; one that is not there counts as removed."""
        store, name = self.session.store(self.annex), self._name(key)
        store.delete(name)
        self._remark(store)
        if publishes := _publishing(store, key):
            for url in self.annex.geturls(key, "http"):
                if publishes.has_published(name, url):
                    self.annex.seturlmissing(key, url)

    def getcost(self) -> int:
        """The kind's cost on git-annex's scale."""
        return self.session.kind(self.annex).cost

    def getavailability(self) -> str:
        """Where the store can be reached from; a folder that is not mounted is unavailable."""
        if not self.session.kind(self.annex).local:
            return "global"
        mounts = ability(self.session.store(self.annex), ReportsAvailability)
        return "local" if mounts is None or mounts.available() else "unavailable"

    def whereis(self, key: str) -> str:
        """The object's path or URL, found without asking the server."""
        locates = ability(self.session.store(self.annex), Locates)
        return locates.locate(self._name(key)) if locates else ""

    @property
    def info(self) -> dict[str, str]:
        """What `git annex info NAME` shows of this remote."""
        values = self.session.settings(self.annex)
        fields = {"url": values["url"], "backend": self.session.kind(self.annex).name, "layout": values["layout"]}
        if self.session.kind(self.annex).takes_login:
            fields["login"] = _login_of(self.session.place(self.annex, self.session.trust(self.annex)))
        store = self.session.store(self.annex)
        if store.has(HasQuota):
            fields["room"] = _space(store)
        return fields

    @info.setter
    def info(self, _value: object) -> None:
        """The library's constructor sets an empty one; ours is made when it is asked for."""

    def _publish(self, store: Backend, key: str, name: str) -> None:
        """Give a stored object its URL.

        Without one the store has succeeded nevertheless: if it failed, git-annex would send the whole content again,
        and until then would not know that it is there.
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
        return name_of(self.session.settings(self.annex)["layout"], key)


def _publishing(store: Backend, key: str) -> Publishes | None:
    """The store's ability to give the object of `key` a URL, where it has one, and is to use it."""
    publishes = ability(store, Publishes)
    return publishes if publishes and publishes.is_publishing() and is_whole(key) else None


def _wrong_size(key: str, came: int, expected: int, remote: str) -> Corrupt:
    name = command(remote or "NAME")
    return Corrupt(
        f"the store sent {came} bytes instead of {expected}",
        # After fsck, which fails since something is wrong, git-annex no longer believes the content to be there.
        remedy="Where you have the content, this stores it again:"
        f" git annex fsck --fast --from {name}; git annex copy --to {name}",
        detail=key,
    )


def _without_link(error: PyshareError, key: str, remote: str) -> str:
    """What the user is told of a stored object without a link: git-annex stores it again only where it is gone."""
    name = remote or "NAME"
    drop = command("git", "annex", "drop", "--from", name, "--key", key)
    again = f"{drop}; {command('git', 'annex', 'copy', '--to', name, '--key', key)}"
    why = f"the file is stored, but has no link: {error.what}."
    return one_line(" ".join(filter(None, (why, error.remedy, f"To store it again with one, type: {again}"))))


def _space(store: Backend) -> str:
    """How much is used and free, or why that is unknown."""
    try:
        quota = store.call(HasQuota, lambda able: able.quota())
    except PyshareError as error:
        return f"unknown, since {error.what}"
    if quota.used is None:
        return "this server does not report it"
    free = "" if quota.free is None else f", {in_words(quota.free)} free"
    return f"{in_words(quota.used)} used{free}"


def _login_of(place: StoreConfig) -> str:
    """Who we are to the server and how it comes, or why we are not logged in."""
    try:
        login = place.credential()
    except PyshareError as refusal:
        return f"none, since {refusal.what}"
    return f"{login.user or 'a token'} (from {login.origin})" if login else "none"
