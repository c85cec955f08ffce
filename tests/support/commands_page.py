"""Makes the page of all commands from their help: `cd tests && python -m support.generated_pages` writes it."""

import inspect
import re
from collections.abc import Iterator

import click

from git_annex_remote_pyshare.cli.app import COMMANDS, pyshare
from support.checkout import CHECKOUT

PAGE = CHECKOUT / "docs" / "reference" / "commands.md"

_HEAD = """\
# Commands

<!-- Made from the commands themselves: cd tests && python -m support.generated_pages -->

`pyshare help login` shows the help of a command in the terminal.
Options of `pyshare` itself stand before the command: `pyshare -v verify cloud`.

"""
_OPTION = re.compile(r"(?<![\w`-])(--?[a-z][a-z-]*)")
_VERBATIM = "\b\n"
"""What click wants at the beginning of lines that it must not wrap: here, examples."""


def rewritten(_text: str) -> str:
    """The whole page, whatever it was before."""
    root = click.Context(pyshare, info_name="pyshare", help_option_names=["-h", "--help"])
    sections = ["\n".join([_HEAD.rstrip("\n"), "", *_options(pyshare, root)]), _overview()]
    for name in COMMANDS:
        command = pyshare.get_command(root, name)
        assert command, name
        sections.append(_section(command, click.Context(command, parent=root, info_name=name)))
    return "\n\n".join(sections) + "\n"


def _overview() -> str:
    rows = [f"| [`{name}`](#pyshare-{name}) | {row.summary} |" for name, row in COMMANDS.items()]
    return "\n".join(["| command | what it does |", "|---|---|", *rows])


def _section(command: click.Command, context: click.Context) -> str:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    heading = [f"## {context.command_path}", ""]
    return "\n".join([*heading, *_help(command), *_block(usage, "text"), *_options(command, context)])


def _help(command: click.Command) -> Iterator[str]:
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith(_VERBATIM):
            heading, _, code = paragraph.removeprefix(_VERBATIM).partition("\n")
            yield from (heading, "")
            yield from _block(inspect.cleandoc(code), "sh")
        else:
            yield from (_prose(paragraph), "")


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    options = (one for one in command.get_params(context) if isinstance(one, click.Option))
    records = [record for one in options if (record := one.get_help_record(context))]
    yield from ("| option | what it does |", "|---|---|")
    yield from (f"| {_cell(f'`{names}`')} | {_cell(_prose(text))} |" for names, text in records)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _block(code: str, language: str) -> Iterator[str]:
    yield from (f"```{language}", code, "```", "")


def _prose(text: str) -> str:
    """One line of Markdown; options in it are code."""
    line = " ".join(text.split()).replace("<", "\\<").replace("*", "\\*")
    return "".join(part if index % 2 else _OPTION.sub(r"`\1`", part) for index, part in enumerate(_split_code(line)))


def _split_code(line: str) -> list[str]:
    """The line, cut at its code: every second piece is code, with its backticks."""
    return re.split("(`[^`]*`)", line)
