"""Tries as a stranger whether friends get a dataset: clones it from its public address and reads its smallest files.

The stranger has no login, git config or keyring of the user (`cli.sandbox`), and everything that it makes is removed.
"""

import hashlib
import math
import os
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from heapq import nsmallest
from typing import Any, NamedTuple

from git_annex_remote_pyshare.annex.keys import digests, expected_size, size_in_report
from git_annex_remote_pyshare.cli.output import counted
from git_annex_remote_pyshare.cli.sandbox import Done, Stranger, ended_like_ctrl_c, temporary_place
from git_annex_remote_pyshare.config.annex_branch import written_remotes
from git_annex_remote_pyshare.config.annex_url import SCHEME, parse_annex_url
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.config.remotes import OURS, is_plain_name
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.safe_text import one_line
from git_annex_remote_pyshare.transfer import BLOCK, in_words

_LONGEST_REASON = 400
"""Characters of what other programs say about a failure."""

_BY_SSH = "you have not accepted that ssh logs in there"
"""Part of the text by which our own program says that it has not started ssh."""
_OF_OWN_ACCOUNT = "and you have not accepted that yet"
"""Part of what our own program says where a store is in an account of each friend's own."""

_ASKS_FOR_LOGIN = ("could not read Username", "terminal prompts disabled", "Authentication failed", "Permission denied")
"""What git and ssh say where an address wants a login (git's credential.c and http.c, OpenSSH's sshconnect2.c)."""


_OF_A_LINK = re.compile(r"\b(?:public|shared) link\b")
"""How our stores name a link that does not open (`backends.webdav.errors`, `backends.dropbox.shared_link`)."""


class State(Enum):
    """How one check ended."""

    OK = "ok"
    PROBLEM = "problem"
    """Friends do not get the data."""
    LOGIN = "login"
    """Friends need a login, or the password of a link."""
    UNKNOWN = "unknown"
    """The check could not be made."""


class Check(NamedTuple):
    """One thing that a friend does, and how it went."""

    check: str
    """`clone`, `store`, `files` or `read`."""
    state: State
    text: str
    """What happened, as a phrase."""
    fix: str = ""
    """The command, or a sentence, that mends it; empty if nothing has to be mended."""


class Fixes(NamedTuple):
    """What mends a problem: commands for the dataset's owner, or sentences for others."""

    push: str
    """Publishes the history and what git-annex knows."""
    content: str
    """Stores the missing content, and publishes where it is."""
    verify: str
    """Looks at what the store has."""
    link: str
    """Replaces a link that does not open."""


ASK_OWNER = Fixes(*("Ask the owner of the dataset to type: pyshare invite",) * 4)
"""For a dataset of another person."""


class Rehearsal(NamedTuple):
    """How it went for a stranger."""

    address: str
    """What was cloned."""
    checks: tuple[Check, ...]
    """In the order in which a friend meets them; after a problem that stops a friend, there are no more."""
    files: int | None = None
    """Annexed files of the published dataset; None if unknown."""
    missing: int | None = None
    """How many of these are not in the store, as the published dataset knows it; None if unknown."""

    @property
    def state(self) -> State:
        """The worst state of the checks."""
        found = {check.state for check in self.checks}
        return next((state for state in (State.PROBLEM, State.LOGIN, State.UNKNOWN) if state in found), State.OK)

    @property
    def exit_code(self) -> int:
        """0 if a friend gets everything, 1 after a problem, 2 if it could not be tried, 4 if a login is needed."""
        return _EXIT_CODES[self.state]

    @property
    def fields(self) -> dict[str, Any]:
        """For JSON."""
        checks = [{**check._asdict(), "state": check.state.value} for check in self.checks]
        return {**self._asdict(), "state": self.state.value, "checks": checks}


_EXIT_CODES: Mapping[State, int] = {State.OK: 0, State.PROBLEM: 1, State.UNKNOWN: 2, State.LOGIN: 4}


class Store(NamedTuple):
    """A store that friends are meant to read."""

    uuid: str
    """Its UUID; empty for all pyshare stores of the dataset."""
    name: str = ""
    """The remote that the published dataset has to know: that of the link, if there is one."""


ANY = Store("")
"""All pyshare stores of a dataset."""


