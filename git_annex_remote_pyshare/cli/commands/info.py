"""`pyshare info [NAME]`: where remotes keep their data, which login goes there, and how much space is free."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import HasQuota, Quota
from git_annex_remote_pyshare.cli.clone_address import clone_address, holds_repository
from git_annex_remote_pyshare.cli.completion import remote_names
from git_annex_remote_pyshare.cli.json_option import json_option, show_json
from git_annex_remote_pyshare.cli.output import Cell, State, show, show_table, warn
from git_annex_remote_pyshare.cli.remotes import Remote, clone_here, opened, remote_named
from git_annex_remote_pyshare.config.remotes import enabled, links_to, waiting
from git_annex_remote_pyshare.errors import BadSetting, NotReached, PyshareError
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import in_words

Fields = dict[str, Any]

ENABLED = "enabled"
NOT_ENABLED = "not enabled"
_STATES = {ENABLED: State.OK, NOT_ENABLED: State.WARNING}


@click.command()
@click.argument("name", default="", shell_complete=remote_names)
@json_option()
def info(name: str, *, as_json: bool) -> None:
    """Show the remote NAME: its address, settings, login, links, and free space; without NAME, all pyshare remotes.

    \b
    Examples, inside of a dataset's clone:
      pyshare info
      pyshare info for-friends
      pyshare info for-friends --json

    All that is known is shown, also where the server cannot be asked. The exit code is 2 only when there is no such
    remote.
    """
    if not name:
        _show_all(as_json=as_json)
        return
    remote = remote_named(name)
    fields = _known(name, remote)
    if as_json:
        show_json({**fields, **_space(remote)})
        return
    for field, value in fields.items():
        show(f"{field}: {', '.join(value) if isinstance(value, list) else value}")
    # Last, since it takes long if the server is down.
    show(_space_in_words(_space(remote)))


def _known(name: str, remote: Remote) -> Fields:
    """The fields that need no request to the server."""
    settings = remote.place.settings
    spec = registry.spec_of(remote.place.url)
    annex = remote.annex
    fields: Fields = {
        "name": name,
        "url": remote.place.url,
        "backend": spec.name,
        "layout": settings["layout"] or spec.layout,
        "uuid": remote.uuid,
        "chunk": annex.get("chunk") or "none",
        "encryption": annex.get("encryption") or "none",
        "autoenable": annex.get("autoenable") or "false",
    }
    if "public" in {setting.name for setting in spec.settings}:
        fields["public"] = settings["public"] or "no"
    if spec.takes_login:
        fields["login"] = _login(remote)
    if holds_repository(remote):
        with suppress(BadSetting):  # no one can clone from it
            fields["address"] = clone_address(remote).text
    if links := [url for url in links_to(remote.place.clone, remote.uuid) if url != remote.place.url]:
        fields["link"] = links
    return fields


def _login(remote: Remote) -> str:
    try:
        login = remote.place.credential()
    except PyshareError as refusal:
        return f"none, since {refusal}"
    if login:
        return f"{login.user or 'a token'} (from {login.origin})"
    advice = remote.place.advice()
    return f"none. Where one is needed: {advice}" if advice else "none"


def _space(remote: Remote) -> Fields:
    """`disk` or `account` with used and free bytes, or `space` with the reason why that is unknown."""
    what = "disk" if registry.spec_of(remote.place.url).local else "account"
    try:
        with opened(remote.place) as store:
            quota = store.call(HasQuota, lambda able: able.quota()) if store.has(HasQuota) else Quota(None, None)
    except NotReached as error:
        move = command("git", "annex", "enableremote", remote.place.clone.remote, "url=ADDRESS")
        return {"space": f"unknown, since {error.what}. Is the server down? If its address is wrong, type: {move}"}
    except PyshareError as error:
        return {"space": f"unknown, since {error}"}
    if quota.used is None:
        return {"space": "this server does not report it"}
    return {what: {"used": quota.used, "free": quota.free}}


def _space_in_words(space: Fields) -> str:
    (what, value), *_ = space.items()
    if what == "space":
        return f"free space: {value}"
    free = "" if value["free"] is None else f", {in_words(value['free'])} free"
    return f"{what}: {in_words(value['used'])} used{free}"


def _show_all(*, as_json: bool) -> None:
    clone = clone_here()
    rows = [*(_row(name, row, ENABLED) for name, row in enabled(clone))]
    rows += [_row(name, row, NOT_ENABLED) for name, row in waiting(clone).items()]
    if as_json:
        show_json({"remotes": [{**row, "enabled": row["state"] == ENABLED} for row in rows]})
        return
    cells = [(row["name"], row["kind"], row["url"], Cell(row["state"], _STATES[row["state"]])) for row in rows]
    show_table(("Remote", "Kind", "Address", "State"), cells)
    for row in rows:
        if row["state"] == NOT_ENABLED:
            warn(f"Not enabled yet. Type: {command('git', 'annex', 'enableremote', row['name'])}")
    if not rows:
        warn("This dataset has no pyshare remote yet. See: pyshare help")


def _row(name: str, settings: Mapping[str, str], state: str) -> Mapping[str, str]:
    """A remote in the list; its settings come from the dataset, and may be wrong."""
    url = settings.get("url", "")
    try:
        spec = registry.spec_of(url)
    except PyshareError:
        return {"name": name, "kind": "unknown", "url": url, "state": state}
    return {"name": name, "kind": spec.title or spec.name, "url": url, "state": state}
