"""What the project wants to reach, held against what was measured."""

from collections.abc import Iterator
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
from remotes import OURS_FOLDER, OURS_S3, OURS_WEBDAV, RCLONE, S3, WEBDAV
from results import Results
from table import aligned

FAR = 40
"""The round trip in ms that the goals speak of."""

FIRST_PRESENCE = {OURS_FOLDER: 2, OURS_WEBDAV: 5, OURS_S3: 6}
"""How long ours may take to answer at all, in multiples of the yardstick."""


class Race(NamedTuple):
    """Ours against the best of some peers.

    Attributes:
        ours: Who runs for us.
        peers: Against whom.
        table: What is compared.
        columns: How the names of the columns begin.
        least: What ours is to be at least, as a multiple of the best peer.
    """

    ours: str
    peers: tuple[str, ...]
    table: str
    columns: str
    least: float


RACES = (
    Race(OURS_WEBDAV, (WEBDAV, RCLONE), at(FILES, FAR), "store -J8", 2),
    Race(OURS_WEBDAV, (WEBDAV,), at(FILES, FAR), "get -J8", 0.95),
    Race(OURS_WEBDAV, (WEBDAV,), at(FILES, 0), "store", 1),
    Race(OURS_WEBDAV, (WEBDAV,), at(FILES, 0), "get", 0.9),
    Race(OURS_WEBDAV, (WEBDAV,), at(MB, 0), "store", 0.9),
    Race(OURS_WEBDAV, (WEBDAV,), at(MB, 0), "get", 1),
    Race(OURS_S3, (S3,), at(FILES, FAR), "store -J8", 0.95),
    Race(OURS_S3, (S3,), at(FILES, FAR), "get -J8", 0.95),
    Race(OURS_S3, (S3,), at(FILES, 0), "store", 1),
    Race(OURS_S3, (S3,), at(FILES, 0), "get", 0.8),
    Race(OURS_S3, (S3,), at(MB, 0), "", 1),
)


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
    for row, presence in FIRST_PRESENCE.items():
        for column, most in ((FIRST_LINE, 1.5), (PREPARED, 2), (PRESENCE, presence)):
            value = results.median(START_TIMES, row, column)
            if value is not None:
                yield Goal(f"{row}: {column}, multiples", value, most=most)


def _speed(results: Results) -> Iterator[Goal]:
    for race in RACES:
        for column in _columns(results, race.table, race.columns):
            ours = results.median(race.table, race.ours, column)
            theirs = [value for peer in race.peers if (value := results.median(race.table, peer, column))]
            if ours is not None and theirs:
                text = f"{column}, {race.table}: ours / {' or '.join(race.peers)}"
                yield Goal(text, ours / max(theirs), least=race.least)


def _memory(results: Results) -> Iterator[Goal]:
    for what, most in ((TREE, 130), (PROCESS, 60), (PROCESSES, 1)):
        for rtt in (0, FAR):
            for row in (OURS_WEBDAV, OURS_S3):
                values = list(_all_of(results, at(what, rtt), row))
                if values:
                    yield Goal(f"{at(what, rtt)}: {row}, at most", max(values), most=most)


def _all_of(results: Results, table: str, row: str) -> Iterator[float]:
    for column in _columns(results, table, ""):
        value = results.median(table, row, column)
        if value is not None:
            yield value


def _columns(results: Results, table: str, begin: str) -> list[str]:
    return [column for column in results.columns(table) if column.startswith(begin)]
