"""Marks of tests that take minutes, and that a shorter test of the same covers in part."""

import pytest

LONG = [pytest.mark.long, pytest.mark.skipif("'long' not in config.option.markexpr", reason="run it with -m long")]
"""For a test, or for one of its parameters, that runs only when `-m long` names it."""
