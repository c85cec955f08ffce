"""Which backend a URL belongs to: ours by its beginning, another package's by the scheme of its entry point."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.base import Backend, StoreConfig
from git_annex_remote_pyshare.backends.directory.spec import SPEC as DIRECTORY
from git_annex_remote_pyshare.backends.kind import Kind
from git_annex_remote_pyshare.backends.registry import BACKENDS, ENTRY_POINTS, built_in, spec_of
from git_annex_remote_pyshare.backends.spec import BackendSpec
from git_annex_remote_pyshare.backends.webdav.spec import SPEC as WEBDAV
from git_annex_remote_pyshare.config.settings import Setting, one_of
from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.testing.memory import MemoryBackend, place


def refuse_slashes(settings: Mapping[str, str]) -> None:
    if "/" in settings["url"]:
        raise BadSetting(f"url={settings['url']} has a slash", remedy="Leave it out.")


def memory(place: StoreConfig) -> Backend:
    return MemoryBackend(place)


MEMORY = BackendSpec(
    "memory",
    memory,
    refuse_slashes,
    settings=(
        Setting("colour", "Memory: of the store", one_of("colour", ("red", "green"))),
        Setting("region", "Memory: of the brain", one_of("region", ("hippocampus",))),
        Setting("password", "Memory: not refused"),
    ),
)
"""A kind as another package would offer it."""


def account_of(settings: Mapping[str, str]) -> Account:
    return Account(f"account of {settings['url']}")


def login_of(settings: Mapping[str, str]) -> Credential:
    return Credential(settings["url"], "hunter2", "the old way")


OLDER = Kind(
    "older",
    "git_annex_remote_pyshare.testing.memory:MemoryBackend",
    f"{__name__}:refuse_slashes",
    cost=50,
    account=f"{__name__}:account_of",
    layout="flat",
    chain=f"{__name__}:login_of",
)
"""A kind as packages offered it before there was BackendSpec."""

Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package with these entry points, as pip leaves it."""

    def do(entries: str) -> None:
        info = tmp_path / "pyshare_memory-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pyshare-memory\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\n{entries}\n")
        monkeypatch.syspath_prepend(tmp_path)

    return do


@pytest.fixture
def installed(install: Install) -> None:
    """A package with an entry point for `memory:`."""
    install(f"memory = {__name__}:MEMORY")


@pytest.mark.parametrize(
    ("url", "spec"),
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
def test_the_beginning_of_a_url_tells_its_kind(url: str, spec: BackendSpec) -> None:
    assert spec_of(url) is spec


def test_the_table_has_what_the_backends_claim() -> None:
    assert {claim: spec for spec in built_in() for claim in spec.claims} == {
        claim: spec_of(claim) for claim in BACKENDS
    }
    assert sum(len(spec.claims) for spec in built_in()) == len(BACKENDS)


def test_init_offers_each_kind_once_also_another_packages_and_folders_last(installed: None) -> None:
    kinds = registry.offered()
    assert [spec.name for spec in kinds] == ["dropbox", "memory", "webdav", "s3", "sftp", "rclone", "directory"]
    assert kinds[1].offered.title == "memory"
    assert "memory:" in kinds[1].offered.question
    assert kinds[1].offered.read("memory:x") == {"url": "memory:x"}


def test_a_service_takes_its_own_hosts_of_a_shared_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BACKENDS", {**BACKENDS, "https://www.example.com/scl/": f"{__name__}:MEMORY"})
    assert spec_of("https://www.Example.com/scl/fo/x").name == "memory"
    assert spec_of("https://www.example.com/dav") is WEBDAV
    assert spec_of("https://cloud.example.org/www.example.com/scl/") is WEBDAV


@pytest.mark.parametrize("url", ["gopher://example.org/x", "httpx://example.org/", "memory:"])
def test_a_url_that_nobody_claims_is_refused_with_the_beginnings_that_are_known(url: str) -> None:
    with pytest.raises(BadSetting, match="begins with one of file:, http:, https:, dav:, davs:"):
        spec_of(url)


@pytest.mark.usefixtures("installed")
def test_a_backend_of_another_package_is_found_checked_and_made() -> None:
    assert registry.check({"url": "memory:"}).name == "memory"
    assert isinstance(registry.make(place("Memory:")), MemoryBackend)
    with pytest.raises(BadSetting, match="has a slash"):
        registry.check({"url": "memory:a/b"})


@pytest.mark.usefixtures("installed")
def test_a_backend_of_another_package_has_settings_of_its_own_with_its_own_checks() -> None:
    assert registry.parse({"url": "memory:", "colour": "red"})["colour"] == "red"
    with pytest.raises(BadSetting, match="colour=blue is not known"):
        registry.parse({"url": "memory:", "colour": "blue"})
    assert registry.parse({"url": "memory:", "region": "hippocampus"})["region"] == "hippocampus"
    assert registry.parse({"url": "s3://bucket", "region": "eu-west-1"})["region"] == "eu-west-1"
    assert "colour" in {setting.name for setting in registry.all_settings()}
    with pytest.raises(BadSetting, match="region=eu-west-1 is not known"):
        registry.parse({"url": "memory:", "region": "eu-west-1"})


@pytest.mark.usefixtures("installed")
def test_a_backend_of_another_package_cannot_take_a_secret_as_a_setting() -> None:
    with pytest.raises(BadSetting, match="password= cannot be a setting"):
        registry.parse({"url": "memory:", "password": "hunter2"})


@pytest.mark.usefixtures("installed")
def test_a_setting_of_another_packages_backend_is_refused_for_other_stores() -> None:
    values = registry.parse({"url": "/mnt/lab", "colour": "red"}, registry.all_settings("/mnt/lab"))
    with pytest.raises(BadSetting, match="colour= is for memory stores, and url=/mnt/lab is a directory store"):
        registry.check(values)


def test_what_older_packages_offer_still_works(install: Install) -> None:
    install(f"older = {__name__}:OLDER")
    spec = spec_of("older:x")
    assert (spec.name, spec.cost, spec.layout, spec.takes_login, spec.login) == ("older", 50, "flat", True, None)
    assert isinstance(registry.make(place("older:x")), MemoryBackend)
    assert registry.account_of({"url": "older:x"}) == Account("account of older:x")
    assert spec.default_credentials({"url": "older:x"}) == login_of({"url": "older:x"})
    with pytest.raises(BadSetting, match="has a slash"):
        registry.check({"url": "older:x/y"})


def test_the_name_that_older_packages_import_is_still_there() -> None:
    from git_annex_remote_pyshare.backends.registry import (  # type: ignore[attr-defined]  # only at run time
        Kind as Imported,
    )

    assert Imported is Kind


def test_a_broken_package_says_so_and_hinders_no_other(install: Install) -> None:
    install(f"broken = no_such_module:SPEC\nmemory = {__name__}:MEMORY")
    with pytest.raises(BadSetting, match=r"the backend for broken: .* cannot be loaded \(ModuleNotFoundError: No mod"):
        spec_of("broken:x")
    assert "colour" in {setting.name for setting in registry.all_settings()}
