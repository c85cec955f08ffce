"""What an ETag proves of an object: its MD5, unless parts or encryption made it something else."""

import re
from collections.abc import Mapping

_MD5 = re.compile(r'"?([0-9a-f]{32})"?', re.IGNORECASE)
_CUSTOMER_KEY = "x-amz-server-side-encryption-customer-algorithm"


def md5_of(headers: Mapping[str, str]) -> str:
    """The MD5 that the server computed, where the ETag is one (API Reference, "Object", ETag); else empty."""
    is_encrypted = headers.get("x-amz-server-side-encryption", "").startswith("aws:kms") or _CUSTOMER_KEY in headers
    match = _MD5.fullmatch(headers.get("ETag", ""))
    return match[1].lower() if match and not is_encrypted else ""
