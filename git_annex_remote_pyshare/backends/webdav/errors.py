"""From a WebDAV server's answer to an error that says what to do.

The only place of this backend that gives meaning to a failing status code.
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


_CHUNK_LOST = {404, 409, 410, 412}
"""What clouds say to a chunk whose folder they do not know any more; 412 when their cache forgot it."""
_CHUNKS_LOST = {404, 409, 410}
"""What they say to an assembly without its chunks, or without the folder that the object belongs into."""


class Doing(NamedTuple):
    """What a request was for, as the error text tells it."""

    what: str
    """For example "store the file"; without the object's name."""
    url: str
    """The store's address, which holds no login."""
    public: bool = False
    """Whether it is a public link."""
    remote: str = ""
    """The remote's name in this clone, where there is one."""

    def __str__(self) -> str:
        return f"cannot {self.what} on {self.host}"

    @property
    def host(self) -> str:
        """How error texts call the server."""
        return self.url.split("/", 3)[2]

    @property
    def login(self) -> str:
        """The command for a login, safe to be pasted into a shell although a stranger may have chosen the URL."""
        return command("pyshare", "login", *account_of({"url": self.url}).words)

    def filled(self, remedy: str) -> str:
        """A remedy with the gaps `{login}` and `{remote}` filled, safe to be pasted as well."""
        remote = command(self.remote or "NAME")
        return remedy.replace("{remote}", remote).replace("{login}", self.login) if "{" in remedy else remedy


_MEANINGS: Mapping[int, Meaning] = {
    **common(),
    400: Meaning(BadName, "the server refuses the request", "A shorter or plainer name may be accepted."),
    403: Meaning(PermissionDenied, "the server forbids it", "Ask the owner for the right to do it, or type: {login}"),
    404: Meaning(NotFound, "the server has nothing there"),
    405: Meaning(NotAStore, "the server does not know this WebDAV method there", _ADDRESS),
    409: Meaning(NotAStore, "the server does not let the folder be made", _ADDRESS),
    410: Meaning(NotFound, "the server has nothing there any more"),
    411: Meaning(NotAStore, "the server, or a proxy before it, refuses a body of this kind", _ADDRESS),
    412: Meaning(Unreachable, "the server does not replace what is there", retryable=False),
    423: Meaning(Busy, "the server has locked it"),
    425: Meaning(Busy, "the server is still working on it"),
    501: Meaning(NotAStore, "the server does not know this WebDAV method", _ADDRESS),
}


def from_answer(doing: Doing, status: int, headers: Mapping[str, str], body: bytes = b"") -> PyshareError:
    """The error that an answer means.

    Args:
        doing: What the request was for.
        status: The answer's status code, one that is no success for this request.
        headers: The answer's headers.
        body: The answer's body, as much of it as was read; servers put their own words there.
    """
    said = _words(headers, body)
    if status == 400 and re.search("checksum|do not sum up", said, re.IGNORECASE):
        # ownCloud 10, lib/private/Files/Storage/Wrapper/Checksum.php; both, apps/dav/lib/Upload/ChunkingPlugin.php
        return CorruptUpload(f"{doing}: what the server received is damaged ({said})")
    if status == 403 and doing.public:
        return _read_only(doing)
    meaning = _MEANINGS.get(status) or _otherwise(status)
    return meaning.kind(
        f"{doing}: {meaning.why.replace('{location}', '')} ({said or f'status {status}'})",
        remedy=meaning.remedy and doing.filled(meaning.remedy),
        retryable=meaning.retryable,
        retry_after=retry_after(headers),
    )


