"""`pyshare …`: the table of commands, and how a person is told that one failed."""

import sys
from importlib import import_module
from typing import NamedTuple

import click

from git_annex_remote_pyshare import __version__
from git_annex_remote_pyshare.errors import PyshareError, origin, unexpected
from git_annex_remote_pyshare.safe_text import one_line


class Row(NamedTuple):
    """One command of the table."""

    target: str
    """`module:function`."""
    summary: str
    """One line for `pyshare --help`, which therefore imports no command."""


COMMANDS = {
    "login": Row("git_annex_remote_pyshare.cli.login:login", "Log in at a server, once for all datasets."),
    "logout": Row("git_annex_remote_pyshare.cli.logout:logout", "Forget the login for a server."),
    "whoami": Row("git_annex_remote_pyshare.cli.whoami:whoami", "Show which logins are kept, and where."),
    "info": Row(
        "git_annex_remote_pyshare.cli.info:info", "Show where a remote keeps its data, and how much room there is."
    ),
    "share": Row("git_annex_remote_pyshare.cli.share:share", "Make a link for friends, and say what to send them."),
    "restore": Row("git_annex_remote_pyshare.cli.restore:restore", "Bring archived data back, many files at once."),
    "verify": Row("git_annex_remote_pyshare.cli.verify:verify", "Check that a store has what git-annex believes."),
    "cleanup": Row("git_annex_remote_pyshare.cli.cleanup:cleanup", "Remove what unfinished uploads have left."),
    "demo": Row("git_annex_remote_pyshare.cli.demo:demo", "Watch Alice share a dataset with Bob."),
}
"""In the order in which people need them."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # as above
        """The table, for the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in COMMANDS.items()])


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pyshare")
@click.pass_context
def pyshare(context: click.Context) -> None:
    """Share the data of a git-annex or DataLad dataset through the storage you already have.

    \b
    Example: files of this dataset go to a folder of your cloud, and friends get them.
      pyshare login https://cloud.example.org
      git annex initremote cloud type=external externaltype=pyshare \\
          encryption=none autoenable=true \\
          url=https://cloud.example.org/remote.php/dav/files/bob/share
      git annex copy --to cloud

    git-annex itself starts git-annex-remote-pyshare, the same program; nobody needs to type that name.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Run the command that was typed and exit: 0, 1 after a failure, 2 for a wrong word, 130 after Ctrl-C."""
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run one command line without the program's name; its exit code."""
    try:
        result = pyshare.main(words, prog_name="pyshare", standalone_mode=False)
    except PyshareError as error:
        click.echo(f"pyshare: {error}", err=True)
        return 1
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as stop:
        return _stopped(stop)
    except Exception as error:  # noqa: BLE001  # a traceback would show what a library quotes, a login perhaps
        text = f"pyshare: {unexpected(error)} ({origin(error)}). This is a mistake in pyshare: please report it."
        click.echo(one_line(text), err=True)
        return 1
    return result if isinstance(result, int) else 0


def _stopped(stop: click.Abort) -> int:
    """After Ctrl-C nothing needs to be said; after the end of what we read from, something does."""
    if isinstance(stop.__cause__, KeyboardInterrupt) or isinstance(stop.__context__, KeyboardInterrupt):
        return INTERRUPTED
    click.echo("pyshare: the input ended before everything was answered.", err=True)
    return 1
