"""Conformance: links by which friends read a store, for stores that have them."""

import pytest

from git_annex_remote_pyshare.backends.base import Backend, Shares, ability
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.testing.conformance.suite import KEY, Suite
from git_annex_remote_pyshare.testing.files import Desk


class Links(Suite):
    """A link is made once, found again, and withdrawn."""

    @pytest.fixture
    def shares(self, store: Backend, desk: Desk) -> Shares:
        desk.put(store, KEY, b"content")
        shares = ability(store, Shares)
        if shares is None:
            pytest.skip("this kind of store has no links")
        return shares

    def test_a_link_is_found_again_until_it_is_withdrawn(self, shares: Shares) -> None:
        made = shares.share()
        if made is None:
            with pytest.raises(BadSetting):
                shares.revoke()
            return
        assert made.is_new
        assert shares.share() == made._replace(is_new=False)
        (withdrawn,) = shares.revoke()
        assert withdrawn.startswith(made.url)
        assert shares.revoke() == []
        other = shares.share()
        assert other
        assert other.is_new
        assert other.url != made.url
