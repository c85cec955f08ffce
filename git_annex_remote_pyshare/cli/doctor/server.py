"""Section "server": what the store can do, tried with objects of its own below the store, which are removed again."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from statistics import median

from git_annex_remote_pyshare import log
from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import HasQuota, NamesProduct
from git_annex_remote_pyshare.backends.multipart import SupportsMultipart
from git_annex_remote_pyshare.cli.doctor.blame import blame
from git_annex_remote_pyshare.cli.doctor.check import OK, PROBLEM, UNKNOWN, WARNING, Check
from git_annex_remote_pyshare.cli.doctor.own_objects import MOVED, OwnObjects
from git_annex_remote_pyshare.cli.remotes import Remote, unverified
from git_annex_remote_pyshare.cli.sandbox import ended_like_ctrl_c
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import Busy, PermissionDenied, PyshareError, Unreachable
from git_annex_remote_pyshare.part_plan import plan
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.transfer import in_words

SECTION = "server"

_LENGTHS = (255, 143, 100)
"""Bytes of names that are tried: of ordinary disks, of encrypted home folders, and of the keys of most datasets."""
_LARGE = 1 << 30
"""Bytes of an object that is planned in parts, and not sent."""
_CLOCK = 120.0
"""Seconds by which two clocks may differ. Amazon and others refuse requests after 15 minutes."""
_LITTLE = 100 << 20
"""Bytes of free space below which a store counts as nearly full."""
_TRIES = 3


def checks_of(remote: Remote, record: log.Recorded) -> Iterator[Check]:
    """Try the store of one remote; the objects are gone at the end, also if the user stops it.

    Args:
        remote: The store; nothing is sent to it if the user has not verified the remote.
        record: Gets the requests.
    """
    if found := unverified(remote):
        yield Check(SECTION, "verified", UNKNOWN, f"not tried: {found.what}", found.accept)
        return
    with tempfile.TemporaryDirectory(prefix="pyshare-doctor-") as folder:
        own = OwnObjects(remote.place, Path(folder))
        with ended_like_ctrl_c(), own.cleaned_up():
            yield from _Trial(remote, own, record).checks()


class _Trial:
    """One trial of a store.

    Args:
        remote: The store's remote.
        own: Its objects.
        record: Has the requests, those of other stores before it included.
    """

    def __init__(self, remote: Remote, own: OwnObjects, record: log.Recorded) -> None:
        self._remote = remote
        self._own = own
        self._record = record
        self._begin = len(record.exchanges)
        self._is_there = False
        """Whether the object is stored."""

    def checks(self) -> Iterator[Check]:
        """All checks; those that need a stored object only where one could be stored."""
        reached = self._reached()
        yield reached
        if reached.state != OK:
            return
        yield from self._product()
        put = self._stored()
        yield put
        if self._is_there:
            yield self._tried("get", self._whole)
            yield self._tried("range", self._ranged)
            yield self._tried("atomic", self._atomic)
            if self._exchanges():
                yield from self._moved()
            yield self._tried("names", self._names)
            yield from self._parts()
            yield self._tried("delete", self._deleted)
        yield from self._clock()
        yield from self._space()

    def _exchanges(self) -> Sequence[log.Exchange]:
        """The requests to this store so far."""
        return self._record.exchanges[self._begin :]

    def _tried(self, check: str, attempt: Callable[[], Check]) -> Check:
        """The result of an attempt, or what made it fail."""
        try:
            return attempt()
        except PyshareError as error:
            return self._failed(check, error)

    def _failed(self, check: str, error: PyshareError) -> Check:
        cause = blame(error, self._exchanges(), self._remote)
        state = UNKNOWN if isinstance(error, Busy) else PROBLEM
        return Check(SECTION, cause.check if cause.check != "failed" else check, state, cause.text, cause.fix)

    def _reached(self) -> Check:
        """The first requests: whether it is a store, and how long an answer takes."""
        try:
            self._own.store.stat(self._own.name)  # connects, logs in and finds the address
            self._own.remove_left()
            times = [self._timed() for _ in range(_TRIES)]
        except PyshareError as error:
            return self._failed("reach", error)
        return Check(SECTION, "reach", OK, f"{self._remote.place.clone.remote} answers in {min(times) * 1000:.0f} ms")

    def _timed(self) -> float:
        begin = time.monotonic()
        self._own.store.stat(self._own.name)
        return time.monotonic() - begin

    def _product(self) -> Iterator[Check]:
        store = self._own.store
        said = ""
        with suppress(PyshareError):  # it is only a name
            said = store.call(NamesProduct, lambda able: able.product()) if store.has(NamesProduct) else ""
        servers = [each.headers["Server"] for each in self._exchanges() if each.headers.get("Server")]
        spec = registry.spec_of(self._remote.place.url)
        name = said or (servers[-1] if servers else "")
        kind = spec.title or spec.name
        yield Check(SECTION, "product", OK, one_line(f"{kind}: {name}" if name else kind)[:100])

    def _stored(self) -> Check:
        """Store an object; a public link that only reads is as it should be."""
        own = self._own
        try:
            own.put(own.store, own.name, own.content)
        except PermissionDenied as error:
            if self._is_for_reading():
                return Check(SECTION, "put", OK, "read only, as a link for friends should be")
            cause = blame(error, self._exchanges(), self._remote)
            return Check(SECTION, "read-only", PROBLEM, f"this login may read, but not write: {error.what}", cause.fix)
        except PyshareError as error:
            return self._failed("put", error)
        found = self._tried("put", self._counted)
        self._is_there = found.state == OK
        return found

    def _counted(self) -> Check:
        """Whether the server has what it confirmed."""
        own = self._own
        stat = own.store.stat(own.name)
        if stat is None or stat.size not in {None, len(own.content)}:
            there = "nothing" if stat is None else f"{stat.size} bytes"
            text = f"the server confirmed {len(own.content)} bytes and has {there}"
            return Check(SECTION, "put", PROBLEM, text, _fsck(self._remote))
        return Check(SECTION, "put", OK, "stores objects")

    def _is_for_reading(self) -> bool:
        """Whether reading is all that is expected: a public link, or a public store without a login."""
        place = self._remote.place
        if registry.account_of(place.settings).is_link or place.clone.config_uuid:
            return True
        return registry.spec_of(place.url).is_public(place.settings) and place.credential() is None

    def _whole(self) -> Check:
        if self._own.read() == self._own.content:
            return Check(SECTION, "get", OK, "reads them back unchanged")
        return Check(SECTION, "get", PROBLEM, "the server returns other bytes than it got", _fsck(self._remote))

    def _ranged(self) -> Check:
        resumed = self._own.is_resumed()
        if resumed:
            return Check(SECTION, "range", OK, "resumes downloads (Range)")
        if resumed is None:
            return Check(SECTION, "range", PROBLEM, "a resumed download has wrong bytes", _fsck(self._remote))
        text = "the server has no Range: an interrupted download starts again. Small chunks make that cheap"
        fix = command("git", "annex", "enableremote", self._remote.place.clone.remote, "chunk=50MiB")
        if self._remote.annex.get("chunk"):
            return Check(SECTION, "range", OK, "has no Range: an interrupted download starts its chunk again")
        return Check(SECTION, "range", WARNING, text, fix)

    def _atomic(self) -> Check:
        """Whether others can see an object before it is complete."""
        own, name = self._own, self._remote.place.clone.remote
        if own.shows_half(own.store):
            return Check(
                SECTION,
                "atomic",
                PROBLEM,
                "the server's PUT is not atomic: it shows half of an object after a broken upload",
                command("git", "config", f"remote.{name}.{options.PUT.name}", "move"),
            )
        renames = any(each.method == "MOVE" for each in self._exchanges())
        if renames and own.shows_half(own.opened(pyshare_put="direct")):
            text = "keeps half of a broken upload, so pyshare stores under a temporary name first"
            return Check(SECTION, "atomic", OK, text)
        return Check(SECTION, "atomic", OK, "shows an object only when it is complete")

    def _moved(self) -> Iterator[Check]:
        """Whether a WebDAV server renames; other stores need no renames, and send none here."""
        own, before = self._own, len(self._exchanges())
        try:
            own.put(own.opened(pyshare_put="move"), f"{own.name}{MOVED}", own.content[:1024])
        except PyshareError as error:
            yield self._failed("move", error)
            return
        moves = [each for each in self._exchanges()[before:] if each.method == "MOVE"]
        if any(each.status in {HTTPStatus.CREATED, HTTPStatus.NO_CONTENT} for each in moves):
            yield Check(SECTION, "move", OK, "renames objects (MOVE)")

    def _names(self) -> Check:
        """The longest of some names that the server takes."""
        own = self._own
        for length in _LENGTHS:
            try:
                own.put(own.store, own.name.ljust(length, "-"), own.content[:1024])
            except (Unreachable, Busy):
                raise
            except PyshareError:
                continue
            state = OK if length > _LENGTHS[-1] else WARNING
            return Check(SECTION, "names", state, f"takes names of {length} bytes")
        text = f"the server refuses names of {_LENGTHS[-1]} bytes; many keys of git-annex are longer"
        return Check(SECTION, "names", PROBLEM, text)

    def _parts(self) -> Iterator[Check]:
        """Whether large objects go in parts, so that a broken upload resumes."""
        own = self._own
        if not own.store.has(SupportsMultipart):
            return
        yield self._tried("parts", self._begun)

    def _begun(self) -> Check:
        """Begin an upload in parts, and abort it."""
        own = self._own
        limits = own.store.call(SupportsMultipart, lambda able: able.part_limits(_LARGE))
        if limits is None:
            return Check(SECTION, "parts", OK, "takes large objects in one piece only")
        wanted = plan(_LARGE, limits)
        begun = own.store.call(SupportsMultipart, lambda able: able.begin(own.name, wanted))
        try:
            text = f"takes large objects in parts of {in_words(limits.smallest)} to {in_words(limits.largest)}"
            return Check(SECTION, "parts", OK, text)
        finally:
            own.store.call(SupportsMultipart, lambda able: able.abort(own.name, begun))

    def _deleted(self) -> Check:
        own = self._own
        own.store.delete(own.name)
        if own.store.stat(own.name) is not None:
            text = "the server confirms that an object is removed, and still has it"
            return Check(SECTION, "delete", PROBLEM, text)
        return Check(SECTION, "delete", OK, "removes objects")

    def _clock(self) -> Iterator[Check]:
        """The difference of the clocks, by the header Date (RFC 9110 §6.6.1)."""
        ahead = [moment - each.responded for each in self._exchanges() if (moment := _date(each)) is not None]
        if not ahead:
            return
        seconds = median(ahead)
        if abs(seconds) <= _CLOCK:
            yield Check(SECTION, "clock", OK, f"clock {seconds:+.0f} s")
            return
        which = "behind" if seconds > 0 else "ahead of"
        yield Check(
            SECTION,
            "clock",
            WARNING,
            f"the clock of this machine is {_span(abs(seconds))} {which} the server's; one of them is wrong, and some"
            " servers refuse logins then. For this machine",
            "sudo timedatectl set-ntp true",
        )

    def _space(self) -> Iterator[Check]:
        store = self._own.store
        if not store.has(HasQuota):
            return
        try:
            free = store.call(HasQuota, lambda able: able.quota()).free
        except PyshareError as error:
            yield Check(SECTION, "space", UNKNOWN, f"free space unknown: {error.what}")
            return
        if free is not None and free < _LITTLE:
            fix = command("git", "annex", "unused", "--from", self._remote.place.clone.remote)
            yield Check(SECTION, "space", WARNING, f"nearly full: {in_words(free)} free", fix)
        elif free is not None:
            yield Check(SECTION, "space", OK, f"{in_words(free)} free")


def _date(exchange: log.Exchange) -> float | None:
    """The server's time in seconds since 1970; None if it does not say it."""
    try:
        return parsedate_to_datetime(exchange.headers["Date"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        return None


def _span(seconds: float) -> str:
    """A time in the largest unit that it has."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _fsck(remote: Remote) -> str:
    """The command that finds what the store has damaged."""
    return command("git", "annex", "fsck", "--from", remote.place.clone.remote)
