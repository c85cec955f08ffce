"""Makes untrusted text safe for a terminal, and for a command that you paste into a shell.

Settings, file names, object names and error texts may come from a dataset, a server or a collaborator. All of them
reach the user through `printable`, `one_line` or `command`; nothing else in this package escapes or quotes text.
"""

import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode categories that control the display instead of showing a character: control characters, format characters
(including bidirectional overrides), line and paragraph separators."""


def printable(text: str) -> str:
    r"""Replace each character that controls a terminal or reverses the direction of text by a space.

    A byte that is not UTF-8 (a surrogate escape) becomes `\\xNN`, since an 8-bit terminal may treat it as a control
    character.

    Source: Unicode Technical Report #36, "Bidirectional Text Spoofing"; xterm control sequences.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def is_invisible(text: str) -> bool:
    """Whether the text has a character that `printable` replaces by a space."""
    if text.isascii() and text.isprintable():
        return False
    return any(unicodedata.category(character) in _INVISIBLE for character in text)


def _shown(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        code = ord(character)
        return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"  # noqa: PLR2004
    return " " if unicodedata.category(character) in _INVISIBLE else character


def one_line(text: str) -> str:
    """The text as one line that is safe for a terminal or a log: `printable`, with each run of spaces made one."""
    return " ".join(printable(text).split())


def command(*words: str) -> str:
    """A command for the user to paste: each word is quoted for a POSIX shell if necessary."""
    from shlex import join  # noqa: PLC0415  # only an error or a command line needs it

    return join(words)
