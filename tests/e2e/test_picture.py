"""The README's picture of a terminal shows what the demo prints today."""

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest
from support.checkout import CHECKOUT

SCRIPT = CHECKOUT / "docs" / "pictures" / "demo.py"


@pytest.fixture(scope="module")
def picture() -> ModuleType:
    """The script that draws it."""
    spec = spec_from_file_location("picture", SCRIPT)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_has_the_words_of_a_new_run(picture: ModuleType) -> None:
    drawn = SCRIPT.with_suffix(".svg").read_text(encoding="utf-8")
    wanted = picture.text(picture.svg(picture.lines(picture.run())))
    # Two files may arrive in any order.
    assert sorted(picture.text(drawn).splitlines()) == sorted(wanted.splitlines()), "type: python docs/pictures/demo.py"


def test_alice_publishes_and_bob_gets_in_the_picture(picture: ModuleType) -> None:
    words = picture.text(SCRIPT.with_suffix(".svg").read_text(encoding="utf-8"))
    alice, _, bob = words.partition("# Bob")
    assert "$ datalad push --to github" in alice
    assert "copy(ok): books/TLCL.pdf (file) [to for-friends...]" in alice
    assert "get(ok): books/TLCL.pdf (file) [from for-friends...]" in bob
    assert max(map(len, words.splitlines())) <= picture.WIDTH
