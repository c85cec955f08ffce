"""Which server and region Amazon's own programs are told to use on this machine, by a profile or the environment."""

import os
from collections.abc import Mapping

from git_annex_remote_pyshare.backends.s3.aws_files import words_for_s3, words_of

_SAID = ("endpoint", "host")
"""Settings that say which server is meant."""


def completion(settings: Mapping[str, str]) -> Mapping[str, str]:
    """What the settings leave to this machine: `endpoint=` and `region=`, as far as it says something of them.

    The owner's machine says it once, when the remote is made: other people's has its own idea, or none.

    Args:
        settings: All of them, the user's own.

    Raises:
        Denied: One of the files cannot be read.
    """
    if any(settings[name] for name in _SAID):
        return {}
    named = settings["profile"]
    added = {"endpoint": _endpoint(named)}
    if not (settings["region"] or settings["datacenter"]):
        added["region"] = _region(named)
    return {name: value for name, value in added.items() if value}


def _endpoint(named: str) -> str:
    """In the order of AWS SDKs and Tools Reference Guide, "Service-specific endpoints"."""
    profile = words_of(named)
    ignored = os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") or profile.get(
        "ignore_configured_endpoint_urls", ""
    )
    if ignored.lower() == "true":
        return ""
    return (
        os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL")
        or words_for_s3(named).get("endpoint_url")
        or profile.get("endpoint_url", "")
    )


def _region(named: str) -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or words_of(named).get("region", "")
