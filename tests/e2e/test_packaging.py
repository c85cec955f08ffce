"""The wheel, as people get it: built, installed by the real pipx into an empty HOME, and run from there."""

import os
import re
import subprocess
import sys
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
from support.checkout import CHECKOUT

from git_annex_remote_pyshare import __version__


def test_the_wheel_holds_the_package_and_the_licence_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
    ours = subprocess.run(
        ["git", "ls-files", "git_annex_remote_pyshare"], cwd=CHECKOUT, check=True, capture_output=True, text=True
    ).stdout.split()
    dist_info = f"git_annex_remote_pyshare-{__version__}.dist-info"
    assert {name for name in names if not name.startswith(dist_info)} >= set(ours)
    assert {name.split("/")[0] for name in names} == {"git_annex_remote_pyshare", dist_info}
    assert f"{dist_info}/licenses/LICENSE" in names
    assert not [name for name in names if name.endswith(".pyc")]


def test_the_wheel_tells_what_it_needs(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    assert metadata["Version"] == __version__
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "GPL-3.0-or-later"
    assert set(dict(line.split(", ") for line in metadata.get_all("Project-URL", []))) == {
        *("Homepage", "Documentation", "Changelog", "Issues")
    }
    assert metadata["Author"]
    needed = {line.partition(">")[0] for line in metadata.get_all("Requires-Dist", []) if "extra" not in line}
    assert needed >= {"annexremote", "dropbox", "requests", "tenacity"}


def test_the_version_is_known_without_git_tags_or_a_build(tmp_path: Path) -> None:
    code = "import sys; import git_annex_remote_pyshare as p; print(p.__version__, 'importlib.metadata' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PATH": ""},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == [__version__, "False"]


def test_a_release_compares_the_version_with_the_tag() -> None:
    workflow = (CHECKOUT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert "git_annex_remote_pyshare-${GITHUB_REF_NAME#v}-py3-none-any.whl" in workflow


@pytest.mark.parametrize(("library", "vulnerable"), [("requests", "2.32.3"), ("urllib3", "2.6.2")])
def test_no_version_of_a_library_with_known_holes_is_accepted(library: str, vulnerable: str) -> None:
    """CVE-2024-47081 (`.netrc`), CVE-2024-37891, CVE-2025-50181 (redirects), bodies that unpack without end."""
    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    [oldest] = re.findall(rf'^  "{library}>=([0-9.]+)"', text, re.MULTILINE)
    assert [int(part) for part in oldest.split(".")] > [int(part) for part in vulnerable.split(".")]
