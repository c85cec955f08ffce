"""Defines the abilities that a tree needs: a folder by real names, which people read, and may edit.

They are used like those of `abilities.py`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from git_annex_remote_pyshare.transfer import Condition


@runtime_checkable
class Moves(Protocol):
    """Ability: rename an object. Without it, a store cannot hold a tree (`exporttree=yes`)."""

    def move(self, source: str, target: str) -> None:
        """Rename an object, replace one that is at `target`, and create the folders that it needs.

        At any time, also after a failure, the whole object is at one of the two names, or at both. A call may be
        repeated after a failure whose outcome is unknown.

        Raises:
            NotFound: The store says clearly that there is no object at `source`; nothing has changed.
            BadName: The store cannot hold an object of the name `target`; nothing has changed.
            FolderInTheWay: A folder has the name `target`; nothing has changed.
            PyshareError: Any other failure.
        """


@runtime_checkable
class RemovesFolders(Protocol):
    """Ability: remove a folder of a tree, in a store whose folders exist without objects in them."""

    def remove_folder(self, name: str) -> None:
        """Remove the folder if it is empty; our own remains of killed uploads do not count.

        Succeeds if there is no such folder, or if it has other files. Raises a PyshareError if the request fails.
        """


YOUNG = "-young"
"""End of the content identifier of a file that was written so shortly before the listing that another edit might leave
its time and size as they are. The next listing gives another identifier, so git-annex looks at the file once more."""


class Content(NamedTuple):
    """One version of a file of a tree."""

    name: str
    size: int
    """Bytes."""
    id: str
    """The content identifier, one line: never the same for two contents of the store, and the same as long as the
    content stays. Empty for a file that the service shows, but does not send."""
    is_temporary: bool = False
    """Whether it is our own temporary file, of an upload into its folder that is under way or was broken off. It is not
    imported, but a file that is missing in the folder may be the one that is uploaded."""
    version: str = ""
    """What a conditional request calls this version, see `Condition.version`; only `content_of` gives it."""


def is_importable(segment: str) -> bool:
    """Whether git can hold this part of a name: no line break, and not `.git`. Do not list below another folder."""
    return "\n" not in segment and segment.lower() != ".git"


@runtime_checkable
class HidesNames(Protocol):
    """Ability: tell which files a listing leaves out although they are there; an import asks for those by their names.

    For stores with the ability `ListsContents`, whose `content_of` finds such a file.
    """

    def hidden(self, names: Iterable[str]) -> Sequence[str]:
        """Those of the names that the service does not list. What is known after a listing, without a request."""


@runtime_checkable
class RemovesVersions(Protocol):
    """Ability: remove an object only if no one has replaced it meanwhile; for stores that also list their contents."""

    def remove_version(self, name: str, content: str) -> None:
        """Remove the object if it has this content; the service compares at the moment of the removal, where it can.

        Args:
            name: The object.
            content: Its content identifier, as `ListsContents.content_of` returned it.

        Raises:
            ContentChanged: It has another one.
            NotFound: There is no such object; another process may have removed it.
            PyshareError: Any other failure, after which the object may be gone.
        """


@runtime_checkable
class ListsContents(Protocol):
    """Ability: list the versions of all files, and deliver exactly the listed one: for an import (`importtree=yes`).

    `Backend.get` of such a store looks at `Sink.content`: unless it is empty, it calls `Sink.require` with the
    identifier of what is there, before it writes and, if the content may change while it is sent, again at the end.
    """

    def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
        """List a part of the store: one page, or one folder.

        Do not leave out a file in doubt: git-annex takes a file that is not in the list for one that was removed.

        Args:
            cursor: Empty for the first part, else one that an earlier call has returned.
            add: Called for each file, but not for our own marks; also once for a folder whose name git cannot hold
                (`is_importable`), in place of its files.

        Returns:
            The cursors of further parts. An empty one means that the service has forgotten the listing, which must
            begin again.

        Raises:
            NotFound: There is no such store.
            PyshareError: Any other failure.
        """

    def content_of(self, name: str) -> Content | None:
        """The version that the store has now; None if it says clearly that there is no such file.

        Raises a PyshareError if the response leaves any doubt.
        """


@runtime_checkable
class WritesConditionally(Protocol):
    """Ability: replace, rename or remove a file only if it is still the version that was seen, for a tree with imports.

    `Backend.put` of such a store looks at `Source.condition`. A condition is checked by the service itself if it can,
    else by a look as late as possible. ContentChanged says that it was not met, and that nothing has changed.
    """

    def delete_if(self, name: str, condition: Condition) -> None:
        """See `Backend.delete`. Raises ContentChanged, or another PyshareError if the request fails."""

    def move_if(self, source: str, target: str, moved: Condition | None, replaced: Condition | None) -> None:
        """See `Moves.move`, whose errors it raises, or ContentChanged. None stands for any version, or no file."""

    def unconditional(self) -> str:
        """Which writes the service itself does not check, as in "removing a file"; empty if it checks all.

        What is known so far, without a request.
        """
