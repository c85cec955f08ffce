"""`pyshare login s3://…`: ask for an access key and its secret, try them once, keep them for the server."""

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.login import (
    LoginRequest,
    Terminal,
    ask_secret_word,
    keep,
    refuse_options,
    word_of,
)
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting

_TEMPORARY = "ASIA"
"""How Amazon's keys begin that are nothing without their session token (IAM User Guide, "Understanding unique ID
prefixes")."""


def login(request: LoginRequest, terminal: Terminal) -> None:
    """Log in at an S3 server.

    Raises:
        BadSetting: A setting or option is invalid.
        PermissionDenied: The server does not take the key.
        NotAStore: What answers is no S3 server.
        Unreachable: No answer.
    """
    registry.check(request.settings)
    account = request.account
    refuse_options(request, "S3, where a login is an access key and its secret", "token", "sharing", "app_key")
    if request.settings["signature"] == "anonymous":
        raise BadSetting("signature=anonymous means never to log in", remedy="Leave it out.")
    key = _ask_key(request.user, terminal)
    if key.user.startswith(_TEMPORARY):
        raise BadSetting(
            f"{key.user} is a temporary key, which is of no use tomorrow",
            remedy="Leave it in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or in a profile.",
        )
    if not request.no_check:
        from git_annex_remote_pyshare.backends.s3.verify_login import check  # noqa: PLC0415  # not for help and wrong words

        check(request.settings, key)
    now = keep(request, terminal, key)
    terminal.say(f"Logged in at {account.name} with the key {key.user}; it is kept in the {now.place}.")


def _ask_key(user: str, terminal: Terminal) -> Credential:
    """An access key's id and its secret; an id that is given already is not asked for.

    Raises:
        BadSetting: One of them is empty or invalid.
    """
    user = user or word_of(terminal.ask("Access key id"), "access key id")
    if not user:
        raise BadSetting("no access key id was given", remedy="Type it, or send it through a pipe.")
    return ask_secret_word(terminal, user, "secret access key")
