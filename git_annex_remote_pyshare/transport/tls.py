"""Whom TLS trusts, for transfers and logins alike: the system, the user's own authorities, and a client certificate."""

import os
from typing import TYPE_CHECKING, NamedTuple

from git_annex_remote_pyshare.errors import BadSetting

if TYPE_CHECKING:
    from truststore import SSLContext


class Trust(NamedTuple):
    """What counts besides the authorities that the system trusts; each is a path, or empty."""

    authority: str = ""
    """Of the one host that is talked to (`pyshare login --ca`)."""
    authorities: str = ""
    """Git config `pyshare-ca`: a file or folder; what the environment names if empty."""
    certificate: str = ""
    """Git config `pyshare-cert`: what proves to the server who we are."""
    key: str = ""
    """Git config `pyshare-key`, where the certificate's file has no key."""


def context_of(trust: Trust) -> "SSLContext":
    """What TLS trusts and shows. Making one takes long, since it loads certificates.

    The environment names authorities as curl, requests and OpenSSL have it: REQUESTS_CA_BUNDLE or SSL_CERT_FILE.

    Raises:
        BadSetting: One of the files cannot be used.
    """
    import ssl  # noqa: PLC0415  # both are needed for https only

    import truststore  # noqa: PLC0415

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authorities = trust.authorities or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE", "")
    try:
        if authorities:
            folder = os.path.isdir(authorities)
            context.load_verify_locations(**{"capath" if folder else "cafile": authorities})
        if trust.authority:
            context.load_verify_locations(cafile=trust.authority)
        if trust.certificate:
            context.load_cert_chain(trust.certificate, trust.key or None)
    except OSError as error:
        raise BadSetting(
            f"cannot use the certificates in {authorities or trust.certificate}: {error.strerror or error}",
            remedy="See: git config --get-regexp 'pyshare-(ca|cert|key)'",
        ) from error
    return context
