"""Plain tables for a terminal or a report."""

from collections.abc import Iterable, Sequence

from results import Results


def show(results: Results, table: str, ratios: Iterable[tuple[str, str]] = ()) -> str:
    """A title and a table of medians, with a last row for each ratio.

    Args:
        results: Holds the table.
        table: Its title.
        ratios: Pairs of rows, of which the first is divided by the second; left out where either was not measured.
    """
    columns = results.columns(table)
    lines = [["", *columns]]
    lines += [
        [row, *(_number(results.median(table, row, column)) for column in columns)] for row in results.tables[table]
    ]
    for above, below in ratios:
        quotients = [_quotient(results, table, above, below, column) for column in columns]
        if any(quotient is not None for quotient in quotients):
            lines.append([f"{above} / {below}", *map(_ratio, quotients)])
    return f"{table}\n{aligned(lines)}"


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells, the first column to the left and all others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join((line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:]))).rstrip() for line in lines
    )


def _quotient(results: Results, table: str, above: str, below: str, column: str) -> float | None:
    numerator = results.median(table, above, column)
    denominator = results.median(table, below, column)
    return numerator / denominator if numerator is not None and denominator else None


def _number(value: float | None) -> str:
    """Three digits that matter, or a dash for what was not measured."""
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}x"
