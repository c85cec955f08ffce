"""Gets the logins that need botocore: single sign-on, roles, programs, containers. Imported only when needed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from botocore import exceptions
from botocore.credentials import JSONFileCache, create_credential_resolver
from botocore.session import Session

from git_annex_remote_pyshare.backends.s3.aws_profile import profile_of, uses_instance_role
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import PermissionDenied, Unreachable
from git_annex_remote_pyshare.safe_text import command

_MACHINE_ROLES = {"container-role": "AWS container role", "iam-role": "AWS instance role"}
"""botocore's name of a method without a profile → what error texts call it."""

_lock = Lock()
_found: dict[str, Any] = {}
"""Named profile → botocore's credentials, which renew themselves; shared by all jobs."""


def botocore_login(named: str) -> Credential | None:
    """The current login, renewed if it is about to expire.

    Args:
        named: A profile; empty for the user's own choice.

    Raises:
        PermissionDenied: It has expired, or getting it fails.
        Unreachable: The login's provider does not respond.
    """
    profile = profile_of(named)
    with _translated_errors(profile):
        found = _shared(named)
        if found is None:
            return None
        now = found.get_frozen_credentials()
    origin = _MACHINE_ROLES.get(found.method, f"AWS profile {profile}")
    return Credential(now.access_key, now.secret_key, origin, now.token or "")


def _shared(named: str) -> Any:
    with _lock:
        if named not in _found and (found := _resolver(named).load_credentials()):
            _found[named] = found
        return _found.get(named)


def _resolver(named: str) -> Any:
    """The chain of botocore, without prompts and without requests to a service that may not exist."""
    session = Session(profile=named or None)
    # The cache of the AWS CLI: a role assumed there, maybe with an MFA code, is valid here too.
    cache = JSONFileCache(os.path.expanduser(os.path.join("~", ".aws", "cli", "cache")))
    resolver = create_credential_resolver(session, cache=cache)
    resolver.get_provider("assume-role")._prompter = _no_prompt  # noqa: SLF001  # otherwise it reads from the terminal
    if not uses_instance_role():
        resolver.remove("iam-role")
    session.register_component("credential_provider", resolver)
    return resolver


class _CodeRequired(Exception):
    """A role requires an MFA code, which the user would have to type."""


def _no_prompt(*_: object) -> str:
    raise _CodeRequired


@contextmanager
def _translated_errors(profile: str) -> Iterator[None]:
    """Turn exceptions of botocore and its callees into our errors, without causes, which may quote a secret."""
    who, option = f"AWS profile {profile}", command("--profile", profile)
    see = f"See what the AWS CLI reports: aws sts get-caller-identity {option}"
    try:
        yield
    except (exceptions.SSOError, exceptions.TokenRetrievalError):
        raise PermissionDenied(
            f"the single sign-on of {who} has expired", remedy=f"Type: aws sso login {option}"
        ) from None
    except exceptions.LoginError:
        raise PermissionDenied(f"the login of {who} has expired", remedy=f"Type: aws login {option}") from None
    except exceptions.ProfileNotFound:
        raise PermissionDenied(f"there is no {who} on this machine", remedy=f"Type: aws configure {option}") from None
    except _CodeRequired:
        raise PermissionDenied(
            f"the role of {who} needs an MFA code from you",
            remedy=f"Enter it here: aws sts get-caller-identity {option}",
        ) from None
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise Unreachable(f"cannot get the login of {who}: {type(error).__name__}", remedy=see) from None
    except exceptions.ClientError as error:
        details = error.response.get("Error", {})
        raise PermissionDenied(
            f"AWS refuses a login for {who}: {details.get('Code')}, {details.get('Message')}", remedy=see
        ) from None
    except exceptions.CredentialRetrievalError as error:
        raise PermissionDenied(
            f"cannot get the login of {who} from {error.kwargs.get('provider')}", remedy=see
        ) from None
    except Exception as error:  # noqa: BLE001  # a user's files and programs can make botocore raise anything
        raise PermissionDenied(f"cannot get the login of {who}: {type(error).__name__}", remedy=see) from None
