"""`pyshare logout URL`: forget a login, and revoke it where we can."""

from typing import TYPE_CHECKING

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.wish import settings_of
from git_annex_remote_pyshare.errors import BadSetting, PyshareError

if TYPE_CHECKING:
    from git_annex_remote_pyshare.credentials.kept import Kept


@click.command()
@click.argument("url")
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE]...")
def logout(url: str, settings: tuple[str, ...]) -> None:
    """Forget the login for the server of URL, or the password of a public link.

    \b
    Examples:
      pyshare logout https://cloud.example.org
      pyshare logout https://cloud.example.org/s/TOKEN

    A password that the server made for this program is revoked there, too. Logins that git-annex holds for a remote
    (.git/annex/creds) are not touched.
    """
    from git_annex_remote_pyshare.credentials import kept  # noqa: PLC0415  # not for help and wrong words

    values = settings_of(url, settings)
    account = registry.account_of(values).name
    entry = kept.entry(registry.kind_of(values["url"]).name, account)
    if entry is None:
        raise BadSetting(f"no login is kept for {account}", remedy="Type: pyshare whoami")
    if entry.server:
        revoke(entry)
    if not kept.forget(entry):
        click.echo(f"The {entry.where} does not answer; remove it there: {kept.label(entry)[0]}", err=True)
    click.echo(f"Logged out from {account}.")


def revoke(entry: "Kept") -> None:
    """Have the server forget the password that it made for us, as far as possible, and say what came of it."""
    from git_annex_remote_pyshare.credentials import kept, nextcloud  # noqa: PLC0415  # as above

    try:
        login = kept.read(entry)
        revoked = login is not None and nextcloud.revoke(entry.server, login)
    except PyshareError:
        revoked = False
    if revoked:
        click.echo(f"The earlier password for {entry.account} is revoked.")
    else:
        click.echo(
            f"The earlier password for {entry.account} could not be revoked. Remove it in the security settings of"
            f" {entry.server}.",
            err=True,
        )
