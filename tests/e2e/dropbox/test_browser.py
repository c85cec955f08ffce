"""Logging in at Dropbox with a real browser: what a person sees and clicks, on Dropbox's page and on ours."""

import shutil
import signal
import socket
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from support.fakes.dropbox.fake import Authority, RunningDropbox, served
from support.fakes.dropbox.script import Rule, fails
from support.fakes.dropbox.service import FakeDropbox
from support.logins import Outcome, Type
from support.servers import Missing, or_skip

from git_annex_remote_pyshare import __name__ as package
from git_annex_remote_pyshare.backends.dropbox.credential import SHARING, STORING, Login, login_of
from git_annex_remote_pyshare.backends.dropbox.tokens import Tokens
from git_annex_remote_pyshare.cli import loopback
from git_annex_remote_pyshare.credentials import stored as kept

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = [
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),  # the SDK's
]

FLAGS = (
    *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
    *("disable-component-update", "disable-sync", "disable-dev-shm-usage", "ignore-certificate-errors"),
)
LOGIN = ("login", "dropbox", "--app-key", "fakeappkey")


@pytest.fixture(scope="module")
def town(dropbox_authority: Authority) -> Iterator[RunningDropbox]:
    """One Dropbox for all tests here, so that one browser does, too."""
    with served(FakeDropbox(), dropbox_authority) as running:
        running.service.person("Alice")
        yield running


