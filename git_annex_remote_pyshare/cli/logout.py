"""`pyshare logout URL`: forget a login, and revoke it where we can."""

from importlib import import_module
from typing import TYPE_CHECKING

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.wish import settings_of
from git_annex_remote_pyshare.errors import BadSetting, PyshareError

if TYPE_CHECKING:
    from git_annex_remote_pyshare.credentials.kept import Kept


REVOKERS = {
    "webdav": "git_annex_remote_pyshare.credentials.nextcloud:revoke",
    "dropbox": "git_annex_remote_pyshare.credentials.dropbox_oauth:revoke",
}
"""Service → `module:function` that takes the address of the server and the Credential that it gave us; whether the
server has forgotten that."""


@click.command()
@click.argument("url")
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE]...")
def logout(url: str, settings: tuple[str, ...]) -> None:
    """Forget the login for the server of URL, or the password of a public link.

    \b
    Examples:
      pyshare logout https://cloud.example.org
      pyshare logout https://cloud.example.org/s/TOKEN
      pyshare logout dropbox

    What the server made for this program is revoked there, too. Logins that git-annex holds for a remote
    (.git/annex/creds) are not touched.
    """
    from git_annex_remote_pyshare.credentials import kept  # noqa: PLC0415  # not for help and wrong words

    values = settings_of(url, settings)
    account, service = registry.account_of(values), registry.kind_of(values["url"]).name
    entry = kept.entry(service, account.name) or kept.entry(service, account.former)
    if entry is None:
        raise BadSetting(f"no login is kept for {account.name}", remedy="Type: pyshare whoami")
    if entry.server:
        revoke(entry)
    if not kept.forget(entry):
        click.echo(f"The {entry.where} does not answer; remove it there: {kept.label(entry)[0]}", err=True)
    click.echo(f"Logged out from {entry.account}.")


def revoke(entry: "Kept") -> None:
    """Have the server forget the login that it made for us, as far as possible, and say what came of it."""
    from git_annex_remote_pyshare.credentials import kept  # noqa: PLC0415  # as above

    module, _, name = REVOKERS[entry.service].partition(":")
    try:
        login = kept.read(entry)
        revoked = login is not None and getattr(import_module(module), name)(entry.server, login)
    except PyshareError:
        revoked = False
    if revoked:
        click.echo(f"The earlier login for {entry.account} is revoked.")
    else:
        click.echo(
            f"The earlier login for {entry.account} could not be revoked. Remove it in the settings of {entry.server}.",
            err=True,
        )
