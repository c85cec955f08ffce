"""`pyshare demo`: the whole job before your eyes, with the real git-annex and datalad, in a temporary place."""

import shutil
from collections.abc import Mapping
from importlib.util import find_spec

import click

from git_annex_remote_pyshare.cli.demo.share import folder_share, webdav_share
from git_annex_remote_pyshare.cli.demo.story import REMOTE, differences, tell
from git_annex_remote_pyshare.cli.output import say
from git_annex_remote_pyshare.cli.sandbox import ended_like_ctrl_c, kept_place, search_path, temporary_place
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.safe_text import command

_PREFIX = "pyshare-demo-"

EXTRA = "Type: pip install 'git-annex-remote-pyshare[demo]'"
"""Brings git-annex, datalad and a WebDAV server along."""

PROGRAMS: Mapping[str, str] = {
    "git": "Get it from https://git-scm.com/downloads or your system's packages.",
    "git-annex": EXTRA,
    "datalad": EXTRA,
    "git-annex-remote-pyshare": "Type: pipx install git-annex-remote-pyshare",
}
"""What has to be on the PATH → how to get it there."""

LIBRARIES = ("wsgidav", "cheroot")
"""What the embedded WebDAV server is made of."""

FAREWELL = """
What happened: git carried names and history, the share carried content. Bob needed a clone and a get, and the diary
never left Alice's computer.

For real, in a dataset of yours, with a folder that your friends reach or the address of a WebDAV folder as url=
(and, where a server wants a login, pyshare login https://SERVER before it, you as well as your friends):

  git annex initremote {remote} type=external externaltype=pyshare encryption=none autoenable=true url=...
  datalad siblings add -s github --url git@github.com:YOU/DATASET.git --publish-depends {remote}
  datalad push --to github

Your friends type:

  pipx install git-annex-remote-pyshare
  datalad clone https://github.com/YOU/DATASET.git && cd DATASET && datalad get .
"""


@click.command()
@click.option("--webdav", is_flag=True, help="Share through a WebDAV server, started for the demo, not a folder.")
@click.option("--keep", is_flag=True, help="Leave everything where it is at the end, to look around.")
def demo(*, webdav: bool, keep: bool) -> None:
    """Watch Alice share a dataset with Bob, on this machine and in some seconds.

    \b
    Examples:
      pyshare demo
      pyshare demo --webdav

    Nothing of yours is touched: all happens in a temporary folder, with the git-annex and datalad that are installed
    beside pyshare, or else on your PATH. Each command is shown before it runs. The exit code is 0 only if Bob got
    every byte, and only what he was meant to get.
    """
    _require_programs()
    if webdav:
        _require_libraries()
    with ended_like_ctrl_c(), kept_place(_PREFIX) if keep else temporary_place(_PREFIX) as place:
        say(f"All of this happens in {place}, which {'stays' if keep else 'is removed'} at the end.")
        with (webdav_share if webdav else folder_share)(place) as share:
            tell(place, share)
            wrong = differences(place)
    if wrong:
        raise PyshareError(f"the demo went wrong: {'; '.join(wrong)}", remedy="Please report it with all of the above.")
    say(FAREWELL.format(remote=REMOTE))
    if keep:
        # Write-protected, as git-annex protects all content.
        say(f"To remove what was kept, type: {command('chmod', '-R', 'u+w', place)} && {command('rm', '-rf', place)}")


def _require_programs() -> None:
    for program, remedy in PROGRAMS.items():
        if shutil.which(program, path=search_path()) is None:
            raise PyshareError(f"the demo needs {program}, which is not installed", remedy=remedy)


def _require_libraries() -> None:
    for library in LIBRARIES:
        if find_spec(library) is None:
            raise PyshareError(f"the demo's WebDAV server needs {library}, which is not installed", remedy=EXTRA)
