"""Replays protocol_fixtures/; how to write one stands at the top of dialogue.py."""

import glob
import os

import pytest
from dialogue import read, replay

FIXTURES = sorted(glob.glob(os.path.join(os.path.dirname(__file__), "..", "protocol_fixtures", "*.txt")))


@pytest.mark.parametrize("path", FIXTURES, ids=[os.path.basename(path)[:-4] for path in FIXTURES])
def test_the_dialogue_goes_as_written(path: str, tmp_path: object) -> None:
    folder = str(tmp_path)
    with open(path, encoding="utf-8", newline="\n") as file:
        replay(read(file.read(), folder), folder)


def test_there_are_dialogues() -> None:
    assert len(FIXTURES) > 20
