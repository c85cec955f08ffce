"""Lists every git config option that pyshare reads, with its type, its default and its line in the documentation.

These options are not part of the dataset, since they concern one machine only, e.g. the speed of its transfers. Read
one with `LocalConfig.get(options.TIMEOUT)`. The tables in `docs/reference/settings.md` come from `OF_REMOTE` and
`OF_GIT_ANNEX`.
"""

import math
import re
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?)(i?)b?(?:/s|ps)?", re.IGNORECASE)

_AMOUNT = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*(b|bytes?|[kmgtpezy](?:i?b?|[a-z]{3,5}bytes?)|)")


class Option(Generic[T]):
    """One option of git config.

    Args:
        name: The part after `remote.<name>.`, or the full name of an option of git-annex itself.
        parse: Converts the text to a value; raises ValueError with what is expected, e.g. "a number above 0".
        default: The value if the option is not set.
        help: What the option does, for the documentation; may contain Markdown.
        shown: The default as the documentation shows it.
    """

    def __init__(self, name: str, parse: Callable[[str], T], default: T, help: str, shown: str = "") -> None:  # noqa: A002  # the name of the field
        self.name = name
        self.parse = parse
        self.default = default
        self.help = help
        self.shown = shown


def text(value: str) -> str:
    """The unchanged text."""
    return value


def number(value: str) -> float:
    """A number above 0.

    Raises:
        ValueError: The text is not a number above 0.
    """
    try:
        parsed = float(value)
    except ValueError:
        parsed = 0
    if not parsed > 0:
        raise ValueError("a number above 0")
    return parsed


def count(value: str) -> int:
    """A whole number, 0 or more.

    Raises:
        ValueError: The text is not such a number.
    """
    if not (value.isascii() and value.isdecimal()):
        raise ValueError("a whole number, such as 0 or 8")
    return int(value)


def size(value: str) -> float:
    """A number of bytes, or of bytes per second: `500k`, `2.5MiB`, `10MB/s`.

    Raises:
        ValueError: The text is not a size.
    """
    match = _SIZE.fullmatch(value.strip())
    if not match:
        raise ValueError("a size like 500KiB or 2.5MB")
    base = 1024 if match[3] or not value.lower().rstrip("/ps").endswith("b") else 1000
    return float(match[1]) * float(base) ** " kmg".index(match[2].lower() or " ")


def flag(value: str) -> bool:
    """Whether the text is one of git's words for true; any other text is false."""
    return value.lower() in {"true", "yes", "on", "1"}


def amount(value: str) -> int:
    """The space to leave free on a disk, in bytes.

    An invalid text gives the default, since git-annex itself reports the error.
    """
    try:
        return byte_count(value)
    except ValueError:
        return _RESERVE


def byte_count(value: str) -> int:
    """A number of bytes in git-annex's notation: `100 megabytes`, `1.5 GiB`, `500MB` (Utility/DataUnits.hs, readSize).

    Raises:
        ValueError: The text is not a size.
    """
    match = _AMOUNT.fullmatch(value.strip().lower())
    if not match:
        raise ValueError("a size like 50MiB")
    unit = match[2]
    base = 1024 if unit[1:] in {"i", "ib"} or "bi" in unit else 1000
    return int(float(match[1]) * float(base) ** " kmgtpezy".index(unit[:1].replace("b", " ") or " "))


_RESERVE = 100_000_000
"""Bytes that git-annex leaves free on a disk if `annex.diskreserve` is not set."""

