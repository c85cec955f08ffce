"""Makes the page of what was measured: tables and pictures, from the file that `benchmarks/figures.py` writes."""

import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from support.chart import Linear, Logarithmic, Look, Panel, from_zero, number, svg
from support.checkout import CHECKOUT

PAGE = CHECKOUT / "docs" / "develop" / "speed.md"
MEASUREMENTS = PAGE.with_suffix(".json")
DISTANCES = CHECKOUT / "docs" / "pictures" / "speed-distances.svg"
LARGE_FILE = CHECKOUT / "docs" / "pictures" / "speed-connections.svg"

JOBS = 8
GET_ONE, GET_SEVERAL, STORE_SEVERAL = "get -J1", f"get -J{JOBS}", f"copy --to -J{JOBS}"
LARGE = "get of one large file"
"""Tables of the measurements."""

CONNECTIONS = (1, 2, 4, 8)

_BUSY = 1.0
"""Average load before a run from which on the page says so."""


def chunked(title: str) -> str:
    """The row of a remote that stores chunks."""
    return f"{title}, chunk=8MiB"


_WEBDAV, _S3, _DROPBOX = "pyshare, WebDAV", "pyshare, S3", "pyshare, Dropbox"
_LOOKS: Mapping[str, Look] = {
    _WEBDAV: Look("blue", "circle"),
    _S3: Look("orange", "square"),
    _DROPBOX: Look("green", "diamond"),
    "builtin webdav": Look("blue", "circle", is_dashed=True),
    "builtin S3": Look("orange", "square", is_dashed=True),
    "rclone gitannex": Look("purple", "triangle", is_dashed=True),
    "curl": Look("grey", "cross", is_dashed=True),
    chunked(_WEBDAV): Look("blue", "triangle"),
    chunked(_S3): Look("orange", "triangle"),
}
"""The colour is that of the service; a full line is pyshare, a dashed one is another program."""

_RATIOS: Sequence[tuple[str, str]] = (
    (_WEBDAV, "builtin webdav"),
    (_S3, "builtin S3"),
    (_WEBDAV, "rclone gitannex"),
)
_LARGE_RATIOS: Sequence[tuple[str, str]] = (
    (_WEBDAV, "builtin webdav"),
    (_S3, "builtin S3"),
    (_DROPBOX, "curl"),
    (chunked(_WEBDAV), "builtin webdav"),
    (chunked(_S3), "builtin S3"),
)

Table = Mapping[str, Mapping[str, float]]
"""Row → column → median."""


@cache
def measurements() -> tuple[Mapping[str, Any], Mapping[str, Table]]:
    """What there is to know about the run, and the medians of all tables."""
    read = json.loads(MEASUREMENTS.read_text(encoding="utf-8"))
    tables = {
        title: {
            row: {column: statistics.median(values) for column, values in cells.items()} for row, cells in table.items()
        }
        for title, table in read["tables"].items()
    }
    return read["about"], tables


def distances(_old: str) -> str:
    """The picture of small files."""
    about, tables = measurements()
    shown = {title: tables[title] for title in (GET_ONE, GET_SEVERAL, STORE_SEVERAL)}
    y = Logarithmic([value for table in shown.values() for cells in table.values() for value in cells.values()])
    rtts = sorted({float(column) for table in shown.values() for cells in table.values() for column in cells})
    panels = [
        Panel(title, "round trip, ms", "files/s", Linear(0, max(*rtts, 1) * 1.03, rtts), y, _lines(table))
        for title, table in shown.items()
    ]
    title = f"{about['files']} files of 10 KiB over the round-trip time"
    return svg(title, _spoken(shown, "ms"), _looks(*shown.values()), panels)


def connections(_old: str) -> str:
    """The picture of a large file."""
    about, tables = measurements()
    table = tables[LARGE]
    y = from_zero([value for cells in table.values() for value in cells.values()])
    x = Linear(0, max(CONNECTIONS) * 1.03, CONNECTIONS)
    panel = Panel(f"One file of {about['MiB']} MiB", "connections", "MB/s", x, y, _lines(table))
    title = f"A large file: {about['line']}"
    return svg(title, _spoken({LARGE: table}, "connections"), _looks(table), [panel])


