"""The directory backend on full and missing disks, without the rights, and in stores of git-annex itself."""

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.annex import Repository, unlock
from support.folderkit import NAME, POSIX, content_of, established, leftovers, quiet, sources_in

from git_annex_remote_pyshare import errors
from git_annex_remote_pyshare.annex.layout import name_of
from git_annex_remote_pyshare.backends.base import Stat
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.backends.directory.errors import error_for
from git_annex_remote_pyshare.transfer import Sink, Source


@pytest.fixture
def store(tmp_path: Path) -> DirectoryBackend:
    """An established store in tmp_path / "store"."""
    return established(tmp_path / "store")


@pytest.fixture
def source(tmp_path: Path) -> Callable[[bytes], Source]:
    """Makes a source with the given content."""
    return sources_in(tmp_path)


# Full disks


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Let the system refuse files of more than `size` bytes, as a full disk does."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@POSIX
def test_a_file_system_that_takes_no_larger_file_is_full_and_keeps_the_old_object(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    store.put(NAME, source(b"old"), quiet)
    large = source(bytes(3 << 20))

    with files_limited_to(2 << 20), pytest.raises(errors.QuotaExceeded, match="chunk="):
        store.put(NAME, large, quiet)

    assert content_of(store, NAME, tmp_path / "sink") == b"old"
    assert leftovers(tmp_path / "store") == []


@POSIX
def test_pr27_a_full_disk_on_this_machine_is_not_the_stores_fault_and_the_beginning_is_kept(
    store: DirectoryBackend, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    content = os.urandom(3 << 20)
    store.put(NAME, source(content), quiet)
    sink = Sink(os.fsencode(tmp_path / "sink"))

    with files_limited_to(2 << 20), pytest.raises(errors.PyshareError, match=r"sink.*on this machine") as caught:
        store.get(NAME, sink, quiet)

    assert type(caught.value) is errors.PyshareError
    assert content.startswith((tmp_path / "sink").read_bytes())
    assert content_of(store, NAME, tmp_path / "sink") == content


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A mounted file system of 1 MiB."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root on Linux may mount a disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this root may not mount a disk")
    yield disk
    subprocess.run(["umount", disk], check=False, capture_output=True)


def test_a_full_disk_is_full_and_takes_the_next_smaller_file(
    tiny_disk: Path, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    store = established(tiny_disk / "store")

    with pytest.raises(errors.QuotaExceeded, match=r"No space left on device\. Free some space"):
        store.put(NAME, source(bytes(2 << 20)), quiet)

    assert store.stat(NAME) is None
    assert leftovers(tiny_disk / "store") == []
    store.put(NAME, source(bytes(1 << 19)), quiet)
    assert store.stat(NAME) == Stat(1 << 19)


def test_a_disk_that_is_unmounted_meanwhile_makes_its_objects_unknown_not_absent(
    tiny_disk: Path, source: Callable[[bytes], Source]
) -> None:
    store = established(tiny_disk)
    store.put(NAME, source(b"12345"), quiet)

    subprocess.run(["umount", tiny_disk], check=True)

    with pytest.raises(errors.Unreachable, match="unmounted disk"):
        store.stat(NAME)
    with pytest.raises(errors.Unreachable):
        store.put(NAME, source(b"12345"), quiet)
    assert list(tiny_disk.iterdir()) == []


# Stores of git-annex itself, and rights


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of an ordinary user, who we are meanwhile; root may write everywhere."""
    with tempfile.TemporaryDirectory() as made:
        if os.geteuid() != 0:
            yield Path(made)
            unlock(Path(made))
            return
        os.chown(made, 65534, 65534)
        os.seteuid(65534)
        try:
            yield Path(made)
        finally:
            os.seteuid(0)
            unlock(Path(made))


@POSIX
def test_a_store_that_git_annex_filled_can_be_read_replaced_and_removed_from(
    repository: Repository, tmp_path: Path, source: Callable[[bytes], Source]
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    repository.annex("initremote", "d", "type=directory", f"directory={theirs}", "encryption=none")
    repository.add({"a.txt": b"12345"})
    repository.annex("copy", "-q", "--to", "d", ".")
    name = name_of("annex-directory", repository.key("a.txt"))
    store = established(theirs)

    assert content_of(store, name, tmp_path / "sink") == b"12345"
    store.put(name, source(b"67890"), quiet)
    repository.annex("get", "-q", ".")
    store.put(name, source(b"12345"), quiet)
    repository.annex("drop", "-q", "--force", ".")
    repository.annex("get", "-q", ".")
    assert (repository.folder / "a.txt").read_bytes() == b"12345"
    store.delete(name)
    assert not (theirs / name).parent.exists()
    assert (theirs / name).parent.parent.is_dir()


@POSIX
def test_the_protected_folder_of_a_key_is_opened_to_replace_and_to_remove(nobody: Path) -> None:
    own = nobody / "store" / "0ab" / "1cd" / "X--1"
    own.mkdir(parents=True)
    (own / "X--1").write_bytes(b"old")
    (own / "X--1").chmod(0o444)
    own.chmod(0o555)
    (nobody / "new").write_bytes(b"new!")
    store = established(nobody / "store")

    store.put("0ab/1cd/X--1/X--1", Source(os.fsencode(nobody / "new")), quiet)
    assert (own / "X--1").read_bytes() == b"new!"
    own.chmod(0o555)
    store.delete("0ab/1cd/X--1/X--1")

    assert not own.exists()


@POSIX
def test_a_folder_that_may_not_be_looked_into_makes_its_objects_unknown(nobody: Path) -> None:
    store = established(nobody / "store")
    (nobody / "store" / "a").mkdir(mode=0)

    with pytest.raises(errors.PermissionDenied):
        store.stat(NAME)
    with pytest.raises(errors.PermissionDenied):
        list(store.list())


@POSIX
def test_a_store_that_may_only_be_read_refuses_the_rest_and_is_read(nobody: Path) -> None:
    store = established(nobody / "store")
    (nobody / "source").write_bytes(b"12345")
    source = Source(os.fsencode(nobody / "source"))
    store.put(NAME, source, quiet)
    (nobody / "store" / ".pyshare-store").write_text("as version 1.0 left it\n")
    for folder in (nobody / "store").rglob("*/"):
        folder.chmod(0o555)
    (nobody / "store").chmod(0o555)

    for verb in (lambda: store.put("b/X--1", source, quiet), lambda: store.delete(NAME)):
        with pytest.raises(errors.PermissionDenied):
            verb()
    store.initialize()

    assert store.stat(NAME) == Stat(5)
    assert content_of(store, NAME, nobody / "sink") == b"12345"


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [
        ("ENOSPC", errors.QuotaExceeded, False),
        ("EDQUOT", errors.QuotaExceeded, False),
        ("EFBIG", errors.QuotaExceeded, False),
        ("EACCES", errors.PermissionDenied, False),
        ("EPERM", errors.PermissionDenied, False),
        ("EROFS", errors.PermissionDenied, False),
        ("ENAMETOOLONG", errors.BadName, False),
        ("EILSEQ", errors.BadName, False),
        ("EINVAL", errors.BadName, False),
        ("EIO", errors.Unreachable, True),
        ("ESTALE", errors.Unreachable, True),
        ("ENOTCONN", errors.Unreachable, False),
    ],
)
def test_each_failure_of_the_system_becomes_one_of_ours(
    code: str,
    kind: type[errors.PyshareError],
    retryable: bool,  # noqa: FBT001  # an expectation, not a flag
) -> None:
    number = getattr(errno, code)

    error = error_for(OSError(number, os.strerror(number)), "cannot write /x")

    assert type(error) is kind
    assert error.retryable is retryable
    assert str(error).startswith(f"cannot write /x: {os.strerror(number)}")
