"""Makes TLS contexts for transfers and logins: system trust, the user's own authorities, and a client certificate."""

import os
from typing import TYPE_CHECKING, NamedTuple

from git_annex_remote_pyshare.errors import BadSetting

if TYPE_CHECKING:
    from truststore import SSLContext


class Trust(NamedTuple):
    """Files to use besides the system's authorities; each is a path, or empty."""

    authority: str = ""
    """Authorities for this host only (`pyshare login --ca`)."""
    authorities: str = ""
    """Git config `pyshare-ca`: a file or folder; if empty, the environment's."""
    certificate: str = ""
    """Git config `pyshare-cert`: the client certificate."""
    key: str = ""
    """Git config `pyshare-key`: its key, if the certificate's file has none."""


def context_of(trust: Trust) -> "SSLContext":
    """The TLS context. Making one takes long, since it loads certificates.

    The environment can name authorities as for requests and OpenSSL: REQUESTS_CA_BUNDLE or SSL_CERT_FILE.

    Raises:
        BadSetting: One of the files cannot be used.
    """
    import ssl  # noqa: PLC0415  # both are needed only for https

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
