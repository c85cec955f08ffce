"""Reads and writes the system's keyring with a time limit; reading never opens a dialog."""

from collections.abc import Callable
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

READING = 5.0
"""Seconds that git-annex waits for the keyring."""
WRITING = 60.0
"""Seconds that the user has to unlock the keyring."""

Result = TypeVar("Result")


def read(service: str, user: str) -> str | None:
    """The secret, or None if the keyring lacks it, is locked, fails, or takes longer than `READING` seconds."""

    def ask() -> str | None:
        keyring = _usable()
        return keyring.get_password(service, user) if keyring and not _is_locked(keyring) else None

    return _within(READING, ask)


def write(service: str, user: str, secret: str) -> bool:
    """Store the secret and return whether this worked within `WRITING` seconds; may ask the user to unlock."""

    def tell() -> bool:
        keyring = _usable()
        if keyring is None:
            return False
        keyring.set_password(service, user, secret)
        return keyring.get_password(service, user) == secret

    return _within(WRITING, tell) or False


def remove(service: str, user: str) -> bool:
    """Remove the secret and return whether this worked within `WRITING` seconds; may ask the user to unlock."""

    def tell() -> bool:
        keyring = _usable()
        if keyring is None:
            return False
        keyring.delete_password(service, user)
        return True

    return _within(WRITING, tell) or False


def _usable() -> "KeyringBackend | None":
    """The first backend that the keyring library recommends (priority 1 or more), or None.

    Backends of lower priority store nothing, or use a file: a plain file, which pyshare's own file replaces, or one
    with a password, which no user can type while git-annex runs.
    """
    import keyring  # noqa: PLC0415  # takes 55 ms and uses D-Bus; only a login in the keyring needs it

    chosen: Any = keyring.get_keyring()
    for backend in getattr(chosen, "backends", [chosen]):  # a ChainerBackend has several
        if backend.priority >= 1:
            usable: KeyringBackend = backend
            return usable
    return None


def _is_locked(keyring: "KeyringBackend") -> bool:
    """Whether reading would open the desktop's unlock dialog; only the Secret Service can tell."""
    if not type(keyring).__module__.startswith(("keyring.backends.SecretService", "keyring.backends.libsecret")):
        return False
    import secretstorage  # noqa: PLC0415  # installed with that backend

    with closing(secretstorage.dbus_init()) as bus:
        # Not get_default_collection(), which offers to create a collection if there is none.
        return bool(secretstorage.Collection(bus, "/org/freedesktop/secrets/aliases/default").is_locked())


def _within(seconds: float, ask: Callable[[], Result]) -> Result | None:
    """The result of `ask`, or None if it fails or takes longer.

    A call that hangs continues in a daemon thread, which does not keep the process alive.
    """
    from threading import Thread  # noqa: PLC0415  # as above

    results: list[Result] = []

    def run() -> None:
        # Backends raise errors of many libraries, and their texts may quote a secret.
        with suppress(Exception):
            results.append(ask())

    thread = Thread(target=run, daemon=True, name="pyshare-keyring")
    thread.start()
    thread.join(seconds)
    return results[0] if results else None
