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
from remotes import OURS_FOLDER, OURS_RCLONE, OURS_S3, OURS_SFTP, OURS_WEBDAV, RCLONE, S3, SCP, WEBDAV
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
    Race(OURS_SFTP, (RCLONE,), at(FILES, FAR), "store -J8", 1),
    Race(OURS_SFTP, (RCLONE,), at(FILES, FAR), "get -J8", 1),
    Race(OURS_SFTP, (SCP,), at(MB, 0), "", 0.8),
    Race(OURS_RCLONE, (RCLONE,), at(FILES, FAR), "store -J8", 1.5),
    Race(OURS_RCLONE, (RCLONE,), at(FILES, FAR), "get -J8", 1.5),
)

LEAST = {"store --fast -J8": 50, "get -J8": 70, "presence -J8": 120}
"""Files that ours moves or looks for in a second, by SFTP over a line of FAR ms: 3, 2 and 1 round trips for each."""

MOST_MEMORY = {OURS_WEBDAV: 130, OURS_S3: 130, OURS_RCLONE: 180}
"""MiB of all processes, git-annex included."""


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
    for column, least in LEAST.items():
        if value := results.median(at(FILES, FAR), OURS_SFTP, column):
            yield Goal(f"{column}, {at(FILES, FAR)}: {OURS_SFTP}", value, least=least)


def _memory(results: Results) -> Iterator[Goal]:
    wanted = [(TREE, row, most) for row, most in MOST_MEMORY.items()]
    wanted += [(what, row, most) for what, most in ((PROCESS, 60), (PROCESSES, 1)) for row in (OURS_WEBDAV, OURS_S3)]
    for rtt in (0, FAR):
        for what, row, most in wanted:
            values = list(_all_of(results, at(what, rtt), row))
            if values:
                yield Goal(f"{at(what, rtt)}: {row}, at most", max(values), most=most)
        ours, theirs = (list(_all_of(results, at(TREE, rtt), row)) for row in (OURS_SFTP, RCLONE))
        if ours and theirs:
            yield Goal(f"{at(TREE, rtt)}: {OURS_SFTP} / {RCLONE}", max(ours) / max(theirs), most=1)


def _all_of(results: Results, table: str, row: str) -> Iterator[float]:
    for column in _columns(results, table, ""):
        value = results.median(table, row, column)
        if value is not None:
            yield value


def _columns(results: Results, table: str, begin: str) -> list[str]:
    return [column for column in results.columns(table) if column.startswith(begin)]
