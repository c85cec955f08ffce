"""Provides a store in memory that you can share with a link."""

from collections.abc import Sequence

from git_annex_remote_pyshare.backends.base import NO_TERMS, Share, Terms
from git_annex_remote_pyshare.testing.memory import MemoryBackend

__all__ = ["LinkedBackend"]


class LinkedBackend(MemoryBackend):
    """Has at most one link; each new link has a different address. No server responds at the link."""

    _link: Share | None = None
    _made = 0

    def share(self, terms: Terms = NO_TERMS) -> Share | None:
        """See `Shares.share`."""
        with self._met("share"):
            known = self._link
            if known is None:
                self._made += 1
            link = known or Share(f"memory:link-{self._made}")
            if terms.ends:
                link = link._replace(ends=terms.ends)
            if terms.password:
                link = link._replace(has_password=True, login=f"pyshare login {link.url}")
            self._link = link
            return link._replace(is_new=known is None)

    def revoke(self) -> Sequence[str]:
        """See `Shares.revoke`."""
        with self._met("revoke"):
            withdrawn, self._link = self._link, None
            return [withdrawn.url] if withdrawn else []
