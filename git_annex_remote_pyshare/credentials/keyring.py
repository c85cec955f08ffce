"""Reads and writes the system's keyring, with a time limit and without opening a dialogue when reading."""

from collections.abc import Callable
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

READING = 5.0
"""Seconds for which git-annex waits for a keyring."""
WRITING = 60.0
"""Seconds for a person to unlock it."""

Result = TypeVar("Result")


def read(service: str, user: str) -> str | None:
    """The secret, or None when the keyring does not have it, is locked, fails, or takes longer than `READING`."""

    def ask() -> str | None:
        keyring = _usable()
        return keyring.get_password(service, user) if keyring and not _is_locked(keyring) else None

    return _within(READING, ask)


def write(service: str, user: str, secret: str) -> bool:
    """Whether the keyring has stored the secret; it can ask the user to unlock it."""

    def tell() -> bool:
        keyring = _usable()
        if keyring is None:
            return False
        keyring.set_password(service, user, secret)
        return keyring.get_password(service, user) == secret

    return _within(WRITING, tell) or False


def remove(service: str, user: str) -> bool:
    """Whether the keyring has removed the secret."""

    def tell() -> bool:
        keyring = _usable()
        if keyring is None:
            return False
        keyring.delete_password(service, user)
        return True

    return _within(WRITING, tell) or False


def _usable() -> "KeyringBackend | None":
    """The first backend that keyring itself recommends (priority 1 or more).

    Below that are the null and fail backends and those that keep secrets in a plain or password-protected file:
    our own file does the first better, and no user is there to type the password of the second.
    """
    import keyring  # noqa: PLC0415  # 55 ms, and D-Bus; needed only for a login that is in it

    chosen: Any = keyring.get_keyring()
    for backend in getattr(chosen, "backends", [chosen]):  # a chainer has several
        if backend.priority >= 1:
            usable: KeyringBackend = backend
            return usable
    return None


def _is_locked(keyring: "KeyringBackend") -> bool:
    """Whether reading would open the desktop's dialogue for unlocking; known only for the Secret Service."""
    if not type(keyring).__module__.startswith(("keyring.backends.SecretService", "keyring.backends.libsecret")):
        return False
    import secretstorage  # noqa: PLC0415  # installed with that backend

    with closing(secretstorage.dbus_init()) as bus:
        # Not get_default_collection(), which offers to make one when there is none.
        return bool(secretstorage.Collection(bus, "/org/freedesktop/secrets/aliases/default").is_locked())


def _within(seconds: float, ask: Callable[[], Result]) -> Result | None:
    """The result, or None after a failure or when it takes longer.

    A call that hangs stays behind in a daemon thread, which does not keep the process from ending.
    """
    from threading import Thread  # noqa: PLC0415  # as above

    results: list[Result] = []

    def run() -> None:
        # Backends raise errors of many libraries, whose texts could quote a secret.
        with suppress(Exception):
            results.append(ask())

    thread = Thread(target=run, daemon=True, name="pyshare-keyring")
    thread.start()
    thread.join(seconds)
    return results[0] if results else None
