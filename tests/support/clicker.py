"""A browser for tests that is a program of its own, as `BROWSER` names one: opens the page and presses a button."""

import stat
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname

from support.checkout import TESTS

PROGRAM = """#!{python}
import sys
sys.path.insert(0, {folder!r})
from support.clicker import click
click({button!r}, {seen!r}, *sys.argv[1:])
"""


def browser(folder: Path, button: str = "allow") -> tuple[str, Path]:
    """What to set BROWSER to, and the file that gets the arguments with which the browser was started."""
    seen, program = folder / "arguments", folder / "a-browser"
    program.write_text(PROGRAM.format(python=sys.executable, folder=str(TESTS), button=button, seen=str(seen)))
    program.chmod(0o755)
    return str(program), seen


class _Form(HTMLParser):
    """The hidden fields and the address of a page's form."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found["action"]
        elif tag == "input" and "name" in found:
            self.fields[found["name"]] = found.get("value", "")


def click(button: str, seen: str, address: str) -> None:
    """Go where the page leads, and press the button there."""
    import requests  # this module is also read by tests that have no use for it

    page = Path(url2pathname(urlsplit(address).path))
    modes = f"{stat.S_IMODE(page.stat().st_mode):o} {stat.S_IMODE(page.parent.stat().st_mode):o}"
    Path(seen).write_text(f"{address}\n{modes}\n")
    link = unescape(page.read_text(encoding="utf-8").partition('content="0;url=')[2].partition('"')[0])
    answer = requests.get(link, timeout=30)
    form = _Form()
    form.feed(answer.text)
    if form.action:
        requests.post(urljoin(link, form.action), data={**form.fields, button: "1"}, timeout=30)
