"""How `pyshare init` offers Google Cloud Storage: by its name, through the S3 address."""

import pytest

from git_annex_remote_pyshare.backends.registry import spec_of
from git_annex_remote_pyshare.backends.s3.spec import SPEC


@pytest.mark.parametrize("text", ["my-bucket/data", "/my-bucket/data", "gs://my-bucket/data"])
def test_a_bucket_of_google_is_given_by_its_name(text: str) -> None:
    settings = SPEC.offered.services["gcs"].read(text)
    assert settings == {"url": "gs://my-bucket/data"}
    assert spec_of(settings["url"]) is SPEC


def test_a_bucket_of_google_is_opened_on_googles_page_and_not_by_us() -> None:
    assert not SPEC.offered.look({"url": "GS://my-bucket/data"}).has_links
    assert SPEC.offered.look({"url": "s3://my-bucket/data"}).has_links
