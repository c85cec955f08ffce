"""People who use the fake Dropbox with whole programs: how they reach it, and how they log in."""

import subprocess
from email.message import Message
from urllib.parse import urlsplit

from support.annex import Home
from support.fakes.dropbox import oauth
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.answers import Call
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.dropbox.hosts import WEB_HOST
from support.fakes.dropbox.service import FakeDropbox

PATIENCE = 60.0
"""Seconds that a login may take."""


def reaches(home: Home, running: RunningDropbox) -> Home:
    """Give somebody's programs the way to the fake."""
    home.environment.update(running.environment)
    return home


def machine(home: Home, running: RunningDropbox, account: Account, scopes: str = "") -> Home:
    """Give somebody's programs the way to the fake, and a login for machines."""
    home.environment.update(running.with_login(running.service.log_in(account, scopes=scopes)))
    return home


def log_in(home: Home, running: RunningDropbox, account: Account, *words: str) -> str:
    """Type `pyshare login dropbox` where there is no browser, and allow it in one elsewhere; what it printed."""
    reaches(home, running)
    command = ["pyshare", "login", "dropbox", "--no-browser", "--app-key", running.service.app.key, *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=home.folder, env=home.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as typed:
        assert typed.stderr
        said = [next(line for line in typed.stderr if "/authorize?" in line)]
        out, err = typed.communicate(f"{allow(running.service, said[0].strip(), account)}\n", timeout=PATIENCE)
    assert typed.returncode == 0, f"{said}{err}"
    return out


def allow(service: FakeDropbox, link: str, account: Account) -> str:
    """The code that Dropbox's page shows to somebody who allows what the link asks for."""
    service.visitor = account
    form = f"{urlsplit(link).query}&allow=1".encode()
    call = Call("POST", WEB_HOST, "/oauth2/authorize", {}, Message(), form)
    page = oauth.authorize(service, call).body.decode()
    return page.partition('value="')[2].partition('"')[0]
