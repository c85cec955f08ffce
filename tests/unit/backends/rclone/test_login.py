"""The dialogue of rclone that a login starts, and what is checked and said before it."""

import json
import subprocess
from collections.abc import Callable

import pytest

from git_annex_remote_pyshare.backends.rclone import login
from git_annex_remote_pyshare.backends.rclone.kinds import SERVICES
from git_annex_remote_pyshare.backends.rclone.program import find
from git_annex_remote_pyshare.backends.rclone.spec import SPEC
from git_annex_remote_pyshare.errors import BadSetting

Asked = Callable[..., str]


@pytest.mark.parametrize("kind", ["smb", "google cloud storage"])
def test_the_dialogue_of_a_service_is_started_after_a_line_that_names_its_type(
    asked: Asked, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(kind) == f"config create gdrive {kind} --all"
    assert f"the login of gdrive, a remote of the type {kind}." in capsys.readouterr().err


def test_the_services_are_types_of_rclone_and_all_that_init_offers_is_among_them() -> None:
    listed = subprocess.run([find(), "config", "providers"], check=True, capture_output=True).stdout
    assert {each["Name"] for each in json.loads(listed)} >= SERVICES
    assert {service.read("x:/y")["rclonetype"] for service in SPEC.offered.services.values()} <= SERVICES


def test_a_program_that_is_too_old_is_refused_before_the_login(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "_ask", lambda *_: pytest.fail("rclone has asked"))
    with pytest.raises(BadSetting, match=r"rclone 1\.60\.1 is too old"):
        asked("drive", "1.60.1-DEV")


@pytest.mark.parametrize(("version", "warns"), [("1.69.3", True), ("1.70.0", False)])
def test_a_program_that_prints_secrets_is_warned_of(
    asked: Asked, version: str, *, warns: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    asked("smb", version)
    assert ("prints the login's secrets at the end of its dialogue" in capsys.readouterr().err) == warns
