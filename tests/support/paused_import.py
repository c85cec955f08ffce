"""Our program, which waits before each download of an import until the test goes on."""

import sys
import time
from pathlib import Path

from support.annex import Home

_PROGRAM = """#!{python}
import os, time
from git_annex_remote_pyshare.annex.import_ import ImportRemote

really = ImportRemote.retrieveimport

def waits(self, name, local_file):
    open({listed!r}, "w").close()
    while not os.path.exists({go!r}):
        time.sleep(0.02)
    really(self, name, local_file)

ImportRemote.retrieveimport = waits
from git_annex_remote_pyshare.__main__ import main
main()
"""
PATIENCE = 60.0


class Pause:
    """Stops the imports of one person between the list and the first download.

    Args:
        home: Whose program it is.
    """

    def __init__(self, home: Home) -> None:
        folder = home.folder / "pausing"
        folder.mkdir()
        self._listed, self._go = folder / "listed", folder / "go"
        program = folder / "git-annex-remote-pyshare"
        program.write_text(_PROGRAM.format(python=sys.executable, listed=str(self._listed), go=str(self._go)))
        program.chmod(0o755)
        home.environment["PATH"] = f"{folder}:{home.environment['PATH']}"

    def wait(self) -> None:
        """Wait until an import has its list."""
        _until(self._listed)

    def go_on(self) -> None:
        """Let all imports go on."""
        self._go.touch()


def _until(sign: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not sign.exists():
        assert time.monotonic() < end, "no import came so far"
        time.sleep(0.02)
