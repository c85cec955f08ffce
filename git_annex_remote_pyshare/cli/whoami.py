"""`pyshare whoami`: which logins are kept, for which server or public link, where."""

import json

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.wish import settings_of
from git_annex_remote_pyshare.errors import BadSetting


@click.command()
@click.argument("url", default="")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list for programs.")
def whoami(url: str, *, as_json: bool) -> None:
    """Show which logins `pyshare login` has kept, for all servers and public links or the one of URL.

    \b
    Examples:
      pyshare whoami
      pyshare whoami https://cloud.example.org
      pyshare whoami --json

    The exit code is 1 when a URL is given and no login is kept for it. What one remote uses, and whether that comes
    from here, from git-annex or from the environment, is shown by: git annex info NAME
    """
    rows = logins(url)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        _show(rows)
    if url and not rows:
        account = registry.account_of(settings_of(url)).name
        raise BadSetting(f"no login is kept for {account}", remedy=f"Type: pyshare login {url}")


def logins(url: str = "") -> list[dict[str, str]]:
    """The kept logins without their secrets, all or those for the account that `url` belongs to."""
    from git_annex_remote_pyshare.credentials import kept  # noqa: PLC0415  # not for help and wrong words

    account = registry.account_of(settings_of(url)) if url else None
    return [
        {"account": entry.account, "user": entry.user, "kept": entry.where, "service": entry.service}
        for entry in kept.entries()
        if account is None or entry.account in {account.name, account.former}
    ]


def _show(rows: list[dict[str, str]]) -> None:
    wide = max((len(row["account"]) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['account']:{wide}}  {row['user'] or '(token)'}  in the {row['kept']}")
    if not rows:
        click.echo("No login is kept. Type: pyshare login URL", err=True)
