"""Sends requests that the server itself refuses if the object has changed (User Guide, "Conditional requests").

Amazon checks the conditions of all of them, other servers those of some (seen: moto of PUT and DELETE, Ceph 16 only of
PUT with "If-None-Match: *", rclone none): one that does not know a header ignores it, or refuses the request as not
implemented. It then gets the request without a condition.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from git_annex_remote_pyshare.backends.s3.client import Client
from git_annex_remote_pyshare.backends.s3.error_codes import NoConditions
from git_annex_remote_pyshare.transfer import Condition

Done = TypeVar("Done")

STORING, RENAMING, REMOVING = "storing a file", "renaming a file", "removing a file"


class Conditions:
    """What is known about the conditions that one server checks.

    Args:
        client: Knows whether it is one of Amazon's.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._refused: set[str] = set()

    def send(self, what: str, headers: Mapping[str, str], request: Callable[[Mapping[str, str]], Done]) -> Done:
        """Call `request` with the headers of a condition, or without them if the server refuses them.

        Args:
            what: One of the constants above.
            headers: See `headers_of`.
            request: Sends the request with more headers; may be called again.

        Raises:
            ContentChanged: The condition is not met.
            PyshareError: The request fails.
        """
        if headers and what not in self._refused:
            try:
                return request(headers)
            except NoConditions:
                self._refused.add(what)
        return request({})

    def checks(self, what: str) -> bool:
        """Whether the server is known to check the conditions of these requests."""
        return self._client.address.is_amazon and what not in self._refused

    def unconditional(self) -> str:
        """See `WritesConditionally.unconditional`."""
        return ", ".join(what for what in (STORING, RENAMING, REMOVING) if not self.checks(what))


def headers_of(condition: Condition | None) -> Mapping[str, str]:
    """The headers of a request that must not replace or remove another version."""
    if condition is None:
        return {}
    if not condition.content:
        return {"If-None-Match": "*"}
    return {"If-Match": condition.version} if condition.version else {}
