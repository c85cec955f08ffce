"""One status means one thing on all services, and in the same words."""

import pytest

from git_annex_remote_pyshare.backends.dropbox.error_codes import BY_STATUS
from git_annex_remote_pyshare.backends.s3.errors import Doing as S3Doing
from git_annex_remote_pyshare.backends.s3.errors import from_response as s3
from git_annex_remote_pyshare.backends.webdav.errors import Doing as DAVDoing
from git_annex_remote_pyshare.backends.webdav.errors import from_response as webdav
from git_annex_remote_pyshare.transport.statuses import common
from git_annex_remote_pyshare.waiting import pause_after


@pytest.mark.parametrize("status", sorted(common().keys() - {503}))
def test_the_same_error_and_the_same_words_everywhere(status: int) -> None:
    meaning, dropbox = common()[status], BY_STATUS[status]
    for error in (
        webdav(DAVDoing("store the file", "https://cloud.example.org/dav", remote="store"), status, {}),
        s3(S3Doing("store the file", "s3://bucket", "bucket", "PUT", remote="store"), status, {}),
    ):
        assert type(error) is meaning.kind
        assert f": {meaning.why} (status {status})" in str(error)
        assert "{" not in str(error)
    assert dropbox.kind is meaning.kind
    assert dropbox.why == meaning.why.replace("the server", "Dropbox")


@pytest.mark.parametrize("refusals", [1, 2, 5, 50, 5000])
def test_a_pause_grows_has_an_end_and_is_no_shorter_than_asked(refusals: int) -> None:
    most = min(5.0, 0.1 * 2 ** min(refusals - 1, 10))
    for _ in range(20):
        assert most / 4 <= pause_after(refusals, 0.1, 5.0) <= most
    assert pause_after(refusals, 0.1, 5.0, asked=17) == 17
