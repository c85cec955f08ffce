"""What names become on disk: paths, the folders on the way to them, and the last step of storing and removing."""

import errno
import os
import stat
from contextlib import suppress

from git_annex_remote_pyshare.backends.base import encode_name
from git_annex_remote_pyshare.errors import BadName

_NOT_ON_WINDOWS = frozenset(b'\\:*?"<>|')
"""There `\\` separates folders and `:` begins a hidden stream of a file: another object than the one that is meant."""


def path_of_name(root: bytes, name: str) -> bytes:
    """The path of the object `name` in the store at `root`.

    Raises:
        BadName: This system cannot hold the name.
    """
    encoded = encode_name(name)
    if os.name == "nt" and not _NOT_ON_WINDOWS.isdisjoint(encoded):
        raise BadName(f"{name!r} is not a name that Windows can hold")
    return root + b"/" + encoded


def make_folder(root: bytes, folder: bytes) -> None:
    """Make `folder` below `root`, and those above it, as open to other users as `root` is.

    A folder that many people may write to is no use to them if the first one's umask closes what is made in it.
    `root` itself is never made: where it is gone, a disk is not mounted.
    """
    if folder == root:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), root)
    parent = os.path.dirname(folder)
    try:
        os.mkdir(folder)
    except FileExistsError:
        return
    except FileNotFoundError:
        make_folder(root, parent)
        with suppress(FileExistsError):
            os.mkdir(folder)
    with suppress(PermissionError):
        os.chmod(folder, stat.S_IMODE(os.stat(root).st_mode))
    sync_folder(parent)


def move_into_place(root: bytes, temporary: bytes, path: bytes) -> None:
    """Rename the whole file `temporary` to `path`, replacing what is there, so that it survives a power cut."""
    try:
        os.replace(temporary, path)
    except FileNotFoundError:
        make_folder(root, os.path.dirname(path))
        os.replace(temporary, path)
    except PermissionError:
        _unlock(path)
        os.replace(temporary, path)
    sync_folder(os.path.dirname(path))


def remove(path: bytes) -> None:
    """Remove the object at `path`, if there is one, and a folder that held nothing but this object."""
    with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
        try:
            os.unlink(path)
        except PermissionError:
            # macOS answers so for a folder, and a folder is no object.
            if not os.path.isdir(path):
                _unlock(path)
                os.unlink(path)
    folder, last = os.path.split(path)
    if os.path.basename(folder) == last:
        # The key's own folder of git-annex's layouts; the hash folders above it are shared, and stay.
        with suppress(OSError):
            os.rmdir(folder)


def sync_folder(folder: bytes) -> None:
    """Make the folder's entries survive a power cut, where the system lets a folder be synced."""
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        # EINVAL and the like: this file system (FUSE, SMB) syncs no folders.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF}:
            raise
    finally:
        os.close(number)


def _unlock(path: bytes) -> None:
    """Lift the write protection that git-annex's directory remote puts on a key's folder, and Windows on a file."""
    folder = os.path.dirname(path)
    if os.name == "nt":
        with suppress(FileNotFoundError):
            os.chmod(path, stat.S_IWRITE)
    elif os.path.basename(folder) == os.path.basename(path):
        os.chmod(folder, stat.S_IMODE(os.stat(folder).st_mode) | stat.S_IWUSR)
