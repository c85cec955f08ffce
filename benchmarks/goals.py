"""What the project wants to reach, held against what was measured."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from compare import (
    FILES,
    FIRST_LINE,
    MB,
    PREPARED,
    PRESENCE,
    PROCESS,
    PROCESSES,
    START_TIMES,
    TREE,
    at,
)
from remotes import OURS_FOLDER, OURS_WEBDAV, RCLONE, WEBDAV
from results import Results
from table import aligned

PEERS = (WEBDAV, RCLONE)
FAR = 40
"""The round trip in ms that the goals speak of."""


class Goal(NamedTuple):
    """A figure and what it is to be.

    Attributes:
        text: What it is.
        value: What was measured.
        least: It is to be at least this; None where there is no such bound.
        most: It is to be at most this; None where there is no such bound.
    """

    text: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the figure is within its bounds."""
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)


def show_goals(results: Results) -> str:
    """All goals that this run can judge, one a line."""
    lines = [["goal", "measured", "wanted", ""]]
    for goal in goals(results):
        wanted = f">= {goal.least:g}" if goal.least is not None else f"<= {goal.most:g}"
        lines.append([goal.text, f"{goal.value:.2f}", wanted, "reached" if goal.reached else "MISSED"])
    return aligned(lines)


def goals(results: Results) -> Iterator[Goal]:
    """The goals for which there are figures."""
    yield from _starts(results)
    yield from _speed(results)
    yield from _memory(results)


def _starts(results: Results) -> Iterator[Goal]:
    for row, presence in ((OURS_FOLDER, 2), (OURS_WEBDAV, 5)):
        for column, most in ((FIRST_LINE, 1.5), (PREPARED, 2), (PRESENCE, presence)):
            value = results.median(START_TIMES, row, column)
            if value is not None:
                yield Goal(f"{row}: {column}, multiples", value, most=most)


def _speed(results: Results) -> Iterator[Goal]:
    far, near, big = at(FILES, FAR), at(FILES, 0), at(MB, 0)
    yield from _ratio(results, far, "store -J8", PEERS, 2)
    yield from _ratio(results, far, "get -J8", (WEBDAV,), 0.95)
    for column in _columns(results, near, "store"):
        yield from _ratio(results, near, column, (WEBDAV,), 1)
    for column in _columns(results, near, "get"):
        yield from _ratio(results, near, column, (WEBDAV,), 0.9)
    for column in _columns(results, big, "store"):
        yield from _ratio(results, big, column, (WEBDAV,), 0.9)
    for column in _columns(results, big, "get"):
        yield from _ratio(results, big, column, (WEBDAV,), 1)


def _ratio(results: Results, table: str, column: str, peers: Sequence[str], least: float) -> Iterator[Goal]:
    """Ours, as a multiple of the best of the peers."""
    ours = results.median(table, OURS_WEBDAV, column)
    theirs = [value for peer in peers if (value := results.median(table, peer, column))]
    if ours is not None and theirs:
        yield Goal(f"{column}, {table}: ours / {' or '.join(peers)}", ours / max(theirs), least=least)


def _memory(results: Results) -> Iterator[Goal]:
    for what, most in ((TREE, 130), (PROCESS, 60), (PROCESSES, 1)):
        for rtt in (0, FAR):
            values = list(_all_of(results, at(what, rtt), OURS_WEBDAV))
            if values:
                yield Goal(f"{at(what, rtt)}: ours, at most", max(values), most=most)


def _all_of(results: Results, table: str, row: str) -> Iterator[float]:
    for column in _columns(results, table, ""):
        value = results.median(table, row, column)
        if value is not None:
            yield value


def _columns(results: Results, table: str, begin: str) -> list[str]:
    return [column for column in results.columns(table) if column.startswith(begin)]
