"""Plain words: phrases that a reader stumbles over are kept out of pages, messages and docstrings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import CHECKOUT

PACKAGE = CHECKOUT / "git_annex_remote_pyshare"

BANNED = re.compile(
    r"\b("
    r"(go|goes|gone|going|went) on with|(begin|begins|began|begun) anew|cannot be meant|of no known kind"
    r"|signs that no|whoever|nobody|somebody|(another|broken|slow|bad) line"
    r"|shall|bears?|the very|as far as|at hand|of which|blanks?|room"
    r")\b",
    re.IGNORECASE,
)
"""Old words, translated idioms, `blank` for a space, `line` for a connection and `room` for free space."""

PAGES = [
    *(CHECKOUT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *sorted((CHECKOUT / "docs").rglob("*.md")),
    *sorted((CHECKOUT / "changes.d").glob("*.md")),
]

MODULES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Strings of more than one word, with the number of the line that they begin in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def _found(path: Path) -> list[str]:
    return [f"{path}:{line}: {match[0]}" for line, text in _texts(path) for match in BANNED.finditer(text)]


def _banned_in(page: Path) -> list[str]:
    """What a page has of them outside of code."""
    prose = re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))
    return [match[0] for match in BANNED.finditer(prose)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_a_page_is_in_plain_words(page: Path) -> None:
    assert _banned_in(page) == []


@pytest.mark.parametrize("module", MODULES)
def test_messages_and_docstrings_are_in_plain_words(module: str) -> None:
    assert _found(MODULES[module]) == []
