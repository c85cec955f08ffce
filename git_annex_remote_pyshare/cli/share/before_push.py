"""Makes the link of a store that has no content yet: nothing can be read by it as a trial, and nothing is pushed."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from git_annex_remote_pyshare.backends.base import NO_TERMS, Backend, Opens, Share, Shares, Terms
from git_annex_remote_pyshare.cli.output import say
from git_annex_remote_pyshare.cli.remotes import opened, remote_named, require_verified
from git_annex_remote_pyshare.cli.share.publish import changes
from git_annex_remote_pyshare.cli.steps import Step
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command


class Made(NamedTuple):
    """What was done."""

    link: Share
    steps: Sequence[Step]
    """The commands that recorded it; none if this clone knew it."""


def share_before_push(name: str, run: Callable[[Step], None], *, public: bool, terms: Terms = NO_TERMS) -> Made:
    """Make or find the link, and record it in this clone, from where the next push publishes it.

    Args:
        name: The remote.
        run: Runs a command of git-annex.
        public: Whether to open the store itself, if it is a bucket.
        terms: Password and end of the link.

    Raises:
        BadSetting: The store has no links.
        PyshareError: The link was not made.
    """
    remote = remote_named(name)
    require_verified(remote)
    with opened(remote.place) as store:
        link = _opened(store, remote.place.url) if public else _link(store, terms)
    if link is None:
        raise BadSetting(
            f"{remote.place.url} has no links, so people need a login there",
            remedy=f"Type: {command('git', 'annex', 'configremote', name, 'autoenable=true')}",
        )
    steps = changes(remote, link)
    for step in steps:
        run(step)
    if link.url != remote.place.url:
        say(f"  Anyone with this link can read everything in it: {link.url}")
    elif public:
        say(f"  Anyone can read everything in {link.url}")
    return Made(link, steps)


def _link(store: Backend, terms: Terms) -> Share | None:
    return store.call(Shares, lambda able: able.share(terms)) if store.has(Shares) else None


def _opened(store: Backend, url: str) -> Share | None:
    if not store.has(Opens):
        return None
    return Share(url, settings=store.call(Opens, lambda able: able.open_to_all()))