def rewritten(text: str) -> str:
    """The page with all that was measured made anew."""
    for name, block in (("conditions", _conditions), ("small files", _small), ("large file", _large)):
        begin, end = f"<!-- made by benchmarks/figures.py: {name} -->\n\n", "<!-- made until here -->\n"
        before, found, rest = text.partition(begin)
        assert found, name
        text = "".join((before, found, "\n".join(block()), "\n\n", end, rest.partition(end)[2]))
    return text


def _conditions() -> Iterator[str]:
    about, _ = measurements()
    yield f"- **When and where:** {about['date']}; {about['machine']}; load before the run {about['load']}."
    if float(about["load"]) > _BUSY:
        yield "- **The machine was busy** with other work, so these figures say little."
    yield (
        f"- **Versions:** pyshare {about['pyshare']}, git-annex {about['git-annex'].partition('-')[0]},"
        f" {about['rclone']} (`rclone gitannex`), curl {about['curl']}."
    )
    yield (
        f"- **Repetitions:** {about['repetitions']} of the small files, {about['repetitions of the large file']} of the"
        " large one. Pictures and tables show the medians; [all measurements](speed.json) are kept."
    )


def _small() -> Iterator[str]:
    _, tables = measurements()
    yield _image(DISTANCES, "Files per second over the round-trip time, for get with one and eight jobs, and for copy")
    for title in (GET_ONE, GET_SEVERAL, STORE_SEVERAL):
        yield from _table(f"files/s, `{title}`", tables[title], "ms", _RATIOS)


def _large() -> Iterator[str]:
    _, tables = measurements()
    yield _image(LARGE_FILE, "Megabytes per second of one large file over the number of connections")
    yield from _table("MB/s", tables[LARGE], "", _LARGE_RATIOS)


def _image(path: Path, words: str) -> str:
    return f"![{words}; the figures are in the table](../pictures/{path.name})"


def _table(heading: str, table: Table, unit: str, ratios: Sequence[tuple[str, str]]) -> Iterator[str]:
    columns = list(dict.fromkeys(column for cells in table.values() for column in cells))
    yield ""
    yield f"| {heading} | {' | '.join(f'{column} {unit}'.strip() for column in columns)} |"
    yield f"|---{'|---' * len(columns)}|"
    for row in _looks(table):
        cells = table[row]
        yield _row(row, [number(cells[column]) if column in cells else "\N{EN DASH}" for column in columns])
    for ours, other in ratios:
        quotients = [f"{table[ours][column] / _yardstick(table[other], column):.2f}" for column in columns]
        yield _row(f"**{ours} / {other}**", quotients)


def _yardstick(cells: Mapping[str, float], column: str) -> float:
    """What another program reaches; the only value of one that knows no more than one connection."""
    return cells.get(column, next(iter(cells.values())))


def _row(title: str, cells: Sequence[str]) -> str:
    return f"| {title} | {' | '.join(cells)} |"


def _lines(table: Table) -> dict[str, list[tuple[float, float]]]:
    return {row: [(float(column), value) for column, value in cells.items()] for row, cells in table.items()}


def _looks(*tables: Table) -> dict[str, Look]:
    return {row: look for row, look in _LOOKS.items() if any(row in table for table in tables)}


def _spoken(tables: Mapping[str, Table], unit: str) -> str:
    """The medians in words."""
    rows = (
        f"{title}, {row}: {', '.join(f'{number(value)} at {column} {unit}' for column, value in cells.items())}"
        for title, table in tables.items()
        for row, cells in table.items()
    )
    return "; ".join(rows)


GENERATED: Mapping[Path, Callable[[str], str]] = {PAGE: rewritten, DISTANCES: distances, LARGE_FILE: connections}
"""A page or picture → makes its new text."""
