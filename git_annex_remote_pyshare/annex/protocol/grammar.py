"""Defines the requests of git-annex, and the well-formed replies to each.

A reply must have one of the forms that its request allows, and repeat the key byte for byte. pyshare sends the
request's failure instead of any other reply: git-annex abandons a process after a malformed reply, and with parallel
jobs it then waits for the other jobs forever.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.annex.protocol.lines import explanation, shown

UNSUPPORTED = "UNSUPPORTED-REQUEST"

Shape = Callable[[str], str | None]
"""Returns the part of a request's parameter that the reply must repeat, after a space; None if it is malformed."""


def _nothing(parameter: str) -> str | None:
    return None if parameter else ""


def _anything(_parameter: str) -> str | None:
    return ""


def _text(parameter: str) -> str | None:
    return "" if parameter else None


def _key(parameter: str) -> str | None:
    return f" {parameter}" if parameter and " " not in parameter else None


def _key_once(parameter: str) -> str | None:
    """For a key that the reply does not repeat."""
    return None if _key(parameter) is None else ""


def _key_and_name(parameter: str) -> str | None:
    key, _, name = parameter.partition(" ")
    return f" {key}" if key and name else None


def _transfer(parameter: str) -> str | None:
    direction, _, rest = parameter.partition(" ")
    key, _, file = rest.partition(" ")
    return f" {direction} {key}" if direction in {"STORE", "RETRIEVE"} and key and file else None


def _number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal() and text.isascii()


def _threes(text: str) -> bool:
    """Whether the list of a CHECKURL-MULTI is complete; an empty name would shift the rest of the list."""
    words = text.split(" ")
    return len(words) % 3 == 0 and all(words)


class Rule(NamedTuple):
    """A request with a reply of one line: its form, and the replies that it allows."""

    shape: Shape
    bare: tuple[str, ...] = ()
    """Replies without a value of their own."""
    telling: Mapping[str, Callable[[str], bool]] = {}
    """Replies with a value → check of the value."""
    failing: str = UNSUPPORTED
    """The reply for any failure of this request."""
    explains: bool = False
    """Whether the failure has an explanation."""
    optional: bool = False
    """Whether a remote may reply that it does not support this request."""

    def accepted(self, repeated: str, reply: str) -> list[str] | None:
        """The reply as lines to send; None if it is malformed."""
        if reply == UNSUPPORTED:
            return [reply] if self.optional else None
        if any(reply == word + repeated for word in self.bare):
            return [reply]
        word, _, told = reply.partition(" ")
        right = self.telling.get(word)
        if right and right(told):
            return [shown(reply)]
        start = self.failing + repeated
        if self.failing != UNSUPPORTED and (reply == start or reply.startswith(start + " ")):
            return self.failed(repeated, reply[len(start) :])
        return None

    def failed(self, repeated: str, why: str) -> list[str]:
        """The failure of this request, as lines to send."""
        if self.failing == UNSUPPORTED:
            return [UNSUPPORTED]
        return [f"{self.failing}{repeated} {explanation(why)}" if self.explains else self.failing + repeated]


class Block(NamedTuple):
    """A request with a reply of several entries and a fixed last line."""

    entries: tuple[str, ...]
    """The first word of each line of an entry, in order."""
    last: str
    shape: Shape = _nothing
    explains: bool = False
    optional: bool = True

    def accepted(self, _repeated: str, reply: str) -> list[str] | None:
        """The reply as lines to send; None if it is malformed."""
        if reply == UNSUPPORTED:
            return [reply]
        *entries, last = reply.split("\n")
        expected = self.entries * (len(entries) // len(self.entries))
        words = tuple(entry.partition(" ")[0] for entry in entries)
        return [*map(shown, entries), last] if words == expected and last == self.last else None

    def failed(self, _repeated: str, _why: str) -> list[str]:
        """The failure of this request, as lines to send."""
        return [UNSUPPORTED]


class Silent(NamedTuple):
    """A message that has no reply."""

    shape: Shape = _anything
    explains: bool = False
    optional: bool = False

    def accepted(self, _repeated: str, _reply: str) -> list[str] | None:
        """Send nothing, whatever the handler returns."""
        return []

    def failed(self, _repeated: str, _why: str) -> list[str]:
        """Send nothing; the request that follows fails."""
        return []


def _any_value(_text: str) -> bool:
    return True


def _outcome(word: str, shape: Shape, *, optional: bool = False, explains: bool = True) -> Rule:
    return Rule(
        shape,
        bare=(f"{word}-SUCCESS",),
        failing=f"{word}-FAILURE",
        explains=explains,
        optional=optional,
    )


_PRESENCE = Rule(
    _key, bare=("CHECKPRESENT-SUCCESS", "CHECKPRESENT-FAILURE"), failing="CHECKPRESENT-UNKNOWN", explains=True
)

RULES: Mapping[str, Rule | Block | Silent] = {
    "EXTENSIONS": Rule(_anything, bare=("EXTENSIONS",), telling={"EXTENSIONS": _any_value}),
    "INITREMOTE": _outcome("INITREMOTE", _nothing),
    "PREPARE": _outcome("PREPARE", _nothing),
    "TRANSFER": _outcome("TRANSFER", _transfer),
    "CHECKPRESENT": _PRESENCE,
    "REMOVE": _outcome("REMOVE", _key),
    "LISTCONFIGS": Block(("CONFIG",), "CONFIGEND"),
    "GETCOST": Rule(_nothing, telling={"COST": _number}, optional=True),
    "GETAVAILABILITY": Rule(
        _nothing,
        bare=("AVAILABILITY GLOBAL", "AVAILABILITY LOCAL", "AVAILABILITY UNAVAILABLE"),
        optional=True,
    ),
    "GETORDERED": Rule(_nothing, bare=("ORDERED", "UNORDERED"), optional=True),
    "GETINFO": Block(("INFOFIELD", "INFOVALUE"), "INFOEND"),
    "WHEREIS": Rule(
        _key_once, telling={"WHEREIS-SUCCESS": bool}, failing="WHEREIS-FAILURE", explains=False, optional=True
    ),
    "CLAIMURL": _outcome("CLAIMURL", _text, optional=True, explains=False),
    "CHECKURL": Rule(
        _text,
        telling={"CHECKURL-CONTENTS": bool, "CHECKURL-MULTI": _threes},
        failing="CHECKURL-FAILURE",
        explains=True,
        optional=True,
    ),
    "EXPORTSUPPORTED": _outcome("EXPORTSUPPORTED", _nothing, optional=True, explains=False),
    "EXPORT": Silent(),
    "TRANSFEREXPORT": _outcome("TRANSFER", _transfer),
    "CHECKPRESENTEXPORT": _PRESENCE,
    "REMOVEEXPORT": _outcome("REMOVE", _key),
    "RENAMEEXPORT": _outcome("RENAMEEXPORT", _key_and_name, optional=True, explains=False),
    "REMOVEEXPORTDIRECTORY": _outcome("REMOVEEXPORTDIRECTORY", _text, optional=True, explains=False),
    "IMPORTSUPPORTED": _outcome("IMPORTSUPPORTED", _nothing, optional=True, explains=False),
    "LISTIMPORTABLECONTENTS": _outcome("LISTIMPORTABLECONTENTS", _nothing, optional=True),
    "IMPORT": Silent(),
    "RETRIEVEIMPORT": _outcome("RETRIEVEIMPORT", _text),
    "CHECKPRESENTIMPORT": _PRESENCE,
    "ERROR": Silent(),
}
"""All requests that pyshare supports: first word → rule."""
