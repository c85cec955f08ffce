"""Which backend a URL belongs to: ours by its beginning, another package's by the scheme of its entry point."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.registry import CLAIMS, DIRECTORY, ENTRY_POINTS, WEBDAV, BackendSpec, kind_of
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place

MEMORY = BackendSpec("memory", "git_annex_remote_pyshare.testing.memory:MemoryBackend", f"{__name__}:refuse_slashes")
"""A kind as another package would offer it."""


def refuse_slashes(settings: Mapping[str, str]) -> None:
    if "/" in settings["url"]:
        raise BadSetting(f"url={settings['url']} has a slash", remedy="Leave it out.")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with an entry point for `memory:`, as pip leaves it."""
    info = tmp_path / "pyshare_memory-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pyshare-memory\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\nmemory = {__name__}:MEMORY\n")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        yield


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("/mnt/lab/share", DIRECTORY),
        ("/mnt/https://x", DIRECTORY),
        ("C:/share", DIRECTORY),
        ("share", DIRECTORY),
        ("File:///mnt", DIRECTORY),
        ("https://cloud.example.org/s/T0k", WEBDAV),
        ("HTTP://cloud.example.org/dav", WEBDAV),
        ("davs://cloud.example.org/dav", WEBDAV),
    ],
)
def test_the_beginning_of_a_url_tells_its_kind(url: str, kind: BackendSpec) -> None:
    assert kind_of(url) is kind


def test_a_service_takes_its_own_hosts_of_a_shared_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "CLAIMS", {**CLAIMS, "https://www.example.com/scl/": MEMORY})
    assert kind_of("https://www.Example.com/scl/fo/x") is MEMORY
    assert kind_of("https://www.example.com/dav") is WEBDAV
    assert kind_of("https://cloud.example.org/www.example.com/scl/") is WEBDAV


@pytest.mark.parametrize("url", ["gopher://example.org/x", "httpx://example.org/", "memory:"])
def test_a_url_that_nobody_claims_is_refused_with_the_beginnings_that_are_known(url: str) -> None:
    with pytest.raises(BadSetting, match="begins with one of file:, http:, https:, dav:, davs:"):
        kind_of(url)


@pytest.mark.usefixtures("installed")
def test_a_backend_of_another_package_is_found_checked_and_made() -> None:
    assert registry.check({"url": "memory:"}) is MEMORY
    assert isinstance(registry.make(place("Memory:")), MemoryBackend)
    with pytest.raises(BadSetting, match="has a slash"):
        registry.check({"url": "memory:a/b"})
