"""Makes the table of what each kind of store can do, from the specs and abilities that the backends declare."""

from collections.abc import Callable, Iterator, Mapping

from git_annex_remote_pyshare.backends.base import (
    Backend,
    HasQuota,
    LinksPage,
    Opens,
    Publishes,
    ReportsAvailability,
    Restores,
    Shares,
    StoreConfig,
)
from git_annex_remote_pyshare.backends.multipart import SupportsMultipart
from git_annex_remote_pyshare.backends.registry import parse, spec_of
from git_annex_remote_pyshare.backends.spec import BackendSpec
from git_annex_remote_pyshare.config.git_config import LocalConfig
from support.checkout import CHECKOUT

PAGE = CHECKOUT / "docs" / "services" / "features.md"

STORES: Mapping[str, str] = {
    "folder": "/mnt/lab/data",
    "WebDAV": "https://cloud.example.org/remote.php/dav/files/alice/data",
    "S3": "s3://bucket/data",
    "Dropbox": "dropbox:/data",
    "SFTP": "sftp://host/~/data",
    "rclone": "rclone:drive:/data",
}
"""Heading of a column → an address of that kind."""

_BEGIN = "<!-- The table is made: cd tests && python -m support.generated_pages -->\n\n"

Kind = tuple[BackendSpec, Backend]


def _sign(has: object) -> str:
    return "✓" if has else "\N{EN DASH}"


def _able(ability: type) -> Callable[[Kind], str]:
    return lambda kind: _sign(kind[1].has(ability))


def _revokes(kind: Kind) -> str:
    return _sign(kind[0].login and kind[0].login.revoke)


ROWS: Mapping[str, Callable[[Kind], str]] = {
    "`pyshare login`": lambda kind: _sign(kind[0].login),
    "`pyshare logout` ends the login on the server": _revokes,
    "uploads of large files resume": _able(SupportsMultipart),
    "`pyshare share`: a link to the store": _able(Shares),
    "`pyshare share`: a link to a page for people only": _able(LinksPage),
    "`share --public`: open to everyone": _able(Opens),
    "a link to each file: friends need no pyshare": _able(Publishes),
    "`pyshare info`: free space": _able(HasQuota),
    "`pyshare restore`: archives": _able(Restores),
    "notices without a request that the store is away": _able(ReportsAvailability),
    "usual `layout=`": lambda kind: f"`{kind[0].layout}`",
    "git-annex's cost": lambda kind: str(kind[0].cost),
}
"""A feature → what a kind of store has of it."""


def kinds() -> Iterator[Kind]:
    """The kind of store of each column."""
    for url in STORES.values():
        spec = spec_of(url)
        yield spec, spec.backend(StoreConfig(url, parse({"url": url}), LocalConfig()))


def rewritten(text: str) -> str:
    """The page with its table made anew."""
    before, found, after = text.partition(_BEGIN)
    assert found, PAGE
    _, _, rest = after.partition("\n\n")
    columns = list(kinds())
    rows = (f"| {name} | {' | '.join(cell(kind) for kind in columns)} |" for name, cell in ROWS.items())
    table = [f"| | {' | '.join(STORES)} |", f"|{'---|' * (len(STORES) + 1)}", *rows]
    return f"{before}{found}{chr(10).join(table)}\n\n{rest}"
