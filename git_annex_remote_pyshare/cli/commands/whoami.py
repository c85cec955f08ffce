"""`pyshare whoami`: which logins are kept, for which server or public link, where, and whether they still work."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.spec import LoginFlow
from git_annex_remote_pyshare.cli.commands.logout import account_named, kept_for
from git_annex_remote_pyshare.cli.completion import accounts
from git_annex_remote_pyshare.cli.ending import Exit
from git_annex_remote_pyshare.cli.json_option import json_option, show_json
from git_annex_remote_pyshare.cli.login_request import settings_of
from git_annex_remote_pyshare.cli.output import Cell, State, alert, show_table, warn
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command

if TYPE_CHECKING:
    from git_annex_remote_pyshare.credentials.stored import Kept

_LINK = "public link"

Row = Mapping[str, str]

WORKS = "works"
REFUSED = "refused"
UNKNOWN = "unknown"
_STATES = {WORKS: State.OK, REFUSED: State.PROBLEM, UNKNOWN: State.UNKNOWN}


class Trial(NamedTuple):
    """The result of trying a login."""

    state: str
    """`WORKS`, `REFUSED` (by the server) or `UNKNOWN`."""
    why: str = ""
    """Why it is not `WORKS`, and what to type."""


@click.command()
@click.argument("url", default="", shell_complete=accounts)
@click.option("--check", is_flag=True, help="Try each login once, and say whether it still works.")
@json_option()
def whoami(url: str, *, check: bool, as_json: bool) -> int:
    """Show which logins `pyshare login` has kept, for all servers and public links or the one of URL.

    \b
    Examples:
      pyshare whoami
      pyshare whoami --check
      pyshare whoami https://cloud.example.org
      pyshare whoami --json

    URL may also be a name from the first column. The exit code is 4 when a URL is given and no login is kept for it,
    or when a server refuses a login that was tried, and 2 when one could not be tried. Which login a remote uses, and
    whether that comes from here, from git-annex or from the environment, is shown by: pyshare info NAME
    """
    rows = logins(url)
    if url and not rows:
        raise PermissionDenied(
            f"no login is kept for {account_named(url)}", remedy=f"Type: {command('pyshare', 'login', url)}"
        )
    if check:
        rows = [_tried(row, entry) for row, entry in zip(rows, _entries(url), strict=True)]
    if as_json:
        show_json({"logins": rows})
    else:
        _show(rows)
    states = {row.get("state", WORKS) for row in rows}
    if REFUSED in states:
        return Exit.LOGIN
    return Exit.UNABLE if UNKNOWN in states else Exit.DONE


def logins(url: str = "") -> list[Row]:
    """The kept logins without their secrets, all or those that `url` means."""
    return [row_of(entry) for entry in _entries(url)]


def _entries(url: str) -> "list[Kept]":
    from git_annex_remote_pyshare.credentials import stored as kept  # noqa: PLC0415  # not for help and wrong words

    return kept_for(url) if url else kept.entries()


def row_of(entry: "Kept") -> Row:
    """A kept login without its secret, as `--json` shows it."""
    return {
        "account": entry.account,
        "user": entry.user,
        "kind": _LINK if entry.account.find("/") > 0 else _title(entry.service),
        "kept": entry.where,
        "place": entry.place,
        "service": entry.service,
    }


def _title(service: str) -> str:
    """The display name of a service."""
    spec = registry.spec_named(service)
    return spec.title if spec and spec.title else service


def _tried(row: Row, entry: "Kept") -> Row:
    trial = try_login(entry)
    return {**row, "state": trial.state, "why": trial.why}


def _show(rows: list[Row]) -> None:
    if not rows:
        warn("No login is kept. Type: pyshare login URL")
        return
    tried = ("Works",) if "state" in rows[0] else ()
    show_table(("Account", "Kind", "User", "Kept", *tried), [_cells(row) for row in rows])
    for row in rows:
        if row.get("why"):
            alert(f"{row['account']}: {row['why']}")


def _cells(row: Row) -> list[str | Cell]:
    known: list[str | Cell] = [row["account"], row["kind"], row["user"] or "(token)", f"in the {row['place']}"]
    return [*known, Cell(row["state"], _STATES[row["state"]])] if "state" in row else known


def try_login(entry: "Kept") -> Trial:
    """Try a kept login once."""
    spec = registry.spec_named(entry.service)
    flow = spec.login if spec else None
    if flow is None:
        return Trial(UNKNOWN, f"This pyshare cannot try logins of the kind {entry.service}.")
    from git_annex_remote_pyshare.credentials.stored import read  # noqa: PLC0415  # not for help and wrong words

    login = read(entry)
    if login is None:
        return Trial(UNKNOWN, f"The {entry.where} is locked or does not answer.")
    try:
        flow.check(lambda: _settings(entry, flow), login)
    except PermissionDenied as error:
        words = entry.words or (entry.account,)
        again = error.remedy if flow.says_how else f"Type: {command('pyshare', 'login', *words)}"
        return Trial(REFUSED, str(PermissionDenied(error.what, remedy=again)))
    except PyshareError as error:
        return Trial(UNKNOWN, str(error))
    return Trial(WORKS)


def _settings(entry: "Kept", flow: LoginFlow) -> Mapping[str, str]:
    """The settings with which the login was made; never those of another account."""
    words = entry.words or ((entry.server,) if entry.server else ())
    if words:
        settings = settings_of(words[0], words[1:])
        if registry.account_of(settings).name == entry.account:
            return settings
    raise BadSetting(
        "an earlier version kept this login, without the address to try it at",
        remedy=f"To have it tried, log in again: {command('pyshare', 'login', *flow.words_for(entry.account))}",
    )
