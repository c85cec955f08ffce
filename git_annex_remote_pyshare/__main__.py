"""Starts the program: the protocol for git-annex, or the command line for a user."""

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from annexremote import Master, SpecialRemote


def main() -> None:
    """Serve git-annex, or the person who types `pyshare …`."""
    if _started_by_git_annex():
        _serve()
    else:
        from git_annex_remote_pyshare.cli.app import main as command_line  # noqa: PLC0415  # git-annex never needs it

        command_line()


def _started_by_git_annex() -> bool:
    """Whether a program starts us: no argument, not called `pyshare`, and no terminal to read from."""
    program = os.path.basename(sys.argv[0])
    return len(sys.argv) == 1 and not program.startswith("pyshare") and not sys.stdin.isatty()


def _serve() -> None:
    # Ctrl-C reaches us as well as git-annex; while we import, it must not be told in a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # A program that cannot start must say so in git-annex's own words, or git-annex would wait for its VERSION.
    try:
        from git_annex_remote_pyshare.annex.protocol.serve import serve  # noqa: PLC0415  # a person's command never needs it
        from git_annex_remote_pyshare.annex.session import Session  # noqa: PLC0415
    except ImportError as error:
        sys.stdout.write(f"ERROR {error}; type: pipx reinstall git-annex-remote-pyshare\n")
        sys.exit(1)
    session = Session()

    def make_remote(annex: "Master") -> "SpecialRemote":
        # Called after VERSION is sent, so the imports of the remote delay nothing.
        from git_annex_remote_pyshare.annex.remote import PyshareRemote  # noqa: PLC0415

        return PyshareRemote(annex, session)

    serve(make_remote, stop=session.stop)


if __name__ == "__main__":
    main()
