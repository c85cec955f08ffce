"""Charts: scales hold what they are made for, and a picture shows each line in light, dark and words."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chart import Linear, Logarithmic, Look, Panel, from_zero, svg

_SVG = "{http://www.w3.org/2000/svg}"

_VALUES = st.lists(st.floats(0.01, 1e5), min_size=1, max_size=5)


@given(_VALUES)
def test_a_logarithmic_scale_holds_its_values(values: Sequence[float]) -> None:
    scale = Logarithmic(values)
    assert all(0 <= scale.place(value) <= 1 for value in values)
    assert (scale.place(scale.ticks[0]), scale.place(scale.ticks[-1])) == (0, 1)


@given(_VALUES)
def test_a_scale_from_zero_holds_its_values_and_has_few_numbers(values: Sequence[float]) -> None:
    scale = from_zero(values)
    assert all(0 <= scale.place(value) <= 1 for value in values)
    assert scale.place(0) == 0
    assert len(scale.ticks) <= 8


@pytest.fixture
def picture() -> ET.Element:
    looks = {"a <b>": Look("blue", "circle"), "c": Look("orange", "cross", is_dashed=True)}
    lines = {"a <b>": [(0.0, 1.0), (1.0, 2.0)], "c": [(1.0, 2.0)]}
    panel = Panel("plot", "x", "y", Linear(0, 1, (0, 1)), from_zero([2]), lines)
    return ET.fromstring(svg("title", "what & how", looks, [panel]))


def test_a_picture_names_each_line_and_says_what_it_shows(picture: ET.Element) -> None:
    texts = {element.text for element in picture.iter(f"{_SVG}text")}
    assert {"a <b>", "c", "plot: y", "x"} <= texts
    assert picture.findtext(f"{_SVG}desc") == "what & how"


def test_a_point_is_where_its_values_say(picture: ET.Element) -> None:
    plot = [line.get("d") for line in picture.iter(f"{_SVG}path") if line.get("class") == "line blue"][-1]
    assert plot is not None
    (x0, y0), (x1, y1) = (map(float, point.split(",")) for point in plot[1:].split("L"))
    assert x0 < x1
    assert y0 - y1 == pytest.approx(260 / 2)
