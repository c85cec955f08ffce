"""What a dataset may say in `url=rclone:…`, and who has to accept it."""

import pytest
from support.logins import clone_with

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.rclone.backend import RcloneBackend
from git_annex_remote_pyshare.backends.rclone.child import CHILDREN
from git_annex_remote_pyshare.backends.rclone.url import parse
from git_annex_remote_pyshare.backends.registry import check
from git_annex_remote_pyshare.backends.registry import parse as settings_of
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.trust import Trust
from git_annex_remote_pyshare.errors import BadSetting, PermissionDenied
from git_annex_remote_pyshare.store.store_config import store_config_of, trust_of

GOOD = {
    "rclone:drive:/data": ("drive", "/data"),
    "RCLONE:my drive:data/": ("my drive", "data"),
    "rclone:a.b+c-d_e:/x/y": ("a.b+c-d_e", "/x/y"),
    "rclone:Größe:/x": ("Größe", "/x"),
    'rclone:drive:/a,b:c"d': ("drive", '/a,b:c"d'),
}
HOSTILE = (
    "rclone:drive,remote=/etc:/x",
    'rclone:drive,remote="/etc":/x',
    "rclone::local:/etc",
    "rclone::sftp,ssh='touch /tmp/x':/x",
    "rclone:/etc/passwd",
    "rclone:../x:/y",
    "rclone:C:/windows",
    "rclone:-drive:/x",
    "rclone:--config=x:/y",
    "rclone:{drive}:/x",
    "rclone:drive /x:/y",
    "rclone: drive:/x",
    "rclone:drive :/x",
    "rclone:drive:/../x",
    "rclone:drive:../x",
    "rclone:drive:/a/..",
    "rclone:drive:a\\..\\b",
    "rclone:drive:/a\u202eb",
    "rclone:drive:",
    "rclone:drive:/",
    "rclone:drive",
    "rclone:",
)
OWN = {"remote.store.pyshare-rclone": "mine:/elsewhere"}


@pytest.mark.parametrize("url", GOOD)
def test_a_remote_and_a_folder_are_taken_as_they_are(url: str) -> None:
    assert parse(url) == GOOD[url]


@pytest.mark.parametrize("url", HOSTILE)
def test_what_is_more_than_a_name_and_a_folder_is_refused(url: str) -> None:
    with pytest.raises(BadSetting):
        check(settings_of({"url": url}))


def place(url: str = "rclone:drive:/data", **config: str) -> StoreConfig:
    settings = settings_of({"url": url})
    clone = clone_with(**config)
    return store_config_of(settings, trust_of(settings, clone), None)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Filled when anything is started."""
    programs: list[str] = []

    def start(*_words: object) -> None:
        programs.append("rclone")
        raise AssertionError

    monkeypatch.setattr(CHILDREN, "take", start)
    return programs


def test_nothing_is_started_for_settings_that_nobody_has_accepted(started: list[str]) -> None:
    store = RcloneBackend(place())
    for verb in (lambda: store.stat("x"), lambda: list(store.list()), lambda: store.delete("x"), store.initialize):
        with pytest.raises(PermissionDenied, match="asks for /data in the account that rclone calls drive"):
            verb()
    assert started == []


@pytest.mark.parametrize("url", ["rclone:drive:/other", "rclone:work:/data", "rclone:Drive:/data", "rclone:drive:data"])
def test_what_was_accepted_is_the_name_and_the_folder(url: str) -> None:
    bound = {"pyshare_host": "rclone:drive:/data"}
    assert place(**bound).trusted()
    assert not place(url, **bound).trusted()


def test_what_the_user_has_typed_counts_whatever_the_dataset_says(started: list[str]) -> None:
    where = place()._replace(clone=LocalConfig(remote="store"))
    where.clone.__dict__["config"] = OWN
    store = RcloneBackend(where)
    assert store._remote.target == ("mine", "/elsewhere")
    with pytest.raises(AssertionError):
        store.stat("x")
    assert started


def test_the_refusal_names_a_command_that_accepts_it() -> None:
    settings = settings_of({"url": "rclone:drive:/data"})
    trust = Trust(clone_with(), trust_of(settings, clone_with()).account)
    assert trust.host == "rclone:drive:/data"
    with pytest.raises(PermissionDenied) as refused:
        RcloneBackend(store_config_of(settings, trust, None)).stat("x")
    assert "type: git annex verifyremote" in refused.value.remedy
    with pytest.raises(PermissionDenied) as alone:
        RcloneBackend(StoreConfig("rclone:drive:/my data", settings, LocalConfig(remote="store"))).stat("x")
    assert alone.value.remedy.endswith("type: git config remote.store.pyshare-rclone 'drive:/my data'")
