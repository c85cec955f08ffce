"""Gets the owner's login for a new store, if none is kept, and completes the address with it."""

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import HasQuota, StoreConfig
from git_annex_remote_pyshare.backends.login import LoginRequest
from git_annex_remote_pyshare.backends.offer import Found
from git_annex_remote_pyshare.cli.init.answers import Options
from git_annex_remote_pyshare.cli.init.dialogue import Dialogue
from git_annex_remote_pyshare.cli.output import State, say_check
from git_annex_remote_pyshare.cli.remotes import opened
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import in_words


class LoggedIn(NamedTuple):
    """The owner's login at a store, if it needs one."""

    login: Credential | None
    missing: tuple[str, ...] = ()
    """The command that is still to be typed, in a dry run."""


def place_for(settings: Mapping[str, str], clone: LocalConfig) -> StoreConfig:
    """The store at an address that the user typed, and which they therefore trust.

    Raises:
        BadSetting: A setting is wrong.
    """
    from git_annex_remote_pyshare.store.store_config import store_config_of, trust_of  # noqa: PLC0415  # not for help

    parsed = registry.parse(settings)
    trust = trust_of(parsed, clone)
    trust.accept()
    return store_config_of(parsed, trust, None)


def logged_in(
    settings: Mapping[str, str], found: Found, clone: LocalConfig, options: Options, dialogue: Dialogue
) -> LoggedIn:
    """The login that is kept for the store, or a new one.

    Args:
        settings: The settings as typed.
        found: What is at the address.
        clone: The dataset.
        options: The options of the command.
        dialogue: For the login.

    Raises:
        PermissionDenied: There is no login, and no terminal to ask at.
        PyshareError: The login failed.
    """
    spec = registry.spec_of(settings["url"])
    place = place_for(settings, clone)
    if (login := place.credential()) or not found.wants_login or spec.login is None:
        return LoggedIn(login)
    account = spec.account_of(place.settings)
    sharing = spec.offered.login_for_links and options.readers in {"", "link"}
    words = (*account.words, *(["--sharing"] if sharing else []))
    if options.dry_run:
        return LoggedIn(None, ("pyshare", "login", *words))
    if not dialogue.is_interactive():
        remedy = place.advice() or f"Type: {command('pyshare', 'login', *words)}"
        raise PermissionDenied(f"there is no login for {account.name} yet", remedy=remedy)
    request = LoginRequest(spec, place.settings, no_browser=options.no_browser, sharing=sharing, words=account.words)
    spec.login.log_in(request, dialogue)
    return LoggedIn(place_for(settings, clone).credential())


def completed(
    settings: Mapping[str, str], folder: str, login: Credential | None, clone: LocalConfig
) -> Mapping[str, str]:
    """The settings for the remote, checked, with its complete address.

    Raises:
        BadSetting: They cannot work.
        PyshareError: The server does not say what is needed to know.
    """
    offer = registry.spec_of(settings["url"]).offered
    made = {**settings, **offer.complete(settings, folder, login)}
    registry.check(place_for(made, clone).settings)
    return made


def show_account(settings: Mapping[str, str], login: Credential | None, clone: LocalConfig) -> None:
    """Tell who is logged in, and how much space is free, if the service reports that before there is a store."""
    told = [login.user] if login and login.user else []
    with suppress(PyshareError), opened(place_for(settings, clone)) as store:
        quota = store.call(HasQuota, lambda able: able.quota()) if store.has(HasQuota) else None
        if quota and quota.free is not None:
            told.append(f"{in_words(quota.free)} free")
    if told:
        say_check(State.OK, " · ".join(told))
