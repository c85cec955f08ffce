"""A login from where Amazon's own programs look for one, and what to do when it has come to its end."""

from collections.abc import Mapping

from git_annex_remote_pyshare.backends.s3.aws_profile import may_have_login, plain_login
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.credentials.environment import ORIGIN
from git_annex_remote_pyshare.safe_text import command

_PROFILE = "AWS profile "
"""How the origin of a login begins that a profile gave; its name follows."""


def default_credentials(settings: Mapping[str, str]) -> Credential | None:
    """The login of the profile that the settings name, else of the user's own one, of a container or a machine.

    A login with a session token comes to its end: ask again before each request, which costs a look at a file's date
    or into an object of botocore, and whoever renews it does so once for all jobs.

    Args:
        settings: All of them. A `profile=` may start a program, so a stranger's must be left out.

    Raises:
        Denied: There is one, but it has ended or cannot be had; the remedy says which command mends that.
        Unreachable: Whoever gives it does not answer.
    """
    named = settings.get("profile", "")
    if login := plain_login(named):
        return login._replace(origin=f"{_PROFILE}{login.origin}")
    if not may_have_login(named):
        return None
    # botocore costs more than our whole start-up, and most logins are plain.
    from git_annex_remote_pyshare.backends.s3.aws_chain import botocore_login  # noqa: PLC0415

    return botocore_login(named)


def renewal(login: Credential) -> str:
    """What to do when the server says that a session token has expired, although it was looked up just now."""
    if login.origin == ORIGIN:
        return "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN again, or unset all three."
    profile = ("--profile", login.origin.removeprefix(_PROFILE)) if login.origin.startswith(_PROFILE) else ()
    look = command("aws", "sts", "get-caller-identity", *profile)
    return f"Renew the login from {login.origin} the way you got it, and see whether it is good: {look}"
