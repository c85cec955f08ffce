"""The documentation as a site: it builds without a warning, its links lead somewhere, and a browser finds pages."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from support.checkout import CHECKOUT
from support.marks import LONG

FOLDERS = ("guide", "services", "reference", "develop")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the site, built as CI builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = (sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", str(folder))
    done = subprocess.run(command, cwd=CHECKOUT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


class _Page(HTMLParser):
    """The links, the places that links can lead to, and what the browser loads by itself."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self.loads: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids.add(values.get("id", ""))
        if tag == "a":
            self.links.add(values.get("href", ""))
        elif tag == "link" and values.get("rel") != "canonical":
            self.loads.add(values.get("href", ""))
        elif "src" in values:
            self.loads.add(values["src"])


def test_ci_and_the_workflow_build_the_site_as_strictly_as_this_test() -> None:
    for path in (".ci/run", ".github/workflows/docs.yml", "CONTRIBUTING.md", "docs/conf.py"):
        assert "python -m sphinx -W --keep-going" in (CHECKOUT / path).read_text(encoding="utf-8"), path


def test_every_link_leads_to_a_page_and_a_heading_that_exist(site: Path) -> None:
    pages = {path: _Page(path) for path in site.rglob("*.html")}
    assert len(pages) > 40
    for path, page in pages.items():
        for link in (*page.links, *page.loads):
            parts = urlsplit(link)
            if parts.scheme or link.startswith("#top"):
                continue
            target = path.parent / unquote(parts.path) if parts.path else path
            assert target.exists(), f"{path}: {link}"
            if parts.fragment and target.resolve() in pages:
                assert unquote(parts.fragment) in pages[target.resolve()].ids, f"{path}: {link}"


def test_nothing_is_loaded_from_another_server(site: Path) -> None:
    for path in site.rglob("*.html"):
        elsewhere = {address for address in _Page(path).loads if urlsplit(address).netloc}
        assert not elsewhere, path
    for path in site.rglob("*.css"):
        loaded = re.findall(r"(?:url\(|@import )['\"]?(https?:)?//", path.read_text(encoding="utf-8"))
        assert not loaded, path


def test_every_page_is_in_the_navigation(site: Path) -> None:
    front = _Page(site / "index.html")
    pages = {path.relative_to(site).as_posix() for folder in FOLDERS for path in (site / folder).rglob("*.html")}
    assert pages <= front.links


def test_a_reader_without_a_network_finds_a_page_by_the_search(site: Path, browser: Chrome) -> None:
    browser.get((site / "index.html").as_uri())
    box = browser.find_element(By.CSS_SELECTOR, ".sidebar-search")
    box.send_keys("sciebo")
    box.submit()
    found = WebDriverWait(browser, 20).until(
        lambda driver: driver.find_elements(By.CSS_SELECTOR, "#search-results li a")
    )
    by_name = {link.text: link for link in found}
    by_name["sciebo"].click()
    WebDriverWait(browser, 20).until(lambda driver: driver.title.startswith("sciebo"))
    assert "pyshare login https://uni-x.sciebo.de" in browser.find_element(By.TAG_NAME, "article").text


@pytest.mark.parametrize("width", [pytest.param(390, id="phone"), pytest.param(820, id="tablet", marks=LONG)])
def test_no_page_is_wider_than_the_screen(site: Path, browser: Chrome, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    wide = []
    for path in sorted(site.rglob("*.html")):
        browser.get(path.as_uri())
        if browser.execute_script("return document.documentElement.scrollWidth") > width:
            wide.append(path.relative_to(site).as_posix())
    assert wide == []
