"""`pyshare info NAME`: where a remote of this clone keeps its data, as whom we go there, and how much room there is."""

import json

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Measures, Quota, ability
from git_annex_remote_pyshare.cli.here import Remote, opened, remote_named
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.transfer import in_words


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for programs; sizes are bytes.")
def info(name: str, *, as_json: bool) -> None:
    """Show the store of the remote NAME: its address, the login for it, and its room.

    \b
    Examples, inside of a dataset's clone:
      pyshare info for-friends
      pyshare info for-friends --json
    """
    remote = remote_named(name)
    fields = {**_known(remote), **_room(remote)}
    if as_json:
        click.echo(json.dumps(fields, indent=2))
        return
    for field, value in fields.items():
        click.echo(f"{field}: {in_words(value) if isinstance(value, int) else value}")


def _known(remote: Remote) -> dict[str, str]:
    """What can be said without asking the server."""
    kind = registry.kind_of(remote.place.url)
    fields = {
        "url": remote.place.url,
        "backend": kind.name,
        "layout": remote.place.settings["layout"] or kind.layout,
        "uuid": remote.uuid,
    }
    if kind.login:
        fields["login"] = _login(remote)
    return fields


def _login(remote: Remote) -> str:
    try:
        login = remote.place.credential()
    except PyshareError as refusal:
        return f"none, since {refusal}"
    return f"{login.user or 'a token'} (from {login.origin})" if login else "none"


def _room(remote: Remote) -> dict[str, int]:
    with opened(remote.place) as store:
        measures = ability(store, Measures)
        return _numbers(measures.quota()) if measures else {}


def _numbers(quota: Quota) -> dict[str, int]:
    return {"used": quota.used} if quota.free is None else {"used": quota.used, "free": quota.free}
