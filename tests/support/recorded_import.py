"""What git-annex records when it completes an import, in a git directory without git-annex."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from git_annex_remote_pyshare.annex.layout import branch_path

CLONE, STORE = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
TIED = "33333333-3333-3333-3333-333333333333"
"""The UUID of the settings of a remote that `--sameas` ties to the store."""


class Recording:
    """A new git directory of a clone whose remote `store` is a store.

    Args:
        git_dir: Its path.
    """

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._time = 1000
        self._git("init", "-q")
        self._git("config", "annex.uuid", CLONE)
        for remote in ("store", "back"):
            self._git("config", f"remote.{remote}.annex-uuid", STORE)
        self._git("config", "remote.back.annex-config-uuid", TIED)
        (git_dir / "annex" / "journal").mkdir(parents=True, exist_ok=True)

    def downloaded(self, key: str, content: str, owner: str = STORE) -> None:
        """A version has come, and is the content of the key; no commit has it so far."""
        log = f"{branch_path(key)}.log.cid".replace("_", "__").replace("/", "_")
        with (self._git_dir / "annex" / "journal" / log).open("a") as journal:
            journal.write(f"1000s {owner} {content}\n")

    def committed(self, keys: Mapping[str, str]) -> None:
        """An import, or an export, has recorded a tree: name → key; an empty key stands for a file in git itself."""
        entries = "".join(f"{self._entry(key)}\t{name}\n" for name, key in keys.items())
        self._git("read-tree", "--empty")
        self._git("update-index", "--add", "--index-info", told=entries)
        self._time += 1
        log = f"{self._time}s {CLONE}:{STORE} {self._git('write-tree')}\n"
        (self._git_dir / "annex" / "journal" / "export.log").write_text(log)

    def _entry(self, key: str) -> str:
        link = f"../.git/annex/objects/xx/yy/{key}/{key}" if key else "in git"
        return f"{'120000' if key else '100644'} {self._git('hash-object', '-w', '--stdin', told=link)} 0"

    def _git(self, *words: str, told: str = "") -> str:
        command = ["git", f"--git-dir={self._git_dir}", *words]
        return subprocess.run(command, input=told, capture_output=True, text=True, check=True).stdout.strip()
