"""What a shell offers when TAB is pressed in a command line of pyshare.

A shell starts pyshare for each TAB, so nothing here imports a backend or asks a server.
"""

from click import Context, Parameter
from click.shell_completion import CompletionItem

from git_annex_remote_pyshare.config.git_config import LocalConfig, git_dir_here
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.safe_text import command

SERVICES = ("dropbox", "https://", "s3://")
"""The beginnings of what `pyshare login` takes."""


def remote_names(_context: Context, _parameter: Parameter, begun: str) -> list[CompletionItem]:
    """The pyshare remotes that are enabled in the clone of the working directory."""
    from git_annex_remote_pyshare.config.remotes import names  # noqa: PLC0415  # not for help and wrong words

    git_dir = git_dir_here()
    return _beginning(begun, names(LocalConfig(git_dir)) if git_dir else [])


def services(_context: Context, _parameter: Parameter, begun: str) -> list[CompletionItem]:
    """The services, and the servers of kept logins."""
    return _beginning(begun, [*SERVICES, *_kept()])


def accounts(_context: Context, _parameter: Parameter, begun: str) -> list[CompletionItem]:
    """The names under which logins are kept."""
    return _beginning(begun, _kept())


def _kept() -> list[str]:
    from git_annex_remote_pyshare.credentials.stored import entries  # noqa: PLC0415  # as above

    try:
        return [entry.account for entry in entries()]
    except PyshareError:  # whatever is printed now is not read
        return []


def _beginning(begun: str, words: list[str]) -> list[CompletionItem]:
    """The words that need no quotes in a shell, and begin no option: bash runs what a dataset's name could hold."""
    return [
        CompletionItem(word)
        for word in sorted(set(words))
        if word.startswith(begun) and command(word) == word and not word.startswith("-")
    ]
