"""`pyshare login s3://…`: prompts for an access key and its secret, verifies them once, keeps them for the server."""

from collections.abc import Mapping

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.login import (
    LoginRequest,
    Terminal,
    ask_secret_word,
    keep,
    refuse_options,
    word_of,
)
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.errors import Doing, from_response
from git_annex_remote_pyshare.backends.s3.response import error_details
from git_annex_remote_pyshare.backends.s3.url import address_of
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.transport.exchange import EXCERPT

_LOOK = (("list-type", "2"), ("max-keys", "1"))
_KNOWN = {"", "AccessDenied", "AllAccessDisabled", "NoSuchBucket"}
"""Error codes that imply a correct signature: the key may have no right to list, or the right to create the bucket."""

_TEMPORARY = "ASIA"
"""Prefix of Amazon's keys that are valid only with their session token (IAM User Guide, "Understanding unique ID
prefixes")."""


def login(request: LoginRequest, terminal: Terminal) -> str:
    """Log in at an S3 server; returns the URL of the bucket.

    Raises:
        BadSetting: A setting or option is invalid.
        PermissionDenied: The server refuses the key.
        NotAStore: The server is not an S3 server.
        Unreachable: The server does not respond.
    """
    registry.check(request.settings)
    account = request.account
    refuse_options(request, "S3, where a login is an access key and its secret", "token", "sharing", "app_key")
    if request.settings["signature"] == "anonymous":
        raise BadSetting("signature=anonymous excludes a login", remedy="Leave it out.")
    key = _ask_key(request.user, terminal)
    if key.user.startswith(_TEMPORARY):
        raise BadSetting(
            f"{key.user} is a temporary key, which soon expires",
            remedy="Leave it in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or in a profile.",
        )
    if not request.no_check:
        check(request.settings, key)
    now = keep(request, terminal, key)
    terminal.say(f"Logged in at {account.name} with the key {key.user}; it is kept in the {now.place}.")
    return request.url


def _ask_key(user: str, terminal: Terminal) -> Credential:
    """Prompt for an access key's id, unless it is given, and its secret.

    Raises:
        BadSetting: One of them is empty or invalid.
    """
    user = user or word_of(terminal.ask("Access key id"), "access key id")
    if not user:
        raise BadSetting("no access key id was given", remedy="Type it, or send it through a pipe.")
    return ask_secret_word(terminal, user, "secret access key")


def check(settings: Mapping[str, str], login: Credential) -> None:
    """Verify a login: list one object of the bucket with it.

    Raises:
        PermissionDenied: The server does not know the key, or the secret does not match it.
        NotAStore: The server is not an S3 server.
        Unreachable: The server does not respond, or fails.
    """
    place = StoreConfig(settings["url"], settings, LocalConfig(), credential=lambda: login, trusted=lambda: True)
    address = address_of(settings)
    client = Client(place, address)
    look = Request("GET", address.bucket_path, "log in", query=_LOOK, expected_statuses=(403, 404))
    try:
        with client.send(look) as response:
            body = response.read(EXCERPT)
    finally:
        client.close()
    code = error_details(response.headers, body).code
    if code not in _KNOWN or not (code or b"<ListBucketResult" in body):
        doing = Doing(look.what, address.shown, address.bucket, advice="Check both, then try again.")
        raise from_response(doing, response.status, response.headers, body)
