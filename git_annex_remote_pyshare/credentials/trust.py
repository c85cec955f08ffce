"""Whether this clone's user stands behind a remote's settings, which otherwise are a stranger's words."""

import re

from git_annex_remote_pyshare.branch import branches, texts
from git_annex_remote_pyshare.clone import Clone
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.errors import Denied

BOUND = "pyshare-host"
"""git config `remote.<name>.pyshare-host`: the host that this clone's user has accepted for the remote."""

_DISGUISED = re.compile("sameas-uuid=[^ \n]*&")
"""A shared UUID with escaped characters (`&57;` is a 9), which it never needs, and git-annex reads all the same."""


class Trust:
    """What this clone's git config says of one remote and the host that its URL leads to now.

    Args:
        clone: The clone with the remote's name.
        account: Whom a login for the remote is for, and so the host.
    """

    def __init__(self, clone: Clone, account: Account) -> None:
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
        host = self.clone.option(BOUND)
        return host.lower() if host.isascii() else host  # as in host_of

    @property
    def moved(self) -> bool:
        """Whether the URL leads elsewhere than to the host accepted earlier, e.g. since a collaborator changed it."""
        return not self._accepted and self.bound not in {"", self.host}

    @property
    def verified(self) -> bool:
        """Whether the user accepted the settings (`git annex verifyremote`) or this very host (`pyshare-host`)."""
        return self._accepted or (
            not self.moved and (bool(self.bound) or self.clone.option("annex-verified") == "verified")
        )

    @property
    def withheld(self) -> bool:
        """Whether even the login that git-annex holds must not go to the host.

        A remote made by `--sameas` is given the login of the remote whose UUID it shares, with a URL of its own.
        """
        return self.moved or (bool(self.clone.option("annex-config-uuid")) and not self.verified)

    def accept(self) -> None:
        """Take the settings for the user's own, for as long as this process lives: at the owner's first initremote."""
        self._accepted = True

    def bind(self) -> None:
        """Record the host as accepted, for later processes."""
        self.clone.set_option(BOUND, self.host)

    def refusal(self) -> Denied:
        """Why the login that git-annex holds is withheld from the host."""
        owner = self.bound or "another remote of the same UUID"
        return Denied(
            f"the login of remote {self.clone.remote} was made for {owner}, but its url= leads to {self.host}",
            remedy=f"If you trust {self.host}, type: {self.acceptance()}",
        )

    def acceptance(self) -> str:
        """The command by which the user accepts the host, with any git-annex."""
        from shlex import quote  # noqa: PLC0415  # only a failure needs it

        # The dataset may have chosen the remote's name, and the user will paste this into a shell.
        return f"git config {self.clone.key(BOUND)} {quote(self.host)}"


def known_remote(git_dir: str, uuid: str) -> bool:
    """Whether git-annex already knows the remote, so that its settings need not be this user's own.

    Looks into every git-annex branch, fetched ones included, and into what is not committed yet. When there is
    nothing to look into, which no initialised repository shows, the answer is the careful one. A remote made by
    `--sameas` has a line under a UUID of its own, which only names the one that it is known by; hence any mention
    of the UUID counts.
    """
    return not branches(git_dir) or any(uuid in log or _DISGUISED.search(log) for log in texts(git_dir, "remote.log"))
