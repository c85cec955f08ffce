"""Makes the link of a store that has no content yet: nothing can be read by it as a trial, and nothing is pushed."""

from collections.abc import Callable

from git_annex_remote_pyshare.backends.base import Backend, Opens, Share, Shares
from git_annex_remote_pyshare.cli.output import say
from git_annex_remote_pyshare.cli.remotes import opened, remote_named, require_verified
from git_annex_remote_pyshare.cli.share.publish import changes
from git_annex_remote_pyshare.cli.steps import Step
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command


def share_before_push(name: str, *, public: bool, run: Callable[[Step], None]) -> None:
    """Make or find the link, and record it in this clone, from where the next push publishes it.

    Args:
        name: The remote.
        public: Whether to open the store itself, if it is a bucket.
        run: Runs a command of git-annex.

    Raises:
        BadSetting: The store has no links.
        PyshareError: The link was not made.
    """
    remote = remote_named(name)
    require_verified(remote)
    with opened(remote.place) as store:
        link = _opened(store, remote.place.url) if public else _link(store)
    if link is None:
        raise BadSetting(
            f"{remote.place.url} has no links, so people need a login there",
            remedy=f"Type: {command('git', 'annex', 'configremote', name, 'autoenable=true')}",
        )
    for step in changes(remote, link):
        run(step)
    if link.url != remote.place.url:
        say(f"  Anyone with this link can read everything in it: {link.url}")
    elif public:
        say(f"  Anyone can read everything in {link.url}")


def _link(store: Backend) -> Share | None:
    return store.call(Shares, lambda able: able.share()) if store.has(Shares) else None


def _opened(store: Backend, url: str) -> Share | None:
    if not store.has(Opens):
        return None
    return Share(url, settings=store.call(Opens, lambda able: able.open_to_all()))
