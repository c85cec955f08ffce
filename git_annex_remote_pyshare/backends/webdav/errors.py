"""Maps a WebDAV server's failure responses to errors that say what to do.

No other module of this backend interprets a failing status code.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends.webdav.url import account_of
from git_annex_remote_pyshare.config.options import ALLOWED_ADDRESSES
from git_annex_remote_pyshare.errors import (
    BadName,
    Busy,
    CorruptUpload,
    NotAStore,
    NotFound,
    PermissionDenied,
    PyshareError,
    Unreachable,
    UploadLost,
)
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transport.errors import retry_after
from git_annex_remote_pyshare.transport.statuses import Meaning, by_hundreds, common

_ADDRESS = "Check url=; Nextcloud and ownCloud show it in Files under Settings: https://HOST/remote.php/dav/files/USER."
_TWO_FACTOR = "with two-factor login or a revoked app password, make a new app password in the account's settings"

EXPLAINED_BY_BODY = frozenset((400,))
"""Statuses whose meaning depends on the body: a damaged upload can be retried, an invalid name cannot."""

_CHUNK_LOST = {404, 409, 410, 412}
"""Responses to a chunk whose upload folder no longer exists; 412 when it has left the server's cache."""
_CHUNKS_LOST = {404, 409, 410}
"""Responses to an assembly whose chunks, or whose target folder, no longer exist."""


class Doing(NamedTuple):
    """The purpose of a request, for error texts."""

    what: str
    """For example "store the file"; never the object's name."""
    url: str
    """The store's address, without a login."""
    public: bool = False
    """Whether it is a public link."""
    remote: str = ""
    """The remote's name in this clone, where there is one."""

    def __str__(self) -> str:
        return f"cannot {self.what} on {self.host}"

    @property
    def host(self) -> str:
        """The server's name in error texts."""
        return self.url.split("/", 3)[2]

    @property
    def login(self) -> str:
        """The command for a login, safe to paste into a shell even if an untrusted person chose the URL."""
        return command("pyshare", "login", *account_of({"url": self.url}).words)

    def filled(self, remedy: str) -> str:
        """A remedy with `{login}` and `{remote}` filled in, safe to paste as well."""
        remote = command(self.remote or "NAME")
        return remedy.replace("{remote}", remote).replace("{login}", self.login) if "{" in remedy else remedy


_MEANINGS: Mapping[int, Meaning] = {
    **common(),
    400: Meaning(BadName, "the server refuses the request", "A shorter or plainer name may be accepted."),
    403: Meaning(PermissionDenied, "the server forbids it", "Ask the owner for permission, or type: {login}"),
    404: Meaning(NotFound, "it is not on the server"),
    405: Meaning(NotAStore, "the server does not support this WebDAV method at this address", _ADDRESS),
    409: Meaning(NotAStore, "the server does not allow the folder to be created", _ADDRESS),
    410: Meaning(NotFound, "it is no longer on the server"),
    411: Meaning(NotAStore, "the server, or a proxy in front of it, refuses a request body of this kind", _ADDRESS),
    412: Meaning(Unreachable, "the server does not overwrite the existing file", retryable=False),
    423: Meaning(Busy, "the server has locked it"),
    425: Meaning(Busy, "the server is still working on it"),
    501: Meaning(NotAStore, "the server does not support this WebDAV method", _ADDRESS),
}


def from_response(doing: Doing, status: int, headers: Mapping[str, str], body: bytes = b"") -> PyshareError:
    """The error for a response that is not a success.

    Args:
        doing: The purpose of the request.
        status: The response's status code.
        headers: The response's headers.
        body: The beginning of the response's body, which may contain the server's own message.
    """
    message = _server_message(headers, body)
    if status == 400 and re.search("checksum|do not sum up", message, re.IGNORECASE):
        # ownCloud 10, lib/private/Files/Storage/Wrapper/Checksum.php; both, apps/dav/lib/Upload/ChunkingPlugin.php
        return CorruptUpload(f"{doing}: what the server received is damaged ({message})")
    if status == 403 and doing.public:
        return _read_only(doing)
    meaning = _MEANINGS.get(status) or _by_class(status)
    return meaning.kind(
        f"{doing}: {meaning.why.replace('{location}', '')} ({message or f'status {status}'})",
        remedy=meaning.remedy and doing.filled(meaning.remedy),
        retryable=meaning.retryable,
        retry_after=retry_after(headers),
    )


def login_wanted(doing: Doing, advice: str) -> PermissionDenied:
    """A 401 to a request without a login; `advice` says how the user can give one.

    A server does not distinguish a withdrawn public link from one that has a password.
    """
    if doing.public:
        return PermissionDenied(
            f"{doing.host} does not open the public link",
            remedy="Was it withdrawn? Ask its owner for a new one."
            f" Does it have a password? {advice or f'Type: {doing.login}'}",
        )
    return PermissionDenied(f"{doing.host} needs a login", remedy=advice or f"Type: {doing.login}")


def login_refused(doing: Doing, who: str) -> PermissionDenied:
    """A 401 to a request with a login."""
    return PermissionDenied(
        f"{doing.host} refuses the login of {who}",
        remedy=f"Type: {doing.login} ({_TWO_FACTOR}).",
    )


