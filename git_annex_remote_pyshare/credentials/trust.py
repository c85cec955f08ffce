"""Checks whether the user has accepted a remote's settings; other settings are untrusted input."""

import os
import re

from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.annex_branch import branches, is_pinned, texts
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.errors import PermissionDenied
from git_annex_remote_pyshare.safe_text import command, one_line

_TEMPORARY = "annex-temp-"
"""Prefix of the name that git-remote-annex gives to a remote while it uses an address that no remote has."""

_OWN_ADDRESS = "annex::"
"""The git config `remote.<name>.url` after `git annex initremote --with-url`: the settings are in the git-annex branch.
Any other value contains settings of its own (`annex::UUID?name=value&…`, also `annex://…`)."""

_OF_DATALAD = "dl-repoannex"
"""Folder in a git directory where datalad-next's git-remote-datalad-annex runs `git annex initremote` with the settings
in a `datalad-annex::` address (datalad_next/gitremotes/datalad_annex.py)."""

_DISGUISED = re.compile("sameas-uuid=[^ \n]*&")
"""Matches a shared UUID with escaped characters (`&57;` is a 9): no UUID needs them, but git-annex decodes them."""


class Trust:
    """Whether this clone's git config accepts a remote and the current host of its URL.

    Args:
        clone: The git config of the remote in the clone.
        account: The account, and so the host, that a login for the remote is for.
    """

    def __init__(self, clone: LocalConfig, account: Account) -> None:
        self.clone = clone
        self.account = account
        self._accepted = False

    @property
    def host(self) -> str:
        """The host in the remote's URL; empty for a store on this machine."""
        return self.account.host

    @property
    def bound(self) -> str:
        """The host that the user accepted earlier (`pyshare-host`); empty if there is none."""
        host = self.clone.get(options.HOST)
        return host.lower() if host.isascii() and not self.account.is_whole else host  # as in host_of

    @property
    def is_bound(self) -> bool:
        """Whether the host that the user accepted earlier is the host in the URL.

        Older versions recorded `host:port` for both http and https. Such a value is valid for http if it cannot mean
        https, or if git-annex keeps the settings that the user has accepted, which include the scheme.
        """
        if self.bound == self.account.former_host != self.host:
            return self.account.former_is_plain or self._is_pinned()
        # As it is written, too: names in the configuration of ssh, and users, differ by upper and lower case.
        return self.host != "" and self.host in {self.bound, self.clone.get(options.HOST)}

    @property
    def moved(self) -> bool:
        """Whether the URL has another host than the accepted one, e.g. since a collaborator changed it."""
        return not self._accepted and self.bound != "" and not self.is_bound

    @property
    def by_address(self) -> bool:
        """Whether the settings came with the address of a git repository, and so from the author of that address.

        The `.gitmodules` of a dataset can also contain such an address. git-annex then sends INITREMOTE as it does for
        the owner, and sets `annex-verified` by itself.
        """
        return (
            self.clone.remote.startswith(_TEMPORARY)
            or self.clone.option("url") not in {"", _OWN_ADDRESS}
            or _OF_DATALAD in os.path.abspath(self.clone.git_dir).split(os.sep)
        )

    @property
    def shares_uuid(self) -> bool:
        """Whether the remote was made with `--sameas`: it gets the login of another remote, but has its own URL."""
        return bool(self.clone.config_uuid)

    @property
    def verified(self) -> bool:
        """Whether the user has accepted this host (`pyshare-host`) or the settings (`git annex verifyremote`).

        `annex-verified=verified` alone is not enough: scripts set it so that git-annex uses the remote, but git-annex
        then still accepts later changes of the settings.
        """
        return self._accepted or self.is_bound or (not self.moved and self._is_pinned())

    @property
    def withheld(self) -> bool:
        """Whether pyshare must not send the host even the login that git-annex keeps.

        git-annex keeps a login for a UUID. Another remote with the same UUID gets it only if the user has accepted its
        host for a login. It is not enough to accept its settings, which only allows it to keep data.
        """
        if self._accepted or not (self.shares_uuid or self.by_address):
            return self.moved
        return not (self.is_bound or (self.shares_uuid and not self.bound and self._is_bound_elsewhere()))

    def accept(self) -> None:
        """Accept the settings until this process ends; for the owner's first `initremote`."""
        self._accepted = True

    def bind(self) -> None:
        """Record the host as accepted, for later processes."""
        self.clone.set_option(options.HOST, self.host)

    def _is_pinned(self) -> bool:
        if self.by_address or self.clone.verified != "verified":
            return False
        return is_pinned(self.clone.git_dir, self.clone.config_uuid or self.clone.remote_uuid)

    def _is_bound_elsewhere(self) -> bool:
        """Whether the user has accepted the same host for the remote whose UUID this one shares."""
        uuid, config = self.clone.remote_uuid, self.clone.config
        keys = [key.removesuffix(".annex-uuid") for key, value in config.items() if key.endswith(".annex-uuid")]
        return any(
            config[f"{key}.annex-uuid"] == uuid
            and f"{key}.annex-config-uuid" not in config
            and config.get(f"{key}.{options.HOST.name}", "") == self.host
            for key in keys
        )

    def refusal(self) -> PermissionDenied:
        """The error that says why pyshare does not send the login that git-annex keeps."""
        owner = self.bound or "another remote of the same UUID"
        name = one_line(self.clone.remote)
        return PermissionDenied(
            f"the login of remote {name} was made for {owner}, but its url= leads to {self.host}",
            remedy=f"If you trust {self.host}, type: {self.acceptance()}",
        )

    def verification(self) -> str:
        """The command with which the user accepts the settings."""
        if self.by_address:  # verifyremote has no effect: see `_is_pinned`
            return self.acceptance()
        return command("git", "annex", "verifyremote", self.clone.remote or "NAME")

    def acceptance(self) -> str:
        """The command with which the user accepts the host; it works with any version of git-annex."""
        # Quoted, since the user pastes it into a shell, and a stranger may have chosen the remote's name.
        return command("git", "config", f"remote.{self.clone.remote or 'NAME'}.{options.HOST.name}", self.host)


def known_remote(git_dir: str, uuid: str) -> bool:
    """Whether git-annex already knows the remote, so that its settings may come from another user.

    Reads every git-annex branch, including fetched ones, and uncommitted changes. Returns True, the safe choice, if
    there is no git-annex branch, which every initialized repository has. Any mention of the UUID counts, since the line
    of a remote made with `--sameas` begins with another UUID.
    """
    return not branches(git_dir) or any(uuid in log or _DISGUISED.search(log) for log in texts(git_dir, "remote.log"))
