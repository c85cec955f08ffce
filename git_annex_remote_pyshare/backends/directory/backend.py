"""The directory backend: implements the contract's verbs by system calls."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import BinaryIO

from git_annex_remote_pyshare.backends.base import (
    Backend,
    Content,
    Entry,
    Initialized,
    Quota,
    Receipt,
    Stat,
    StoreConfig,
)
from git_annex_remote_pyshare.backends.directory.copying import copy
from git_annex_remote_pyshare.backends.directory.errors import LOCAL_DISK_FULL, as_text, convert_errors
from git_annex_remote_pyshare.backends.directory.folder import Folder
from git_annex_remote_pyshare.backends.directory.marker import MARKER, Marker, MissingStore
from git_annex_remote_pyshare.backends.directory.objects import (
    content_id,
    contents,
    find,
    move_into_place,
    open_object,
    remove,
    remove_folder,
    rename,
    segments_of,
    walk,
)
from git_annex_remote_pyshare.backends.directory.temporary import FOLDER, PREFIX, is_temporary, temporary
from git_annex_remote_pyshare.backends.directory.url import machine_of, path_of
from git_annex_remote_pyshare.backends.tree_abilities import YOUNG
from git_annex_remote_pyshare.errors import (
    BadSetting,
    ContentChanged,
    NotFound,
    PermissionDenied,
    PyshareError,
    SourceChanged,
    Unreachable,
    tracing,
)
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import Condition, Progress, Sink, Source


def _folder_class() -> type[Folder]:
    """The implementation of `Folder` for this system."""
    # Only one of the two is used, and importing takes time.
    from git_annex_remote_pyshare.backends.directory.held import CAN_HOLD, Held  # noqa: PLC0415

    if CAN_HOLD:
        return Held
    from git_annex_remote_pyshare.backends.directory.by_path import PathFolder  # noqa: PLC0415

    return PathFolder


class DirectoryBackend(Backend):
    """A folder.

    Besides the verbs: CanInitialize, HasQuota, ListsContents, Locates, Moves, RemovesFolders,
    ReportsAvailability, WritesConditionally.

    Each verb opens the folder again, so that a disk can be unmounted between two verbs, and works below it with
    `Folder`: other users may write to the store, but no link leads a verb out of it.

    Paths are bytes, so that any name works in any locale (on Windows Python decodes them as UTF-8).
    """

    folders: type[Folder] = _folder_class()

    def __init__(self, place: StoreConfig) -> None:
        super().__init__(place)
        self._root = path_of(place.url).encode("utf-8", "surrogateescape")
        self._marker = Marker(self._root, place)

    def stat(self, name: str) -> Stat | None:
        segments = segments_of(name)
        with self._trying("look for the file in", name), self._opened() as root:
            found = find(root, segments)
            if found is None:
                self._marker.require(root)
                return None
        return Stat(found.st_size)

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        with self._trying("read the file in", name), self._reading(name) as reader:
            found = os.fstat(reader.fileno())
            sink.require(*_ids(found))
            size, validator = found.st_size, _validator(found)
            offset = sink.size if sink.size <= size and sink.fits(validator) else 0
            reader.seek(offset)
            with _on_this_machine(sink), sink.writing(offset, size, validator) as writer:
                done = copy(reader, writer, size, progress, offset)
            if done != size:
                raise Unreachable(f"the file in {as_text(self._root)} changed while it was being read")
            sink.require(*_ids(os.fstat(reader.fileno())))

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        segments = segments_of(name)
        # Next to the file of a tree, so that no folder of ours appears in it.
        around = segments[:-1] if self.place.is_tree else [FOLDER]
        with self._trying("write the file in", name), self._opened() as root:
            self._marker.require(root)
            with (
                source.open() as reader,
                root.make_below(around) as folder,
                temporary(folder, *self._temporary_names(name)) as written,
            ):
                if copy(reader, written.file, source.size, progress) != source.size:
                    raise SourceChanged("the file changed while it was being stored", detail=as_text(source.path))
                written.finish(written.mode_like(reader) if self.place.is_tree else written.read_only)
                content = move_into_place(root, written, segments, source.condition)
        return Receipt(size=source.size, content=content)

    def delete(self, name: str) -> None:
        self.delete_if(name, None)

    def delete_if(self, name: str, condition: Condition | None) -> None:
        """See `WritesConditionally.delete_if`: a look just before, as in `move_if`; no system has more."""
        segments = segments_of(name)
        with self._trying("remove the file in", name), self._opened() as root:
            self._marker.require(root)
            remove(root, segments, condition)

    def move(self, source: str, target: str) -> None:
        self.move_if(source, target, None, None)

    def unconditional(self) -> str:
        """Nothing: between the look and the system call there is no time for a person's edit."""
        return ""

    def move_if(self, source: str, target: str, moved: Condition | None, replaced: Condition | None) -> None:
        """See `WritesConditionally.move_if`."""
        old, new = segments_of(source), segments_of(target)
        with self._trying("rename the file in", source), self._opened() as root:
            self._marker.require(root)
            if not rename(root, old, new, moved, replaced):
                raise NotFound(f"the file is not in {as_text(self._root)}")

    def remove_folder(self, name: str) -> None:
        segments = segments_of(name)
        with self._trying("remove the folder in", name), self._opened() as root:
            self._marker.require(root)
            remove_folder(root, segments)

    def list(self, folder: str = "") -> Iterator[Entry]:
        top = segments_of(folder) if folder else []
        with self._trying("list the files in", folder), self._opened() as root:
            self._marker.require(root)
            yield from (each for each in walk(root, top, {FOLDER, MARKER}) if not is_temporary(each.name))

    def list_contents(self, cursor: str, add: Callable[[Content], None]) -> Sequence[str]:
        """See `ListsContents.list_contents`: one folder. A folder that is gone may have been renamed: list again."""
        above = segments_of(cursor) if cursor else []
        with self._trying("list the files in", cursor), self._opened() as root:
            try:
                below = contents(root, above, () if above else {FOLDER, MARKER}, add)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise Unreachable(
                    f"a folder in {as_text(self._root)} was renamed or removed while it was being listed",
                    remedy="Import again.",
                    retryable=False,
                ) from error
        return [b"/".join((*above, each)).decode("utf-8", "surrogateescape") for each in below]

    def content_of(self, name: str) -> Content | None:
        segments = segments_of(name)
        with self._trying("look for the file in", name), self._opened() as root:
            found = find(root, segments)
        return None if found is None else Content(name, found.st_size, content_id(found))

    def remove_version(self, name: str, content: str) -> None:
        """See `RemovesVersions.remove_version`. Nothing compares at the removal itself, a moment after the look."""
        segments = segments_of(name)
        with self._trying("remove the file in", name), self._opened() as root:
            self._marker.require(root)
            found = find(root, segments)
            if found is None:
                raise NotFound(f"the file is not in {as_text(self._root)}")
            if content_id(found) != content.removesuffix(YOUNG):
                raise ContentChanged(f"the file in {as_text(self._root)} has changed")
            if not remove(root, segments):
                raise NotFound(f"the file is not in {as_text(self._root)}")

    def initialize(self) -> Initialized:
        """Make the folder if its parent exists, and write the marker with the remote's UUID."""
        with self._made() as root:
            return Initialized() if self.place.is_tree else Initialized(notes=self._marker.write(root))

    def available(self) -> bool:
        """Whether the folder and its marker exist."""
        with suppress(OSError, PyshareError), self._opened() as root:
            self._marker.require(root)
            return True
        return False

    def quota(self) -> Quota:
        """Of the whole file system."""
        from shutil import disk_usage  # noqa: PLC0415  # takes as long to import as this whole backend

        self._require_trust_on_network()
        with convert_errors("measure the free space in", self._root):
            try:
                total, _, free = disk_usage(self._root)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise MissingStore(self._root, self.place).of_folder() from error
        return Quota(total - free, free)

    def locate(self, name: str) -> str:
        """The object's path."""
        segments_of(name)
        return self._path(name).decode("utf-8", "surrogateescape")

    @cached_property
    def _is_trusted(self) -> bool:
        return self.place.trusted()

    @contextmanager
    def _trying(self, doing: str, name: str) -> Iterator[None]:
        """Errors in the block name the operation and the store; the object's path is only in their trace."""
        with (
            tracing(f"{doing}: {as_text(self._path(name))}"),
            convert_errors(doing, self._root, self.place.clone.remote),
        ):
            yield

    def _path(self, name: str) -> bytes:
        """An object's path."""
        return self._root + b"/" + name.encode("utf-8", "surrogateescape") if name else self._root

    def _opened(self) -> Folder:
        """The store's folder; unless the user has verified the remote, it must have the marker, or a tree's history.

        Otherwise a dataset could read files in any folder if it knows their hashes.
        """
        self._require_trust_on_network()
        try:
            root = self.folders.at(self._root)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MissingStore(self._root, self.place).of_folder() from error
        if not self._is_trusted:
            try:
                self._require_proof(root)
            except BaseException:  # no other code closes the descriptor
                root.close()
                raise
        return root

    def _require_proof(self, root: Folder) -> None:
        """Raise unless the folder has the marker of this remote; a tree has none, but may hold the history."""
        if self.place.is_tree and not self._marker.holds_history(root):
            accept = self.place.acceptance() or command(
                "git", "annex", "verifyremote", self.place.clone.remote or "NAME"
            )
            raise PermissionDenied(
                f"the folder {as_text(self._root)} comes from the dataset, and you have not accepted it yet",
                remedy=f"If you trust it, type: {accept}",
            )
        self._marker.require(root)

    def _made(self) -> Folder:
        with convert_errors("make", self._root):
            with suppress(FileNotFoundError, NotADirectoryError):
                return self.folders.at(self._root)
            try:
                os.mkdir(self._root)
            except FileExistsError as error:
                raise BadSetting(f"{as_text(self._root)} is not a folder", remedy="Give a folder as url=") from error
            except (FileNotFoundError, NotADirectoryError) as error:
                raise MissingStore(self._root, self.place).of_parent() from error
            return self.folders.at(self._root)

    def _require_trust_on_network(self) -> None:
        """Refuse a network path on Windows, which sends a login to its machine, unless the remote is verified."""
        machine = machine_of(os.fsdecode(self._root)) if os.name == "nt" and not self._is_trusted else ""
        if machine:
            name = self.place.clone.remote or "NAME"
            bind = command("git", "config", f"remote.{name}.pyshare-host", machine)
            raise PermissionDenied(
                f"{as_text(self._root)} is on another machine, {machine}, and you have not verified the remote",
                remedy=f"If you trust that machine, type: {command('git', 'annex', 'verifyremote', name)}, or, where"
                f" git-annex has no verifyremote: {bind}",
            )

    @contextmanager
    def _reading(self, name: str) -> Iterator[BinaryIO]:
        """The object, open and unbuffered."""
        with self._opened() as root:
            descriptor = open_object(root, segments_of(name))
            if descriptor is None:
                self._marker.require(root)
                raise NotFound(f"the file is not in {as_text(self._root)}")
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            yield file

    def _temporary_names(self, name: str) -> tuple[bytes, bytes]:
        """The name that this clone always uses for the object's temporary file, and a unique one.

        With the first, leftovers of killed attempts do not accumulate; other clones do not use it.
        """
        prefix = PREFIX if self.place.is_tree else b""
        unique = prefix + os.urandom(16).hex().encode()
        clone = self.place.clone.id
        if not clone:
            return unique, unique
        digest = hashlib.md5(f"{clone} {name}".encode("utf-8", "surrogateescape"), usedforsecurity=False)
        return prefix + digest.hexdigest().encode(), unique


@contextmanager
def _on_this_machine(sink: Sink) -> Iterator[None]:
    """Report a full disk as the sink's: reading the store needs no free space."""
    try:
        yield
    except OSError as error:
        if error.errno not in LOCAL_DISK_FULL:
            raise
        raise PyshareError(
            f"cannot write {as_text(sink.path)}: {error.strerror}",
            remedy="Free some space on this machine, then try again.",
        ) from error


def _ids(found: os.stat_result) -> tuple[str, str]:
    """The content identifiers that this version of a file may have been listed with."""
    return content_id(found), content_id(found) + YOUNG


def _validator(found: os.stat_result) -> str:
    """Identifies an object's version. Without its inode, which changes at each mount on FAT and network folders."""
    return f"{found.st_mtime_ns} {found.st_size}"
