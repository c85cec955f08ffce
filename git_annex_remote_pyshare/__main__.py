"""Starts pyshare: the protocol for git-annex, or the command line for a user."""

import os
import signal
import sys


def main() -> None:
    """Serve git-annex, or run the command line if the user types `pyshare …`."""
    if _started_by_git_annex():
        _serve()
    else:
        from git_annex_remote_pyshare.cli.app import main as command_line  # noqa: PLC0415  # git-annex never needs it

        command_line()


def _started_by_git_annex() -> bool:
    """Whether git-annex started this process: no argument, a name other than `pyshare`, and no terminal as input."""
    program = os.path.basename(sys.argv[0])
    return len(sys.argv) == 1 and not program.startswith("pyshare") and not sys.stdin.isatty()


def _serve() -> None:
    # Ctrl-C reaches pyshare as well as git-annex; it must not print a traceback during the imports.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # A remote that cannot start must report that in the protocol, or git-annex waits for its VERSION.
    try:
        import annexremote  # noqa: F401, PLC0415  # each job needs it

        from git_annex_remote_pyshare.annex.early import Remotes  # noqa: PLC0415  # no command line needs it
        from git_annex_remote_pyshare.annex.protocol.serve import serve  # noqa: PLC0415
    except ImportError as error:
        sys.stdout.write(f"ERROR {error}; type: pipx reinstall git-annex-remote-pyshare\n")
        sys.exit(1)
    remotes = Remotes()
    serve(remotes.make, stop=remotes.stop)


if __name__ == "__main__":
    main()
