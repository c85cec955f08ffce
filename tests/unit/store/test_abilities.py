"""Abilities through the layers: a link, a URL, the quota, an archive, leftovers are asked for as objects are."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from support.waiting import Waiting

from git_annex_remote_pyshare.backends.base import (
    Backend,
    HasQuota,
    Opens,
    Publishes,
    Quota,
    Readiness,
    Restores,
    Shares,
    Stat,
    ability,
)
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.backends.multipart import SupportsMultipart
from git_annex_remote_pyshare.errors import Busy, Cancelled, PermissionDenied, Unreachable
from git_annex_remote_pyshare.part_plan import Limits
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.testing.faults import Fail, Faults, LoseReply
from git_annex_remote_pyshare.testing.links import LinkedBackend
from git_annex_remote_pyshare.testing.memory import place
from git_annex_remote_pyshare.testing.parts import PartsBackend

TOO_MANY = Fail(Busy("the server asks to wait (429)", retry_after=7))
LIMITS = Limits(smallest=1, largest=1 << 30, most=10)
BROKEN = Fail(Unreachable("the connection broke"))


class AbleBackend(LinkedBackend, PartsBackend):
    """Has every ability that asks the server."""

    def is_publishing(self) -> bool:
        return True

    def publish(self, name: str) -> str:
        with self._met("publish"):
            return f"https://example.org/{name}"

    def has_published(self, name: str, url: str) -> bool:
        return url.endswith(name)

    def quota(self) -> Quota:
        with self._met("quota"):
            return Quota(1, 2)

    def readiness(self, name: str) -> Readiness:
        del name
        with self._met("readiness"):
            return "archived"

    def restore(self, name: str) -> Readiness:
        del name
        with self._met("restore"):
            return "restoring"

    def open_to_all(self) -> dict[str, str]:
        with self._met("open_to_all"):
            return {"public": "yes"}

    def close_to_all(self) -> dict[str, str]:
        with self._met("close_to_all"):
            return {"public": "no"}


class Use(NamedTuple):
    """One use of an ability."""

    verb: str
    """As the faults call it."""
    ask: Callable[[Backend], object]
    answer: object


USES = [
    Use("share", lambda store: store.call(Shares, lambda able: able.share()).url, "memory:link-1"),  # type: ignore[union-attr]
    Use("revoke", lambda store: store.call(Shares, lambda able: able.revoke()), []),
    Use("publish", lambda store: store.call(Publishes, lambda able: able.publish("n")), "https://example.org/n"),
    Use("quota", lambda store: store.call(HasQuota, lambda able: able.quota()), Quota(1, 2)),
    Use("readiness", lambda store: store.call(Restores, lambda able: able.readiness("n")), "archived"),
    Use("restore", lambda store: store.call(Restores, lambda able: able.restore("n")), "restoring"),
    Use("open_to_all", lambda store: store.call(Opens, lambda able: able.open_to_all()), {"public": "yes"}),
    Use("close_to_all", lambda store: store.call(Opens, lambda able: able.close_to_all()), {"public": "no"}),
    Use("unfinished", lambda store: store.call(SupportsMultipart, lambda able: list(able.unfinished())), []),
    Use("abort", lambda store: store.call(SupportsMultipart, lambda able: able.abort("n", "1")), None),
]

each_use = pytest.mark.parametrize("use", USES, ids=[use.verb for use in USES])


@pytest.fixture
def store(time: Waiting, faults: Faults) -> Backend:
    return wrap(AbleBackend(LIMITS, faults=faults), time, clock=time.clock)


@each_use
def test_an_ability_waits_for_a_server_that_asks_to_wait(
    store: Backend, faults: Faults, time: Waiting, use: Use
) -> None:
    faults.next(use.verb, TOO_MANY)
    assert use.ask(store) == use.answer
    assert faults.calls(use.verb) == 2
    assert time.now >= 7


@each_use
def test_an_ability_survives_a_broken_connection(store: Backend, faults: Faults, use: Use) -> None:
    faults.next(use.verb, BROKEN, LoseReply())
    assert use.ask(store) == use.answer
    assert faults.calls(use.verb) == 3


@each_use
def test_a_refusal_is_final(store: Backend, faults: Faults, time: Waiting, use: Use) -> None:
    faults.always(use.verb, Fail(PermissionDenied("you may not")))
    with pytest.raises(PermissionDenied, match=r"^you may not$"):
        use.ask(store)
    assert faults.calls(use.verb) == 1
    assert time.waits == []


@each_use
def test_a_stop_ends_an_ability_that_waits(faults: Faults, use: Use) -> None:
    time = Waiting(stop_at=3)
    store = wrap(AbleBackend(LIMITS, faults=faults), time, clock=time.clock)
    faults.always(use.verb, TOO_MANY)
    with pytest.raises(Cancelled):
        use.ask(store)
    assert faults.calls(use.verb) == 1
    assert time.now < 4


@each_use
def test_after_a_stop_no_ability_asks_the_server(store: Backend, faults: Faults, time: Waiting, use: Use) -> None:
    time.set()
    with pytest.raises(Cancelled):
        use.ask(store)
    assert faults.calls(use.verb) == 0


def test_a_server_that_asks_one_request_to_wait_makes_all_wait(store: Backend, faults: Faults, time: Waiting) -> None:
    faults.next("stat", Fail(Busy("later", retry_after=5, retryable=False)))
    with pytest.raises(Busy):
        store.stat("n")
    assert store.call(HasQuota, lambda able: able.quota()) == Quota(1, 2)
    assert time.now >= 5


def test_what_a_store_can_do_is_known_without_asking_it(store: Backend, faults: Faults) -> None:
    assert store.has(Shares)
    assert ability(store, Shares) is not None
    plain = wrap(LinkedBackend(faults=faults), Waiting())
    assert not plain.has(HasQuota)
    assert ability(plain, HasQuota) is None
    with pytest.raises(TypeError, match="HasQuota"):
        plain.call(HasQuota, lambda able: able.quota())
    assert not any(faults.calls(use.verb) for use in USES)


def test_the_space_on_a_disk_that_is_off_is_not_waited_for(tmp_path: Path, time: Waiting) -> None:
    store = wrap(DirectoryBackend(place(str(tmp_path / "disk"))), time, clock=time.clock)
    with pytest.raises(Unreachable, match="is not there"):
        store.call(HasQuota, lambda able: able.quota())
    assert time.waits == []


def test_an_ability_ends_an_outage_as_a_verb_does(store: Backend, faults: Faults) -> None:
    faults.next("quota", *[BROKEN] * 3)
    store.call(HasQuota, lambda able: able.quota())
    faults.next("stat", BROKEN)
    assert store.stat("name") is None
    assert isinstance(store.stat("name"), Stat | None)
