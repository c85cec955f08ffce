"""Maps HTTP statuses to errors: one table for all services, which each backend extends (RFC 9110 §15)."""

from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.errors import (
    BadName,
    Busy,
    NotAStore,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    Unreachable,
)

MORE_SPACE = "Free some space there, or ask for more."
"""Remedy for a full account."""

ASKS_FOR_PAUSE = frozenset((429, 503))
"""Statuses of an overloaded server, for which fewer requests help."""

IN_DOUBT = frozenset((408, 423, 425, 499, 500, 502, 503, 504, 524))
"""After these the result of the request is unknown: a proxy timed out, or the server still works on it."""


class Meaning(NamedTuple):
    """The error for a status; remedy and `retryable` are those of its class unless given.

    Both texts can contain placeholders, which the backend fills in; a remedy can contain `{remote}`.
    """

    kind: type[PyshareError]
    why: str
    remedy: str | None = None
    retryable: bool | None = None


_COMMON: Mapping[int, Meaning] = {
    407: Meaning(
        PermissionDenied, "the proxy needs a login", "Put it into https_proxy: http://USER:PASSWORD@PROXY:PORT."
    ),
    408: Meaning(Unreachable, "the server timed out waiting for the request"),
    413: Meaning(
        QuotaExceeded,
        "the server, or a proxy before it, refuses a body of this size",
        "Let git-annex send smaller pieces: git annex enableremote {remote} chunk={piece}",
    ),
    414: Meaning(BadName, "the name is too long for the server"),
    429: Meaning(Busy, "the server had too many requests"),
    502: Meaning(Unreachable, "the proxy got no response from the server"),
    503: Meaning(Busy, "the server is down for maintenance or overloaded"),
    504: Meaning(Unreachable, "the proxy timed out waiting for the server"),
    507: Meaning(QuotaExceeded, "the server has no space left", MORE_SPACE),
    509: Meaning(Busy, "the bandwidth of the server is used up"),
}


def common(server: str = "the server", piece: str = "50MiB") -> Mapping[int, Meaning]:
    """The errors for statuses that mean the same everywhere.

    Args:
        server: Its name in texts: "the server", or the name of a service.
        piece: Value of `chunk=` to advise if a body is too large.
    """
    return {
        status: meaning._replace(
            why=meaning.why.replace("the server", server),
            remedy=meaning.remedy and meaning.remedy.replace("{piece}", piece),
        )
        for status, meaning in _COMMON.items()
    }


def by_hundreds(status: int, remedy: str) -> Meaning:
    """The error for any other status.

    Args:
        status: A status that is no success.
        remedy: What to do if the server is not of the expected kind.
    """
    if status >= 500:  # noqa: PLR2004  # status codes are self-explanatory
        return Meaning(Unreachable, "the server failed")
    if status >= 400:  # noqa: PLR2004  # as above
        return Meaning(PermissionDenied, "the server refuses the request")
    return Meaning(NotAStore, "the server sends us elsewhere{location}", remedy)
