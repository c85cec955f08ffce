"""`pyshare share NAME`: find or make the link by which friends read a store, and say what to send to them."""

import os
from shlex import join, quote

import click

from git_annex_remote_pyshare.backends.base import Share, Shares, ability
from git_annex_remote_pyshare.cli.here import Remote, opened, remote_named
from git_annex_remote_pyshare.clone import Clone
from git_annex_remote_pyshare.credentials.host import without_login
from git_annex_remote_pyshare.errors import BadSetting


@click.command()
@click.argument("name")
def share(name: str) -> None:
    """Make, or find, the link by which friends read the store of the remote NAME, and print what to send to them.

    \b
    Example, inside of a dataset's clone:
      pyshare share for-friends

    Whoever has the link can read all objects of the store, whatever the dataset says. It can be withdrawn on the
    service's own web page.
    """
    remote = remote_named(name)
    with opened(remote.place) as store:
        shares = ability(store, Shares)
        if shares is None:
            raise BadSetting(f"{remote.place.url} cannot be shared by a link", remedy=_by_hand(remote))
        link = shares.share()
    _print(name, remote, link)


def _print(name: str, remote: Remote, link: Share) -> None:
    if link.url != remote.place.url:
        click.echo(f"The link is {link.url}\n")
        click.echo("Type once, so that every clone knows it:\n")
        click.echo(f"  {_initremote(name, link)}\n  git annex sync --no-content\n")
    click.echo("Send this to your friends:\n")
    for line in _lines(remote.place.clone, link):
        click.echo(f"  {line}")


def _initremote(name: str, link: Share) -> str:
    ours = ("type=external", "externaltype=pyshare", "autoenable=true", f"url={link.url}")
    return join(["git", "annex", "initremote", f"{name}-link", f"--sameas={name}", *ours])


def _lines(clone: Clone, link: Share) -> list[str]:
    """What a friend types."""
    source = _published_at(clone)
    folder = os.path.basename(source.rstrip("/")).removesuffix(".git") or "FOLDER"
    first = ["pipx install git-annex-remote-pyshare", *([link.login] if link.login else [])]
    return [*first, f"datalad clone {quote(source)}", f"cd {quote(folder)}", "datalad get ."]


def _published_at(clone: Clone) -> str:
    """Where the dataset can be cloned from: the remote that a friend most likely reaches."""
    remotes = {key: url for key, url in clone.config.items() if key.startswith("remote.") and key.endswith(".url")}
    public = [url for url in remotes.values() if url.startswith("https://")]
    # A token in it is for this clone, not for friends.
    return without_login((public or list(remotes.values()) or ["URL-OF-THE-DATASET"])[0])


def _by_hand(remote: Remote) -> str:
    if remote.place.url.startswith(("/", "file:")):
        return "Friends read it where they have the same folder."
    return "Share the folder on the service's web page, and give its link as url= to git annex initremote --sameas."
