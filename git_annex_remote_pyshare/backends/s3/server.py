"""Finds the server in the settings: one of Amazon's, in a region, or another one."""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command

_REGION = r"[a-z]{2,4}(?:-[a-z]+){1,2}-[0-9]{1,2}"
_AMAZON = re.compile(
    r"(?P<service>s3(?:-fips|-accelerate|-external-1)?(?:\.dualstack)?)"
    rf"(?:[.-](?P<region>{_REGION}))?\.(?P<partition>amazonaws\.(?:com(?:\.cn)?|eu))"
)
"""Amazon's own hosts for S3 (AWS General Reference, "Amazon S3 endpoints and quotas") and no others: customers have
host names below amazonaws.com for their own servers."""

_PARTITIONS = {"cn-": "amazonaws.com.cn", "eusc-": "amazonaws.eu"}
"""Prefix of regions with separate logins → their domain."""

_DATACENTERS = {"US": "us-east-1", "EU": "eu-west-1"}
_URL = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]+))?/?", re.IGNORECASE | re.ASCII)
_HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]", re.IGNORECASE | re.ASCII)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_LAST_PORT = 65535
_HOST_SETTINGS = ("host", "port", "protocol")


class Server(NamedTuple):
    """Where requests go, apart from the bucket."""

    scheme: str
    host: str
    """As in the Host header: with the port, if it is not the scheme's default."""
    region: str = ""
    """As the server calls it; empty if its responses must give it."""

    @property
    def origin(self) -> str:
        """The beginning of its URLs."""
        return f"{self.scheme}://{self.host}"

    @property
    def partition(self) -> str:
        """The part of Amazon's cloud in which one login is valid; empty for other servers."""
        match = _AMAZON.fullmatch(self.host)
        return match["partition"] if match else ""

    def in_region(self, region: str) -> "Server":
        """The same service in a region from the settings or a response; unchanged if that is invalid."""
        match = _AMAZON.fullmatch(self.host)
        if match is None:
            return self._replace(region=region) if re.fullmatch(r"[\w-]+", region, re.ASCII) else self
        if not re.fullmatch(_REGION, region):
            return self
        if match["service"].startswith("s3-accelerate"):
            return self._replace(region=region)
        service = match["service"].replace("-external-1", "")
        return Server(self.scheme, f"{service}.{region}.{partition_of(region)}", region)


def server_of(settings: Mapping[str, str]) -> Server:
    """The server in the settings.

    `host=`, `port=`, `protocol=` and `datacenter=` mean what they mean to git-annex's own S3 remote (git-annex
    documentation, "special_remotes/S3"): http unless protocol=https or port=443. For Amazon the default is https, since
    that remote writes port=80 into the settings of every remote.

    Raises:
        BadSetting: They are invalid; the text says what to type instead.
    """
    if settings["endpoint"]:
        for word in _HOST_SETTINGS:
            if settings[word]:
                raise BadSetting(
                    f"endpoint= and {word}= both name the server",
                    remedy=f"Leave {word}= out, as in: endpoint=https://HOST:PORT",
                )
        server = _from_endpoint(settings["endpoint"])
    else:
        server = _from_host(settings)
    return _with_region(server, settings)


def partition_of(region: str) -> str:
    """The domain of Amazon's servers in a region."""
    return next((domain for start, domain in _PARTITIONS.items() if region.startswith(start)), "amazonaws.com")


def own_partition() -> str:
    """The partition in which logins found on this machine are valid."""
    return partition_of(os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", ""))


def _from_endpoint(endpoint: str) -> Server:
    match = _URL.fullmatch(endpoint)
    if not match or int(match[3] or 0) > _LAST_PORT:
        raise _not_an_endpoint(endpoint)
    scheme, host, port = match[1].lower(), match[2].lower(), match[3] or ""
    bucket, dot, rest = host.partition(".")
    if dot and _AMAZON.fullmatch(rest) and not _AMAZON.fullmatch(host):
        raise BadSetting(
            f"endpoint={endpoint} contains a bucket",
            remedy=f"Type instead: {command(f'url=s3://{bucket}', f'endpoint={scheme}://{rest}')}",
        )
    return Server(scheme, _with_port(scheme, host, port))


def _not_an_endpoint(endpoint: str) -> BadSetting:
    if "@" in endpoint:
        return BadSetting(
            "endpoint= contains a login, which git-annex would publish with the dataset",
            remedy="Leave the login out of it and type: pyshare login s3://BUCKET endpoint=https://HOST",
        )
    scheme, separator, rest = endpoint.rpartition("://")
    host, slash, _ = rest.partition("/")
    if not separator:
        why, instead = "does not begin with https:// or http://", f"https://{host}"
    elif scheme.lower() not in _DEFAULT_PORTS:
        why, instead = "is not the address of a web server", f"https://{host}"
    elif slash:
        why, instead = "has a path; bucket and folder belong in url=", f"{scheme}://{host}"
    else:
        why, instead = "is not the address of a server", "https://s3.example.org"
    if not _URL.fullmatch(instead):
        instead = "https://s3.example.org"
    return BadSetting(f"endpoint={endpoint} {why}", remedy=f"Type instead: {command(f'endpoint={instead}')}")


def _from_host(settings: Mapping[str, str]) -> Server:
    host, port, protocol = (settings[word] for word in _HOST_SETTINGS)
    host = host.lower() or "s3.amazonaws.com"
    if not _HOST.fullmatch(host):
        raise BadSetting(
            f"host={settings['host'].rpartition('@')[2]} is not a valid host name",
            remedy="Give the whole address instead: endpoint=https://HOST:PORT.",
        )
    if _AMAZON.fullmatch(host):
        return Server(protocol or "https", host)
    scheme = protocol or ("https" if port == _DEFAULT_PORTS["https"] else "http")
    return Server(scheme, _with_port(scheme, host, port))


def _with_region(server: Server, settings: Mapping[str, str]) -> Server:
    """The server with its region, if the settings give it; Amazon's servers have it in their name."""
    wanted = settings["region"]
    if not server.partition:
        return server._replace(region=wanted)
    match = _AMAZON.fullmatch(server.host)
    own = match["region"] or "" if match else ""
    if own and wanted not in {"", own}:
        raise BadSetting(
            f"region={wanted} is not the region of {server.host}",
            remedy=f"Leave endpoint= and host= out, or type: region={own}",
        )
    region = wanted or own or _DATACENTERS.get(settings["datacenter"], settings["datacenter"])
    if region and not re.fullmatch(_REGION, region):
        raise BadSetting(
            f"{'region' if wanted else 'datacenter'}={region} is not one of Amazon's regions",
            remedy="Give one like region=eu-central-1, or the server with this region: endpoint=https://HOST",
        )
    return server._replace(region=own) if own else server.in_region(region)


def _with_port(scheme: str, host: str, port: str) -> str:
    return host if port in {"", _DEFAULT_PORTS[scheme]} else f"{host}:{int(port)}"
