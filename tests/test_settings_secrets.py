"""What is refused because it holds a secret, and what only looks like it; no refusal shows the secret."""

import pytest

from git_annex_remote_pyshare import settings
from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.errors import BadSetting


@pytest.mark.parametrize(
    "url",
    [
        "https://bob:s3cret@cloud.example.org/dav",
        "https://bob:s3/cret@cloud.example.org/dav",
        "https://bob:s3?cret#@cloud.example.org/dav",
        "webdavs://bob:s3/cret@cloud.example.org/",
        "https:/bob:s3cret@cloud.example.org/",
        "https:\\\\bob:s3cret@cloud.example.org/",
        "bob:s3cret@cloud.example.org/dav",
        "https://cloud.example.org/dav?token=s3cret",
    ],
)
def test_a_secret_in_the_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(BadSetting) as refused:
        registry.check(settings.parse({"url": url}))
    assert "s3" not in str(refused.value)
    assert "cloud.example.org" in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://cloud.example.org:8443/remote.php/dav/files/bob@example.org/annex",
        "https://cloud.example.org/a:b@c/d",
        "file:///mnt/a:b@c",
        "/mnt/x:1/a@b",
    ],
)
def test_an_at_sign_in_a_path_is_no_login(url: str) -> None:
    assert registry.check(settings.parse({"url": url}))
