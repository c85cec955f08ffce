"""The log of exports: what collaborators write there is parsed, or ignored."""

import pytest

from git_annex_remote_pyshare.cli.publish import exported
from git_annex_remote_pyshare.cli.publish.exported import Exported, exported_to

ONE, TWO = "1" * 40, "2" * 40


def read(monkeypatch: pytest.MonkeyPatch, *lines: str) -> Exported:
    monkeypatch.setattr(exported, "texts", lambda _git_dir, _path: ["\n".join(lines)])
    return exported_to("", "remote")


def test_the_newest_line_of_the_remote_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (f"2s here:remote {TWO}", f"1.5s here:remote {ONE}", f"9s here:other {ONE}")
    assert read(monkeypatch, *lines) == Exported(TWO)


def test_nothing_was_exported_before_the_first_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, "") == Exported()


def test_an_export_that_did_not_end_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, f"1s here:remote {ONE} {TWO}") == Exported(ONE, is_unfinished=True)


def test_two_clones_with_different_trees_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (f"1s here:remote {ONE}", f"2s there:remote {TWO}")
    assert read(monkeypatch, *lines) == Exported(TWO, is_disputed=True)


@pytest.mark.parametrize(
    "line",
    [
        f"1s here:remote --upload-pack={ONE}",
        f"1s here:remote {ONE}x",
        f"1s here:remote {ONE[:39]}",
        f"NaNs here:remote {ONE}",
        f"1s here:remote {ONE} --x",
        f"here:remote {ONE}",
        f"\x1b1s here:remote {ONE}",
    ],
)
def test_a_line_of_another_form_is_ignored(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    assert read(monkeypatch, line) == Exported()
