"""Fixtures: a fake Dropbox, people in it, and clients that reach it."""

from collections.abc import Iterator

import pytest
import trustme
from dropbox import Dropbox

from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import Authority, RunningDropbox, sdk_of, served
from support.fakes.dropbox.service import FakeDropbox


@pytest.fixture(scope="session")
def dropbox_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Trusted by whoever has the fake's environment."""
    ca = trustme.CA()
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return Authority(ca, file)


@pytest.fixture
def fake_dropbox(dropbox_authority: Authority) -> Iterator[RunningDropbox]:
    """A fake Dropbox of the test's own, with one app and nobody in it."""
    with served(FakeDropbox(), dropbox_authority) as running:
        yield running


@pytest.fixture
def dropbox_alice(fake_dropbox: RunningDropbox) -> Account:
    """Somebody with a Dropbox."""
    return fake_dropbox.service.person("Alice")


@pytest.fixture
def dropbox_sdk(dropbox_here: RunningDropbox, dropbox_alice: Account) -> Iterator[Dropbox]:
    """The unmodified SDK with Alice's login; it tries nothing again."""
    with sdk_of(dropbox_here.service.log_in(dropbox_alice)) as client:
        yield client


@pytest.fixture
def dropbox_here(fake_dropbox: RunningDropbox, monkeypatch: pytest.MonkeyPatch) -> RunningDropbox:
    """The fake as this very process's Dropbox."""
    for name, value in fake_dropbox.environment.items():
        monkeypatch.setenv(name, value)
    return fake_dropbox
