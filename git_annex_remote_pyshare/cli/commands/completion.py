"""`pyshare completion SHELL`: print the script with which a shell completes pyshare's commands."""

import click

from git_annex_remote_pyshare.cli.output import show

_LINES = {
    "bash": "echo 'eval \"$(pyshare completion bash)\"' >> ~/.bashrc",
    "zsh": "echo 'eval \"$(pyshare completion zsh)\"' >> ~/.zshrc",
    "fish": "pyshare completion fish > ~/.config/fish/completions/pyshare.fish",
}
"""The line that installs the script for good."""

_VARIABLE = "_PYSHARE_COMPLETE"
"""As click makes it from the program's name (click, "Shell Completion")."""


@click.command()
@click.argument("shell", type=click.Choice(list(_LINES)))
def completion(shell: str) -> None:
    """Print the script with which SHELL completes commands, options, remotes and services on TAB.

    \b
    Examples; each installs it for good, for shells that you open from then on:
      echo 'eval "$(pyshare completion bash)"' >> ~/.bashrc
      echo 'eval "$(pyshare completion zsh)"' >> ~/.zshrc
      mkdir -p ~/.config/fish/completions
      pyshare completion fish > ~/.config/fish/completions/pyshare.fish

    bash has to be 4.4 or newer, and zsh needs its completion system: autoload -Uz compinit && compinit
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415  # not for help and wrong words

    from git_annex_remote_pyshare.cli.app import pyshare  # noqa: PLC0415  # app imports this module

    made = get_completion_class(shell)
    if made is None:  # click knows the three
        raise click.UsageError(f"click knows no shell {shell}")
    show(f"# To install it, type: {_LINES[shell]}")
    show(made(pyshare, {}, "pyshare", _VARIABLE).source())
