"""Authenticates requests: Basic and Bearer with the first request, Digest when the server requires it.

A refused login is final for the whole process and tried once for all jobs: after wrong passwords Nextcloud delays
every request from the same network (lib/private/Security/Bruteforce/Throttler.php).
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from threading import Lock
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.webdav import errors
from git_annex_remote_pyshare.backends.webdav.errors import Doing
from git_annex_remote_pyshare.backends.webdav.url import GUEST, Address, account_of
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.host import is_confidential
from git_annex_remote_pyshare.errors import PermissionDenied
from git_annex_remote_pyshare.transport.exchange import release
from git_annex_remote_pyshare.transport.response import HTTPResponse

_OFFERS = re.compile(r",\s*(?=(?:Basic|Digest|Bearer|Negotiate|NTLM)\b(?!=))", re.IGNORECASE)
"""Separators between the challenges of one header line."""

Send = Callable[[str], HTTPResponse]
"""Sends the request with this value of `Authorization`, or without the header if it is empty."""


class _Scheme(Protocol):
    def header(self, method: str, url: str) -> str:
        """The value of `Authorization`; empty for none."""


class _Constant:
    """Basic, Bearer, or no login at all."""

    def __init__(self, value: str = "") -> None:
        self._value = value

    def header(self, _method: str, _url: str) -> str:
        return self._value


class _Digest:
    """Digest (RFC 7616), with one nonce and one count for all jobs."""

    def __init__(self, credential: Credential, challenge: str) -> None:
        # As slow to import as all of pyshare, and few servers require it.
        from requests.auth import HTTPDigestAuth  # noqa: PLC0415
        from requests.utils import parse_dict_header  # noqa: PLC0415

        self._builder = cast("Any", HTTPDigestAuth(credential.user, credential.secret))
        # requests keeps nonce and count per thread; a count must not be used twice, so all threads share them.
        self._builder._thread_local = _Shared()  # noqa: SLF001
        self._builder.init_per_thread_state()
        self._builder._thread_local.chal = parse_dict_header(challenge)  # type: ignore[no-untyped-call]  # noqa: SLF001
        self._lock = Lock()

    def header(self, method: str, url: str) -> str:
        with self._lock:
            return self._builder.build_digest_header(method, url) or ""


class _Shared:
    """Attributes shared by all threads, in place of requests' thread-local ones."""


