"""The page that `pyshare publish --page` adds, in a browser: with names that a stranger chose, narrow and wide."""

import os
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from git_annex_remote_pyshare.cli.publish.page import HOWTO, PAGE, About, howto_of, page_of

NAMES = (
    *("a.txt", "data/two words.txt", "data/100%25 & more?.txt", "data/#1.txt", "javascript:alert(1)", "//host/x"[2:]),
    *("<script>alert(1)</script>"[:8], "'\"><img src=x onerror=alert(1)>", "\u202ecod.exe", "\x1b[31m", "ü/ö.txt"),
    *("a\udcff.bin", "long/" + "x" * 250, "long/" + "word " * 40 + "end", " ", "&lt;b&gt;", "data:text"),
)
SIZES = {name: None if name == "a.txt" else number for number, name in enumerate(NAMES)}
ABOUT = About(
    "My data </title><script>", "public", "2030-12-31, commit 1234567890", f"https://h.example.org/{'u' * 150}"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files and the page."""
    folder = tmp_path_factory.mktemp("published")
    for name in NAMES:
        path = os.path.join(os.fsencode(folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb"):
            pass
    (folder / PAGE).write_bytes(page_of(ABOUT, SIZES))
    (folder / HOWTO).write_bytes(howto_of(ABOUT, SIZES))
    return folder / PAGE


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_the_screen_and_is_readable(page: Path, browser: Chrome, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 1000}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(page.as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    back, text, link = (
        _brightness(browser, *which) for which in (("body", "backgroundColor"), ("h1", "color"), ("td a", "color"))
    )
    assert (back > 0.5) == (scheme == "light")
    for colour in (text, link):
        lighter, darker = max(back, colour), min(back, colour)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def _brightness(browser: Chrome, selector: str, colour: str) -> float:
    """Relative luminance of a colour of an element (WCAG 2.2)."""
    script = f"return getComputedStyle(document.querySelector('{selector}')).{colour}"
    found = str(browser.execute_script(script))
    parts = [float(part) / 255 for part in found[found.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_each_file_has_a_link_that_leads_to_it_and_nothing_is_run_or_loaded(page: Path, browser: Chrome) -> None:
    browser.get(page.as_uri())
    links = [str(each.get_property("href")) for each in browser.find_elements(By.CSS_SELECTOR, "td a")]
    assert {urlsplit(link).scheme for link in links} == {"file"}
    there = {os.fsdecode(unquote_to_bytes(urlsplit(link).path)) for link in links}
    assert there == {str(page.parent / name) if name != " " else f"{page.parent}/ " for name in NAMES}
    assert not any(urlsplit(link).query or urlsplit(link).fragment for link in links)
    assert all(each.text for each in browser.find_elements(By.CSS_SELECTOR, "td a"))
    assert browser.find_elements(By.CSS_SELECTOR, "script, img, iframe, link, object") == []
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.title == "My data </title><script>/public"


def test_who_hears_or_types_finds_the_way(page: Path, browser: Chrome) -> None:
    browser.get(page.as_uri())
    assert browser.execute_script("return document.documentElement.lang") == "en"
    levels = [int(each.tag_name[1]) for each in browser.find_elements(By.CSS_SELECTOR, "h1, h2, h3")]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert {each.get_attribute("scope") for each in browser.find_elements(By.TAG_NAME, "th")} == {"col"}
    for link in browser.find_elements(By.CSS_SELECTOR, "nav a"):
        target = str(link.get_property("href")).partition("#")[2]
        assert browser.find_elements(By.ID, target), target
    assert "pyshare accept" in browser.find_element(By.TAG_NAME, "pre").text
