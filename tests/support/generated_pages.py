"""Writes what the documentation takes from the code: `cd tests && python -m support.generated_pages`."""

from collections.abc import Callable, Mapping
from pathlib import Path

from support import commands_page, feature_matrix, settings_page, speed_page

GENERATED: Mapping[Path, Callable[[str], str]] = {
    commands_page.PAGE: commands_page.rewritten,
    feature_matrix.PAGE: feature_matrix.rewritten,
    settings_page.PAGE: settings_page.rewritten,
    **speed_page.GENERATED,
}
"""A page → makes its new text from the one that it has."""


def write(page: Path) -> None:
    """Make a page anew."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(GENERATED[page](text), encoding="utf-8")


if __name__ == "__main__":
    for generated in GENERATED:
        write(generated)
