"""Finds a login where the AWS CLI looks for one, and says how to renew it."""

from collections.abc import Mapping

from git_annex_remote_pyshare.backends.s3.aws_profile import may_have_login, plain_login
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.environment import ORIGIN
from git_annex_remote_pyshare.safe_text import command

_PROFILE = "AWS profile "
"""Prefix of the origin of a login from a profile; the profile's name follows."""


def default_credentials(settings: Mapping[str, str]) -> Credential | None:
    """The login of the profile in the settings, or of the user's profile, a container or a machine.

    A login with a session token expires, so call this again before a request. That is cheap (the date of a file, or a
    botocore object in memory), and a renewal serves all jobs.

    Args:
        settings: All. A `profile=` may start a program, so leave it out of settings that the user has not accepted.

    Raises:
        PermissionDenied: There is one, but it has expired, or getting it fails; the remedy is a command.
        Unreachable: The login's provider does not respond.
    """
    named = settings.get("profile", "")
    if login := plain_login(named):
        return login._replace(origin=f"{_PROFILE}{login.origin}")
    if not may_have_login(named):
        return None
    # Importing botocore takes longer than all of our start-up, and most logins are plain keys.
    from git_annex_remote_pyshare.backends.s3.aws_chain import botocore_login  # noqa: PLC0415

    return botocore_login(named)


def renewal(login: Credential) -> str:
    """What to type if the server refuses a session token as expired although it was just looked up."""
    if login.origin == ORIGIN:
        return "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN again, or unset all three."
    profile = ("--profile", login.origin.removeprefix(_PROFILE)) if login.origin.startswith(_PROFILE) else ()
    look = command("aws", "sts", "get-caller-identity", *profile)
    return f"Renew the login from {login.origin} the way you got it, then check it: {look}"
