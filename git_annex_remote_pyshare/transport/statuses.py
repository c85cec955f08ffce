"""What a status means whatever the service: the one table, which each backend completes with its own (RFC 9110 §15)."""

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
"""What to do about a full account."""

ASKS_FOR_PAUSE = frozenset((429, 503))
"""A server that has too much to do answers so, and fewer requests help."""

IN_DOUBT = frozenset((408, 423, 425, 499, 500, 502, 503, 504, 524))
"""After these nothing is known of what was asked for: proxies do not wait, and a lock is kept while it is done."""


class Meaning(NamedTuple):
    """An error in our words; remedy and `retryable` are the kind's own unless given.

    Both texts may have gaps, which the backend fills; a remedy can name the remote by `{remote}`.
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
    502: Meaning(Unreachable, "the proxy got no answer from the server"),
    503: Meaning(Busy, "the server is down for maintenance or overloaded"),
    504: Meaning(Unreachable, "the proxy timed out waiting for the server"),
    507: Meaning(QuotaExceeded, "the server has no space left", MORE_SPACE),
    509: Meaning(Busy, "the bandwidth of the server is used up"),
}


def common(server: str = "the server", piece: str = "50MiB") -> Mapping[int, Meaning]:
    """What statuses mean that mean the same everywhere.

    Args:
        server: How texts call it: "the server", or a service's name.
        piece: What `chunk=` should be where a body is too large.
    """
    return {
        status: meaning._replace(
            why=meaning.why.replace("the server", server),
            remedy=meaning.remedy and meaning.remedy.replace("{piece}", piece),
        )
        for status, meaning in _COMMON.items()
    }


def by_hundreds(status: int, remedy: str) -> Meaning:
    """What any other status means.

    Args:
        status: The status, one that is no success.
        remedy: What to do where the server is none of the expected kind.
    """
    if status >= 500:  # noqa: PLR2004  # HTTP's status codes are its words
        return Meaning(Unreachable, "the server failed")
    if status >= 400:  # noqa: PLR2004  # as above
        return Meaning(PermissionDenied, "the server refuses the request")
    return Meaning(NotAStore, "the server sends us elsewhere{location}", remedy)
