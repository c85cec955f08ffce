"""`pyshare login s3://…`: ask for an access key and its secret, try them once, keep them for the server."""

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.keeping import keep
from git_annex_remote_pyshare.cli.login_request import LoginRequest
from git_annex_remote_pyshare.cli.output import say
from git_annex_remote_pyshare.cli.prompt import ask_key
from git_annex_remote_pyshare.errors import BadSetting

_TEMPORARY = "ASIA"
"""How Amazon's keys begin that are nothing without their session token (IAM User Guide, "Understanding unique ID
prefixes")."""


def login(wish: LoginRequest) -> None:
    """Log in at an S3 server.

    Raises:
        BadSetting: A setting or option is invalid.
        Denied: The server does not take the key.
        NotAStore: What answers is no S3 server.
        Unreachable: No answer.
    """
    registry.check(wish.settings)
    account = registry.account_of(wish.settings)
    _check_wish(wish)
    key = ask_key(wish.user)
    if key.user.startswith(_TEMPORARY):
        raise BadSetting(
            f"{key.user} is a temporary key, which is of no use tomorrow",
            remedy="Leave it in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or in a profile.",
        )
    if not wish.no_check:
        from git_annex_remote_pyshare.backends.s3.verify_login import check  # noqa: PLC0415  # not for help and wrong words

        check(wish.settings, key)
    now = keep(account, registry.S3.name, key, wish)
    say(f"Logged in at {account.name} with the key {key.user}; it is kept in the {now.place}.")


def _check_wish(wish: LoginRequest) -> None:
    for name in ("token", "sharing", "app_key"):
        if getattr(wish, name):
            raise BadSetting(
                f"--{name.replace('_', '-')} is not for S3, where a login is an access key and its secret",
                remedy=f"Type: {wish.command(without=(name,))}",
            )
    if wish.settings["signature"] == "anonymous":
        raise BadSetting("signature=anonymous means never to log in", remedy="Leave it out.")
