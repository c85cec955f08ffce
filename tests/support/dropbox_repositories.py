"""Fixture: the real git-annex of somebody who keeps a dataset's content in the fake Dropbox."""

import pytest

from support.annex import Repository
from support.dropbox_people import machine
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox


@pytest.fixture
def lab(repository: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account) -> Repository:
    """Alice's repository with the remote `store`, and her login in the environment."""
    machine(repository.home, fake_dropbox, dropbox_alice)
    repository.initremote("dropbox:/Data", {"embedcreds": "no"})
    return repository