def rehearse(address: str, store: Store = ANY, *, files: int = 1, fixes: Fixes = ASK_OWNER) -> Rehearsal:
    """Clone a dataset as a stranger, and get its smallest files from the store.

    Call it in the main thread: an end from outside (SIGTERM, SIGHUP) removes what it made, as Ctrl-C does.

    Args:
        address: What friends clone; checked before, see `cli.foreign_address`.
        store: What to read.
        files: How many files to read.
        fixes: What to type in order to mend a problem.
    """
    with ended_like_ctrl_c(), temporary_place("pyshare-rehearse-") as place:
        visit = _Visit(place, address, fixes)
        checks: list[Check] = []
        try:
            checks.extend(visit.checks(store, files))
        except PyshareError as error:
            checks.append(Check("clone", State.UNKNOWN, error.what, error.remedy))
    return Rehearsal(address, tuple(checks), visit.files, visit.missing)


class _Visit:
    """A stranger who comes to the dataset once."""

    def __init__(self, place: str, address: str, fixes: Fixes) -> None:
        self.files: int | None = None
        self.missing: int | None = None
        self._stranger = Stranger(place)
        self._place = place
        self._clone = os.path.join(place, "dataset")
        self._address = address
        self._fixes = fixes

    def checks(self, store: Store, files: int) -> Iterator[Check]:
        """Go through everything that a friend does, until something stops them."""
        cloned = self._stranger.run("git", "clone", "--quiet", "--", self._address, self._clone, cwd=self._place)
        if cloned.code:
            yield self._not_cloned(cloned)
            return
        if missing := self._unpublished():
            yield Check("clone", State.PROBLEM, missing, self._fixes.push)
            return
        yield Check("clone", State.OK, "cloned")
        self._annex("init", "--quiet")
        is_store = self._address.startswith(SCHEME) and "?" in self._address
        of_address = parse_annex_url(self._address).uuid if is_store else ""
        stores = self._enabled(store.uuid or of_address)
        if not stores or not self._knows(store.name):
            what = store.name or "the store"
            yield Check("store", State.PROBLEM, f"the published dataset does not know {what} yet", self._fixes.push)
            return
        yield Check("store", State.OK, f"the store is enabled as {' and '.join(sorted(stores))}")
        yield from self._content(stores, files)

    def _not_cloned(self, done: Done) -> Check:
        if any(word in done.output for word in _ASKS_FOR_LOGIN):
            return Check("clone", State.LOGIN, "there is no such repository, or cloning it needs a login")
        return self._failed("clone", "it cannot be cloned", done)

    def _unpublished(self) -> str:
        """What of the history is missing; empty if nothing is."""
        for ref, what in (("HEAD", "files"), ("refs/remotes/origin/git-annex", "branch git-annex")):
            if self._stranger.run("git", "rev-parse", "--quiet", "--verify", ref, cwd=self._clone).code:
                return f"its {what} {'is' if what.startswith('branch') else 'are'} not published yet"
        return ""

    def _enabled(self, uuid: str) -> dict[str, str]:
        """Name → UUID of the store's remotes, after those are enabled that are not so by themselves."""
        known = written_remotes(self._git_dir)
        rows = {own: row for own, row in known.items() if row.get("externaltype") == OURS}
        wanted = {uuid} if uuid else {row.get("sameas-uuid") or own for own, row in rows.items()}
        if not (found := self._remotes(wanted)):
            for own, row in rows.items():
                name = row.get("name") or row.get("sameas-name", "")
                if (row.get("sameas-uuid") or own) in wanted and is_plain_name(name):
                    # A friend does both after `pyshare accept` has asked; here, there is nothing that could be sent.
                    self._annex("enableremote", name)
                    self._stranger.run("git", "config", f"remote.{name}.annex-verified", "verified", cwd=self._clone)
            found = self._remotes(wanted)
        return found

    def _knows(self, name: str) -> bool:
        """Whether the published dataset has a remote of this name; an empty name is always known."""
        rows = written_remotes(self._git_dir).values()
        return not name or any(name in {row.get("name"), row.get("sameas-name")} for row in rows)

    def _remotes(self, uuids: set[str]) -> dict[str, str]:
        config = LocalConfig(self._git_dir).config
        ids = {key: value for key, value in config.items() if key.endswith(".annex-uuid") and value in uuids}
        return {key.removeprefix("remote.").removesuffix(".annex-uuid"): value for key, value in ids.items()}

    def _content(self, stores: Mapping[str, str], files: int) -> Iterator[Check]:
        """Compare what the dataset has with what the store has, and read the smallest files."""
        there = [word for uuid in sorted(set(stores.values())) for word in ("--or", f"--in={uuid}")][1:]
        present = _Counted(self._rows("find", "-(", *there, "-)"))
        smallest = nsmallest(files, present, key=_size)
        self.missing = sum(1 for _ in self._rows("find", "--not", "-(", *there, "-)"))
        self.files = present.count + self.missing
        if not self.files:
            yield Check("files", State.UNKNOWN, "the dataset has no annexed files", self._fixes.content)
        elif self.missing:
            are = "is" if self.missing == 1 else "are"
            text = f"{self.missing} of {counted(self.files, 'file')} {are} not in the store"
            yield Check("files", State.PROBLEM, text, self._fixes.content)
        else:
            yield Check("files", State.OK, f"{counted(self.files, 'file')}, all in the store")
        for row in smallest:
            check = self._read(str(row["key"]), stores)
            if check.state is not State.OK:
                yield check
                return
        if smallest:
            yield Check("read", State.OK, f"{_which(smallest)} read")

    def _read(self, key: str, stores: Mapping[str, str]) -> Check:
        """Get one content from the first of the store's remotes that has it; the best result counts."""
        results = []
        for name in stores:
            done = self._annex("get", "--quiet", f"--from={name}", f"--key={key}")
            results.append(self._failed("read", "a file cannot be read", done) if done.code else self._compared(key))
        order = [State.OK, State.LOGIN, State.PROBLEM]
        return min(results, key=lambda check: order.index(check.state))

    def _compared(self, key: str) -> Check:
        """Compare the content with its key; git-annex has done so too, unless its settings say otherwise."""
        path = os.path.join(self._clone, self._annex("contentlocation", key).output.strip().rpartition("\n")[2])
        if not os.path.isfile(path):
            return Check("read", State.PROBLEM, "git-annex reports a file that is not there", self._fixes.verify)
        hashers = {name: hashlib.new(name, usedforsecurity=False) for name in digests(key)}
        size = 0
        with open(path, "rb", buffering=0) as file:
            while block := file.read(BLOCK):
                size += len(block)
                for hasher in hashers.values():
                    hasher.update(block)
        same = {name: hasher.hexdigest() for name, hasher in hashers.items()} == digests(key)
        if not same or size != (size if (wanted := expected_size(key)) is None else wanted):
            return Check("read", State.PROBLEM, "the store has other bytes than were saved", self._fixes.verify)
        return Check("read", State.OK, f"{in_words(size)} read")

    def _failed(self, check: str, what: str, done: Done) -> Check:
        reason = _reason(done.output)
        if "pyshare login" in reason or _OF_OWN_ACCOUNT in reason:
            return Check(check, State.LOGIN, reason)
        if _BY_SSH in reason:  # it would log in with the user's own keys, which ssh finds without HOME
            return Check(check, State.LOGIN, "ssh logs in at the store, so friends need an account of their own there")
        if check == "read":
            fix = self._fixes.link if _OF_A_LINK.search(reason) else self._fixes.verify
        else:
            fix = self._fixes.push
        return Check(check, State.PROBLEM, f"{what}: {reason}" if reason else what, fix)

    def _annex(self, *words: str) -> Done:
        return self._stranger.run("git", "annex", *words, cwd=self._clone)

    def _rows(self, *words: str) -> Iterator[dict[str, Any]]:
        return self._stranger.rows("git", "annex", *words, "--json", cwd=self._clone)

    @property
    def _git_dir(self) -> str:
        return os.path.join(self._clone, ".git")


class _Counted:
    """Passes rows on and counts them."""

    def __init__(self, rows: Iterator[dict[str, Any]]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self._rows:
            self.count += 1
            yield row


def _size(row: Mapping[str, Any]) -> float:
    """The size of a row's content; infinite if git-annex does not know it."""
    size = size_in_report(row)
    return math.inf if size is None else size


def _which(rows: list[dict[str, Any]]) -> str:
    return "smallest file" if len(rows) == 1 else f"{len(rows)} smallest files"


_NO_REASON = ("get ", "failed", "ok", "(", "Cloning into", "warning: You appear", "get: ", "1 failed")
"""Starts of lines that git and git-annex print besides the reason of a failure."""


def _reason(output: str) -> str:
    """What a program says about its failure, in one line of limited length."""
    lines = [line.strip() for line in output.splitlines()]
    said = one_line(" ".join(line for line in lines if line and not line.startswith(_NO_REASON)))
    return said if len(said) <= _LONGEST_REASON else f"…{said[-_LONGEST_REASON:]}"
