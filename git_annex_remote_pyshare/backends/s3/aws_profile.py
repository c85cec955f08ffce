"""Reads the AWS config files and variables: plain keys, and the server and region that the user has chosen.

The files and their options: AWS SDKs and Tools Reference Guide, "Shared config and credentials files". Keys count as
plain only if botocore would find the same login.
"""

import os
import shlex
from collections.abc import Mapping
from configparser import Error, RawConfigParser
from functools import lru_cache

from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied

_Sections = Mapping[str, Mapping[str, str]]
"""Profile → its options."""

_SERVER_SETTINGS = ("endpoint", "host")
"""Settings that name the server."""
_KEY, _SECRET, _TOKEN = "aws_access_key_id", "aws_secret_access_key", "aws_session_token"
_NEUTRAL_OPTIONS = {"region", "output"}
_LOGIN_OPTIONS = {
    *(_KEY, "role_arn", "web_identity_token_file", "credential_process", "credential_source", "source_profile"),
    *("sso_session", "sso_start_url", "sso_account_id", "sso_role_name", "login_session"),
}
"""Options of a profile that give a login."""
_ROLE_VARIABLES = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Set in a container that has a role."""


def profile_of(named: str) -> str:
    """The profile to use: the named one, otherwise the user's choice (in botocore's order)."""
    return named or _chosen() or "default"


def plain_login(named: str) -> Credential | None:
    """The profile's keys in the credentials file, unless another source takes precedence.

    Args:
        named: A profile; empty for the user's own choice.

    Returns:
        The login, with the profile's name as its origin; None if there is none, or only botocore can get it.

    Raises:
        PermissionDenied: One of the files cannot be read.
    """
    profile = profile_of(named)
    keys, more = _credentials().get(profile, {}), _config().get(profile, {})
    plain = {_KEY, _SECRET} <= keys.keys() <= {_KEY, _SECRET, _TOKEN, *_NEUTRAL_OPTIONS}
    # A role in the environment or in the other file comes first (boto/botocore credentials.py, the resolver's order).
    first = _LOGIN_OPTIONS & more.keys() or (not named and _ROLE_VARIABLES[0] in os.environ)
    return Credential(keys[_KEY], keys[_SECRET], profile, keys.get(_TOKEN, "")) if plain and not first else None


def may_have_login(named: str) -> bool:
    """Whether to import botocore; without AWS's files and variables, it finds nothing."""
    profile = profile_of(named)
    ways = _LOGIN_OPTIONS & (_credentials().get(profile, {}).keys() | _config().get(profile, {}).keys())
    return bool(
        ways or named or _chosen() or uses_instance_role() or any(os.environ.get(name) for name in _ROLE_VARIABLES)
    )


def profile_options(named: str) -> Mapping[str, str]:
    """All options of the profile in both files; raises PermissionDenied as above."""
    profile = profile_of(named)
    return {**_config().get(profile, {}), **_credentials().get(profile, {})}


def s3_options(named: str) -> Mapping[str, str]:
    """The options below `s3 =` in the profile's `services` section; raises PermissionDenied as above."""
    lines = _config().get(f"services {profile_options(named).get('services', '')}", {}).get("s3", "").splitlines()
    pairs = (line.partition("=") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def uses_instance_role() -> bool:
    """Whether the user enables the EC2 instance role: on other machines, a request for it waits for a timeout."""
    return os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "false"


def default_settings(settings: Mapping[str, str]) -> Mapping[str, str]:
    """`endpoint=` and `region=` from this machine's files and variables, if the settings do not give them.

    Used once, when the owner creates the remote: other users' machines have other values, or none.

    Args:
        settings: All of them, accepted by the user.

    Raises:
        PermissionDenied: One of the files cannot be read.
    """
    if any(settings[name] for name in _SERVER_SETTINGS):
        return {}
    named = settings["profile"]
    added = {"endpoint": _endpoint(named)}
    if not (settings["region"] or settings["datacenter"]):
        added["region"] = _region(named)
    return {name: value for name, value in added.items() if value}


def _chosen() -> str:
    return os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE", "")


def _credentials() -> _Sections:
    return _sections("AWS_SHARED_CREDENTIALS_FILE", "credentials")


def _config() -> _Sections:
    """In this file a section is called `profile NAME`, except the default one."""
    return {_profile_in(section): words for section, words in _sections("AWS_CONFIG_FILE", "config").items()}


def _profile_in(section: str) -> str:
    try:
        words = shlex.split(section)
    except ValueError:
        return section
    return words[1] if words[:1] == ["profile"] and len(words) > 1 else section


def _sections(variable: str, name: str) -> _Sections:
    path = os.path.expanduser(os.path.expandvars(os.environ.get(variable) or os.path.join("~", ".aws", name)))
    try:
        state = os.stat(path)
        return _parsed(path, state.st_mtime_ns, state.st_size)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a valid AWS config file"
        raise PermissionDenied(f"cannot read {path}: {reason}", remedy="Check the file, or move it away.") from None


@lru_cache(maxsize=4)
def _parsed(path: str, _changed: int, _size: int) -> _Sections:
    """The file's sections; read again after a change, since another program may renew the keys while pyshare runs."""
    parser = RawConfigParser()
    with open(path, encoding="utf-8") as file:
        parser.read_file(file)
    return {section: dict(parser.items(section)) for section in parser.sections()}


def _endpoint(named: str) -> str:
    """The endpoint, in the order of AWS SDKs and Tools Reference Guide, "Service-specific endpoints"."""
    profile = profile_options(named)
    ignored = os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") or profile.get(
        "ignore_configured_endpoint_urls", ""
    )
    if ignored.lower() == "true":
        return ""
    return (
        os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL")
        or s3_options(named).get("endpoint_url")
        or profile.get("endpoint_url", "")
    )


def _region(named: str) -> str:
    return (
        os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or profile_options(named).get("region", "")
    )
