"""`pyshare logout URL`: forget a login, and revoke it if the server supports that."""

from typing import TYPE_CHECKING

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.login import revoke
from git_annex_remote_pyshare.cli.completion import accounts
from git_annex_remote_pyshare.cli.json_option import json_option, show_json
from git_annex_remote_pyshare.cli.login_request import settings_of
from git_annex_remote_pyshare.cli.output import alert, say
from git_annex_remote_pyshare.cli.terminal import CommandLine
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command

if TYPE_CHECKING:
    from git_annex_remote_pyshare.credentials.stored import Kept


@click.command()
@click.argument("url", shell_complete=accounts)
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE]...")
@click.option("--kind", default="", metavar="KIND", help="Which login, where a server has several: webdav, s3.")
@json_option()
def logout(url: str, settings: tuple[str, ...], kind: str, *, as_json: bool) -> None:
    """Forget the login for the server of URL, or the password of a public link.

    \b
    Examples:
      pyshare logout https://cloud.example.org
      pyshare logout https://cloud.example.org/s/TOKEN
      pyshare logout dropbox
      pyshare logout amazonaws.com

    URL may also be a name that pyshare whoami shows. What the server made for this program is revoked there, too.
    Logins that git-annex holds for a remote (.git/annex/creds) are not touched.
    """
    from git_annex_remote_pyshare.credentials import stored as kept  # noqa: PLC0415  # not for help and wrong words

    found = [entry for entry in kept_for(url, settings) if kind in {"", entry.service}]
    if len(found) > 1:
        lines = (command("pyshare", "logout", url, *settings, "--kind", entry.service) for entry in found)
        raise BadSetting(f"several logins are kept for {url}", remedy=f"Type one of: {' / '.join(lines)}")
    if not found and (service := _ended(url, settings)):
        account = account_named(url, settings)
        say(f"Logged out from {account}.")
        if as_json:
            show_json({"account": account, "user": "", "service": service, "revoked": False, "removed": True})
        return
    if not found:
        raise BadSetting(f"no login is kept for {account_named(url, settings)}", remedy="Type: pyshare whoami")
    (entry,) = found
    is_revoked = bool(entry.server) and revoke(registry.spec_named(entry.service), entry, CommandLine())
    is_gone = kept.forget(entry)
    if not is_gone:
        alert(f"The {entry.where} does not answer; remove it there: {kept.label(entry)[0]}")
    _distrust(entry)
    say(f"Logged out from {entry.account}.")
    if as_json:
        who = {"account": entry.account, "user": entry.user, "service": entry.service}
        show_json({**who, "revoked": is_revoked, "removed": is_gone})


def kept_for(url: str, settings: tuple[str, ...] = ()) -> "list[Kept]":
    """The kept logins that the user means by a name that `pyshare whoami` shows, or by a URL and settings.

    Raises:
        BadSetting: It is neither.
    """
    from git_annex_remote_pyshare.credentials import stored as kept  # noqa: PLC0415  # as above

    if not settings and (named := [entry for entry in kept.entries() if entry.account == url]):
        return named
    values = settings_of(url, settings)
    spec, account = registry.spec_of(values["url"]), registry.account_of(values)
    entry = kept.entry(spec.name, account.name) or kept.entry(spec.name, account.former)
    return [entry] if entry else []


def _ended(url: str, settings: tuple[str, ...]) -> str:
    """The service of a login that was not kept but open, and has now ended; empty if there was none."""
    values = settings_of(url, settings)
    spec = registry.spec_of(values["url"])
    return spec.name if spec.login and spec.login.end and spec.login.end(values["url"]) else ""


def account_named(url: str, settings: tuple[str, ...] = ()) -> str:
    """The name under which a login for the URL is kept; raises BadSetting as `kept_for` does."""
    return registry.account_of(settings_of(url, settings)).name


def _distrust(gone: "Kept") -> None:
    """Forget the certificates of `--ca` with the last login for the host."""
    from git_annex_remote_pyshare.credentials import authorities  # noqa: PLC0415  # as above
    from git_annex_remote_pyshare.credentials import stored as kept  # noqa: PLC0415

    host = gone.account.partition("/")[0]
    if not any(entry.account.partition("/")[0] == host for entry in kept.entries()):
        authorities.forget(host)
