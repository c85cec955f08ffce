"""Trying a login once, before it is kept."""

from collections.abc import Mapping

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.errors import Doing, from_answer
from git_annex_remote_pyshare.backends.s3.response import said
from git_annex_remote_pyshare.backends.s3.url import address_of
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.transport.exchange import EXCERPT

_LOOK = (("list-type", "2"), ("max-keys", "1"))
_KNOWN = {"", "AccessDenied", "AllAccessDisabled", "NoSuchBucket"}
"""Said only to those whose signature is right: such a key may do other things than list this bucket, or may make it."""


def check(settings: Mapping[str, str], login: Credential) -> None:
    """Look into the bucket with the login.

    Raises:
        Denied: The server does not know the key, or the secret is not the key's.
        NotAStore: What answers is no S3 server.
        Unreachable: Nobody answers, or the server is broken.
    """
    place = StoreConfig(settings["url"], settings, LocalConfig(), credential=lambda: login, trusted=lambda: True)
    address = address_of(settings)
    client = Client(place, address)
    look = Request("GET", address.bucket_path, "log in", query=_LOOK, awaited=(403, 404))
    try:
        with client.send(look) as response:
            body = response.read(EXCERPT)
    finally:
        client.close()
    code = said(response.headers, body).code
    if code not in _KNOWN or not (code or b"<ListBucketResult" in body):
        doing = Doing(look.what, address.shown, address.bucket, advice="Check both, then try again.")
        raise from_answer(doing, response.status, response.headers, body)
