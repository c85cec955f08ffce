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

NOT_YET = frozenset(
    (
        "backends/directory/backend.py",
        "backends/directory/errors.py",
        "backends/directory/temporary.py",
        "backends/dropbox/__init__.py",
        "backends/dropbox/auth.py",
        "backends/dropbox/backend.py",
        "backends/dropbox/batcher.py",
        "backends/dropbox/client.py",
        "backends/dropbox/link.py",
        "backends/dropbox/links.py",
        "backends/dropbox/listing.py",
        "backends/dropbox/parts.py",
        "backends/dropbox/quota.py",
        "backends/dropbox/shared_link.py",
        "backends/dropbox/url.py",
        "backends/dropbox/writes.py",
        "backends/s3/archive.py",
        "backends/s3/auth.py",
        "backends/s3/client.py",
        "backends/s3/download.py",
        "backends/s3/multipart.py",
        "backends/s3/multipart_uploads.py",
        "backends/s3/policy.py",
        "backends/s3/response.py",
        "backends/s3/server.py",
        "backends/s3/signing.py",
        "backends/s3/unfinished.py",
        "backends/s3/upload.py",
        "backends/s3/url.py",
        "backends/s3/verbs.py",
        "backends/s3/verify_login.py",
        "backends/s3/xml.py",
        "backends/webdav/assembly.py",
        "backends/webdav/auth.py",
        "backends/webdav/backend.py",
        "backends/webdav/capabilities.py",
        "backends/webdav/chunking.py",
        "backends/webdav/client.py",
        "backends/webdav/errors.py",
        "backends/webdav/propfind.py",
        "backends/webdav/sharing.py",
        "backends/webdav/upload.py",
        "backends/webdav/verbs.py",
    )
)
"""Modules whose texts are not yet read once more. The list only gets shorter: a module that is clean leaves it."""

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


@pytest.mark.parametrize("module", [name for name in MODULES if name not in NOT_YET])
def test_messages_and_docstrings_are_in_plain_words(module: str) -> None:
    assert _found(MODULES[module]) == []


@pytest.mark.parametrize("module", sorted(NOT_YET))
def test_a_module_that_is_clean_leaves_the_list(module: str) -> None:
    assert module in MODULES, "it is gone: take it out of NOT_YET"
    assert _found(MODULES[module]), "it is clean: take it out of NOT_YET"
