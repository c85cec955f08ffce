"""Logins in the files that Amazon's programs share, read directly where they are plain keys.

The files and their words: AWS SDKs and Tools Reference Guide, "Shared config and credentials files". What counts as
plain is so narrow that botocore would come to the same login.
"""

import os
import shlex
from collections.abc import Mapping
from configparser import Error, RawConfigParser
from functools import lru_cache

from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied

_Sections = Mapping[str, Mapping[str, str]]
"""Profile → its words."""

_SERVER_SETTINGS = ("endpoint", "host")
"""Settings that say which server is meant."""
_KEY, _SECRET, _TOKEN = "aws_access_key_id", "aws_secret_access_key", "aws_session_token"
_NEUTRAL_OPTIONS = {"region", "output"}
_LOGIN_OPTIONS = {
    *(_KEY, "role_arn", "web_identity_token_file", "credential_process", "credential_source", "source_profile"),
    *("sso_session", "sso_start_url", "sso_account_id", "sso_role_name", "login_session"),
}
"""Words of a profile that lead to a login."""
_ROLE_VARIABLES = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Set by whoever runs a container that has a role."""


def profile_of(named: str) -> str:
    """The profile that counts: the one that is named, else the user's own choice (in botocore's order)."""
    return named or _chosen() or "default"


def plain_login(named: str) -> Credential | None:
    """The keys that the profile has in the credentials file, if that is all there is to say.

    Args:
        named: A profile; empty for the user's own choice.

    Returns:
        Its origin is the profile's name. None when there is none, or one that is not to be had by reading.

    Raises:
        Denied: One of the files cannot be read.
    """
    profile = profile_of(named)
    keys, more = _credentials().get(profile, {}), _config().get(profile, {})
    plain = {_KEY, _SECRET} <= keys.keys() <= {_KEY, _SECRET, _TOKEN, *_NEUTRAL_OPTIONS}
    # A role in the environment or in the other file comes first (boto/botocore credentials.py, the resolver's order).
    first = _LOGIN_OPTIONS & more.keys() or (not named and _ROLE_VARIABLES[0] in os.environ)
    return Credential(keys[_KEY], keys[_SECRET], profile, keys.get(_TOKEN, "")) if plain and not first else None


def may_have_login(named: str) -> bool:
    """Whether it is worth asking botocore; where nobody uses Amazon's programs, that would be for nothing."""
    profile = profile_of(named)
    ways = _LOGIN_OPTIONS & (_credentials().get(profile, {}).keys() | _config().get(profile, {}).keys())
    return bool(
        ways or named or _chosen() or uses_instance_role() or any(os.environ.get(name) for name in _ROLE_VARIABLES)
    )


def profile_options(named: str) -> Mapping[str, str]:
    """All that the files say of the profile; raises Denied as above."""
    profile = profile_of(named)
    return {**_config().get(profile, {}), **_credentials().get(profile, {})}


def s3_options(named: str) -> Mapping[str, str]:
    """What the profile's `services` section says of S3, in lines of their own below `s3 =`; raises Denied as above."""
    lines = _config().get(f"services {profile_options(named).get('services', '')}", {}).get("s3", "").splitlines()
    pairs = (line.partition("=") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def uses_instance_role() -> bool:
    """Whether the user wants the machine's own role: elsewhere, asking for it waits for nobody's answer."""
    return os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "false"


def default_settings(settings: Mapping[str, str]) -> Mapping[str, str]:
    """What the settings leave to this machine: `endpoint=` and `region=`, as far as it says something of them.

    The owner's machine says it once, when the remote is made: other people's has its own idea, or none.

    Args:
        settings: All of them, the user's own.

    Raises:
        Denied: One of the files cannot be read.
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
    """Here a section is called `profile NAME`, but for the default one."""
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
        reason = error.strerror if isinstance(error, OSError) else "it is not what AWS's programs write"
        raise PermissionDenied(f"cannot read {path}: {reason}", remedy="Check the file, or move it away.") from None


@lru_cache(maxsize=4)
def _parsed(path: str, _changed: int, _size: int) -> _Sections:
    """Read anew when the file has changed: another program may renew the keys while we run."""
    parser = RawConfigParser()
    with open(path, encoding="utf-8") as file:
        parser.read_file(file)
    return {section: dict(parser.items(section)) for section in parser.sections()}


def _endpoint(named: str) -> str:
    """In the order of AWS SDKs and Tools Reference Guide, "Service-specific endpoints"."""
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