def login_wanted(doing: Doing, advice: str) -> PermissionDenied:
    """A 401 to a request without a login; `advice` says how the user can give one.

    Of a public link the server does not say whether it was withdrawn or has a password.
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
    """A token with a line end, a space or another character that is not valid in one."""
    return PermissionDenied(
        f"the token from {origin} contains characters that are not valid in a token",
        remedy="Write it there again, without what was copied with it.",
    )


def password_refused(doing: Doing, origin: str) -> PermissionDenied:
    """A 401 to a guest who shows a password."""
    return PermissionDenied(
        f"{doing.host} does not open the public link: it was withdrawn, or the password from {origin} is wrong",
        remedy=f"Ask its owner for a new one or, if its password is another, type: {doing.login}",
    )


def login_withheld(doing: Doing, insecure_option: str) -> PermissionDenied:
    """A server that would get the password, or token, unencrypted."""
    return PermissionDenied(
        f"{doing}: over http:// anyone on the way could read the login",
        remedy=f"Use the https:// address, or type: git config {insecure_option} true",
    )


def login_page(doing: Doing) -> NotAStore:
    """A success that is a page for people."""
    return NotAStore(f"{doing}: the server answers with a web page, perhaps for a login", remedy=_ADDRESS)


def moved(doing: Doing, place: str) -> NotAStore:
    """A redirect that must not, or cannot, be followed; a query may hold a signature, so it is not shown."""
    shown = place.partition("?")[0]
    return NotAStore(f"{doing}: the server sends us on to {shown}", remedy="If you trust it, set url= to that.")


def no_address(doing: Doing) -> NotAStore:
    """A redirect that names no server, or one of which it is not clear which it is."""
    return NotAStore(f"{doing}: the server sends us on to an invalid address", remedy=_ADDRESS)


def unencrypted(doing: Doing, place: str) -> NotAStore:
    """A redirect from https to http."""
    return NotAStore(
        f"{doing}: the server sends us on to {place.partition('?')[0]}, without encryption",
        remedy="Tell the server's administrator.",
    )


def private(doing: Doing, place: str, address: str, allowed: str) -> NotAStore:
    """A redirect of an unverified remote's server into a private network.

    Args:
        doing: What the request was for.
        place: The URL that the server names.
        address: Where it leads.
        allowed: The private addresses that git config allows so far.
    """
    config = command("git", "config", ALLOWED_ADDRESSES.name, f"{allowed} {address}".strip())
    return NotAStore(
        f"{doing}: the server sends us on to {place.partition('?')[0]}, which is {address} in a private network",
        remedy=f"If that is a server of yours, set url= to it, or type: {config}",
    )


def endless(doing: Doing) -> NotAStore:
    """More redirects than there are good reasons for."""
    return NotAStore(f"{doing}: the server sends us on without end", remedy=_ADDRESS)


def no_chunks(doing: Doing, status: int) -> UploadLost:
    """A server that announced chunks but does not take them."""
    return UploadLost(f"{doing}: the server takes no chunks (status {status})")


def smaller_parts(doing: Doing) -> UploadLost:
    """A server, or a proxy, that does not take a part of this size."""
    return UploadLost(f"{doing}: the server, or a proxy before it, needs smaller parts")


def of_chunk(doing: Doing, status: int, refusal: PyshareError) -> PyshareError:
    """A chunk that was not taken.

    Args:
        doing: What the request was for.
        status: The answer's status code.
        refusal: What the answer means without chunks.
    """
    if status in _CHUNK_LOST:
        return UploadLost(f"{doing}: the server has thrown away what was sent of it")
    return refusal


def of_assembly(doing: Doing, status: int, refusal: PyshareError) -> PyshareError:
    """Chunks that were not put together; arguments as `of_chunk`."""
    if status in _CHUNKS_LOST:
        return UploadLost(f"{doing}: the server has thrown away what was sent of it, or its folder")
    # Putting the same chunks together once more gives the same.
    return UploadLost(refusal.what) if isinstance(refusal, CorruptUpload) else refusal


def no_sharing(doing: Doing, status: int) -> NotAStore:
    """An answer that does not come from the API for links."""
    return NotAStore(f"{doing}: no answer of Nextcloud or ownCloud (status {status})")


def not_shared(doing: Doing, status: int, said: str) -> PermissionDenied:
    """A public link that the server does not make or change, `said` in its own words."""
    return PermissionDenied(
        f"{doing}: {said or f'status {status}'}",
        remedy="If the server wants a password or an end date for links, add --password or --expires 30d;"
        " else ask who runs it.",
    )


def _read_only(doing: Doing) -> PermissionDenied:
    return PermissionDenied(
        f"{doing}: the public link does not allow it",
        remedy="Ask its owner for a link that allows it, or for an account.",
    )


def _otherwise(status: int) -> Meaning:
    if status >= 300:
        return by_hundreds(status, _ADDRESS)
    if status == 207:
        return Meaning(Unreachable, "the server did it only in part")
    if status == 202:
        return Meaning(Unreachable, "the server took it but does not say when it will be stored")
    return Meaning(NotAStore, "the answer is not a WebDAV server's", _ADDRESS)


def _words(headers: Mapping[str, str], body: bytes) -> str:
    """The server's own words, if it used sabre's form of an error; never a whole page."""
    if "xml" not in headers.get("Content-Type", ""):
        return ""
    found = re.search(rb"<s:message>([^<]{1,200})", body)
    return " ".join(found[1].decode("utf-8", "replace").split()) if found else ""
