"""Reads and writes the git config of this clone, which is not part of the dataset.

`config.options` lists the options. pyshare reads the configuration once, at the first look-up.
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
    """The git config of one remote in the clone that git-annex works in; empty if a user's command runs outside one.

    Args:
        git_dir: Path of the git directory, absolute or relative to the working directory; empty for no clone.
        remote: The remote's name in this clone.
    """

    def __init__(self, git_dir: str = "", remote: str = "") -> None:
        self.git_dir = git_dir
        self.remote = remote

    @cached_property
    def config(self) -> Mapping[str, str]:
        """The git configuration in effect for this clone: `section.subsection.name` → last value."""
        if not self.git_dir:
            return {}
        done = git(self.git_dir, "config", "--null", "--list")
        pairs = (entry.partition("\n") for entry in done.split("\0") if entry)
        return {key: value for key, _, value in pairs}

    @property
    def id(self) -> str:
        """The git-annex UUID of this clone; empty if it has none. It makes temporary names unique to a clone."""
        return self.config.get("annex.uuid", "")

    def option(self, name: str) -> str:
        """The value of git config `remote.<name of the remote>.<name>`; empty if it is not set."""
        return self.config.get(f"remote.{self.remote}.{name}", "")

    def get(self, option: Option[T], default: T | None = None) -> T:
        """The value of the option, else `default`, else the option's own default.

        Raises:
            BadSetting: The value has the wrong type.
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
        """Seconds that a request or transfer may take without any progress, over all its attempts.

        Raises:
            BadSetting: The value is not a number above 0.
        """
        return self.get(options.TIMEOUT)

    @property
    def allowed_addresses(self) -> str:
        """Private addresses that redirects may lead to (`options.ALLOWED_ADDRESSES`).

        Words separated by spaces: `all`, or addresses, optionally as `[address]:port` (git-annex's manual).
        """
        return self._of_git_annex(options.ALLOWED_ADDRESSES)

    @property
    def disk_reserve(self) -> int:
        """Bytes that git-annex leaves free on this machine's disk (`options.DISK_RESERVE`)."""
        return self._of_git_annex(options.DISK_RESERVE)

    @property
    def remote_uuid(self) -> str:
        """The git-annex UUID of the remote, shared by remotes made with `--sameas`; empty before `initremote`."""
        return self.option("annex-uuid")

    @property
    def config_uuid(self) -> str:
        """The UUID under which a remote made with `--sameas` keeps its settings; empty for any other remote."""
        return self.option("annex-config-uuid")

    @property
    def verified(self) -> str:
        """The state that `git annex verifyremote` sets: `verified`, another word, or empty."""
        return self.option("annex-verified")

    @property
    def external_type(self) -> str:
        """The type of an external special remote: `pyshare` for a pyshare remote."""
        return self.option("annex-externaltype")

    def key(self, option: Option[T]) -> str:
        """The full name of the option, quoted to paste into a shell, since a stranger may have named the remote."""
        return command(f"remote.{self.remote or 'NAME'}.{option.name}")

    def set_option(self, option: Option[T], value: str) -> None:
        """Set the option in this clone's git config."""
        git(self.git_dir, "config", f"remote.{self.remote}.{option.name}", value)
        self.__dict__.pop("config", None)

    def _of_git_annex(self, option: Option[T]) -> T:
        text = self.config.get(option.name, "")
        return option.parse(text) if text else option.default


@cache
def program(path: str, name: str = "git") -> str:
    """The program to start: its name, or on Windows its full path, searched once in the folders of `path`.

    git-annex starts pyshare in the dataset, and Windows prefers a program in the working directory to those in PATH. So
    a stranger's dataset with a `git.exe` could run it (CVE-2023-40590 in GitPython). The full path prevents this, and
    relative folders in PATH are ignored.

    Raises:
        FileNotFoundError: Windows has no such program in PATH.
    """
    if os.name != "nt":
        return name
    for folder in path.split(os.pathsep):
        found = os.path.join(folder.strip('"'), f"{name}.exe")
        if os.path.isabs(found) and os.path.isfile(found):
            return found
    raise FileNotFoundError(errno.ENOENT, f"{name}.exe is in no folder of PATH")


def git_command(*words: str) -> list[str]:
    """The command line that runs git with these arguments; pass `git_environment()` as `env` of the process.

    Raises:
        FileNotFoundError: Windows has no git in PATH.
    """
    return [program(os.environ.get("PATH", "")), *words]


def git_environment() -> Mapping[str, str]:
    """The environment for git; on Windows, it also keeps git from starting programs that are in the dataset."""
    return {**os.environ, "NoDefaultCurrentDirectoryInExePath": "1"} if os.name == "nt" else os.environ


def git(git_dir: str, *arguments: str) -> str:
    """The output of git, with surrogate escapes for bytes that are not UTF-8; usually empty if git fails."""
    # Imported here, since requests that need no git config must not pay for it.
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
    """The git directory of the clone around the working directory; empty outside of a clone."""
    import subprocess  # noqa: PLC0415  # as above

    done = subprocess.run(
        git_command("rev-parse", "--absolute-git-dir"),
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return os.fsdecode(done.stdout).removesuffix("\n")
