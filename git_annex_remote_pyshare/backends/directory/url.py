"""Parses and checks `url=` for a folder: an absolute path, or `file:///…` with %XX decoded."""

import os
import re
from collections.abc import Mapping

from git_annex_remote_pyshare.credentials.account import Account
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command

_NO_COLON = r"(https?|davs?|s3)/+(.+)"
_NO_SCHEME = r"(?:[\w-]+\.)+[a-z]{2,}(?::[0-9]+)?/(?:.*/)?(?:remote\.php/.*|s/\w+|apps/.*|scl/fo/.*)"
"""A host, and a path of Nextcloud, ownCloud or Dropbox."""
_OF_SSH = r"[\w.-]+@[\w.-]+:.*"
"""The syntax of scp and rsync."""


def check(settings: Mapping[str, str]) -> None:
    """Refuse a URL that is not an absolute path.

    Raises:
        BadSetting: With the path to type instead.
    """
    path_of(settings["url"])


def path_of(url: str) -> str:
    """The absolute path of the folder, without a trailing slash unless it is a root.

    Raises:
        BadSetting: The path is relative, on another machine, or an invalid file URL.
    """
    path = _from_file_url(url) if url[:5].lower() == "file:" else url
    if not os.path.isabs(path):
        raise _not_absolute(url, path)
    if "\0" in path:
        raise BadSetting(f"url={url} contains a NUL byte", remedy="Give the path without %00.")
    stripped = path.rstrip("/")
    return stripped if os.path.isabs(stripped) else path


def account_of(settings: Mapping[str, str]) -> Account:
    """The account of a path: the machine in a network path on Windows, else empty.

    Raises:
        BadSetting: As `path_of` does.
    """
    path = path_of(settings["url"])
    return Account(machine_of(path).lower() if os.name == "nt" else "")


def machine_of(path: str) -> str:
    r"""The machine in an absolute path of Windows: `\\machine\share`, also with `/`; empty for none.

    Device paths begin in the same way, and `\\?\UNC\machine` and `\??\UNC\machine` are among them.
    Source: Microsoft Learn, "File path formats on Windows systems".
    """
    text = path.replace("\\", "/")
    if not text.startswith(("//", "/??/")):
        return ""
    words = [word for word in text.split("/") if word not in {"", ".", "?", "??"}]
    return words[1] if len(words) > 1 and words[0].upper() == "UNC" else words[0] if words else "?"


def _from_file_url(url: str) -> str:
    """The path of a file URL (RFC 8089 §2): its host, if any, is this machine."""
    host, slash, path = url[5:].removeprefix("//").partition("/")
    if not url[5:].startswith("/") or host.lower() not in {"", "localhost"} or not slash:
        raise BadSetting(
            f"url={url} is not the address of a folder on this machine",
            remedy="Type three slashes before the path, e.g. url=file:///mnt/lab/share",
        )
    path = _decoded(url, path)
    is_drive = path[1:2] == ":"
    return path if os.name == "nt" and is_drive else f"/{path}"


def _decoded(url: str, text: str) -> str:
    first, *rest = text.split("%")
    try:
        parts = [_byte(part[:2]) + part[2:].encode("utf-8", "surrogateescape") for part in rest]
    except ValueError as error:
        raise BadSetting(
            f"url={url} has a % without two hex digits after it",
            remedy="Type %25 for each % in the path, or give the path without file://",
        ) from error
    return b"".join((first.encode("utf-8", "surrogateescape"), *parts)).decode("utf-8", "surrogateescape")


def _byte(digits: str) -> bytes:
    if len(digits) != 2 or not digits.isalnum():  # noqa: PLR2004  # fromhex accepts spaces and fewer digits
        raise ValueError(digits)
    return bytes.fromhex(digits)


def _not_absolute(url: str, path: str) -> BadSetting:
    if url != path or not (found := _address(url)):
        return _relative(url, path)
    return found


def _address(url: str) -> BadSetting | None:
    """The error for a mistyped address of a server, so that no folder is suggested; None for a path."""
    if scheme := re.fullmatch(_NO_COLON, url, re.IGNORECASE | re.DOTALL):
        why, instead = f"lacks the colon behind {scheme[1]}", f"url={scheme[1]}://{scheme[2]}"
    elif re.fullmatch(_NO_SCHEME, url, re.DOTALL):
        why, instead = "lacks https:// at its beginning", f"url=https://{url}"
    elif re.fullmatch(_OF_SSH, url, re.DOTALL):
        why, instead = "is an ssh address, which git-annex supports itself", ""
    else:
        return None
    of_rsync = f"{command('type=rsync', f'rsyncurl={url}')} in place of type=external externaltype=pyshare url=…"
    return BadSetting(f"url={url} {why}", remedy=f"Type instead: {command(instead) if instead else of_rsync}")


def _relative(url: str, path: str) -> BadSetting:
    if path.startswith("~"):
        return BadSetting(
            f"url={url} begins with ~, which the shell replaces only at the beginning of a word",
            remedy=f"Type instead: {_typed(os.path.expanduser(path))}",
        )
    if os.name != "nt" and (path[1:2] == ":" or path.startswith("\\\\")):
        return BadSetting(
            f"url={url} is a Windows path, and this is not Windows",
            remedy="Give the path that the folder has on this machine, e.g. url=/mnt/lab/share",
        )
    return BadSetting(
        f"url={url} is a relative path, which would mean another folder in each working directory",
        remedy=f"Type instead: {_typed(os.path.abspath(path))}",
    )


def _typed(path: str) -> str:
    """The setting, quoted for a shell: an untrusted person may have chosen the path."""
    return command(f"url={path}")
