"""Makes the tables of git config options; `cd tests && python -m support.generated_pages` writes them."""

from collections.abc import Iterable

from git_annex_remote_pyshare.config.options import OF_GIT_ANNEX, OF_REMOTE, Option
from support.checkout import CHECKOUT

PAGE = CHECKOUT / "docs" / "reference" / "settings.md"

_TABLES: tuple[tuple[str, Iterable[Option[str] | Option[float] | Option[int] | Option[bool]]], ...] = (
    ("git config `remote.NAME.…`", OF_REMOTE),
    ("option", OF_GIT_ANNEX),
)


def rewritten(text: str) -> str:
    """The page with its tables made anew from the options that the program declares."""
    for heading, options in _TABLES:
        before, found, after = text.partition(f"\n| {heading} | what it says | default |\n|---|---|---|\n")
        assert found, heading
        rows = (f"| `{one.name}` | {one.help} | {f'{one.shown} ' if one.shown else ''}|\n" for one in options)
        text = "".join([before, found, *rows, "\n", after.partition("\n\n")[2]])
    return text
