"""Foreign text gives no orders to a terminal, and a command to paste stays one command."""

import shlex
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_annex_remote_pyshare.cli.output import say, warn
from git_annex_remote_pyshare.safe_text import command, one_line, printable

ANY = st.text(alphabet=st.characters(exclude_categories=()))


@given(ANY)
def test_nothing_that_gives_orders_is_left(text: str) -> None:
    for safe in (printable(text), one_line(text)):
        assert {unicodedata.category(sign) for sign in safe}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


@pytest.mark.parametrize("text", ["a\x1b]0;t\x07b", "a\x9b2Jb", "a\u202eb", "a\u2028b", "a\r\nb", "a\u200fb"])
def test_signs_that_give_orders_become_blanks(text: str) -> None:
    assert one_line(text).startswith("a ")
    assert one_line(text).endswith("b")


def test_a_byte_that_is_no_character_is_shown_by_its_number() -> None:
    assert printable("a\udc9b2J") == r"a\x9b2J"
    assert printable("a\ud83d") == r"a\ud83d"


def test_other_languages_stay_as_they_are() -> None:
    assert printable("Ärzte データ مرحبا") == "Ärzte データ مرحبا"


@given(st.lists(ANY, min_size=1))
def test_a_shell_reads_a_command_as_the_words_that_were_meant(words: list[str]) -> None:
    assert shlex.split(command(*words)) == words


def test_output_keeps_its_own_lines_only(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\ntwo\x1b[2J\u202e")
    warn("three\x07")
    shown = capsys.readouterr()
    assert shown.out == "one\ntwo [2J \n"
    assert shown.err == "three \n"
