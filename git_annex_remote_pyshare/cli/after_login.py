"""What to type after a login, which depends on the dataset around the working directory."""

import shutil
import subprocess
from collections.abc import Iterator
from urllib.parse import quote

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.login import LoginRequest
from git_annex_remote_pyshare.cli.dataset import Dataset, publishes_first, siblings
from git_annex_remote_pyshare.config.git_config import LocalConfig, git_command, git_dir_here, git_environment
from git_annex_remote_pyshare.config.remotes import enabled, waiting
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.safe_text import command


def next_commands(request: LoginRequest, place: str) -> list[str]:
    """The commands to type after a login, quoted to be pasted; none if there is nothing to do.

    Args:
        request: The login that was made.
        place: The URL of a folder that the login opens; empty if no remote can be made there.
    """
    git_dir = git_dir_here()
    clone = LocalConfig(git_dir)
    if not git_dir or "annex.uuid" not in clone.config:
        return _make(request, place, "FOLDER")
    account = request.account
    names = {account.name, account.former} - {""}
    if used := [name for name, url in _addresses(clone) if names & _accounts(url)]:
        return [_get() if _lacks_content() else _put(clone, used[0])]
    if asleep := [name for name, row in waiting(clone).items() if names & _accounts(row.get("url", ""))]:
        return [command("git", "annex", "enableremote", asleep[0]), command("git", "annex", "verifyremote", asleep[0])]
    if any(_addresses(clone)) or waiting(clone):
        return [command("pyshare", "info")]
    return _make(request, place, Dataset.folder_of(clone))


def _addresses(clone: LocalConfig) -> Iterator[tuple[str, str]]:
    """Name and URL of each enabled remote."""
    return ((name, row.get("url", "")) for name, row in enabled(clone))


def _accounts(url: str) -> set[str]:
    """The names of the account that a URL needs; empty if the URL, which comes from the dataset, is a wrong one."""
    try:
        account = registry.account_of(registry.parse({"url": url}))
    except PyshareError:
        return set()
    return {account.name, account.former} - {""}


def _make(request: LoginRequest, place: str, folder: str) -> list[str]:
    if not place:
        return []
    url = f"url={place.rstrip('/')}/{quote(folder)}"
    name = "dropbox" if request.spec.name == "dropbox" else "cloud"
    ours = ("type=external", "externaltype=pyshare", "encryption=none")
    return [command("git", "annex", "initremote", name, *ours, url, *request.words[1:])]


def _lacks_content() -> bool:
    """Whether a file of the working directory's dataset has no content in this clone."""
    with subprocess.Popen(
        git_command("annex", "find", "--not", "--in", "here"),
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as finding:
        first = finding.stdout.readline() if finding.stdout else b""
        finding.kill()
    return bool(first)


def _get() -> str:
    return "datalad get ." if shutil.which("datalad") else "git annex get ."


def _put(clone: LocalConfig, name: str) -> str:
    """The command that stores content: DataLad's, where it brings the content of this remote first."""
    published = [sibling for sibling in siblings(clone) if name in publishes_first(clone, sibling)]
    if published and shutil.which("datalad"):
        return command("datalad", "push", "--to", published[0])
    return command("git", "annex", "copy", "--to", name)
