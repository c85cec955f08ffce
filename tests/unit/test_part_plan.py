"""How large objects are cut: at all limits of all services, and everywhere in between."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from git_annex_remote_pyshare.errors import QuotaExceeded
from git_annex_remote_pyshare.part_plan import Limits, Part, Plan, plan

MIB = 1 << 20
GIB = 1 << 30

S3 = Limits(smallest=5 * MIB, largest=5 * GIB, most=10_000)
SCALEWAY = Limits(smallest=5 * MIB, largest=5 * GIB, most=1000)
DROPBOX = Limits(smallest=4 * MIB, largest=148 * MIB, most=1 << 20, step=4 * MIB, last_alone=True)
NEXTCLOUD = Limits(smallest=5 * MIB, largest=5 * GIB, most=10_000, step=1)
TEN_MIB = Limits(smallest=5 * MIB, largest=10 * MIB, most=10_000)

S3_LARGEST = 10_000 * 5 * GIB
"""48.8 TiB."""

DROPBOX_LARGEST = 2_199_019_061_248

SERVICES = [
    pytest.param(S3, S3_LARGEST, id="S3-5"),
    pytest.param(SCALEWAY, 1000 * 5 * GIB, id="S3-5-1000-parts"),
    pytest.param(DROPBOX, DROPBOX_LARGEST, id="DB9"),
    pytest.param(NEXTCLOUD, S3_LARGEST, id="WD33"),
    pytest.param(TEN_MIB, 10_000 * 10 * MIB, id="WD9-small-parts"),
]


def check(made: Plan, size: int, limits: Limits) -> None:
    assert made.size == size
    assert made.last <= limits.most
    assert limits.smallest <= made.part_size <= limits.largest
    assert made.part_size % limits.step == 0
    last = made.part(made.last)
    assert last.start == (made.last - 1) * made.part_size
    assert last.start + last.size == size
    assert 0 < last.size <= made.part_size or size == 0
    assert made.part(1) == Part(1, 0, min(size, made.part_size))


@pytest.mark.parametrize(("limits", "largest"), SERVICES)
@given(data=st.data())
def test_every_size_is_cut_within_the_limits(limits: Limits, largest: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(0, largest))
    check(plan(size, limits), size, limits)


@pytest.mark.parametrize(("limits", "largest"), SERVICES)
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_the_edges_are_cut_within_the_limits(limits: Limits, largest: int, off: int) -> None:
    edges = (
        *(1, limits.smallest, 8 * MIB, 32 * MIB, 32 * 8 * MIB, 32 * 32 * MIB),
        *(limits.most * 32 * MIB, limits.most * limits.smallest, largest - 1),
    )
    for size in (edge + off for edge in edges if edge + off <= largest):
        check(plan(size, limits), size, limits)


@pytest.mark.parametrize(("limits", "largest"), SERVICES)
def test_the_largest_object_is_cut(limits: Limits, largest: int) -> None:
    check(plan(largest, limits), largest, limits)


@pytest.mark.parametrize("limits", [S3, SCALEWAY, TEN_MIB])
def test_one_byte_more_than_all_parts_can_hold_is_refused(limits: Limits) -> None:
    most = limits.largest * limits.most
    check(plan(most, limits), most, limits)
    with pytest.raises(QuotaExceeded, match=r"the store takes at most .* chunk=1GiB"):
        plan(most + 1, limits)


@given(
    size=st.integers(0, 5000),
    smallest=st.integers(1, 40),
    more=st.integers(0, 50),
    most=st.integers(1, 500),
    step=st.integers(1, 9),
)
@example(size=0, smallest=1, more=0, most=1, step=1)
@example(size=100, smallest=10, more=0, most=10, step=1)
def test_any_limits_that_can_be_kept_are_kept(size: int, smallest: int, more: int, most: int, step: int) -> None:
    limits = Limits(smallest * step, smallest * step + more, most, step)
    if size > limits.largest // step * step * most:
        with pytest.raises(QuotaExceeded):
            plan(size, limits)
        return
    made = plan(size, limits)
    check(made, size, limits)
    parts = list(made.parts())
    assert [part.number for part in parts] == list(range(1, made.last + 1))
    assert sum(part.size for part in parts) == size
    assert [part.start for part in parts[1:]] == [part.start + part.size for part in parts[:-1]]
    assert {part.size for part in parts[:-1]} <= {made.part_size}


def test_an_empty_object_is_one_empty_part() -> None:
    assert list(plan(0, S3).parts()) == [Part(1, 0, 0)]


@pytest.mark.parametrize(
    ("size", "part_size"),
    [(200 * MIB, 8 * MIB), (512 * MIB, 16 * MIB), (GIB, 32 * MIB), (96 * GIB, 32 * MIB), (1 << 40, 105 * MIB)],
)
def test_parts_grow_with_the_object(size: int, part_size: int) -> None:
    assert plan(size, S3).part_size == part_size


@pytest.mark.parametrize(
    ("wanted", "part_size"), [(1, 5 * MIB), (5 * MIB, 5 * MIB), (64 * MIB, 64 * MIB), (6 * GIB, 5 * GIB)]
)
def test_parts_are_as_large_as_the_user_wants_them_and_the_store_takes(wanted: int, part_size: int) -> None:
    assert plan(10 * GIB, S3, wanted).part_size == part_size


@given(st.integers(0, S3_LARGEST), st.integers(0, S3_LARGEST))
def test_a_larger_object_never_has_smaller_parts(one: int, other: int) -> None:
    smaller, larger = sorted((one, other))
    assert plan(smaller, S3).part_size <= plan(larger, S3).part_size
