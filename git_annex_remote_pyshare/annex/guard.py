"""Keeps an export from overwriting or removing what people changed in the store since this clone imported it.

An import lists the store, git merges, and the export that follows removes and overwrites by names. An edit that comes
in between would be lost, and so would one whose import has failed. So an export destroys only versions that git has
by what git-annex recorded, or that this clone has stored itself; any other is kept. A clone that has never listed the
store for an import exports as git-annex itself does.

An edit may also come between the look at a file and the request that replaces or removes it. So that request names the
version that was seen, and the service, or at least the backend, refuses it for any other.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from git_annex_remote_pyshare.annex.keys import expected_size
from git_annex_remote_pyshare.annex.proof import MOST, downloaded, is_of
from git_annex_remote_pyshare.annex.recorded import Recorded
from git_annex_remote_pyshare.backends.base import Backend, Content, ListsContents, WritesConditionally
from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.errors import ContentChanged, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.state.inventory import Inventory, Known
from git_annex_remote_pyshare.state.state_dir import StateDir
from git_annex_remote_pyshare.transfer import Condition, Source

_OF_GIT_ANNEX = (".git/", ".git-annex-tmp-content-")
"""Start of names that git-annex gives to files of its own; people do not edit those."""


Done = TypeVar("Done")


class ChangedByOthers(PyshareError):
    """A file is kept, since other people have changed it."""


class Guard:
    """Compares what an export would destroy with what git has.

    Args:
        store: The store.
        inventory: What this clone has noted about each name.
    """

    def __init__(self, store: Backend, inventory: Inventory) -> None:
        self._store = store
        self._inventory = inventory
        self._recorded = Recorded(store.place.clone)
        self._was_on = False

    @property
    def is_on(self) -> bool:
        """Whether this clone imports from the store; otherwise every check passes, and nothing is asked.

        A process of the assistant may live on from before the first import.
        """
        self._was_on = self._was_on or self._has_imported()
        return self._was_on

    def _has_imported(self) -> bool:
        clone = self._store.place.clone
        # The first check needs neither a database nor git.
        if not StateDir(clone.git_dir, "contents", lambda _: False).files() or not self._store.has(ListsContents):
            return False
        from git_annex_remote_pyshare.state.contents import KeptContents  # noqa: PLC0415  # only after an import

        is_listed = KeptContents(clone.git_dir, clone.remote_uuid, self._store.place.url).is_there
        return is_listed and not clone.get(options.OVERWRITE)

    def check(self, name: str) -> Condition | None:
        """Look at a file; returns the condition for a request that destroys it, None if it may have any version.

        Raises:
            ChangedByOthers: Git does not know the version that is there.
            PyshareError: The store does not say what it has.
        """
        if not self.guards(name):
            return None
        found = self.look(name)
        if found and not self.key_at(name, found):
            raise self.refusal(name)
        return Condition(found.id.removesuffix(YOUNG), found.version) if found else Condition()

    def guards(self, name: str) -> bool:
        """Whether a file of this name may have been changed by other people."""
        return self.is_on and not name.startswith(_OF_GIT_ANNEX)

    def obey(self, name: str, condition: Condition | None, request: Callable[[Condition | None], Done]) -> Done:
        """Send a request under a condition.

        A service that refuses the request, and then shows the version of the condition, has it under another tag than
        it told: so the look is all that can protect the file.

        Args:
            name: The file that the condition is about.
            condition: Returned by `check`.
            request: Sends the request under the condition; may be called again with None.

        Raises:
            ChangedByOthers: The condition is not met; nothing has changed.
            PyshareError: The request fails.
        """
        try:
            return request(condition)
        except ContentChanged as error:
            if condition is None or not condition.version or self.check(name) != condition:
                raise self.refusal(name) from error
        return request(None)

    def same_content(self, name: str, source: Source) -> str:
        """The content identifier of the file that is there, if it has all bytes of the source; else empty.

        Downloads a file of the same size, and no large one.
        """
        with suppress(PyshareError, OSError):
            found = self.look(name)
            if found is not None and found.size == source.size <= MOST:
                with downloaded(self._store, name, found.id) as file:
                    if file.digest("sha256") == source.digest("sha256"):
                        return found.id
        return ""

    @property
    def gap(self) -> str:
        """What the user should know about writes that the service does not check; empty if there is nothing."""
        if not self.is_on:
            return ""
        if not self._store.has(WritesConditionally):
            unchecked = "replacing, renaming or removing a file"
        else:
            unchecked = self._store.call(WritesConditionally, lambda able: able.unconditional())
        return unchecked and (
            f"this store may not compare versions itself when {unchecked}: an edit that other people make in that very"
            " moment is lost"
        )

    def look(self, name: str) -> Content | None:
        """The version that the store has now; None if there is no such file."""
        return self._store.call(ListsContents, lambda able: able.content_of(name))

    def has(self, key: str, name: str, found: Content) -> bool:
        """Whether git has this version of the file as the content of the key."""
        noted = Known(key, found.id.removesuffix(YOUNG))
        if not noted.content:
            return False
        # Two keys can have the same bytes, so that the version is known as that of the other one.
        return (
            noted in self._inventory.find(name)
            or self.key_at(name, found) == key
            or self._recorded.is_of(key, noted.content)
        )

    def key_at(self, name: str, found: Content) -> str:
        """The key of this version of the file; empty if git does not have it under this name."""
        content = found.id.removesuffix(YOUNG)
        if not content:
            return ""  # it cannot be imported, so git has never had it
        noted = self._inventory.find(name)
        if key := next((known.key for known in noted if known.content == content), ""):
            return key
        if key := self._recorded.key_at(name, content):
            # git-annex may take the removal that follows for done even if it fails, and record another tree.
            self._inventory.add(name, key, content)
            return key
        if found.size > MOST:
            return ""
        doubtful = [known.key for known in noted if known.content in {"", content + YOUNG}]
        if key := self._proved(doubtful, name, found) or self._proved(self._recorded.keys(name), name, found):
            self._inventory.add(name, key, found.id)
        return key

    def may_be(self, key: str, name: str, found: Content) -> bool:
        """Whether nothing says that this version has the content of another key."""
        content = found.id.removesuffix(YOUNG)
        if not content:
            return False
        keys = self._inventory.keys_of(content) | self._inventory.keys_of(content + YOUNG)
        if key in keys:
            return True
        known = self.key_at(name, found)
        return known == key or not (known or keys) or self._recorded.is_of(key, content)

    def _proved(self, keys: Sequence[str], name: str, found: Content) -> str:
        """The first of the keys whose content is there; empty if that is none, or cannot be told.

        This clone has begun to store it there and never got the response, or it was young when it was stored or listed:
        then it may have been edited since, and still have this identifier.
        """
        keys = [key for key in dict.fromkeys(keys) if expected_size(key) in {None, found.size}]
        if keys:
            with suppress(PyshareError, OSError), downloaded(self._store, name, found.id) as file:
                return next((key for key in keys if is_of(key, file)), "")
        return ""

    def version_of(self, name: str, size: int | None) -> str:
        """The content identifier of a file that was just stored; empty if the guard is off, or the store does not say.

        Args:
            name: The file.
            size: Its bytes, so that what other people stored since then is not taken for it; None if it is not known.
        """
        if self.is_on:
            with suppress(PyshareError):
                if (found := self.look(name)) and size in {None, found.size}:
                    return found.id
        return ""

    def note_version(self, key: str, source: str) -> None:
        """Note the version of a file of git-annex, before it is renamed to a name that people may edit.

        Raises a PyshareError if the store does not say what it has.
        """
        if not self.is_on or self.guards(source) or any(known.content for known in self._inventory.find(source)):
            return
        if (found := self.look(source)) and expected_size(key) in {None, found.size}:
            self._inventory.add(source, key, found.id)

    def refusal(self, name: str) -> ChangedByOthers:
        """The error for a file that other people have changed."""
        remote = self._store.place.clone.remote or "NAME"
        overwrite = command("git", "config", f"remote.{remote}.pyshare-overwrite", "true")
        return ChangedByOthers(
            f"{one_line(name)} was changed in the store since this clone imported it, so it is kept",
            remedy=f"To get the change first, type: {command('git', 'annex', 'sync', '--content')}, or, to overwrite"
            f" such changes from now on: {overwrite}",
        )
