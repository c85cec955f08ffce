"""Makes the StoreConfig of a remote from its settings: where the store is, and which login may be used there."""

from collections.abc import Mapping

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.spec import BackendSpec
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.lookup import find, remedy
from git_annex_remote_pyshare.credentials.trust import Trust
from git_annex_remote_pyshare.safe_text import command

CREDS = "pysharecreds"
"""Name under which git-annex keeps the login of a remote (SETCREDS, GETCREDS)."""


def trust_of(settings: Mapping[str, str], clone: LocalConfig) -> Trust:
    """Whether the user has accepted the remote's settings, and the account that its login is bound to.

    Args:
        settings: All settings of the remote.
        clone: The git config of the clone, with the remote's name.
    """
    return Trust(clone, registry.account_of(settings))


def store_config_of(settings: Mapping[str, str], trust: Trust, held: Credential | None) -> StoreConfig:
    """The StoreConfig that the settings describe.

    Args:
        settings: All settings of the remote.
        trust: As `trust_of` returns it; checked when a login is needed.
        held: The login that git-annex keeps for the remote.
    """
    spec = registry.spec_of(settings["url"])
    if not spec.takes_login:
        return StoreConfig(
            settings["url"],
            settings,
            trust.clone,
            trusted=lambda: trust.verified,
            acceptance=lambda: _acceptance(spec, trust),
        )
    return StoreConfig(
        settings["url"],
        settings,
        trust.clone,
        credential=lambda: find(spec, trust, held, lambda: spec.default_credentials(_vouched(spec, settings, trust))),
        advice=lambda: remedy(spec, trust),
        trusted=lambda: trust.verified,
        acceptance=trust.verification,
    )


def _acceptance(spec: BackendSpec, trust: Trust) -> str:
    """What accepts a remote that has no login of ours.

    For one by its address, a login at its host does, but only where the host is all that has to be accepted.
    """
    if trust.by_address and spec.login and not trust.account.is_whole:
        return command("pyshare", "login", *trust.account.words)
    return trust.verification() if trust.host else ""


def _vouched(spec: BackendSpec, settings: Mapping[str, str], trust: Trust) -> Mapping[str, str]:
    """The settings; while the user has not accepted them, without those that choose a login."""
    if trust.verified:
        return settings
    return {**settings, **{setting.name: "" for setting in spec.settings if setting.trusted_only}}
