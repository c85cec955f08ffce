"""The state of the fake Dropbox: who and what is there, what the tests script, and what they can read afterwards."""

import itertools
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, RLock
from typing import Any

from support.fakes.dropbox.accounts import Account, App, Login, Team, Token
from support.fakes.dropbox.answers import Problem, Refused, too_many
from support.fakes.dropbox.script import Rule, Script, Seen
from support.fakes.dropbox.tree import File, Tree, Write, content_hash

MIB = 1 << 20


class FakeDropbox:
    """Dropbox; `dropbox_fake.served` runs it. Attributes are knobs that a test may turn at any time."""

    def __init__(self) -> None:
        self.latency = 0.0
        """Seconds before each call is done."""
        self.lock_seconds = 0.0
        """Seconds that a commit holds its namespace; another one meanwhile is refused. 0: they wait for it."""
        self.contention_status = 409
        """How it is refused: 409 with a tag in the route's union, or 429."""
        self.request_limit = 150 * MIB
        self.file_limit = (1 << 41) - (1 << 22)
        self.unsatisfiable_status = 409
        """For a range behind a file's end: the official SDKs look for an error `range/not_satisfiable`; or 416."""
        self.page = 500
        """Entries of one answer of list_folder."""
        self.token_lifetime = 14_400.0
        """Seconds."""
        self.seen: list[Seen] = []
        self.connections: list[str] = []
        """The host of each TLS connection that was made."""
        self.script = Script()
        self.lock = RLock()
        self.ended = Event()
        self.app = App("fakeappkey")
        self.apps = {self.app.key: self.app}
        self.people: list[Account] = []
        self.tokens: dict[str, Token] = {}
        self.refreshes: dict[str, tuple[Account, App, frozenset[str]]] = {}
        self.visitor: Account | None = None
        """Who is logged in to www.dropbox.com in the browser; the first person unless set."""
        self.tables: dict[str, dict[str, Any]] = {}
        """What the routes keep: sessions, cursors, links, codes, by their kind."""
        self._shift = 0.0
        self._held_until = 0.0
        self._numbers = itertools.count(1)

    @property
    def namespaces(self) -> dict[str, Tree]:
        """All namespaces by their id."""
        trees = {tree.number: tree for person in self.people for tree in person.root.everything()}
        return {**trees, **self.table("namespaces")}

    def person(self, name: str, team: Team | None = None) -> Account:
        """A new account."""
        made = Account(name, team)
        self.people.append(made)
        return made

    def new_app(self, key: str, secret: str = "", folder: str = "") -> App:
        """A new app; `folder` for one that sees its own folder below /Apps only."""
        self.apps[key] = App(key, secret, folder)
        return self.apps[key]

    def log_in(self, account: Account, app: App | None = None, scopes: str = "") -> Login:
        """What the login in a browser gives, for all of the app's scopes or for these, separated by blanks."""
        app = app or self.app
        wanted = frozenset(scopes.split()) or app.scopes
        refresh = f"refresh-{secrets.token_hex(8)}"
        self.refreshes[refresh] = (account, app, wanted)
        return Login(self.access(refresh, wanted).text, refresh, account, app)

    def access(self, refresh: str, scopes: frozenset[str]) -> Token:
        """A new access token of a login."""
        account, app, _ = self.refreshes[refresh]
        text = f"sl.{secrets.token_hex(12)}"
        self.tokens[text] = Token(text, account, app, scopes, self.now() + self.token_lifetime, refresh)
        return self.tokens[text]

    def revoke(self, refresh: str) -> None:
        """End a login with all its access tokens, as its owner can on dropbox.com."""
        self.refreshes.pop(refresh, None)
        self.tokens = {text: token for text, token in self.tokens.items() if token.refresh != refresh}

    def shared_folder(self, *mounted: tuple[Account, str]) -> Tree:
        """A new namespace that these accounts have at these paths."""
        tree = Tree()
        tree.is_shared = True
        self.table("namespaces")[tree.number] = tree
        for account, path in mounted:
            account.home.mount(path, tree)
        return tree

    def put(self, tree: Tree, path: str, content: bytes) -> File:
        """Put a file there behind everybody's back."""
        with self.lock:
            return tree.write(Write(path, content, content_hash(content), self.stamp(), {"mode": "overwrite"}))

    def put_document(self, tree: Tree, path: str) -> File:
        """Put a file there that can only be exported, as Google's documents are."""
        file = self.put(tree, path, b"")._replace(is_downloadable=False)
        tree.entries[path.lower()] = file
        return file

    def content(self, tree: Tree, path: str) -> bytes | None:
        """A file's bytes, or None if there is no file."""
        entry = tree.entries.get(path.lower())
        return entry.content if isinstance(entry, File) else None

    def play(self, *rules: Rule) -> None:
        """Script what happens to coming calls."""
        self.script.add(*rules)

    def routes(self) -> list[str]:
        """The routes of all calls so far, in the order of their ends."""
        return [seen.route for seen in self.seen]

    def forget(self) -> None:
        """Count calls and connections from zero."""
        self.seen.clear()
        self.connections.clear()

    def hold(self, seconds: float) -> None:
        """Answer every call with 429 from now on for so long."""
        self._held_until = time.monotonic() + seconds

    def check_rate(self) -> None:
        """Refuse a call while `hold` lasts."""
        left = self._held_until - time.monotonic()
        if left > 0:
            raise Refused(too_many("too_many_requests", int(left) + 1))

    def now(self) -> float:
        """Seconds by the service's own clock."""
        return time.time() + self._shift

    def pass_time(self, seconds: float) -> None:
        """Put the clock forward: tokens, sessions and links grow old."""
        self._shift += seconds

    def stamp(self) -> str:
        """Now, as the API writes times."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now()))

    def table(self, kind: str) -> dict[str, Any]:
        """What a group of routes keeps, by its own ids."""
        return self.tables.setdefault(kind, {})

    def new_name(self, kind: str) -> str:
        """An id that was not used before and cannot be guessed."""
        return f"{kind}{next(self._numbers)}{secrets.token_hex(8)}"

    @contextmanager
    def committing(self, tree: Tree) -> Iterator[None]:
        """The namespace's lock for one commit.

        Raises:
            Problem: too_many_write_operations, since another commit holds it.
            Refused: The same as 429.
        """
        if not self.lock_seconds:
            with self.lock:
                yield
            return
        if not tree.busy.acquire(blocking=False):
            if self.contention_status == 429:
                raise Refused(too_many("too_many_write_operations", 1))
            raise Problem("too_many_write_operations")
        try:
            self.ended.wait(self.lock_seconds)
            with self.lock:
                yield
        finally:
            tree.busy.release()
