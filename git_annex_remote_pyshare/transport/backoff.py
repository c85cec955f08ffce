"""How long to wait after a server had too much to do: at random, so that two processes do not meet again and again."""

import random


def pause_after(refusals: int, first: float, longest: float, asked: float = 0) -> float:
    """Seconds to wait: within a range that doubles with each refusal, and at least what the server asked for.

    Args:
        refusals: How often in a row the server refused, this time included.
        first: The longest wait after the first refusal.
        longest: The longest wait after any.
        asked: What the server asked for; 0 where it did not.
    """
    limit = min(longest, first * 2.0 ** min(refusals - 1, 10))
    return max(asked, random.uniform(limit / 4, limit))  # noqa: S311  # no secret depends on it
