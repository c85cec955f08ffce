"""Opens the browser at the link of a login, which other users of this machine must not see."""

import os
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

_IN_TERMINALS = {
    *("www-browser", "w3m", "lynx", "links", "links2", "elinks", "browsh", "carbonyl", "edbrowse", "retawq"),
    *("netrik", "chawan", "cha"),
}
"""Browsers that take over the terminal in which the login waits."""

_START = 3.0
"""Seconds in which a browser must fail; one that still runs after that works."""


_FORWARDING = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={link}">
<title>Log in - pyshare</title>
</head>
<body><p><a href="{link}">Continue to the login</a></p></body>
</html>
"""


@contextmanager
def browser_at(link: str) -> Iterator[bool]:
    """Open the link in the user's browser (`BROWSER`, or the system's) during the block; yields whether that worked.

    Anyone who knows the link can complete the login with another account, and all users of a machine can see the
    arguments of a program (`ps`). So the browser opens a file that only its owner can read and that redirects to the
    link, as Jupyter does (jupyter_server/serverapp.py, `_prepare_browser_open`).
    """
    browser = _window()
    if browser is None:
        yield False
        return
    with TemporaryDirectory(prefix="pyshare-login-", ignore_cleanup_errors=True) as folder:  # 0700
        page = Path(folder) / "login.html"
        with os.fdopen(os.open(page, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(_forwarding(link))
        yield _opens(browser, page.as_uri())


def _window() -> webbrowser.BaseBrowser | None:
    """The browser, if it opens a window of its own."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return None
    name = getattr(browser, "basename", "") or os.path.basename(getattr(browser, "name", ""))
    return None if name in _IN_TERMINALS else browser


def _opens(browser: webbrowser.BaseBrowser, address: str) -> bool:
    """Start the browser in a thread: a program named in `BROWSER` may run until its window is closed."""
    opened: list[bool] = []
    thread = Thread(target=lambda: opened.append(browser.open(address)), daemon=True, name="pyshare-browser")
    thread.start()
    thread.join(_START)
    return opened[0] if opened else thread.is_alive()


def _forwarding(link: str) -> bytes:
    """A page that redirects to the link at once, without a Referer header."""
    return _FORWARDING.format(link=escape(link)).encode()
