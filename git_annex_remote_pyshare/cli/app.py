"""`pyshare …`: the table of commands, and what the user reads when one fails."""

import os
import sys
from importlib import import_module
from typing import NamedTuple

import click

from git_annex_remote_pyshare import __version__, log
from git_annex_remote_pyshare.cli.output import Loudness, alert, complain, set_loudness, show, warn
from git_annex_remote_pyshare.errors import PyshareError, origin


class Row(NamedTuple):
    """One command of the table."""

    target: str
    """`module:function`."""
    summary: str
    """One line for `pyshare --help`, which therefore imports no command."""


COMMANDS = {
    "init": Row("git_annex_remote_pyshare.cli.commands.init:init", "Choose where a dataset's files go, once."),
    "login": Row("git_annex_remote_pyshare.cli.commands.login:login", "Log in at a server, once for all datasets."),
    "logout": Row("git_annex_remote_pyshare.cli.commands.logout:logout", "Forget the login for a server."),
    "whoami": Row("git_annex_remote_pyshare.cli.commands.whoami:whoami", "Show which logins are kept, and where."),
    "info": Row(
        "git_annex_remote_pyshare.cli.commands.info:info",
        "Show where remotes keep their data, and how much space is free.",
    ),
    "share": Row(
        "git_annex_remote_pyshare.cli.commands.share:share", "Make a link for friends, and say what to send them."
    ),
    "restore": Row(
        "git_annex_remote_pyshare.cli.commands.restore:restore", "Bring archived data back, many files at once."
    ),
    "verify": Row(
        "git_annex_remote_pyshare.cli.commands.verify:verify", "Check that a store has what git-annex believes."
    ),
    "cleanup": Row(
        "git_annex_remote_pyshare.cli.commands.cleanup:cleanup", "Remove what unfinished uploads have left."
    ),
    "demo": Row("git_annex_remote_pyshare.cli.commands.demo:demo", "Watch Alice share a dataset with Bob."),
    "help": Row("git_annex_remote_pyshare.cli.app:show_help", "Show this help, or the help of one command."),
}
"""In the order in which people need them."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
DEBUG = "PYSHARE_DEBUG"
"""Environment variable that makes a failure of pyshare itself show its traceback."""


class Commands(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Names in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # as above
        """The command, or None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].target.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, but a mistyped command is answered with the one that was probably meant."""
        name = args[0]
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches  # noqa: PLC0415  # only a mistake pays for it

        near = get_close_matches(name, COMMANDS, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise click.UsageError(f"No such command '{name}'.{hint}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # as above
        """The table, for the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in COMMANDS.items()])


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pyshare")
@click.option("-v", "--verbose", is_flag=True, help="Show each HTTP request, without passwords and tokens.")
@click.option("-q", "--quiet", is_flag=True, help="Print only errors, and results that you ask for.")
@click.pass_context
def pyshare(context: click.Context, *, verbose: bool, quiet: bool) -> None:
    """Share the data of a git-annex or DataLad dataset through the storage you already have.

    \b
    Example: files of this dataset go to a folder of your cloud, and friends get them.
      pyshare login https://cloud.example.org
      git annex initremote cloud type=external externaltype=pyshare \\
          encryption=none autoenable=true \\
          url=https://cloud.example.org/remote.php/dav/files/bob/share
      git annex copy --to cloud

    git-annex itself starts git-annex-remote-pyshare, the same program; you never type that name.
    """
    if verbose:
        context.with_resource(log.to_stderr())
    set_loudness(Loudness.QUIET if quiet else Loudness.NORMAL)
    if context.invoked_subcommand is None:
        show(context.get_help())


@click.command("help")
@click.argument("name", metavar="[COMMAND]", default="")
@click.pass_context
def show_help(context: click.Context, name: str) -> None:
    """Show the help of COMMAND, or of pyshare as a whole.

    \b
    Examples:
      pyshare help
      pyshare help login
    """
    root = context.find_root()
    if not name:
        show(root.get_help())
        return
    _, command, _ = pyshare.resolve_command(root, [name])
    if command:
        show(command.get_help(click.Context(command, parent=root, info_name=name)))


def main() -> None:
    """Run the command that was typed and exit: 0, 1 after a failure, 2 for a wrong word, 130 after Ctrl-C."""
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run one command line without the program's name; its exit code."""
    try:
        result = pyshare.main(words, prog_name="pyshare", standalone_mode=False)
    except PyshareError as error:
        alert(f"pyshare: {error}")
        return 1
    except click.ClickException as error:
        complain(error)
        return error.exit_code
    except click.Abort as stop:
        return _stopped(stop)
    except BrokenPipeError:
        return _unread()
    except Exception as error:  # noqa: BLE001  # whatever it is, no traceback may show what was typed or received
        return _unexpected(error)
    return result if isinstance(result, int) else 0


def _stopped(stop: click.Abort) -> int:
    """After Ctrl-C nothing needs to be said; after the end of what we read from, something does."""
    if isinstance(stop.__cause__, KeyboardInterrupt) or isinstance(stop.__context__, KeyboardInterrupt):
        return INTERRUPTED
    alert("pyshare: the input ended before everything was answered.")
    return 1


def _unread() -> int:
    """The reader of our output has gone (`pyshare whoami | head -1`), so what is left to print goes nowhere."""
    # Python flushes standard output once more at its end and would complain then.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _unexpected(error: Exception) -> int:
    """One line for a failure that no code foresaw.

    Its own words may quote a login (http.client quotes a header that it refuses), so only the type is shown, and of an
    error of the operating system what the system says.
    """
    if os.environ.get(DEBUG):
        from traceback import format_exception  # noqa: PLC0415  # rarely wanted

        warn("".join(format_exception(error)).removesuffix("\n"))
    why = getattr(error, "strerror", None) if isinstance(error, OSError) else None
    alert(
        f"pyshare: this failed unexpectedly ({type(error).__name__}{f': {why}' if isinstance(why, str) else ''})."
        f" Please report it, with the place: {origin(error) or 'unknown'}."
        f" To see more, set {DEBUG}=1 and try again; what it prints then may hold a password."
    )
    return 1
