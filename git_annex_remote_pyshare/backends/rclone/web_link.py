"""Makes and withdraws a link to the service's own page of the folder, which people open in a browser.

What rclone takes is not what it does: most of its backends ignore `unlink` and `expire`, and make a link without an
end in either case. So both are sent only to those that obey (their PublicLink in rclone's source).
"""

from datetime import date, datetime, time, timedelta

from git_annex_remote_pyshare.backends.base import Terms
from git_annex_remote_pyshare.backends.rclone.errors import Refused, is_absent
from git_annex_remote_pyshare.backends.rclone.remote import Remote
from git_annex_remote_pyshare.errors import BadSetting, Unreachable
from git_annex_remote_pyshare.safe_text import command

_ENDS = frozenset(("filescom", "gofile", "onedrive", "pikpak"))
"""Types of remotes whose links can end. Not Dropbox: where its plan does not allow an end, rclone leaves it out."""

_WITHDRAWS = frozenset(("gofile", "jottacloud", "pixeldrain", "yandex"))
"""Types of remotes that withdraw a link."""

_FILES_ONLY = frozenset(("b2", "s3"))
"""Types of remotes that link to single files. For a folder, rclone's B2 answers with an address that shows nothing and
contains a token with which anyone can read the folder."""

_CALL = "operations/publiclink"


def link(remote: Remote, terms: Terms) -> str:
    """The link; see `LinksPage.link_page`."""
    kind = _require_links(remote)
    if terms.password:
        raise BadSetting("rclone sets no password for a link", remedy="Leave --password out.")
    if terms.ends and kind not in _ENDS:
        raise BadSetting(f"the links of {kind} in rclone do not end", remedy="Leave --expires out.")
    end = {"expire": f"{_seconds_until(terms.ends)}s"} if terms.ends else {}
    try:
        found = remote.control.call(_CALL, {"fs": remote.fs, "remote": "", **end}).get("url")
    except Refused as refused:
        if is_absent(refused):  # the folder is there, and has no page
            raise _without_links(f"rclone makes no link to a folder in {remote.target.name}", remote) from refused
        raise
    if not (isinstance(found, str) and found.startswith(("https://", "http://"))):
        raise Unreachable("rclone answered something that is no link", retryable=False)
    return found


def can_withdraw(remote: Remote) -> bool:
    """Whether `withdraw` can succeed."""
    return remote.traits.kind in _WITHDRAWS


def withdraw(remote: Remote) -> None:
    """Withdraw the link; see `LinksPage.withdraw_page`."""
    kind = _require_links(remote)
    if kind not in _WITHDRAWS:
        raise BadSetting(
            f"rclone cannot withdraw a link of {kind}", remedy="Stop sharing the folder on the service's own page."
        )
    try:
        remote.control.call(_CALL, {"fs": remote.fs, "remote": "", "unlink": True})
    except Refused as refused:
        if not is_absent(refused):
            raise


def _require_links(remote: Remote) -> str:
    """The type of the remote; raises BadSetting if it has no links to folders."""
    traits = remote.traits
    if traits.kind in _FILES_ONLY:
        raise _without_links(
            f"rclone makes no link to a folder in {remote.target.name} (its type is {traits.kind})", remote
        )
    if not traits.has_links:
        raise _without_links(
            f"rclone makes no public links to {remote.target.name} (its type is {traits.kind})", remote
        )
    return traits.kind


def _without_links(what: str, remote: Remote) -> BadSetting:
    invite = command("pyshare", "invite", remote.place.clone.remote or "NAME")
    return BadSetting(what, remedy=f"Friends need a login of their own. To invite them, type: {invite}")


def _seconds_until(day: str) -> int:
    """The seconds until the end of a day of the user's, such as 2030-12-31."""
    end = datetime.combine(date.fromisoformat(day) + timedelta(1), time())  # the user's own day
    return int((end - datetime.now()).total_seconds())  # noqa: DTZ005  # as above
