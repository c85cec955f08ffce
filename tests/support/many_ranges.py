"""Makes small objects come over several connections, for tests with servers on this machine."""

import re
from collections.abc import Callable, Iterable, Mapping

import pytest

from git_annex_remote_pyshare.store import ranges
from git_annex_remote_pyshare.store.multipart import downloads
from git_annex_remote_pyshare.testing.files import body_of
from git_annex_remote_pyshare.transport import content_range

BLOCK = 16 << 10
PART = 4 * BLOCK
BODY = body_of(2 << 20)


class AtOnce:
    """A thread that has done its work when it is started."""

    def __init__(self, target: Callable[[], None], **_: object) -> None:
        self.start = target


def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on each object comes in parts of PART bytes at most, from its second block on."""
    for module, name, value in (
        (ranges, "MOMENT", 1e-9),
        (ranges, "LEAST", PART),
        (downloads, "WORTHWHILE", 0),
        (downloads, "LARGEST", PART),
        (downloads, "GAIN", 0),
        (downloads, "Thread", AtOnce),
        (content_range, "BLOCK", BLOCK),
    ):
        monkeypatch.setattr(module, name, value)


def check(requests: Iterable[Mapping[str, str]]) -> None:
    """Raise AssertionError unless requests with these headers are for all, one byte, and each part behind that once."""
    whole, *parts = sorted(re.findall(r"\d+", headers.get("Range", "")) for headers in requests)
    assert whole == []
    spans = sorted((int(first), int(last)) for first, last in parts)
    lengths = [last - first + 1 for first, last in spans]
    assert lengths.count(1) == 1
    spans.pop(lengths.index(1))
    assert len(spans) >= len(BODY) // PART // 2
    assert [first for first, _ in spans[1:]] == [last + 1 for _, last in spans[:-1]]
    assert spans[-1][1] == len(BODY) - 1
    assert max(last - first for first, last in spans) < PART
