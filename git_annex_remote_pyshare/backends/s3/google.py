"""Google Cloud Storage: `gs://BUCKET/FOLDER` is a bucket at Google's server, which speaks S3 with HMAC keys.

Source: Google Cloud Storage documentation, "Interoperability with other storage providers", "HMAC keys".
"""

import re
from collections.abc import Mapping

from git_annex_remote_pyshare.errors import BadSetting

SERVER = "https://storage.googleapis.com"
SCHEME = "gs"

_URL = re.compile(rf"{SCHEME}://", re.IGNORECASE)
_REGION = "auto"
"""Google's server accepts a signature for any region."""
_OTHERS = ("endpoint", "host", "datacenter", "profile", "requesterpays")
"""Settings that name another server, or that Google's server does not have."""


def is_google(settings: Mapping[str, str]) -> bool:
    """Whether the URL is one of Google Cloud Storage."""
    return bool(_URL.match(settings["url"]))


def as_s3(settings: Mapping[str, str]) -> Mapping[str, str]:
    """The same store as an S3 store; unchanged for other URLs.

    Raises:
        BadSetting: A setting is not for Google Cloud Storage.
    """
    if not is_google(settings):
        return settings
    for name in _OTHERS:
        if settings[name] not in {"", "no"}:
            raise BadSetting(f"{name}= is not for gs:// addresses, which are Google's", remedy=f"Leave {name}= out.")
    url = _URL.sub("s3://", settings["url"])
    return {**settings, "url": url, "endpoint": SERVER, "region": settings["region"] or _REGION}
