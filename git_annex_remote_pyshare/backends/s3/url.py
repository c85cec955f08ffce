"""Addresses of S3 stores: parses and checks the settings, and builds the URLs of objects."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import encode_name
from git_annex_remote_pyshare.backends.s3 import google
from git_annex_remote_pyshare.backends.s3.server import Server, own_partition, server_of
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.host import OPEN, bound_host
from git_annex_remote_pyshare.errors import BadName, BadSetting
from git_annex_remote_pyshare.safe_text import command

_URL = re.compile(r"s3://([^/]*)(?:/(.*))?", re.IGNORECASE | re.DOTALL)
_BUCKET = re.compile(r"(?:\w*:)?\w[\w.-]{0,254}", re.ASCII)
"""Also names that Amazon accepted before 2018, and Ceph's `TENANT:BUCKET` (its documentation, "RGW Multi-tenancy")."""
_IN_HOST = re.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A bucket that can be part of a host name: with a dot, the server's certificate would not match (Amazon S3 User Guide,
"Virtual hosting of general purpose buckets")."""
_PUBLIC = re.compile(r"https?://[^/?#@\\\s]+(?:/[^?#\s]*)?", re.IGNORECASE)
_WEB = re.compile(r"(https?://[^/?#]+)/*([^?#]*)", re.IGNORECASE | re.DOTALL)
"""A server, and a bucket in its path."""
_KEPT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_QUOTED = {byte: f"%{byte:02X}" for byte in range(256) if byte not in _KEPT}
_MAX_KEY_BYTES = 1024
"""Bytes (Amazon S3 User Guide, "Naming Amazon S3 objects")."""
_DEFAULT_REGION = "us-east-1"
"""First attempt if the region is unknown: many servers accept it, the others respond with theirs."""


class Address(NamedTuple):
    """Where a store is: server, bucket and prefix."""

    server: Server
    bucket: str
    prefix: str = ""
    """Prefix of each name in the bucket, not encoded; it ends in a slash if it is a folder."""
    virtual: bool = False
    """Whether the bucket is part of the host name and not of the path."""
    published: str = ""
    """The beginning of the objects' public URLs; empty if there are none, or the settings do not give them."""
    scheme: str = "s3"
    """As in the URL of the store."""

    @property
    def is_amazon(self) -> bool:
        """Whether it is one of Amazon's own servers."""
        return bool(self.server.partition)

    @property
    def region(self) -> str:
        """The region to sign for."""
        return self.server.region or _DEFAULT_REGION

    @property
    def host(self) -> str:
        """As in the Host header."""
        return f"{self.bucket}.{self.server.host}" if self.virtual else self.server.host

    @property
    def bucket_path(self) -> str:
        """The path of the bucket itself, encoded."""
        return "/" if self.virtual else f"/{quoted_key(self.bucket.encode())}"

    @property
    def shown(self) -> str:
        """The store's name in error texts."""
        at = "" if self.is_amazon or self.scheme == google.SCHEME else f" at {self.server.origin}"
        return f"{self.scheme}://{self.bucket}/{self.prefix}{at}"

    def in_region(self, region: str) -> "Address":
        """The address in the region from a response; unchanged if the login is not valid in that region."""
        server = self.server.in_region(region)
        return self._replace(server=server) if server.partition == self.server.partition else self

    def key_of(self, name: str) -> bytes:
        """The S3 key of an object.

        Raises:
            BadName: S3 cannot store it.
        """
        key = self.prefix.encode("utf-8", "surrogateescape") + encode_name(name)
        if len(key) > _MAX_KEY_BYTES:
            raise BadName(
                f"the object's name is too long for S3, which accepts {_MAX_KEY_BYTES} bytes with the prefix",
                detail=name,
            )
        return key

    def path_of(self, name: str) -> str:
        """The object's path at `host`, encoded; raises BadName."""
        return f"{self.bucket_path.rstrip('/')}/{quoted_key(self.key_of(name))}"

    def url_of(self, name: str) -> str:
        """The object's own URL, without a login; raises BadName."""
        return f"{self.server.scheme}://{self.host}{self.path_of(name)}"

    def public_url(self, name: str) -> str:
        """The object's public URL; empty if it has none. Raises BadName."""
        return self.published and f"{self.published}{quoted_key(self.key_of(name))}"


def settings_of_address(text: str) -> Mapping[str, str]:
    """The settings that an address means as users type it: BUCKET/FOLDER, or https://SERVER/BUCKET/FOLDER."""
    if not (web := _WEB.fullmatch(text)):
        return {"url": text if text.lower().startswith(("s3://", f"{google.SCHEME}://")) else f"s3://{text}"}
    return {"url": f"s3://{web[2]}", "endpoint": web[1]}


def check(settings: Mapping[str, str]) -> None:
    """Raise BadSetting, with what to type instead, if the settings are not valid for an S3 store.

    Args:
        settings: All of them, name → value, empty for unset.
    """
    address_of(settings)
    if settings["requesterpays"] == "yes":
        for name, value in (("public", "yes"), ("signature", "anonymous")):
            if settings[name] == value:
                raise BadSetting(
                    f"requesterpays=yes and {name}={value} exclude each other: the account that pays must log in",
                    remedy="Leave one of them out.",
                )


