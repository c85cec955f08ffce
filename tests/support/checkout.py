"""Where this checkout and its tests are."""

from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent
TESTS = CHECKOUT / "tests"
