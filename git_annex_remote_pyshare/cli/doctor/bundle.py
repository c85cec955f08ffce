"""Makes the file for a bug report: what was found, versions, settings and requests, without logins and links."""

import json
import os
import platform
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence

from git_annex_remote_pyshare import __version__, log
from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.doctor.check import Check
from git_annex_remote_pyshare.cli.doctor.machine import versions
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials.host import without_login
from git_annex_remote_pyshare.errors import BadSetting, PyshareError
from git_annex_remote_pyshare.safe_text import command, one_line

_KEPT = re.compile(
    r"remote\..*\.(url|pushurl|annex-[a-z-]+|pyshare-[a-z-]+|datalad-[a-z-]+)|annex\..*|datalad\..*|"
    r"core\.(bare|filemode|ignorecase|precomposeunicode|symlinks|autocrlf)|filter\.annex\..*|push\.default",
    re.IGNORECASE | re.DOTALL,
)
"""Options of git that concern us; others, such as headers and helpers of credentials, are left out."""

_OF_ANNEX = ("type", "externaltype", "encryption", "chunk", "autoenable", "exporttree", "importtree", "mac")
"""Settings of git-annex itself that hold no key."""

_SECRET = re.compile(
    r"pass|secret|token|credential|cookie|apikey|api[-_]key|[-_]pw|auth|header|options|command", re.IGNORECASE
)
"""Names of environment variables and options whose values are not for others."""

_QUERY = re.compile(r"((?:annex::|[a-z][a-z0-9+.-]*://)[^\s?\"']+)\?[^\s\"']+", re.IGNORECASE)
"""Matches an address with a query, which may hold a signature, or the encoded address of a public link."""

_HIDDEN = "(left out)"


def require_new(path: str) -> None:
    """Raise BadSetting if the file for the bundle exists already; asked before the checks, which take time."""
    if os.path.lexists(path):
        again = command("pyshare", "doctor", "--bundle", f"{path}.new.zip")
        raise BadSetting(f"{path} exists already", remedy=f"Give another name: {again}")


def write(
    path: str, checks: Sequence[Check], remotes: Sequence[Remote], clone: LocalConfig, lines: Sequence[str]
) -> None:
    """Write the bundle; it replaces no file.

    Args:
        path: The zip file.
        checks: The report.
        remotes: The remotes that were looked at.
        clone: Their clone; one without a git directory outside of a dataset.
        lines: The log of the requests.

    Raises:
        BadSetting: The file exists, or cannot be written.
    """
    secrets = sorted(set(_secrets(remotes, clone)), key=len, reverse=True)
    texts = {
        "checks.json": json.dumps({"checks": [check.fields for check in checks]}, indent=2),
        "versions.txt": "\n".join(_versions()),
        "git-config.txt": "\n".join(_options(clone.config)),
        "remotes.json": json.dumps([_settings(remote) for remote in remotes], indent=2),
        "requests.log": "\n".join(lines),
    }
    try:
        with open(path, "xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, text in texts.items():
                bundle.writestr(name, _clean(text, secrets))
    except OSError as error:
        raise BadSetting(
            f"cannot write {path}: {error.strerror}", remedy="Give a new file in a folder of yours."
        ) from error


def _versions() -> Iterator[str]:
    found = versions()
    yield f"git {found.git}"
    yield f"git-annex {found.annex}"
    yield f"datalad {found.datalad.version}"
    yield f"pyshare {__version__}"
    yield f"Python {sys.version}"
    yield f"{platform.platform()} {platform.machine()}"
    from importlib.metadata import distributions  # noqa: PLC0415  # slow, and only for a bundle

    wanted = {"annexremote", "botocore", "click", "dropbox", "keyring", "requests", "truststore", "urllib3"}
    for package in sorted(distributions(), key=lambda package: package.name):
        if package.name in wanted:
            yield f"{package.name} {package.version}"


def _options(config: Mapping[str, str]) -> Iterator[str]:
    """The options that concern us, one in a line."""
    for name, value in sorted(config.items()):
        if _KEPT.fullmatch(name):
            yield one_line(f"{name}={_HIDDEN if _SECRET.search(name) else without_login(value)}")


def _settings(remote: Remote) -> Mapping[str, str]:
    """The settings of a remote that are no key of git-annex's encryption."""
    ours = {setting.name for setting in registry.all_settings()}
    kept = {name: value for name, value in remote.annex.items() if name in ours or name in _OF_ANNEX}
    return {"name": remote.place.clone.remote, **{name: without_login(value) for name, value in kept.items()}}


def _secrets(remotes: Iterable[Remote], clone: LocalConfig) -> Iterator[str]:
    """Every secret that this process can know, to be sure that none is in a text."""
    for remote in remotes:
        try:
            login = remote.place.credential()
        except PyshareError:
            continue
        if login:
            yield login.secret
    values = {**os.environ, **clone.config}
    yield from (value for name, value in values.items() if _SECRET.search(name))
    for value in values.values():
        yield from re.findall(r"://[^/?#@\s]*:([^/?#@\s]+)@", value)


def _clean(text: str, secrets: Sequence[str]) -> str:
    """The text without tokens of links, secrets, and the user's name in paths."""
    text = _QUERY.sub(r"\1?…", log.without_tokens(text))
    for secret in secrets:
        if len(secret) > 3:  # noqa: PLR2004  # a word like "yes" is no secret, and its removal would spoil the text
            text = text.replace(secret, _HIDDEN).replace(json.dumps(secret)[1:-1], _HIDDEN)
    home = os.path.expanduser("~")
    return text.replace(home, "~") if len(home) > 1 else text
