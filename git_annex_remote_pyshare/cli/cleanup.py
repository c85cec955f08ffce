"""`pyshare cleanup NAME`: list and remove what unfinished uploads have left on the server."""

import time

import click

from git_annex_remote_pyshare.backends.base import ability
from git_annex_remote_pyshare.backends.parts import TakesParts, Unfinished
from git_annex_remote_pyshare.cli.here import opened, remote_named, require_verified
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.transfer import in_words


@click.command()
@click.argument("name")
@click.option("--older-than", default=7.0, metavar="DAYS", help="Leave younger ones; they may be under way (7).")
@click.option("--list", "only_list", is_flag=True, help="Only show them.")
def cleanup(name: str, older_than: float, *, only_list: bool) -> None:
    """Remove what uploads into the store of the remote NAME have left there that nobody finished.

    \b
    Examples, inside of a dataset's clone:
      pyshare cleanup for-friends --list
      pyshare cleanup for-friends
      pyshare cleanup for-friends --older-than 0

    An upload that was cut goes on by itself when the file is stored again; this is for those that never will.
    """
    remote = remote_named(name)
    if not only_list:
        require_verified(remote)
    with opened(remote.place) as store:
        parts = ability(store, TakesParts)
        if parts is None:
            raise BadSetting(f"{remote.place.url} keeps nothing of unfinished uploads", remedy="Nothing is to be done.")
        found = [one for one in parts.unfinished() if _age(one) >= older_than]
        for one in found:
            click.echo(_line(one))
            if not only_list:
                parts.abort(one.name, one.id)
    click.echo(f"{len(found)} unfinished {'uploads' if only_list else 'uploads removed'}.")


def _age(upload: Unfinished) -> float:
    """Days since it began; one of unknown age is old."""
    return float("inf") if upload.begun is None else (time.time() - upload.begun) / 86400


def _line(upload: Unfinished) -> str:
    since = "" if upload.begun is None else time.strftime("  since %Y-%m-%d %H:%M", time.localtime(upload.begun))
    return f"{upload.name or upload.id}{since}{f'  {in_words(upload.size)}' if upload.size is not None else ''}"
