"""`pyshare login URL`: run the login flow for the URL's kind of store."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.login import LoginRequest
from git_annex_remote_pyshare.cli.after_login import next_commands
from git_annex_remote_pyshare.cli.completion import services
from git_annex_remote_pyshare.cli.json_option import json_option, show_json
from git_annex_remote_pyshare.cli.login_request import settings_of
from git_annex_remote_pyshare.cli.output import say_next
from git_annex_remote_pyshare.cli.terminal import CommandLine
from git_annex_remote_pyshare.config.git_config import git_dir_here
from git_annex_remote_pyshare.errors import BadSetting, Untrusted

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_VARIABLE = "If your network opens TLS with a certificate of its own, type: SSL_CERT_FILE=FILE"


@click.command()
@click.argument("url", shell_complete=services)
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE]...")
@click.option("--user", default="", metavar="NAME", help="Give a password for NAME instead of using the browser.")
@click.option("--token", is_flag=True, help="Give a bearer token instead of user and password.")
@click.option("--no-browser", is_flag=True, help="Only print the link; open it on any machine you like.")
@click.option("--no-check", is_flag=True, help="Keep a password without trying it, e.g. while offline.")
@click.option("--insecure", is_flag=True, help="Allow http, where others on the way can read the password.")
@click.option("--sharing", is_flag=True, help="Dropbox: ask for the right to make and read shared links, too.")
@click.option("--app-key", default="", metavar="KEY", help="Dropbox: log in for an app of your own.")
@click.option("--ca", default="", metavar="FILE", help="Trust the certificates in FILE for this server, now and later.")
@json_option()
def login(url: str, settings: tuple[str, ...], *, as_json: bool, **typed: Any) -> None:
    """Log in at the server of URL, once for all datasets.

    \b
    Examples:
      pyshare login cloud.example.org
      pyshare login https://dav.example.org/data --user bob
      pyshare login https://dav.example.org/data --user bob < file-with-password
      pyshare login https://dav.example.org/data --token
      pyshare login https://cloud.example.org/s/TOKEN
      pyshare login dropbox
      pyshare login s3://bucket
      pyshare login s3://bucket endpoint=https://minio.example.org:9000

    A Nextcloud opens your browser and makes a password for this program alone. Other servers ask for user and
    password. From a pipe, the first line is the password (or token); without --user it is the user, and the second
    line is the password. Dropbox opens your browser, too; with --no-browser, paste the code that its page shows.
    S3 servers ask for an access key id and its secret: two lines from a pipe, or one with --user ID.

    The login is kept in the system's keyring, or else in a file that only you can read. It goes to this server
    (name and port) and to no other. The password of a public link is asked for if it has one, and serves this link
    alone. Where your institution signs its own certificates, name the file with its CA: --ca FILE.
    """
    values = settings_of(url, settings)
    spec = registry.spec_of(values["url"])
    request = LoginRequest(spec, values, words=(url, *settings), **typed)
    if spec.login is None:
        raise BadSetting(f"{url} is not the address of a server", remedy="Give one like https://cloud.example.org.")
    try:
        with _trusting(request):
            place = spec.login.log_in(request, CommandLine())
    except Untrusted as error:
        raise Untrusted(error.what, remedy=_remedy(request)) from error
    then = [] if place is None else next_commands(request, place)
    say_next(*then, where="" if git_dir_here() else "in your dataset's folder")
    if as_json:
        show_json({**_kept(request), "next": then})


def _kept(request: LoginRequest) -> dict[str, str]:
    """Which login is kept now; its account alone for a public link that needs none."""
    from git_annex_remote_pyshare.cli.commands.whoami import row_of  # noqa: PLC0415  # not for help and wrong words
    from git_annex_remote_pyshare.credentials.stored import entry  # noqa: PLC0415  # as above

    found = entry(request.spec.name, request.account.name)
    return {**row_of(found)} if found else {"account": request.account.name}


def _trusting(request: LoginRequest) -> "AbstractContextManager[None]":
    """Trust the certificates of `--ca`, unless the login fails."""
    if not request.ca:
        return nullcontext()
    from git_annex_remote_pyshare.credentials.authorities import trusting  # noqa: PLC0415  # rarely wanted

    account = request.account
    if account.ambient:  # the service has many hosts
        raise BadSetting(f"--ca is not for {account.name}", remedy=f"{_VARIABLE} {request.command(without=('ca',))}")
    return trusting(account.host, request.ca)


def _remedy(request: LoginRequest) -> str:
    """The remedy for a certificate that is not trusted."""
    if request.ca:
        return f"The certificates in {request.ca} do not fit this server: check the file."
    if request.account.ambient:
        return f"{_VARIABLE} {request.command()}"
    return f"If your institution signs its own, type: {request.command('--ca', 'FILE')}"
