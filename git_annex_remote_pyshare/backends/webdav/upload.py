"""Stores an object by PUT: to its final name if the server's PUT is atomic, else to a temporary name and MOVE."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock

from git_annex_remote_pyshare.backends.base import Receipt, StoreConfig
from git_annex_remote_pyshare.backends.webdav import in_the_way
from git_annex_remote_pyshare.backends.webdav.client import Client, Request
from git_annex_remote_pyshare.backends.webdav.conditions import (
    are_compared,
    headers_for_target,
    headers_of,
    require,
)
from git_annex_remote_pyshare.backends.webdav.download import stat
from git_annex_remote_pyshare.backends.webdav.folders import Folders
from git_annex_remote_pyshare.backends.webdav.server_features import ATOMIC, UNKNOWN
from git_annex_remote_pyshare.backends.webdav.temporary import Move, Temporaries, is_success, move
from git_annex_remote_pyshare.backends.webdav.url import in_path
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import BadName, BadSetting, Cancelled, Corrupt, PermissionDenied, PyshareError
from git_annex_remote_pyshare.transfer import Condition, Progress, Source
from git_annex_remote_pyshare.transport.body import Body
from git_annex_remote_pyshare.transport.headers import BINARY, content_type
from git_annex_remote_pyshare.transport.response import HTTPResponse

_LARGE = 1 << 20
"""Objects of more bytes are not sent before their folder is known to exist."""

_LEAD = 5.0
"""Seconds that the first small object may take before the others no longer wait for it."""


class Uploads:
    """All uploads to one store, which share the known folders and server features.

    Args:
        place: Provides this clone's options and identity.
        client: Sends the requests.
        folders: Makes the objects' folders.
    """

    def __init__(self, place: StoreConfig, client: Client, folders: Folders) -> None:
        self._client = client
        self._folders = folders
        self._is_tree = place.is_tree
        self._temporaries = Temporaries(client, place.clone)
        self._sends_checksum = False
        self._move_is_verified = False
        self._first = Lock()
        """Taken by the first small object, for good."""
        self._begun = Event()
        """Nothing waits for that object any more."""
        self._put_mode = place.clone.get(options.PUT)
        if self._put_mode not in {"", "direct", "move"}:
            raise BadSetting(
                f"git config remote.{place.clone.remote}.{options.PUT.name} is {self._put_mode!r}",
                remedy="Use direct or move; remove the option to choose by the kind of server.",
            )

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        """Store one object; see `Backend.put`."""
        path = in_path(name)
        folder = path.rpartition("/")[0]
        what = "store the file"
        typed = {"Content-Type": content_type(name) if self._is_tree else BINARY}
        condition = source.condition
        with self._one_goes_ahead(source.size):
            if not self._folders.seen(folder) and (self._folders.fresh or source.size > _LARGE):
                self._folders.make(folder)
            if not self._is_direct(condition):
                with self._temporaries.one_for(path) as temporary:
                    request = Request("PUT", temporary, what, typed, Body(source, progress))
                    receipt = self._send(request, source)
                    # Who makes a folder may learn by it that this server needs no MOVE.
                    if receipt is not None or not self._is_direct(condition):
                        receipt = receipt or self._send_again(request, source)
                        self._move_into_place(name, temporary, source, progress)
                        return receipt
            if not are_compared(self._client):
                require(self._client, name, condition)
            headers = {**typed, **headers_of(self._client, path, condition)}
            request = Request("PUT", path, what, headers, Body(source, progress))
            try:
                return self._send(request, source) or self._send_again(request, source)
            except PyshareError as error:
                if self._is_tree and not error.retryable:
                    in_the_way.explain(self._client, path, what)
                raise

    @contextmanager
    def _one_goes_ahead(self, size: int) -> Iterator[None]:
        """Let one small object go before all others.

        The responses to it tell the kind of the server and whether folders are missing; otherwise each job would learn
        that by a refused request and a MOVE of its own.
        """
        is_small = size <= _LARGE
        goes_ahead = is_small and self._first.acquire(blocking=False)
        if is_small and not goes_ahead and not self._begun.wait(_LEAD):
            self._begun.set()
        try:
            yield
        finally:
            if goes_ahead:
                self._begun.set()

    def _is_direct(self, condition: Condition | None) -> bool:
        """Whether to store by one PUT. One that the server does not compare would replace an edit made meanwhile."""
        if self._put_mode:
            return self._put_mode == "direct"
        return self._client.features.atomic and (condition is None or are_compared(self._client))

    def _move_into_place(self, name: str, temporary: str, source: Source, progress: Progress) -> None:
        """Give a temporary object its name, once the server has all of it."""
        path, what, condition = in_path(name), "store the file", source.condition
        self._compare(temporary, source.size, what)
        self._refuse_unmovable(name, what)
        wanted = Move(temporary, path, source.size, what, "F" if self._is_tree else "T")
        if condition is not None:
            wanted = wanted._replace(
                replacing=headers_for_target(self._client, path, condition),
                look=lambda: require(self._client, name, condition),
            )
        move(self._client, wanted, lambda: progress(source.size))
        if not self._move_is_verified:
            self._compare(path, source.size, what)
            self._move_is_verified = True

    def _send(self, request: Request, source: Source) -> Receipt | None:
        """PUT; if the folder is missing, make it and return None."""
        folder = request.path.rpartition("/")[0]
        seen = self._folders.seen(folder)
        request = request._replace(headers={**request.headers, **self._headers(source)})
        with self._client.send(request) as response:
            if not self._is_folder_missing(response, seen):
                return self._receipt(request, response)
            refusal = self._client.failure(request, response)
        with self._explaining_a_file_above(request):
            self._make(folder, seen, refusal)
        return None

    def _send_again(self, request: Request, source: Source) -> Receipt:
        """PUT into a folder that was just made."""
        request = request._replace(headers={**request.headers, **self._headers(source)})
        with self._explaining_a_file_above(request), self._client.send(request) as response:
            return self._receipt(request, response)

    @contextmanager
    def _explaining_a_file_above(self, request: Request) -> Iterator[None]:
        """Say so if a folder is a file: nginx says 500 to a store below it, which would be tried again for minutes."""
        try:
            yield
        except Cancelled:
            raise  # there is no time for a request
        except PyshareError:
            if self._is_tree:
                in_the_way.explain_above(self._client, request.path, request.what)
            raise

    def _is_folder_missing(self, response: HTTPResponse, seen: int) -> bool:
        """Whether a PUT failed, or may have failed, because its folder is missing (RFC 4918 §9.7.1).

        nginx itself says so by 500; what is behind an nginx has other features, and fails with 500 for other reasons.
        """
        nginx = response.headers.get("Server", "").startswith("nginx")
        return (
            response.status in {404, 409}
            or (response.status == 403 and not seen)
            or (response.status == 500 and nginx and (not seen or self._client.features == ATOMIC))
        )

    def _make(self, folder: str, seen: int, refusal: PyshareError) -> None:
        try:
            self._folders.make(folder, seen)
        except PyshareError as error:
            # A missing permission explains more than a folder that cannot be made.
            raise refusal if isinstance(refusal, PermissionDenied) else error from error

    def _headers(self, source: Source) -> dict[str, str]:
        headers = {}
        if self._sends_checksum:
            headers["OC-Checksum"] = f"SHA1:{source.digest('sha1')}"
        elif self._client.features.hashes or (self._client.features is UNKNOWN and self._client.address.cloudy):
            headers["X-Hash"] = "sha256"
        return headers

    def _receipt(self, request: Request, response: HTTPResponse) -> Receipt:
        """The receipt of a successful response; raises the error of any other."""
        if not is_success(response):
            raise self._client.failure(request, response)
        self._folders.found(request.path.rpartition("/")[0])
        received = response.headers.get("X-Hash-SHA256", "").lower()
        if "X-Hash" in request.headers and self._client.features.hashes and not received:
            self._sends_checksum = (
                True  # ownCloud and old Nextcloud send no hash; ownCloud compares a checksum that it receives.
            )
        return Receipt(digests={"sha256": received} if received else {})

    def _refuse_unmovable(self, name: str, what: str) -> None:
        if not set(name).isdisjoint(unmovable := self._client.features.unmovable):
            raise BadName(
                f"{self._client.doing(what)}: this server changes names that contain one of {unmovable} in a MOVE"
            )

    def _compare(self, path: str, size: int, what: str) -> None:
        """Compare the stored size with the sent one, unless the server's success implies it.

        sabre's plain file store sends 201 even if the disk refused the data (lib/DAV/FS/Directory.php).
        """
        if self._client.features.counts:
            return
        found = stat(self._client, path, what)
        if found is None or found.size not in {None, size}:
            there = "nothing" if found is None else f"{found.size} bytes"
            raise Corrupt(
                f"{self._client.doing(what)}: the server confirmed {size} bytes, but has {there}",
                remedy="The disk behind it may be full, or the name too long for it.",
            )
