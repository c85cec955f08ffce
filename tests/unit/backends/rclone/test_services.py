"""What `pyshare init` offers through rclone, with the real rclone's list of remotes and no network."""

from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.offer import Found
from git_annex_remote_pyshare.backends.rclone.login import remotes
from git_annex_remote_pyshare.backends.rclone.services import look, read
from git_annex_remote_pyshare.backends.rclone.spec import SPEC
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.cli.init.answers import NOWHERE, Options
from git_annex_remote_pyshare.cli.init.dialogue import Dialogue
from git_annex_remote_pyshare.cli.init.here import Here, State
from git_annex_remote_pyshare.cli.init.menu import ask_address
from git_annex_remote_pyshare.cli.init.questions import ask_what_is_missing
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import BadSetting

SERVICES = SPEC.offered.services
CONFIGURED = """
[disk]
type = alias
remote = /tmp
description = a: disk

[Größe x]
type = google cloud storage

[gdrive]
type = alias
remote = /tmp

[work]
type = drive
"""


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's configuration."""
    path = tmp_path / "rclone.conf"
    path.write_text(CONFIGURED, encoding="utf-8")
    monkeypatch.setenv("RCLONE_CONFIG", str(path))
    monkeypatch.setenv("RCLONE_CONFIG_ENV_TYPE", "smb")
    return path


def test_all_remotes_are_known_with_their_types() -> None:
    types = {"disk": "alias", "Größe x": "google cloud storage", "gdrive": "alias", "work": "drive", "env": "smb"}
    assert remotes() == types


def test_the_first_remote_of_a_service_is_proposed_or_else_a_free_name(config: Path) -> None:
    drive = SERVICES["google-drive"]
    assert drive.propose() == "work"
    config.write_text(CONFIGURED.partition("[work]")[0], encoding="utf-8")
    assert drive.propose() == "gdrive2"
    assert SERVICES["box"].propose() == "box"


def test_a_service_fixes_the_type_of_its_remote() -> None:
    assert SERVICES["box"].read("mine:/data") == {"url": "rclone:mine:/data", "rclonetype": "box"}
    assert read("rclone:mine") == read("mine") == {"url": "rclone:mine:"}


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"url": "rclone:disk:/data"}, Found(has_links=False, wants_login=False)),
        ({"url": "rclone:disk:"}, Found(needs_folder=True, has_links=False, wants_login=False)),
        ({"url": "rclone:new:", "rclonetype": "box"}, Found(needs_folder=True, has_links=False, wants_login=True)),
        ({"url": "rclone:env:"}, Found(needs_folder=True, above="share", has_links=False, wants_login=False)),
        ({"url": "rclone:work:/data", "rclonetype": "drive"}, Found(has_links=False, wants_login=False)),
    ],
)
def test_a_remote_that_is_not_configured_needs_a_login(settings: dict[str, str], found: Found) -> None:
    assert look(settings) == found


def test_a_service_has_the_settings_that_suit_it_and_an_address_as_an_example() -> None:
    settings = {"url": "rclone:pcloud:/data", "rclonetype": "pcloud", "layout": "lower"}
    assert SERVICES["pcloud"].read("pcloud:/data") == settings
    with pytest.raises(BadSetting, match="the address for smb is missing") as error:
        ask_address(Options(service="smb"), Dialogue(is_open=False))
    assert error.value.remedy == "Give it after the name, e.g. share:/SHARE/my-data"


def test_what_the_owners_remote_is_called_does_not_matter_for_a_store_that_exists() -> None:
    """Another remote here has that name, and `pyshare-rclone` names the right one."""
    settings = parse({"url": "rclone:gdrive:/data", "rclonetype": "drive"})
    place = StoreConfig(settings["url"], settings, LocalConfig("", "cloud"))
    state = State(Remote(place, "uuid", {"url": settings["url"], "exporttree": "yes"}))
    here, closed = Here(LocalConfig()), Dialogue(is_open=False)
    asked = ask_what_is_missing(Options("cloud", history=NOWHERE), here, closed, state)
    assert asked.answers.readers == "account"


def test_a_remote_of_another_service_is_refused_before_anything_is_made() -> None:
    with pytest.raises(BadSetting, match="gdrive in your rclone is of the type alias, and not drive") as error:
        look({"url": "rclone:gdrive:", "rclonetype": "drive"})
    assert error.value.remedy.endswith("type: rclone listremotes --long")
