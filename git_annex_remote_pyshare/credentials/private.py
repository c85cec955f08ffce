"""Reads and writes small JSON files that only their owner can read, and replaces each file atomically."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.state.lock import locked


def folder() -> str:
    """The folder with this user's logins, e.g. `~/.config/pyshare`."""
    from platformdirs import user_config_dir  # noqa: PLC0415  # takes 9 ms; a login from git-annex does not need it

    return user_config_dir("pyshare", appauthor=False, roaming=False)


def load(name: str) -> dict[str, Any]:
    """The content of the file `name`; empty if the file does not exist.

    Raises:
        BadSetting: The file exists, but cannot be read or parsed.
    """
    path = os.path.join(folder(), name)
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from error
    if not isinstance(content, dict):
        raise _unusable(path, TypeError("not a table"))
    return content


@contextmanager
def changing(name: str) -> Iterator[dict[str, Any]]:
    """Yield the content of the file to change in place, and save it if the block succeeds; other writers wait.

    Raises:
        BadSetting: The file cannot be read or written.
    """
    with holding("lock"):
        content = load(name)
        yield content
        save(name, content)


@contextmanager
def holding(name: str) -> Iterator[None]:
    """Hold the lock file `name` in the folder; another process that requests the same lock waits.

    Raises:
        BadSetting: The lock file cannot be created.
    """
    path = os.path.join(folder(), name)
    with ExitStack() as stack:
        try:
            _make_folder()
            stack.enter_context(locked(path))
        except OSError as error:
            raise _unusable(path, error) from error
        yield


def save(name: str, content: dict[str, Any]) -> None:
    """Replace the content of the file. Call this only while you hold the lock that all writers of the file use.

    Raises:
        BadSetting: The file cannot be written.
    """
    path = os.path.join(folder(), name)
    try:
        _replace(path, json.dumps(content, indent=2, sort_keys=True))
    except OSError as error:
        raise _unusable(path, error) from error


def _make_folder() -> None:
    os.makedirs(folder(), mode=0o700, exist_ok=True)
    os.chmod(folder(), 0o700)  # an existing folder may be open to others


def _replace(path: str, text: str) -> None:
    """Write a new file and rename it, so that a reader sees the complete old or new text. Call this under the lock."""
    temporary = f"{path}.new"
    with suppress(FileNotFoundError):  # a killed writer may have left it
        os.unlink(temporary)
    # Created with its final mode, so that other users can never open it.
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _unusable(path: str, error: Exception) -> BadSetting:
    reason = error.strerror if isinstance(error, OSError) else "it is not what pyshare writes"
    return BadSetting(f"cannot use {path}: {reason}", remedy=f"Remove {path} and type again: pyshare login URL")
