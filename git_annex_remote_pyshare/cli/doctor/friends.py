"""Section "friends": what a friend would miss, from git-annex's records and from a rehearsal as a stranger."""

from collections.abc import Iterator

from git_annex_remote_pyshare.cli.contents import all_files, files_not_in, present_here, top
from git_annex_remote_pyshare.cli.doctor.check import OK, PROBLEM, WARNING, Check
from git_annex_remote_pyshare.cli.output import counted
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.safe_text import command

SECTION = "friends"


def checks_of(remote: Remote) -> Iterator[Check]:
    """What friends get of the dataset by this remote; the counts need no network."""
    yield _stored(remote)


def _stored(remote: Remote) -> Check:
    """How many files the store lacks."""
    name = remote.place.clone.remote
    files = all_files()
    missing = files_not_in(name, ())
    if not missing:
        return Check(SECTION, "stored", OK, f"{counted(len(files), 'file')}, all in {name}")
    text = f"{missing} of {counted(len(files), 'file')} are not in {name}"
    here = len(present_here([file.key for file in files]))
    if not here:
        get = command("git", "annex", "get", *top())
        return Check(SECTION, "stored", WARNING, f"{text}, and this clone has none of them", get)
    return Check(SECTION, "stored", PROBLEM, text, command("git", "annex", "copy", "--to", name, *top()))
