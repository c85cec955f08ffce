"""Section "friends": what a friend would miss, from git-annex's records and from a rehearsal as a stranger."""

from collections.abc import Iterator, Mapping

from git_annex_remote_pyshare.cli import rehearsal
from git_annex_remote_pyshare.cli.contents import all_files, files_not_in, present_here, top
from git_annex_remote_pyshare.cli.doctor.check import OK, PROBLEM, UNKNOWN, WARNING, Check
from git_annex_remote_pyshare.cli.output import State, counted
from git_annex_remote_pyshare.cli.remotes import Remote, unverified
from git_annex_remote_pyshare.cli.share.reach import rehearse_remote
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.safe_text import command

SECTION = "friends"

_STATES: Mapping[rehearsal.State, State] = {
    rehearsal.State.OK: OK,
    rehearsal.State.PROBLEM: PROBLEM,
    rehearsal.State.LOGIN: WARNING,
    rehearsal.State.UNKNOWN: UNKNOWN,
}


def checks_of(remote: Remote) -> Iterator[Check]:
    """What friends get of the dataset by this remote; the counts need no network, and the rehearsal does."""
    yield _stored(remote)
    if unproven := unverified(remote):
        yield Check(SECTION, "verified", UNKNOWN, f"not tried as a stranger: {unproven.what}", unproven.accept)
        return
    try:
        found = rehearse_remote(remote, 1)
    except PyshareError as error:
        yield Check(SECTION, "clone", UNKNOWN, f"not tried as a stranger: {error}")
        return
    # How many files there are is counted above, from records that may not be published yet.
    for check in found.checks:
        if check.check != "files":
            yield Check(SECTION, check.check, _STATES[check.state], f"as a stranger: {check.text}", check.fix)


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
