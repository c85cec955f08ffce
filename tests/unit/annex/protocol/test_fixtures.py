"""Replays protocol_fixtures/; the README there explains how to write one."""

import glob
import os
import re

import pytest
from support.checkout import CHECKOUT
from support.dialogue import read, replay

FIXTURES = sorted(glob.glob(str(CHECKOUT / "protocol_fixtures" / "*.txt")))


def text_of(path: str) -> str:
    with open(path, encoding="utf-8", newline="\n") as file:
        return file.read()


def name_of(path: str) -> str:
    """The file's name, and the edge cases that its comment names."""
    return "-".join([os.path.basename(path)[:-4], *re.findall(r"^# ([A-Z]+[0-9]+):", text_of(path), re.MULTILINE)])


@pytest.mark.parametrize("path", FIXTURES, ids=name_of)
def test_the_dialogue_goes_as_written(path: str, tmp_path: object) -> None:
    folder = str(tmp_path)
    replay(read(text_of(path), folder), folder)


@pytest.mark.parametrize("name", ["local-paths", "export-names", "answers-are-not-stripped"])
@pytest.mark.parametrize(
    "locale",
    [
        pytest.param({"PYTHONIOENCODING": "ascii:strict"}, id="strict"),
        pytest.param({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, id="C"),
    ],
)
def test_names_do_not_depend_on_the_locale(
    name: str, locale: dict[str, str], tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, setting in locale.items():
        monkeypatch.setenv(variable, setting)
    path = str(CHECKOUT / "protocol_fixtures" / f"{name}.txt")
    replay(read(text_of(path), str(tmp_path)), str(tmp_path))


def test_there_are_dialogues() -> None:
    assert len(FIXTURES) > 20
