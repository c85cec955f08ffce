"""Finds names that are one name for a store which ignores the case of letters, or the form of accents."""

from collections.abc import Iterable
from unicodedata import normalize


def alike(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of files or folders that such a store cannot both hold: the first, and each later one.

    Dropbox, and the file systems of Windows and macOS, are of this kind.
    """
    first: dict[str, str] = {}
    found: dict[tuple[str, str], None] = {}
    for path in sorted(paths):
        parts = path.split("/")
        for length in range(1, len(parts) + 1):
            name = "/".join(parts[:length])
            known = first.setdefault(normalize("NFC", name).casefold(), name)
            if known != name:
                found[known, name] = None
                break  # the files in it are not counted once more
    return list(found)
