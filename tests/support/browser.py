"""A browser without a window and without a network, for pages that the tests look at."""

import shutil
from typing import TYPE_CHECKING

import pytest

from support.servers import Missing, or_skip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    *("headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking", "disable-sync"),
    *("disable-component-update", "disable-dev-shm-usage", "host-resolver-rules=MAP * ~NOTFOUND"),
)
"""The last one takes away the network: no name leads to an address."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Chrome]":
    # Here, since each test process reads this module.
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    with or_skip():
        if not (CHROMIUM and DRIVER):
            raise Missing("chromium and chromedriver (Debian: chromium-driver)")
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(f"--{flag}")
    driver = Chrome(options=options, service=ChromeService(str(DRIVER)))
    yield driver
    driver.quit()
