"""What only this clone knows: its git config of the remote, read once, when it is first asked for.

How fast we may go, which certificates to use and whether the user has verified the remote are no business of the
dataset's other users, so they do not travel with it.
"""

import errno
import os
import re
from collections.abc import Mapping
from functools import cache, cached_property

from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command

TIMEOUT = 300.0
"""Seconds without getting anywhere, unless git config `remote.<name>.pyshare-timeout` says else."""

ALLOWED_ADDRESSES = "annex.security.allowed-ip-addresses"

_RESERVE = 100_000_000
"""Bytes that git-annex leaves free on a disk where `annex.diskreserve` does not say else."""

_AMOUNT = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*(b|bytes?|[kmgtpezy](?:i?b?|[a-z]{3,5}bytes?)|)")

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?)(i?)b?(?:/s|ps)?", re.IGNORECASE)


class LocalConfig:
    """The clone that git-annex works in, or none at all for a person's commands.

    Args:
        git_dir: Path of the git directory, absolute or relative to the working directory; empty for none.
        remote: The remote's name in this clone.
    """

    def __init__(self, git_dir: str = "", remote: str = "") -> None:
        self.git_dir = git_dir
        self.remote = remote

    @cached_property
    def config(self) -> Mapping[str, str]:
        """Git's configuration as this clone sees it, `section.subsection.name` → last value."""
        if not self.git_dir:
            return {}
        done = git(self.git_dir, "config", "--null", "--list")
        pairs = (entry.partition("\n") for entry in done.split("\0") if entry)
        return {key: value for key, _, value in pairs}

    @property
    def id(self) -> str:
        """This clone's git-annex UUID; empty when there is none. It makes temporary names unique to a clone."""
        return self.config.get("annex.uuid", "")

    def option(self, name: str) -> str:
        """The value of git config `remote.<name of the remote>.<name>`, or an empty string."""
        return self.config.get(f"remote.{self.remote}.{name}", "")

    def number(self, name: str, default: float) -> float:
        """The option as a positive number, else `default`.

        Raises:
            BadSetting: It is set to something else.
        """
        text = self.option(name)
        try:
            value = float(text or default)
        except ValueError:
            value = 0
        if not value > 0:
            raise self._wrong(name, "a number above 0")
        return value

    def size(self, name: str) -> float | None:
        """The option as a number of bytes (`500k`, `2.5MiB`, `10MB/s`), or None where it is not set.

        Raises:
            BadSetting: It is set to something else.
        """
        text = self.option(name)
        if not text:
            return None
        match = _SIZE.fullmatch(text.strip())
        if not match:
            raise self._wrong(name, "a size like 500KiB or 2.5MB")
        base = 1024 if match[3] or not text.lower().rstrip("/ps").endswith("b") else 1000
        return float(match[1]) * float(base) ** " kmg".index(match[2].lower() or " ")

    @property
    def timeout(self) -> float:
        """Seconds for which a request or transfer goes on without getting anywhere, all its attempts together.

        Raises:
            BadSetting: It is set to something else than a number above 0.
        """
        return self.number("pyshare-timeout", TIMEOUT)

    @property
    def allowed_addresses(self) -> str:
        """Git config `annex.security.allowed-ip-addresses`: private addresses that redirects may lead to.

        Words apart by spaces: `all`, or addresses, each perhaps as `[address]:port` (git-annex's manual).
        """
        return self.config.get(ALLOWED_ADDRESSES, "")

    @property
    def disk_reserve(self) -> int:
        """Git config `annex.diskreserve` in bytes: what git-annex leaves free on this machine's disk.

        Written as git-annex's manual has it: `100 megabytes`, `1.5 GiB`, `500MB`. What is not so counts as not set.
        """
        match = _AMOUNT.fullmatch(self.config.get("annex.diskreserve", "").strip().lower())
        if not match:
            return _RESERVE
        unit = match[2]
        base = 1024 if unit[1:] in {"i", "ib"} or "bi" in unit else 1000
        return int(float(match[1]) * float(base) ** " kmgtpezy".index(unit[:1].replace("b", " ") or " "))

    def flag(self, name: str) -> bool:
        """Whether the option is one of git's words for true."""
        return self.option(name).lower() in {"true", "yes", "on", "1"}

    def key(self, name: str) -> str:
        """The option's whole name, for a command that the user may paste: the dataset may have chosen the remote's."""
        return command(f"remote.{self.remote or 'NAME'}.{name}")

    def set_option(self, name: str, value: str) -> None:
        """Write the option into this clone's git config."""
        git(self.git_dir, "config", f"remote.{self.remote}.{name}", value)
        self.__dict__.pop("config", None)

    def _wrong(self, name: str, wanted: str) -> BadSetting:
        return BadSetting(
            f"git config remote.{self.remote}.{name} is {self.option(name)!r}, not {wanted}",
            remedy=f"Type: git config --unset {self.key(name)}",
        )


@cache
def program(path: str, name: str = "git") -> str:
    """The program to start, found once in the search path `path`.

    git-annex starts us in the dataset, and Windows takes a program of the working directory before those of PATH: a
    stranger's dataset with a `git.exe` would run it (GitPython had this as CVE-2023-40590). So there the whole path is
    given, and a relative folder in PATH does not count.

    Raises:
        FileNotFoundError: There is no such program on this Windows.
    """
    if os.name != "nt":
        return name
    for folder in path.split(os.pathsep):
        found = os.path.join(folder.strip('"'), f"{name}.exe")
        if os.path.isabs(found) and os.path.isfile(found):
            return found
    raise FileNotFoundError(errno.ENOENT, f"{name}.exe is in no folder of PATH")


def git_command(*words: str) -> list[str]:
    """The words that start git; with `git_environment()` as `env` of the process.

    Raises:
        FileNotFoundError: There is no git on this Windows.
    """
    return [program(os.environ.get("PATH", "")), *words]


def git_environment() -> Mapping[str, str]:
    """For git, which starts programs itself and is to look for none in the dataset either."""
    return {**os.environ, "NoDefaultCurrentDirectoryInExePath": "1"} if os.name == "nt" else os.environ


def git(git_dir: str, *arguments: str) -> str:
    """What git prints, as text whose invalid bytes are surrogate escapes; empty where it fails."""
    # subprocess is imported here because requests that need no git config must not pay for it.
    import subprocess  # noqa: PLC0415

    words = git_command(f"--git-dir={git_dir}", *arguments)
    done = subprocess.run(
        [argument.encode("utf-8", "surrogateescape") if os.name != "nt" else argument for argument in words],
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.stdout.decode("utf-8", "surrogateescape")


def git_dir_here() -> str:
    """The git directory of the clone that the working directory lies in; empty outside of any."""
    import subprocess  # noqa: PLC0415  # as above

    done = subprocess.run(
        git_command("rev-parse", "--absolute-git-dir"),
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return os.fsdecode(done.stdout).removesuffix("\n")
