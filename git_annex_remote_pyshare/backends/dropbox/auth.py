"""What each request to Dropbox authenticates with: the access token, and the namespace that paths start in."""

import json
from collections.abc import Mapping
from threading import Lock

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.dropbox.credential import Login, login_of
from git_annex_remote_pyshare.backends.dropbox.tokens import Tokens
from git_annex_remote_pyshare.errors import PermissionDenied

PATH_ROOT = "Dropbox-API-Path-Root"


class Access:
    """The login for one store, looked up when it is first needed and shared by all jobs.

    Args:
        place: Gives the login.
    """

    def __init__(self, place: StoreConfig) -> None:
        self._place = place
        self._lock = Lock()
        self._tokens: Tokens | None = None

    @property
    def tokens(self) -> Tokens:
        """Access tokens.

        Raises:
            PermissionDenied: There is no login.
        """
        with self._lock:
            if self._tokens is None:
                credential = self._place.credential()
                if credential is None:
                    raise PermissionDenied(
                        f"{self._place.url.partition('?')[0]} needs a login at Dropbox",
                        remedy=self._place.advice() or None,
                    )
                self._tokens = Tokens(login_of(credential))
            return self._tokens

    @property
    def login(self) -> Login:
        """The login itself; raises as `tokens` does."""
        return self.tokens.login


class PathRoot:
    """The namespace that paths start in, sent in the header Dropbox-API-Path-Root.

    Source: https://www.dropbox.com/developers/reference/path-root-header-modes.

    Args:
        namespace: The setting: `root:ID` for an account whose root is that namespace, `ID` for any namespace that the
            account can reach, e.g. a shared folder. Empty for the home of the logged-in account.
    """

    def __init__(self, namespace: str) -> None:
        _, colon, number = namespace.rpartition(":")
        self._number = number
        self._value = {".tag": "root", "root": number} if colon else {".tag": "namespace_id", "namespace_id": number}

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that every request has."""
        return {PATH_ROOT: json.dumps(self._value)} if self._number else {}

    def moved(self, info: Mapping[str, object]) -> bool:
        """Whether to repeat a request after `invalid_root`: True if the owner's home has moved into a team's space.

        Args:
            info: The account's namespaces, as the error lists them.
        """
        mine = bool(self._number) and info.get("home_namespace_id") == self._number
        if mine:
            self._value = {".tag": "namespace_id", "namespace_id": self._number}
        return mine
