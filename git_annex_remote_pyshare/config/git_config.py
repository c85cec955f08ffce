"""Reads and writes the git config of this clone, which does not travel with the dataset.

`config.options` lists the options. The configuration is read once, at the first look-up.
"""

import errno
import os
from collections.abc import Mapping
from functools import cache, cached_property
from typing import TypeVar

from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.options import Option
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command

T = TypeVar("T")


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

    def get(self, option: Option[T], default: T | None = None) -> T:
        """The option's value, else `default`, else the option's own default.

        Raises:
            BadSetting: It is set to something that is not of its type.
        """
        text = self.option(option.name)
        if not text:
            return option.default if default is None else default
        try:
            return option.parse(text)
        except ValueError as error:
            raise BadSetting(
                f"git config remote.{self.remote}.{option.name} is {text!r}, not {error}",
                remedy=f"Type: git config --unset {self.key(option)}",
            ) from None

    @property
    def timeout(self) -> float:
        """Seconds for which a request or transfer goes on without any progress, all its attempts together.

        Raises:
            BadSetting: It is set to something else than a number above 0.
        """
        return self.get(options.TIMEOUT)

    @property
    def allowed_addresses(self) -> str:
        """Private addresses that redirects may lead to (`options.ALLOWED_ADDRESSES`).

        Words separated by spaces: `all`, or addresses, each perhaps as `[address]:port` (git-annex's manual).
        """
        return self._of_git_annex(options.ALLOWED_ADDRESSES)

    @property
    def disk_reserve(self) -> int:
        """Bytes that git-annex leaves free on this machine's disk (`options.DISK_RESERVE`)."""
        return self._of_git_annex(options.DISK_RESERVE)

    @property
    def remote_uuid(self) -> str:
        """The remote's git-annex UUID, which a remote made by `--sameas` shares; empty before `initremote`."""
        return self.option("annex-uuid")

    @property
    def config_uuid(self) -> str:
        """The UUID below which a remote made by `--sameas` keeps its settings; empty for any other remote."""
        return self.option("annex-config-uuid")

    @property
    def verified(self) -> str:
        """The state that `git annex verifyremote` keeps: `verified`, another word, or empty."""
        return self.option("annex-verified")

    @property
    def external_type(self) -> str:
        """The program behind the remote: `pyshare` for ours."""
        return self.option("annex-externaltype")

    def key(self, option: Option[T]) -> str:
        """The option's whole name, for a command that the user may paste: the dataset may have chosen the remote's."""
        return command(f"remote.{self.remote or 'NAME'}.{option.name}")

    def set_option(self, option: Option[T], value: str) -> None:
        """Write the option into this clone's git config."""
        git(self.git_dir, "config", f"remote.{self.remote}.{option.name}", value)
        self.__dict__.pop("config", None)

    def _of_git_annex(self, option: Option[T]) -> T:
        text = self.config.get(option.name, "")
        return option.parse(text) if text else option.default


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
