"""The guide for authors of backends shows code that runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkout import CHECKOUT

GUIDE = (CHECKOUT / "docs" / "develop" / "backends.md").read_text(encoding="utf-8")
PLUGIN = CHECKOUT / "examples" / "backend-sqlite"
SUITES = {"class TestMine(Conformance)": "comes_back", "class TestMineAsATree(TreeConformance)": "repeated or list"}
"""What is shown → the tests of it that run here."""


def _blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"(?s)```{language}\n(.*?)```\n", GUIDE)
    return found


def _suites(block: str) -> list[str]:
    return [suite for suite in SUITES if suite in block]


def test_the_code_of_the_walk_through_is_that_of_the_plug_in_that_the_tests_run() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (*PLUGIN.rglob("*.py"), PLUGIN / "pyproject.toml")]
    shown = [block for language in ("toml", "python") for block in _blocks(language) if not _suites(block)]
    assert len(shown) == 5
    for block in shown:
        assert any(block in source for source in sources), block


@pytest.mark.parametrize("suite", SUITES)
def test_the_suite_runs_as_the_guide_shows_it(suite: str, tmp_path: Path) -> None:
    (block,) = (block for block in _blocks("python") if suite in block)
    (tmp_path / "test_mine.py").write_text(block, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", SUITES[suite], str(tmp_path)],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert " passed" in done.stdout, done.stdout


def test_the_example_is_short_and_passes_the_suite() -> None:
    package = list((PLUGIN / "pyshare_sqlite").glob("*.py"))
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in package) < 200
    words = ("-q", "-c", os.devnull, "-p", "no:cacheprovider", "tests")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=PLUGIN,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(PLUGIN), str(CHECKOUT)))},
        check=False,
        capture_output=True,
        text=True,
    )
    assert re.search(r"\n\d{2,} passed", done.stdout), done.stdout
    assert done.returncode == 0, done.stdout