def address_of(settings: Mapping[str, str]) -> Address:
    """The address in the settings.

    Raises:
        BadSetting: They are not valid for an S3 store.
    """
    scheme = google.SCHEME if google.is_google(settings) else "s3"
    settings = google.as_s3(settings)
    server = server_of(settings)
    bucket, prefix = _bucket_and_prefix(settings)
    address = Address(server, bucket, prefix, _is_virtual(settings, server, bucket), scheme=scheme)
    return address._replace(published=_published(settings, address))


def account_of(settings: Mapping[str, str]) -> Account:
    """The account that a login for the store is bound to: the server's host, or a partition of Amazon's cloud.

    Over plain http the server may not be Amazon, so that is another account, and no login found on this machine is used
    for it unless the user has accepted the settings. Nor is one used for a public bucket: its owner would see whose
    login it is, and might refuse it.

    Raises:
        BadSetting: The settings give no server.
    """
    given = settings["url"].rstrip("/") if google.is_google(settings) else ""
    settings = google.as_s3(settings)
    server = server_of(settings)
    bucket, prefix = _bucket_and_prefix(settings)
    if given:
        return Account(bound_host(server.origin), words=(given,))
    url = f"s3://{bucket}/{prefix}".rstrip("/")
    if not server.partition:
        return Account(bound_host(server.origin), words=(url, f"endpoint={server.origin}"))
    if server.scheme == "http":
        return Account(f"{OPEN}{server.partition}", words=(url, f"endpoint={server.origin}"))
    elsewhere = server.partition != "amazonaws.com"
    words = (url, f"region={server.region}") if elsewhere else (url,)
    ambient = settings["public"] != "yes" and server.partition == own_partition()
    return Account(server.partition, words=words, ambient=ambient)


def quoted_key(key: bytes) -> str:
    """A key as in a URL, and as it is signed: slashes are kept, also repeated ones, and dots have no meaning.

    Does not use urllib.parse, which would add milliseconds to the start-up.
    """
    return key.decode("latin-1").translate(_QUOTED)


def _bucket_and_prefix(settings: Mapping[str, str]) -> tuple[str, str]:
    bucket, folder = _in_url(settings["url"], settings["bucket"])
    prefix = settings["fileprefix"]
    if folder and prefix:
        raise BadSetting(
            "url= names a folder in the bucket, and fileprefix= is another prefix",
            remedy=f"Leave fileprefix= out, or type: {command(f'url=s3://{bucket}')}",
        )
    if {"", ".", ".."} & set(folder.split("/") if folder else ()) or {".", ".."} & set(prefix.split("/")[:-1]):
        setting = "url" if folder else "fileprefix"
        raise BadSetting(f"{setting}= has an empty or dotted part in its path", remedy="Write the path out.")
    if not {"\0", "\n", "\r"}.isdisjoint(folder + prefix):
        raise BadSetting("there is a line break in url= or fileprefix=", remedy="Leave it out.")
    return bucket, f"{folder}/" if folder else prefix


def _in_url(url: str, bucket: str) -> tuple[str, str]:
    """Bucket and folder; `bucket=` is converted to lower case, as by git-annex's own S3 remote."""
    match = _URL.fullmatch(url)
    if not match or not _BUCKET.fullmatch(match[1]):
        raise BadSetting(
            f"url={url} does not name a bucket",
            remedy="Give one like url=s3://BUCKET/FOLDER, and a server that is not Amazon's as endpoint=https://HOST.",
        )
    if bucket and bucket.lower() != match[1].lower():
        raise BadSetting(
            f"url= names the bucket {match[1]}, and bucket= names {bucket}", remedy="Leave bucket= out, or url=."
        )
    return bucket.lower() or match[1], (match[2] or "").rstrip("/")


def _is_virtual(settings: Mapping[str, str], server: Server, bucket: str) -> bool:
    """Amazon expects the bucket in the host name, if possible; most other servers expect it in the path."""
    wanted = settings["addressing"]
    if wanted == "virtual":
        if settings["requeststyle"] == "path":
            raise BadSetting(
                "addressing=virtual and requeststyle=path contradict each other", remedy="Leave one of them out."
            )
        if not _IN_HOST.fullmatch(bucket):
            raise BadSetting(
                f"the bucket {bucket} cannot be part of a host name, as addressing=virtual requires",
                remedy="Leave addressing= out, or type: addressing=path",
            )
        return True
    if "path" in {wanted, settings["requeststyle"]}:
        return False
    return bool(server.partition) and bool(_IN_HOST.fullmatch(bucket))


def _published(settings: Mapping[str, str], address: Address) -> str:
    """The public URL. Without publicurl=, only Amazon's and Google's have one; others use another host."""
    base = settings["publicurl"]
    if base:
        if not _PUBLIC.fullmatch(base):
            raise BadSetting(
                "publicurl= is not a web address that a browser can open",
                remedy="Give one like publicurl=https://data.example.org/folder, without a login, ? or #.",
            )
        return f"{base.rstrip('/')}/"
    if settings["public"] != "yes" or not (address.is_amazon or address.scheme == google.SCHEME):
        return ""
    return f"{address.server.scheme}://{address.host}{address.bucket_path.rstrip('/')}/"
