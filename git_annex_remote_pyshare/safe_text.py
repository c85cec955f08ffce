"""Makes untrusted text safe for a terminal, and for a command that the user pastes into a shell.

A dataset, a server and a collaborator choose settings, file names, object names and error texts. All of them reach the
user through `printable`, `one_line` or `command`; nothing else in this package escapes or quotes.
"""

import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode categories that give orders instead of showing a character: control characters, formats (bidirectional
overrides among them), line and paragraph separators."""


def printable(text: str) -> str:
    r"""The text with a space for each character that gives an order to a terminal or turns its line around.

    A byte that is not UTF-8 (a surrogate escape) is shown as `\\xNN`, since an 8-bit terminal may take it for an order.

    Source: Unicode Technical Report #36, "Bidirectional Text Spoofing"; xterm control sequences.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def is_invisible(text: str) -> bool:
    """Whether a character of the text gives an order instead of being shown: what `printable` replaces by a space."""
    if text.isascii() and text.isprintable():
        return False
    return any(unicodedata.category(character) in _INVISIBLE for character in text)


def _shown(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        code = ord(character)
        return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"  # noqa: PLR2004
    return " " if unicodedata.category(character) in _INVISIBLE else character


def one_line(text: str) -> str:
    """The text as one line that a terminal or a log may be given: `printable`, with runs of spaces made one."""
    return " ".join(printable(text).split())


def command(*words: str) -> str:
    """A command for the user to paste: each word quoted for a POSIX shell where it needs quotes."""
    from shlex import join  # noqa: PLC0415  # only an error or a person's command needs it

    return join(words)
