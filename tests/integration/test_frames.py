"""The walk of one key from git-annex's request to the socket is short enough to be read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.davkit import lazy
from support.fakes.dav import ScriptedDAV
from support.fakes.s3 import ScriptedS3
from support.s3kit import place_at
from support.scripted import served
from support.walks import walks

from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.backends.s3.lazy import LazyS3

MOST = 20
"""Functions of ours, the five layers included; `benchmarks/frames.py --show` lists them."""


@pytest.fixture(params=["webdav", "s3"])
def store(request: pytest.FixtureRequest) -> Iterator[Backend]:
    if request.param == "webdav":
        with served(ScriptedDAV()) as dav:
            yield lazy(f"{dav.url}/dav")
    else:
        with served(ScriptedS3()) as s3:
            s3.buckets.add("bucket")
            yield LazyS3(place_at(s3))


def test_a_request_goes_through_few_functions_of_ours(store: Backend, tmp_path: Path) -> None:
    for request, functions in walks(store, tmp_path).items():
        assert 10 < len(functions) <= MOST, (request, functions)
