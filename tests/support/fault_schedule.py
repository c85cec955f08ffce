"""What goes wrong on a line, in words: `PUT 503 after 2; 3x GET cut down 1000; ok; swallow`.

    schedule = step {";" step}
    step     = [TIMES "x"] [METHOD] fault          for the next requests (of that method) that no earlier step is for
    fault    = "ok"                                nothing goes wrong
             | STATUS ["after" SECONDS]            that answer (with Retry-After), and the server hears nothing
             | "reset"                             the connection breaks, and the server hears nothing
             | "swallow"                           the server does it, and nobody hears of it
             | "slow" RATE                         so many bytes per second, both ways
             | "truncate" BYTE                     the answer ends there, politely
             | ("cut" | "stall" | "corrupt") WAY BYTE
    WAY      = "up" | "down"                       in the request or the answer

BYTE counts from the begin of a body. `cut`, `stall` and `truncate` let no message through whole: a shorter one ends
before its last byte, and one without a body does not come at all. `cut` breaks the connection, `stall` leaves it open
and lets nothing go on, `corrupt` turns over the bits of one byte, if there is such a byte.
"""

import re
from collections.abc import Iterator
from threading import Lock
from typing import NamedTuple

_STEP = re.compile(r"(?:(?P<times>\d+)x )?(?:(?P<method>[A-Z]+) )?(?P<fault>.+)")
_FAULT = re.compile(
    r"(?P<status>\d{3})(?: after (?P<seconds>\d+))?"
    r"|(?P<whole>ok|reset|swallow)"
    r"|(?P<measured>slow|truncate) (?P<measure>\d+)"
    r"|(?P<partly>cut|stall|corrupt) (?P<way>up|down) (?P<at>\d+)"
)


class Fault(NamedTuple):
    """What goes wrong with one request."""

    kind: str = "ok"
    """The word for it, or `status`."""
    way: str = ""
    """`up` or `down` where the language has that; `truncate` is down."""
    number: int = 0
    """A byte, a rate, or a status."""
    after: int | None = None
    """Seconds of a Retry-After."""


class Step(NamedTuple):
    """A fault, and whom it is for."""

    fault: Fault
    method: str
    """Empty for all."""


class Schedule:
    """What is still to go wrong.

    Args:
        text: See the top of the file.
    """

    def __init__(self, text: str = "") -> None:
        self._steps = [step for part in text.split(";") if part.strip() for step in _steps(part.strip())]
        self._lock = Lock()

    def next(self, method: str) -> Fault:
        """What goes wrong with this request."""
        with self._lock:
            for index, step in enumerate(self._steps):
                if step.method in {"", method}:
                    return self._steps.pop(index).fault
        return Fault()


def _steps(text: str) -> Iterator[Step]:
    found = _STEP.fullmatch(text)
    assert found, text
    for _ in range(int(found["times"] or 1)):
        yield Step(_fault(found["fault"]), found["method"] or "")


def _fault(text: str) -> Fault:
    found = _FAULT.fullmatch(text)
    assert found, text
    if found["status"]:
        return Fault("status", "", int(found["status"]), int(found["seconds"]) if found["seconds"] else None)
    if found["whole"]:
        return Fault(found["whole"])
    if found["measured"]:
        return Fault(found["measured"], "down" if found["measured"] == "truncate" else "", int(found["measure"]))
    return Fault(found["partly"], found["way"], int(found["at"]))