BWLIMIT = Option(
    "pyshare-bwlimit",
    size,
    math.inf,
    "bytes per second, over all transfers together: `500k`, `2.5MiB`, `10MB/s`",
    "no limit",
)
CONNECTIONS = Option("pyshare-connections", number, math.inf, "transfers at once, whatever `-J` says", "no limit")
PARTS = Option(
    "pyshare-parts",
    number,
    4.0,
    "parts of large files that are on their way at once, where the store [takes](../guide/large-files.md#resuming) or"
    " [sends](../guide/large-files.md#several-connections) parts; each job has at least one",
    "4",
)
PART_SIZE = Option(
    "pyshare-part-size",
    size,
    0.0,
    "the size of such a part, within the limits of the store: `8MiB`",
    "by the file's size",
)
AHEAD = Option(
    "pyshare-ahead",
    count,
    32,
    "objects of up to 8 MiB that may be [fetched before git-annex asks for them](../guide/large-files.md#read-ahead),"
    " at most 32; `0` turns it off",
    "32",
)
TIMEOUT = Option(
    "pyshare-timeout",
    number,
    300.0,
    "seconds for which a request or transfer is [tried again](../guide/large-files.md#patience) without any progress;"
    " before the first answer of the server, 20 unless set",
    "300",
)
PUT = Option(
    "pyshare-put",
    text,
    "",
    "WebDAV: `direct` writes straight to the object's name, `move` to a temporary one first"
    " ([why](../services/webdav.md#servers))",
    "by the server's kind",
)
CA = Option("pyshare-ca", text, "", "file or folder of certificates to trust, besides the system's")
CERT = Option("pyshare-cert", text, "", "file with a client certificate")
KEY = Option("pyshare-key", text, "", "file with the client certificate's key, where it is not in the same file")
HEADER = Option(
    "pyshare-header",
    text,
    "",
    "WebDAV: one more header for the server, e.g. `Referer: https://cloud.example.org/`",
)
INSECURE = Option(
    "pyshare-insecure",
    flag,
    False,  # noqa: FBT003  # its default
    "`true` lets a WebDAV login, or a session token for S3, go over plain http",
    "`false`",
)
HOST = Option(
    "pyshare-host",
    text,
    "",
    "the host that may have this user's login, `http://HOST:PORT` where it speaks plain http; written at your own"
    " `initremote` ([scripts](#which-login-goes-where))",
)
RCLONE = Option(
    "pyshare-rclone",
    text,
    "",
    "rclone: the remote and folder that this clone uses, `NAME:/folder`, whatever the dataset calls them"
    " ([why](../services/rclone.md#trust))",
    "as in `url=`",
)
MADE = Option(
    "pyshare-made",
    flag,
    False,  # noqa: FBT003  # its default
    "a folder: `true` in the clone that made the store, the only one that may make it anew; written at `initremote`",
    "`false`",
)
TAKE_OVER = Option(
    "pyshare-take-over",
    flag,
    False,  # noqa: FBT003  # its default
    "`true` at `initremote` uses a place that belongs to another remote"
    " ([why](../services/s3.md#moving-over-from-git-annexs-own-s3-remote))",
    "`false`",
)
OVERWRITE = Option(
    "pyshare-overwrite",
    flag,
    False,  # noqa: FBT003  # its default
    "`true` lets an export overwrite and remove what people changed in the store since the last import"
    " ([why](../guide/folder-people-edit.md#both-ways))",
    "`false`",
)
EMPTIED = Option(
    "pyshare-emptied",
    flag,
    False,  # noqa: FBT003  # its default
    "`true` lets the next import remove all files from git if the store has none any more"
    " ([why](../guide/folder-people-edit.md#only-take-what-they-change))",
    "`false`",
)
PUBLISH_EXCLUDE = Option(
    "pyshare-publish-exclude",
    text,
    "",
    "files that are [not published](../guide/folder-people-read.md#publish-a-part): a glob, and the option once more"
    " for each other one",
)
PUBLISH_PREFIX = Option(
    "pyshare-publish-prefix",
    text,
    "",
    "the only folder that is [published](../guide/folder-people-read.md#publish-a-part)",
    "all",
)
PUBLISH_PAGE = Option(
    "pyshare-publish-page",
    flag,
    False,  # noqa: FBT003  # its default
    "`true` publishes [a page](../guide/folder-people-read.md#a-page-for-visitors) with the names of all files, too",
    "`false`",
)
RESTORE_TIER = Option(
    "annex-s3-restore-tier",
    text,
    "standard",
    "S3: how fast [archived objects](../services/s3.md#glacier-and-other-archives) are wanted: `standard`, `bulk`,"
    " `expedited`",
    "`standard`",
)
RESTORE_DAYS = Option("annex-s3-restore-days", number, 1.0, "S3: days for which they can be read then", "1")

OF_REMOTE: tuple[Option[str] | Option[int] | Option[float] | Option[bool], ...] = (
    *(BWLIMIT, CONNECTIONS, PARTS, PART_SIZE, AHEAD, TIMEOUT, PUT, CA, CERT, KEY, HEADER, INSECURE, HOST, MADE),
    RCLONE,
    *(TAKE_OVER, OVERWRITE, EMPTIED, PUBLISH_EXCLUDE, PUBLISH_PREFIX, PUBLISH_PAGE, RESTORE_TIER, RESTORE_DAYS),
)
"""The options below `remote.<name>.`, in the order of the documentation."""

ALLOWED_ADDRESSES = Option(
    "annex.security.allowed-ip-addresses",
    text,
    "",
    "private addresses to which the server of a remote that you have not verified may redirect: `all`, or addresses,"
    " also as `[address]:port`",
    "none",
)
DISK_RESERVE = Option(
    "annex.diskreserve",
    amount,
    _RESERVE,
    "what an encrypted object, whose size only the server knows, leaves free on this disk",
    "100 MB",
)

OF_GIT_ANNEX: tuple[Option[str] | Option[int], ...] = (ALLOWED_ADDRESSES, DISK_RESERVE)
"""The options of git-annex that pyshare also obeys; `name` is the full name in git config."""
