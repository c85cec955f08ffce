"""`pyshare …`: the table of commands, and what the user reads when one fails."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import click

from git_annex_remote_pyshare import __version__, log
from git_annex_remote_pyshare.cli.ending import Exit, failed
from git_annex_remote_pyshare.cli.output import Loudness, Reader, set_loudness, set_reader, show

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


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
    "publish": Row(
        "git_annex_remote_pyshare.cli.commands.publish:publish", "Put files under real names where people read them."
    ),
    "invite": Row(
        "git_annex_remote_pyshare.cli.commands.invite:invite", "Print what a friend types to get this dataset."
    ),
    "rehearse": Row(
        "git_annex_remote_pyshare.cli.commands.rehearse:rehearse_command",
        "Try as a stranger whether friends get the data.",
    ),
    "accept": Row(
        "git_annex_remote_pyshare.cli.commands.accept:accept", "Clone a dataset that someone shares, and get its files."
    ),
    "restore": Row(
        "git_annex_remote_pyshare.cli.commands.restore:restore", "Bring archived data back, many files at once."
    ),
    "verify": Row(
        "git_annex_remote_pyshare.cli.commands.verify:verify", "Check that a store has what git-annex believes."
    ),
    "doctor": Row("git_annex_remote_pyshare.cli.commands.doctor:doctor", "Find what is wrong, and say what mends it."),
    "cleanup": Row(
        "git_annex_remote_pyshare.cli.commands.cleanup:cleanup", "Remove what unfinished uploads have left."
    ),
    "demo": Row("git_annex_remote_pyshare.cli.commands.demo:demo", "Watch Alice share a dataset with Bob."),
    "completion": Row(
        "git_annex_remote_pyshare.cli.commands.completion:completion", "Print what your shell needs to complete on TAB."
    ),
    "help": Row("git_annex_remote_pyshare.cli.app:show_help", "Show this help, or the help of one command."),
}
"""In the order in which people need them."""


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

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The names of the table, since click's own would import each command; or the options."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        from click.shell_completion import CompletionItem  # noqa: PLC0415  # only a TAB pays for it

        found = ((name, row.summary) for name, row in COMMANDS.items() if name.startswith(incomplete))
        return [CompletionItem(name, help=summary) for name, summary in found]

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
    Example: in your dataset, choose where its files go, send them there, and invite a friend.
      pyshare init
      datalad push --to github
      pyshare invite cloud

    git-annex itself starts git-annex-remote-pyshare, the same program; you never type that name.
    """
    if verbose:
        context.with_resource(log.to_stderr())
    set_loudness(Loudness.QUIET if quiet else Loudness.NORMAL)
    if context.invoked_subcommand is None:
        show(context.get_help())


def _commands(context: click.Context, _parameter: click.Parameter, begun: str) -> "list[CompletionItem]":
    return pyshare.shell_complete(context, begun)


@click.command("help")
@click.argument("name", metavar="[COMMAND]", default="", shell_complete=_commands)
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
    """Run the command that was typed and exit with its code; see `ending.Exit`."""
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run one command line without the program's name; its exit code."""
    set_reader(Reader.PROGRAM if _wants_json(words) else Reader.PERSON)
    try:
        result = pyshare.main(words, prog_name="pyshare", standalone_mode=False)
    except Exception as error:  # noqa: BLE001  # whatever it is, no traceback may show what was typed or received
        return failed(error)
    return result if isinstance(result, int) else Exit.DONE


def _wants_json(words: list[str]) -> bool:
    """Whether a program reads the output; asked of the words, since a wrong option ends the parsing."""
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options
