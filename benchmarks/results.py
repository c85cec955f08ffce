"""What was measured: tables of rows and columns, each cell with one value per repetition."""

import json
import statistics
from collections import defaultdict
from pathlib import Path

Row = dict[str, list[float]]


class Results:
    """All cells of all tables, in the order in which they were first measured."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Row]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))

    def add(self, table: str, row: str, column: str, value: float) -> None:
        """Add one measurement to a cell."""
        self.tables[table][row][column].append(value)

    def median(self, table: str, row: str, column: str) -> float | None:
        """The median of a cell; None when it was not measured."""
        values = self.tables.get(table, {}).get(row, {}).get(column)
        return statistics.median(values) if values else None

    def columns(self, table: str) -> list[str]:
        """All columns of a table."""
        return list(dict.fromkeys(column for row in self.tables.get(table, {}).values() for column in row))

    def save(self, path: Path, about: dict[str, object]) -> None:
        """Write every single measurement as JSON, with what there is to know about the run."""
        path.write_text(json.dumps({"about": about, "tables": self.tables}, indent=1) + "\n")
