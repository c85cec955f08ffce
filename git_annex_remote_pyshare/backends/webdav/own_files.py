"""After a login at a Nextcloud: what to type where a dataset names files of its owner that no other user can open."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.config.git_config import LocalConfig, git_dir_here
from git_annex_remote_pyshare.config.remotes import enabled
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.safe_text import command

_FILES = re.compile(r".*/remote\.php/dav/files/([^/?#]+)((?:/[^?#]*)?)", re.DOTALL)
"""Where a cloud has each user's own files, and a folder of those."""


def hints(account: Account, address: str, url: str) -> list[str]:
    """What to type instead, for each remote of this clone, or for `url`, that names another user's own files.

    Args:
        account: Where the user has logged in.
        address: The WebDAV address of the user's own files there.
        url: What was typed behind `pyshare login`.
    """
    own = _FILES.fullmatch(address)
    if not own:
        return []
    found = [
        (owner[1], _beside(name, f"{address}{owner[2].rstrip('/')}", settings.get("layout", "")))
        for name, settings in _remotes(account)
        if (owner := _FILES.fullmatch(settings["url"])) and _differ(owner[1], own[1])
    ]
    typed = _FILES.fullmatch(url)
    if not found and typed and _differ(typed[1], own[1]):
        found = [(typed[1], _beside("NAME", f"{address}{typed[2].rstrip('/')}", ""))]
    return [
        f"These are the files of {unquote(owner)}, and you are {unquote(own[1])}. If {unquote(owner)} shared the folder"
        f" with you, it is among your own files (look under which name), and you type in the dataset: {line}"
        for owner, line in found
    ]


def _differ(one: str, other: str) -> bool:
    return unquote(one).lower() != unquote(other).lower()


def _remotes(account: Account) -> list[tuple[str, Mapping[str, str]]]:
    """The remotes of this clone at the account, by name."""
    git_dir = git_dir_here()
    if not git_dir:
        return []
    remotes = enabled(LocalConfig(git_dir))
    return [(name, settings) for name, settings in remotes if _account_name(settings) == account.name]


def _account_name(settings: Mapping[str, str]) -> str:
    try:
        return registry.account_of(registry.parse(settings)).name
    except PyshareError:  # settings that are of no use lead nowhere
        return ""


def _beside(name: str, url: str, layout: str) -> str:
    """The command for a remote beside the one of that name, with the same content at another address."""
    same = (f"--sameas={name}", "type=external", "externaltype=pyshare")
    more = (f"layout={layout}",) if layout else ()
    return command("git", "annex", "initremote", f"{name}-here", *same, *more, f"url={url}")