@pytest.fixture(scope="module")
def browser(town: RunningDropbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with or_skip():
        if not (CHROMIUM and DRIVER):
            raise Missing("chromium and chromedriver (Debian: chromium-driver)")
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    profile = tmp_path_factory.mktemp("profile")
    for flag in (*FLAGS, f"user-data-dir={profile}", f"proxy-server={town.proxy}"):
        options.add_argument(f"--{flag}")
    driver = Chrome(options=options, service=ChromeService(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture(autouse=True)
def _reached(alone: Path, town: RunningDropbox, own_ports: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    town.service.app.redirects = {f"http://localhost:{port}/" for port in own_ports}
    for name, value in town.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(loopback.Loopback, "limit", 30.0)
    town.service.refreshes.clear()
    town.service.forget()
    town.service.script.clear()


Do = Callable[[str], object]
"""What a person does with a link."""


class Person(webbrowser.BaseBrowser):
    """Does something with the link that is opened, while the program goes on."""

    def __init__(self, do: Do) -> None:
        super().__init__()
        self._do = do
        self.thread: Thread | None = None

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: FBT001, FBT002  # the library's signature
        self.thread = Thread(target=self._do, args=(url,))
        self.thread.start()
        return True


@pytest.fixture
def logs_in(typed: Type, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Types the command while a person does something in the browser."""

    def run(do: Do, *words: str) -> Outcome:
        person = Person(do)
        monkeypatch.setattr(webbrowser, "get", lambda: person)
        done = typed(*LOGIN, *words)
        if person.thread:
            person.thread.join(30)
        return done

    return run


@pytest.fixture
def clicks(browser: Chrome) -> Callable[[str], Do]:
    """A person who clicks a button of Dropbox's page, and waits for what comes."""

    def choose(button: str) -> Do:
        def do(link: str) -> None:
            browser.get(link)
            browser.find_element(By.ID, button).click()
            WebDriverWait(browser, 20).until(lambda driver: driver.current_url.startswith("http://localhost:"))

        return do

    return choose


def shown(browser: Chrome) -> str:
    return str(browser.find_element(By.TAG_NAME, "main").text)


def kept_login() -> Login:
    entry = kept.entry("dropbox", "dropbox.com")
    assert entry
    credential = kept.read(entry)
    assert credential
    return login_of(credential)


def test_who_allows_access_is_logged_in(
    browser: Chrome, clicks: Callable[[str], Do], logs_in: Callable[..., Outcome], town: RunningDropbox
) -> None:
    done = logs_in(clicks("allow"))
    assert done.code == 0, done.err
    assert "Logged in at Dropbox as alice@example.org; the login is kept in the private file " in done.out
    assert "url=dropbox:/FOLDER" in done.out
    assert shown(browser).startswith("You are logged in\npyshare can now use the Dropbox of alice@example.org.")
    login = kept_login()
    assert login.app_key == "fakeappkey"
    assert town.service.refreshes[login.refresh_token][2] == set(STORING)
    assert login.refresh_token not in done.out + done.err


def test_the_first_access_token_is_used_on(
    clicks: Callable[[str], Do], logs_in: Callable[..., Outcome], town: RunningDropbox
) -> None:
    logs_in(clicks("allow"))
    assert Tokens(kept_login()).access() in town.service.tokens
    assert town.service.routes().count("POST /oauth2/token") == 1


def test_who_wants_to_share_asks_for_that_too(
    clicks: Callable[[str], Do], logs_in: Callable[..., Outcome], town: RunningDropbox
) -> None:
    assert logs_in(clicks("allow"), "--sharing").code == 0
    assert town.service.refreshes[kept_login().refresh_token][2] == {*STORING, *SHARING}


def test_who_denies_access_is_not_logged_in(
    browser: Chrome, clicks: Callable[[str], Do], logs_in: Callable[..., Outcome], town: RunningDropbox
) -> None:
    done = logs_in(clicks("deny"))
    assert done.code == 4
    assert done.err.splitlines()[-1].startswith("pyshare: access to Dropbox was not allowed.")
    assert shown(browser).startswith("Access was not allowed\n")
    assert kept.entries() == []
    assert town.service.routes().count("POST /oauth2/token") == 0


@pytest.mark.parametrize(
    "query",
    ["?code=stolen&state=wrong", "?code=stolen", "?error=access_denied&state=wrong", "?code=a&error=b&state=c", ""],
)
def test_an_answer_with_a_wrong_state_has_a_page_of_its_own_and_changes_nothing(
    query: str,
    browser: Chrome,
    clicks: Callable[[str], Do],
    logs_in: Callable[..., Outcome],
    town: RunningDropbox,
) -> None:
    pages = []

    def do(link: str) -> None:
        browser.get(f"http://localhost:{loopback.PORTS[0]}/{query}")
        pages.append(shown(browser))
        clicks("allow")(link)

    done = logs_in(do)
    assert pages[0].startswith("That was another login\n")
    assert "A response that does not belong to this login came and was ignored." in done.err
    assert shown(browser).startswith("You are logged in\n")
    assert done.code == 0
    assert "stolen" not in done.out + done.err + str([seen.arg for seen in town.service.seen if "token" in seen.route])


def test_a_port_that_is_taken_is_replaced_by_the_other_registered_one(
    browser: Chrome, clicks: Callable[[str], Do], logs_in: Callable[..., Outcome]
) -> None:
    with closing(socket.create_server(("127.0.0.1", loopback.PORTS[0]))):
        done = logs_in(clicks("allow"))
    assert done.code == 0
    assert urlsplit(browser.current_url).port == loopback.PORTS[1]


def test_two_ports_that_are_taken_end_the_login_with_what_to_type(logs_in: Callable[..., Outcome]) -> None:
    first, second = (closing(socket.create_server(("127.0.0.1", port))) for port in loopback.PORTS)
    with first, second:
        done = logs_in(lambda _: pytest.fail("opened"))
    assert done.code == 2
    assert done.err.startswith(f"pyshare: other programs have the ports {loopback.PORTS[0]} and {loopback.PORTS[1]}")
    assert "--no-browser" in done.err


def test_a_login_that_dropbox_does_not_complete_says_so_on_the_page_and_in_the_terminal(
    browser: Chrome, clicks: Callable[[str], Do], logs_in: Callable[..., Outcome], town: RunningDropbox
) -> None:
    town.service.play(Rule("POST /oauth2/token", fails(500)))
    done = logs_in(clicks("allow"))
    assert done.code == 2
    assert "pyshare: cannot log in at Dropbox, which has a problem (status 500)" in done.err
    assert shown(browser).startswith("The login failed\ncannot log in at Dropbox, which has a problem")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [320, 1200])
def test_the_page_is_readable_by_day_and_by_night_and_on_a_phone(
    scheme: str, wide: int, browser: Chrome, clicks: Callable[[str], Do], logs_in: Callable[..., Outcome]
) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    metrics = {"width": wide, "height": 640, "deviceScaleFactor": 1, "mobile": wide < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        logs_in(clicks("allow"))
        for part in ("h1", "p", "footer"):
            assert contrast(browser, part) > 4.5  # WCAG 2.2, 1.4.3
        ground = style(browser, "body", "backgroundColor")
        assert (sum(colour(ground)) < 3 * 128) is (scheme == "dark")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= wide
        assert float(style(browser, "p", "fontSize").removesuffix("px")) >= 16
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_page_loads_nothing_else_and_may_not_be_kept(
    browser: Chrome, clicks: Callable[[str], Do], logs_in: Callable[..., Outcome]
) -> None:
    logs_in(clicks("allow"))
    assert browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)") == []
    assert browser.execute_script("return document.scripts.length") == 0


def style(browser: Chrome, part: str, name: str) -> str:
    """A computed style of the first element of this kind."""
    script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    return str(browser.execute_script(script, part, name))


def colour(text: str) -> list[int]:
    """Of `rgb(1, 2, 3)`."""
    return [int(number) for number in text[text.index("(") + 1 : -1].split(",")[:3]]


def contrast(browser: Chrome, part: str) -> float:
    """How a text stands out from its card (WCAG 2.2, contrast ratio)."""

    def luminance(text: str) -> float:
        parts = [value / 255 for value in colour(text)]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
        return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    pair = [luminance(style(browser, part, "color")), luminance(style(browser, "main", "backgroundColor"))]
    return (max(pair) + 0.05) / (min(pair) + 0.05)


class Program:
    """`pyshare login dropbox` as a process of its own."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", package, *LOGIN, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.link = self._read("  https://www.dropbox.com/oauth2/authorize?")
        self._read("")

    def _read(self, beginning: str) -> str:
        assert self.process.stderr
        return next(line.strip() for line in self.process.stderr if line.startswith(beginning) and line.strip())

    def end(self, sent: str = "") -> tuple[int, str, str]:
        out, err = self.process.communicate(sent, timeout=30)
        return self.process.returncode, out, err


@pytest.fixture
def no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose only browser would take over the terminal."""
    monkeypatch.setenv("BROWSER", "false")


@pytest.mark.usefixtures("no_window")
def test_without_a_browser_here_the_code_is_copied_from_dropboxs_page(browser: Chrome) -> None:
    program = Program("--no-browser")
    assert "redirect_uri" not in parse_qs(urlsplit(program.link).query)
    browser.get(program.link)
    browser.find_element(By.ID, "allow").click()
    field = WebDriverWait(browser, 20).until(lambda driver: driver.find_element(By.ID, "code"))
    code, out, err = program.end(f" {field.get_attribute('value')} \n")
    assert code == 0, err
    assert "Logged in at Dropbox as alice@example.org" in out


@pytest.mark.usefixtures("no_window")
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent there")
def test_ctrl_c_ends_the_wait_at_once() -> None:
    program = Program()
    program.process.send_signal(signal.SIGINT)
    code, out, err = program.end()
    assert (code, out) == (130, "")
    assert "Traceback" not in err


@pytest.mark.usefixtures("no_window")
def test_the_link_asks_for_the_least_and_proves_itself_without_a_secret() -> None:
    program = Program("--no-browser")
    query: dict[str, Any] = parse_qs(urlsplit(program.link).query)
    assert program.end("")[0] == 2
    assert query["scope"] == [" ".join(STORING)]
    assert query["code_challenge_method"] == ["S256"]
    assert query["token_access_type"] == ["offline"]
    assert "client_secret" not in query