def token_unusable(origin: str) -> PermissionDenied:
    """A token with a line end, a space or another invalid character."""
    return PermissionDenied(
        f"the token from {origin} contains characters that are not valid in a token",
        remedy="Enter it there again, without the extra characters.",
    )


def password_refused(doing: Doing, origin: str) -> PermissionDenied:
    """A 401 to a guest with a password."""
    return PermissionDenied(
        f"{doing.host} does not open the public link: it was withdrawn, or the password from {origin} is wrong",
        remedy=f"Ask its owner for a new one or, if its password is another, type: {doing.login}",
    )


def login_withheld(doing: Doing, insecure_option: str) -> PermissionDenied:
    """The password or token would be sent unencrypted."""
    return PermissionDenied(
        f"{doing}: over http:// others on the network could read the login",
        remedy=f"Use the https:// address, or type: git config {insecure_option} true",
    )


def login_page(doing: Doing) -> NotAStore:
    """A success whose body is a web page."""
    return NotAStore(f"{doing}: the server responds with a web page, perhaps a login page", remedy=_ADDRESS)


def moved(doing: Doing, place: str) -> NotAStore:
    """A redirect that must not, or cannot, be followed; its query may contain a signature and is not shown."""
    shown = place.partition("?")[0]
    return NotAStore(f"{doing}: the server redirects to {shown}", remedy="If you trust it, set url= to that.")


def no_address(doing: Doing) -> NotAStore:
    """A redirect to no server, or to a URL whose server is ambiguous."""
    return NotAStore(f"{doing}: the server redirects to an invalid address", remedy=_ADDRESS)


def unencrypted(doing: Doing, place: str) -> NotAStore:
    """A redirect from https to http."""
    return NotAStore(
        f"{doing}: the server redirects to {place.partition('?')[0]}, without encryption",
        remedy="Tell the server's administrator.",
    )


def private(doing: Doing, place: str, address: str, allowed: str) -> NotAStore:
    """A redirect into a private network by the server of a remote whose settings the user has not verified.

    Args:
        doing: The purpose of the request.
        place: The target URL.
        address: Its IP address.
        allowed: The private addresses that git config allows so far.
    """
    config = command("git", "config", ALLOWED_ADDRESSES.name, f"{allowed} {address}".strip())
    return NotAStore(
        f"{doing}: the server redirects to {place.partition('?')[0]}, which is {address} in a private network",
        remedy=f"If that is a server of yours, set url= to it, or type: {config}",
    )


def endless(doing: Doing) -> NotAStore:
    """Too many redirects."""
    return NotAStore(f"{doing}: the server redirects without end", remedy=_ADDRESS)


def no_chunks(doing: Doing, status: int) -> UploadLost:
    """A server that announces chunked uploads but does not accept them."""
    return UploadLost(f"{doing}: the server does not accept chunks (status {status})")


def smaller_parts(doing: Doing) -> UploadLost:
    """A server, or a proxy, that does not accept a part of this size."""
    return UploadLost(f"{doing}: the server, or a proxy in front of it, needs smaller parts")


def of_chunk(doing: Doing, status: int, refusal: PyshareError) -> PyshareError:
    """A chunk that was not accepted.

    Args:
        doing: The purpose of the request.
        status: The response's status code.
        refusal: The error for the same response outside of chunked uploads.
    """
    if status in _CHUNK_LOST:
        return UploadLost(f"{doing}: the server has deleted the chunks sent so far")
    return refusal


def of_assembly(doing: Doing, status: int, refusal: PyshareError) -> PyshareError:
    """Chunks that were not assembled; arguments as for `of_chunk`."""
    if status in _CHUNKS_LOST:
        return UploadLost(f"{doing}: the server has deleted the chunks sent so far, or the target folder")
    # Assembling the same chunks again gives the same result.
    return UploadLost(refusal.what) if isinstance(refusal, CorruptUpload) else refusal


def no_sharing(doing: Doing, status: int) -> NotAStore:
    """A response that does not come from the sharing API."""
    return NotAStore(f"{doing}: not a response from Nextcloud or ownCloud (status {status})")


def not_shared(doing: Doing, status: int, message: str) -> PermissionDenied:
    """A public link that the server does not make or change; `message` is the server's own message."""
    return PermissionDenied(
        f"{doing}: {message or f'status {status}'}",
        remedy="If the server wants a password or an end date for links, add --password or --expires 30d;"
        " else ask the server's administrator.",
    )


def _read_only(doing: Doing) -> PermissionDenied:
    return PermissionDenied(
        f"{doing}: the public link does not allow it",
        remedy="Ask its owner for a link that allows it, or for an account.",
    )


def _by_class(status: int) -> Meaning:
    if status >= 300:
        return by_hundreds(status, _ADDRESS)
    if status == 207:
        return Meaning(Unreachable, "the server completed only part of it")
    if status == 202:
        return Meaning(Unreachable, "the server accepted it but does not say when it will be stored")
    return Meaning(NotAStore, "the response is not from a WebDAV server", _ADDRESS)


def _server_message(headers: Mapping[str, str], body: bytes) -> str:
    """The server's own message in the format of sabre's errors; empty for anything else, such as a web page."""
    if "xml" not in headers.get("Content-Type", ""):
        return ""
    found = re.search(rb"<s:message>([^<]{1,200})", body)
    return " ".join(found[1].decode("utf-8", "replace").split()) if found else ""
