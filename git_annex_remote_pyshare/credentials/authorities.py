"""Remembers certificate authorities that the user trusts for one host (`pyshare login URL --ca FILE`).

Many institutions sign the certificates of their servers themselves. pyshare keeps only the path of the file, so that a
renewed file takes effect at once.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from git_annex_remote_pyshare.credentials import private
from git_annex_remote_pyshare.errors import BadSetting

INDEX = "authorities.json"
"""File that maps a host, as `host_of` returns it, to the path of a file with certificates in PEM format."""


def authority_of(host: str) -> str:
    """The path of the file with the authorities for the host; empty if the user has set none.

    The authorities of a server also apply to host names one level below its own, as buckets of S3 servers have.

    Raises:
        BadSetting: The file can no longer be read.
    """
    index = private.load(INDEX)
    path = index.get(host) or index.get(host.partition(".")[2], "")
    if not isinstance(path, str) or (path and not os.access(path, os.R_OK)):
        raise BadSetting(
            f"cannot read the certificates for {host} in {path}",
            remedy="Type the login again with --ca FILE, or pyshare logout and pyshare login without it.",
        )
    return path


@contextmanager
def trusting(host: str, file: str) -> Iterator[None]:
    """Trust the authorities in `file` for the host from now on; restore the earlier state if the block fails.

    Raises:
        BadSetting: The file cannot be read or contains no certificate.
    """
    path = os.path.abspath(file)
    _check(path)
    earlier = private.load(INDEX).get(host)
    _set(host, path)
    try:
        yield
    except BaseException:  # a login that failed or was stopped must not leave the file trusted
        _set(host, earlier)
        raise


def forget(host: str) -> bool:
    """Stop trusting the authorities for the host; return whether there were any."""
    known = host in private.load(INDEX)
    if known:
        _set(host, None)
    return known


def _set(host: str, path: str | None) -> None:
    with private.changing(INDEX) as index:
        index.pop(host, None)
        if path:
            index[host] = path


def _check(path: str) -> None:
    import ssl  # noqa: PLC0415  # only a login with --ca needs it

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        why = "it holds no certificate in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
        raise BadSetting(
            f"cannot use the certificates in {path}: {why}",
            remedy="Give the file that your institution offers, which has a line -----BEGIN CERTIFICATE-----.",
        ) from error