class Auth:
    """The login of one store.

    Args:
        place: Provides the login and this clone's options.
        address: The only server that receives the login.
        while_waiting: Called with the URL of a request that waits for the first response to another one.
    """

    def __init__(
        self, place: StoreConfig, address: Address, while_waiting: Callable[[str], None] = lambda _url: None
    ) -> None:
        self._place = place
        self._address = address
        self._while_waiting = while_waiting
        self._guest = GUEST if address.token else ""
        self._credential: Credential | None = None
        self._scheme: _Scheme | None = None
        self._refusal: PermissionDenied | None = None
        self._is_accepted = False
        self._turn = Lock()
        self._changing = Lock()

    @cached_property
    def login(self) -> Credential | None:
        """The login of the first request; looked up once, at first use."""
        return self._look_up()

    @property
    def is_refused(self) -> bool:
        """Whether the server has refused the login, so that another request would look like password guessing."""
        return self._refusal is not None

    def is_for(self, url: str) -> bool:
        """Whether the login may be sent to this URL: the store's own server, or the same host with TLS."""
        if url.startswith(f"{self._address.origin}/"):
            return True
        mine, other = _origin(self._address.base), _origin(url)
        return other == mine or (mine == ("http", other[1], 80) and other[::2] == ("https", 443))

    def as_guest(self, token: str) -> None:
        """Send the link's token as the user name, as the older address of public links requires."""
        self._guest = token
        self._is_accepted = False
        self._scheme = self._as_guest()

    def send(self, method: str, url: str, doing: Doing, send: Send) -> HTTPResponse:
        """Send one request with the login, a second time if the server's challenge requires it.

        Raises:
            PermissionDenied: The server refuses the login, now or earlier.
        """
        with self._first_request_alone(url):
            scheme = self._scheme or self._first_scheme(url, doing)
            response = send(scheme.header(method, url))
            if response.status == 401 and self._other_way(response, scheme):
                release(response)
                response = send(self._current().header(method, url))
            if response.status == 401:
                release(response)
                raise self._refused(url, doing)
            if response.status < 500 and response.status not in {407, 408, 429}:
                self._is_accepted = True
            return response

    @contextmanager
    def _first_request_alone(self, url: str) -> Iterator[None]:
        """Let one job send the first request; the others wait for its response and continue or fail with it."""
        with ExitStack() as turn:
            if not self._is_accepted or self._refusal is not None:
                self._await_turn(url)
                turn.callback(self._turn.release)
            if self._refusal is not None:
                raise self._refusal
            if self._is_accepted:
                turn.close()  # the first response came while this job waited
            yield

    def _await_turn(self, url: str) -> None:
        if not self._turn.acquire(blocking=False):
            self._while_waiting(url)
            self._turn.acquire()

    def _current(self) -> _Scheme:
        return self._scheme or _Constant()

    def _first_scheme(self, url: str, doing: Doing) -> _Scheme:
        credential = self._credential = self.login
        if self._guest:
            self._scheme = self._as_guest()
        elif credential is None:
            self._scheme = _Constant()
        elif not self._must_withhold(url):
            self._scheme = _constant(credential)
        elif credential.user:
            self._scheme = _Constant()  # The server may require Digest, which does not reveal the password.
        else:
            raise self._withheld(doing)
        return self._scheme

    def _look_up(self) -> Credential | None:
        """The login; at a public link only one that is stored for that link."""
        return account_of({"url": self._place.url}).fitting(self._place.credential())

    def _as_guest(self) -> _Scheme:
        """The guest login, without the password where others could read it: a link with a password then refuses it."""
        shown = self._credential is not None and not self._must_withhold(self._address.base)
        secret = self._credential.secret if self._credential and shown else ""
        return _constant(Credential(self._guest, secret, "the public link"))

    def _other_way(self, response: HTTPResponse, used: _Scheme) -> bool:
        """Switch to another way to authenticate than the refused one; False if there is none."""
        with self._changing:
            if self._scheme is not used:
                return True  # another job has already switched
            if self._credential is None:
                return False
            if challenge := _digest_wanted(response, used):
                self._scheme = _Digest(self._credential, challenge)
                return True
            renewed = self._look_up() if self._is_accepted else None
            if renewed is not None and renewed != self._credential:
                self._credential = renewed
                self._scheme = self._as_guest() if self._guest else _constant(renewed)
                return True
            return False

    def _refused(self, url: str, doing: Doing) -> PermissionDenied:
        credential = self._credential
        if credential is None:
            wanted = errors.login_wanted(doing, self._place.advice())
            if self._guest and not self._is_accepted:  # Nextcloud counts this as a wrong password as well
                self._refusal = wanted
            return wanted
        if self._must_withhold(url) and not isinstance(self._scheme, _Digest):
            return self._withheld(doing)
        if self._guest:
            self._refusal = errors.password_refused(doing, credential.origin)
            return self._refusal
        who = f"{credential.user or 'the token'} from {credential.origin}"
        self._refusal = errors.login_refused(doing, who)
        return self._refusal

    def _must_withhold(self, url: str) -> bool:
        return not (is_confidential(url) or self._place.clone.get(options.INSECURE))

    def _withheld(self, doing: Doing) -> PermissionDenied:
        return errors.login_withheld(doing, self._place.clone.key(options.INSECURE))


def _constant(credential: Credential) -> _Scheme:
    """Basic as UTF-8 (RFC 7617 §2.1), or Bearer (RFC 6750) for a login without a user.

    Raises:
        PermissionDenied: The token contains characters that are not valid in a header.
    """
    if not credential.user:
        if not (credential.secret.isascii() and credential.secret.isprintable() and " " not in credential.secret):
            raise errors.token_unusable(credential.origin)
        return _Constant(f"Bearer {credential.secret}")
    pair = f"{credential.user}:{credential.secret}".encode("utf-8", "surrogateescape")
    return _Constant(f"Basic {b64encode(pair).decode()}")


def _digest_wanted(response: HTTPResponse, used: _Scheme) -> str:
    """The challenge of a server that requires Digest, or Digest with a new nonce; else empty."""
    offers = [offer for line in response.headers.getlist("WWW-Authenticate") for offer in _OFFERS.split(line)]
    by_kind = {kind.lower(): rest for kind, _, rest in (offer.strip().partition(" ") for offer in reversed(offers))}
    challenge = by_kind.get("digest", "")
    if isinstance(used, _Digest):
        return challenge if re.search(r'\bstale="?true', challenge, re.IGNORECASE) else ""
    was_basic = used.header("", "").startswith("Basic")
    return "" if was_basic and "basic" in by_kind else challenge


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
