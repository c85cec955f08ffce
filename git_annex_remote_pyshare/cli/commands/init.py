"""`pyshare init [NAME] [URL]`: choose where the files of a dataset go, and set that up."""

from typing import Any

import click

from git_annex_remote_pyshare.cli.completion import remote_names, services
from git_annex_remote_pyshare.cli.init.answers import READERS, Options
from git_annex_remote_pyshare.cli.json_option import json_option


@click.command()
@click.argument("name", default="", shell_complete=remote_names)
@click.argument("url", default="", shell_complete=services)
@click.option("--service", default="", metavar="KIND", help="The kind of store, e.g. s3, if URL does not say it.")
@click.option("--folder", default="", help="The folder there, if URL names none; by default the dataset's name.")
@click.option("--readers", type=click.Choice(READERS), help="Who may read the files.")
@click.option(
    "--history", default="", metavar="SIBLING|same|none", help="Where the history goes: a sibling, the store, nowhere."
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of git-annex or of the store.")
@click.option(
    "--two-way", is_flag=True, help="People edit the files in the folder, too, and git gets what they change."
)
@click.option("--create", is_flag=True, help="Make a dataset of this folder if it is none.")
@click.option("--no-browser", is_flag=True, help="For a login, only print the link; open it on any machine you like.")
@click.option("--dry-run", is_flag=True, help="Show the commands, and change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing: what has no option gets its default.")
@json_option()
def init(name: str, url: str, *, settings: tuple[str, ...], readers: str | None, **typed: Any) -> None:
    """Set up the remote NAME, which keeps the dataset's files at URL; asks for what you leave out.

    \b
    Examples, in a dataset:
      pyshare init
      pyshare init cloud https://cloud.example.org
      pyshare init cloud https://cloud.example.org/my-data --readers link --yes
      pyshare init lab s3://bucket/my-data --set endpoint=https://s3.example.org
      pyshare init disk /mnt/lab/my-data --history same
      pyshare init lab https://cloud.example.org/lab --two-way
      pyshare init cloud --dry-run

    URL is an address as in your browser, s3://BUCKET/FOLDER, dropbox:/FOLDER, or the path of a folder. If you have no
    login there yet, you log in now.

    With --readers link, anyone who has a link (S3: anyone) reads the files; with account, people who log in there
    themselves; with me, only you. With --yes and without --readers, no link is made.

    With --history and the name of a sibling, each `datalad push` to it sends the files first. With same, the history is
    kept with the files, and no Git host is needed.

    With --two-way, the store has the files by their names, and people who work in that folder need no git-annex: a
    second remote, NAME-back, brings back what they change. `git annex sync --content` then does both ways.

    For a remote that exists, this repairs what is missing, and changes nothing else.
    """
    from git_annex_remote_pyshare.cli.init.setup import set_up  # noqa: PLC0415  # not for help

    if "://" in name and not url:
        name, url = "", name
    given = _pairs(settings)
    url = given.pop("url", url)
    set_up(Options(name, url, settings=given, readers=readers or "", **typed))


def _pairs(words: tuple[str, ...]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise click.BadParameter(f"{name} is not like chunk=50MiB", param_hint="--set")
    return {name: value for name, _, value in pairs}
