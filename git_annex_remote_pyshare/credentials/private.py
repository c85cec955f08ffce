"""Reads and writes small JSON files that only their owner can read, each replaced atomically."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.state.lock import locked


def folder() -> str:
    """Where this user's logins lie, e.g. `~/.config/pyshare`."""
    from platformdirs import user_config_dir  # noqa: PLC0415  # 9 ms that a login from git-annex needs not pay

    return user_config_dir("pyshare", appauthor=False, roaming=False)


def load(name: str) -> dict[str, Any]:
    """What the file holds; empty when there is none.

    Raises:
        BadSetting: It is there, but cannot be read or understood.
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
    """What the file holds, to be changed in place; written when the block ends well, while others wait.

    Raises:
        BadSetting: The file cannot be read or written.
    """
    with holding("lock"):
        content = load(name)
        yield content
        save(name, content)


@contextmanager
def holding(name: str) -> Iterator[None]:
    """Hold the lock file `name` of the folder, which others who want it wait for.

    Raises:
        BadSetting: It cannot be made.
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
    """Replace the file. Only while holding the lock that all its writers take.

    Raises:
        BadSetting: It cannot be written.
    """
    path = os.path.join(folder(), name)
    try:
        _replace(path, json.dumps(content, indent=2, sort_keys=True))
    except OSError as error:
        raise _unusable(path, error) from error


def _make_folder() -> None:
    os.makedirs(folder(), mode=0o700, exist_ok=True)
    os.chmod(folder(), 0o700)  # one that was there before may be open to others


def _replace(path: str, text: str) -> None:
    """Write beside and rename, so that a reader sees the old or the new text, whole. Runs under the lock."""
    temporary = f"{path}.new"
    with suppress(FileNotFoundError):  # left by a writer that was killed
        os.unlink(temporary)
    # Made with its final mode: no other user may open it in between.
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _unusable(path: str, error: Exception) -> BadSetting:
    reason = error.strerror if isinstance(error, OSError) else "it is not what pyshare writes"
    return BadSetting(f"cannot use {path}: {reason}", remedy=f"Remove {path} and type again: pyshare login URL")
