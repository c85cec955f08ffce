"""Checks whether the user has accepted a remote's settings; settings not accepted are untrusted input."""

import os
import re

from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.annex_branch import branches, is_pinned, texts
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.errors import PermissionDenied
from git_annex_remote_pyshare.safe_text import command, one_line

_TEMPORARY = "annex-temp-"
"""How git-remote-annex names a remote while it reads or writes an address that no remote of the clone has."""

_OWN_ADDRESS = "annex::"
"""git config `remote.<name>.url` after `git annex initremote --with-url`: the settings stand in the branch. Whatever
else stands there has brought settings of its own (`annex::UUID?name=value&…`, also `annex://…`)."""

_OF_DATALAD = "dl-repoannex"
"""Folder in a git directory where datalad-next's git-remote-datalad-annex runs `git annex initremote` with the words
of a `datalad-annex::` address (datalad_next/gitremotes/datalad_annex.py)."""

_DISGUISED = re.compile("sameas-uuid=[^ \n]*&")
"""A shared UUID with escaped characters (`&57;` is a 9), which it never needs, and git-annex reads all the same."""


class Trust:
    """What this clone's git config says of one remote and the host that its URL leads to now.

    Args:
        clone: The clone with the remote's name.
        account: Whom a login for the remote is for, and so the host.
    """

    def __init__(self, clone: LocalConfig, account: Account) -> None:
        self.clone = clone
        self.account = account
        self._accepted = False

    @property
    def host(self) -> str:
        """Where the remote's URL leads; empty for a store on this machine."""
        return self.account.host

    @property
    def bound(self) -> str:
        """The host accepted earlier; empty where none was recorded."""
        host = self.clone.get(options.HOST)
        return host.lower() if host.isascii() else host  # as in host_of

    @property
    def is_bound(self) -> bool:
        """Whether the host accepted earlier is the one that the URL leads to.

        Older versions wrote `host:port` for http and https alike. Such a word counts for http where it cannot have
        meant https, or where git-annex keeps to the settings that the user has accepted, scheme included.
        """
        if self.bound == self.account.former_host != self.host:
            return self.account.former_is_plain or self._is_pinned()
        return self.bound == self.host != ""

    @property
    def moved(self) -> bool:
        """Whether the URL leads elsewhere than to the host accepted earlier, e.g. since a collaborator changed it."""
        return not self._accepted and self.bound != "" and not self.is_bound

    @property
    def by_address(self) -> bool:
        """Whether the settings came with the address of a git repository, and so from the address's author.

        A dataset's `.gitmodules` can have such an address, too. git-annex runs INITREMOTE for it as for the owner, and
        sets `annex-verified` by itself.
        """
        return (
            self.clone.remote.startswith(_TEMPORARY)
            or self.clone.option("url") not in {"", _OWN_ADDRESS}
            or _OF_DATALAD in os.path.abspath(self.clone.git_dir).split(os.sep)
        )

    @property
    def shares_uuid(self) -> bool:
        """Whether the remote was made by `--sameas`: it is given another one's login, and has a URL of its own."""
        return bool(self.clone.config_uuid)

    @property
    def verified(self) -> bool:
        """Whether the user accepted this host (`pyshare-host`) or the settings (`git annex verifyremote`).

        `annex-verified=verified` alone, as scripts set it, makes git-annex write and read, but does not hold it to the
        settings of that day.
        """
        return self._accepted or self.is_bound or (not self.moved and self._is_pinned())

    @property
    def withheld(self) -> bool:
        """Whether even the login that git-annex holds must not go to the host.

        git-annex holds it for a UUID. Another remote of the same UUID gets it only where the user has accepted the host
        for a login: accepting its settings says no more than that data may be kept there.
        """
        if self._accepted or not (self.shares_uuid or self.by_address):
            return self.moved
        return not (self.is_bound or (self.shares_uuid and not self.bound and self._is_bound_elsewhere()))

    def accept(self) -> None:
        """Take the settings for the user's own, for as long as this process lives: at the owner's first initremote."""
        self._accepted = True

    def bind(self) -> None:
        """Record the host as accepted, for later processes."""
        self.clone.set_option(options.HOST, self.host)

    def _is_pinned(self) -> bool:
        if self.by_address or self.clone.verified != "verified":
            return False
        return is_pinned(self.clone.git_dir, self.clone.config_uuid or self.clone.remote_uuid)

    def _is_bound_elsewhere(self) -> bool:
        """Whether the remote whose UUID this one shares is at the same host, and its login was accepted for that."""
        uuid, config = self.clone.remote_uuid, self.clone.config
        keys = [key.removesuffix(".annex-uuid") for key, value in config.items() if key.endswith(".annex-uuid")]
        return any(
            config[f"{key}.annex-uuid"] == uuid
            and f"{key}.annex-config-uuid" not in config
            and config.get(f"{key}.{options.HOST.name}", "") == self.host
            for key in keys
        )

    def refusal(self) -> PermissionDenied:
        """Why the login that git-annex holds is withheld from the host."""
        owner = self.bound or "another remote of the same UUID"
        name = one_line(self.clone.remote)
        return PermissionDenied(
            f"the login of remote {name} was made for {owner}, but its url= leads to {self.host}",
            remedy=f"If you trust {self.host}, type: {self.acceptance()}",
        )

    def verification(self) -> str:
        """The command by which the user accepts the settings."""
        if self.by_address:  # verifyremote would change nothing: see `verified`
            return self.acceptance()
        return command("git", "annex", "verifyremote", self.clone.remote or "NAME")

    def acceptance(self) -> str:
        """The command by which the user accepts the host, with any git-annex."""
        # The dataset may have chosen the remote's name, and the user will paste this into a shell.
        return command("git", "config", f"remote.{self.clone.remote or 'NAME'}.{options.HOST.name}", self.host)


def known_remote(git_dir: str, uuid: str) -> bool:
    """Whether git-annex already knows the remote, so that its settings need not be this user's own.

    Looks into every git-annex branch, fetched ones included, and into what is not committed yet. When there is
    nothing to look into, which no initialised repository shows, the answer is the careful one. A remote made by
    `--sameas` has a line under a UUID of its own, which only names the one that it is known by; hence any mention
    of the UUID counts.
    """
    return not branches(git_dir) or any(uuid in log or _DISGUISED.search(log) for log in texts(git_dir, "remote.log"))
