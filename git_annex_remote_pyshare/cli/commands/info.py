"""`pyshare info [NAME]`: where remotes keep their data, which login goes there, and how much space is free."""

import json
from contextlib import suppress
from typing import Any

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import HasQuota, Quota
from git_annex_remote_pyshare.cli.clone_address import clone_address, holds_repository
from git_annex_remote_pyshare.cli.output import show, warn
from git_annex_remote_pyshare.cli.remotes import Remote, clone_here, opened, remote_named
from git_annex_remote_pyshare.config.remotes import enabled, links_to, waiting
from git_annex_remote_pyshare.errors import BadSetting, NotReached, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.transfer import in_words

Fields = dict[str, Any]


@click.command()
@click.argument("name", default="")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs: an object, or a list of all remotes.")
def info(name: str, *, as_json: bool) -> None:
    """Show the remote NAME: its address, settings, login, links, and free space; without NAME, all pyshare remotes.

    \b
    Examples, inside of a dataset's clone:
      pyshare info
      pyshare info for-friends
      pyshare info for-friends --json

    All that is known is shown, also where the server cannot be asked. The exit code is 1 only when there is no such
    remote.
    """
    if not name:
        _show_all(as_json=as_json)
        return
    remote = remote_named(name)
    fields = _known(name, remote)
    if as_json:
        show(json.dumps({**fields, **_space(remote)}, indent=2))
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
    here = [{"name": name, "url": row.get("url", ""), "enabled": True} for name, row in enabled(clone)]
    others = [{"name": name, "url": row.get("url", ""), "enabled": False} for name, row in waiting(clone).items()]
    if as_json:
        show(json.dumps(here + others, indent=2))
        return
    wide = max((len(one_line(str(row["name"]))) for row in here + others), default=0)
    for row in here + others:
        where = "" if row["enabled"] else "  (not enabled)"
        show(f"{one_line(str(row['name'])):{wide}}  {one_line(str(row['url']))}{where}")
    for row in others:
        warn(f"Not enabled yet. Type: {command('git', 'annex', 'enableremote', str(row['name']))}")
    if not here + others:
        warn("This dataset has no pyshare remote yet. See: pyshare help")
