"""The course of `pyshare init`: look, ask, show the commands, run them, and say what to type next."""

import os
import sys

import click

from git_annex_remote_pyshare.cli.init.answers import NOWHERE, SAME, Answers, Options
from git_annex_remote_pyshare.cli.init.dialogue import Dialogue
from git_annex_remote_pyshare.cli.init.here import Here, State
from git_annex_remote_pyshare.cli.init.plan import Plan, plan
from git_annex_remote_pyshare.cli.init.questions import Asked, ask_all, ask_what_is_missing
from git_annex_remote_pyshare.cli.init.run import run
from git_annex_remote_pyshare.cli.init.two_way import as_tree
from git_annex_remote_pyshare.cli.json_option import show_json
from git_annex_remote_pyshare.cli.output import say, say_next
from git_annex_remote_pyshare.cli.remotes import require_verified
from git_annex_remote_pyshare.cli.steps import Step, show_steps
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command


def set_up(options: Options) -> None:
    """Set up a store for the dataset in the working directory, or repair one.

    Args:
        options: The options of the command.

    Raises:
        BadSetting: An option cannot work, or the folder is no dataset.
        PyshareError: A login, a server or one of the commands failed.
        click.UsageError: There is no terminal to ask at, and no option says what to do then.
    """
    if options.two_way:
        options = as_tree(options)
    dialogue = Dialogue(is_open=not options.yes and bool(sys.stdin) and sys.stdin.isatty())
    here = Here.look()
    _require_dataset(here, options, dialogue)
    asked, made = planned(options, here, dialogue)
    steps = [*([asked.login] if asked.login else []), *made.steps]
    if steps and not _is_agreed(steps, asked.answers, options, dialogue):
        return
    if not options.dry_run:
        run(steps, asked.answers.command())
    _tell(asked.answers, made._replace(steps=steps), options)


def planned(options: Options, here: Here, dialogue: Dialogue) -> tuple[Asked, Plan]:
    """The answers, and the commands that follow from them.

    Raises:
        BadSetting: An option cannot work.
        PyshareError: A login or a server failed.
    """
    asked, state = _answers(options, here, dialogue)
    return asked, plan(asked.answers, here, state)


def _require_dataset(here: Here, options: Options, dialogue: Dialogue) -> None:
    """Raise BadSetting if this is no dataset, and the user does not want one here."""
    if here.is_repository or options.create:
        return
    if not (dialogue.is_open and dialogue.agrees(f"{os.getcwd()} is no dataset. Make one of it?")):
        raise BadSetting("this folder is no dataset", remedy="To make one of it, type the same with --create")


def _answers(options: Options, here: Here, dialogue: Dialogue) -> tuple[Asked, State | None]:
    """The answers, and the state of the remote that they are for; None for a new one.

    A remote that came with the dataset has to be verified first: its author chose where it leads.
    """
    if options.name and (remote := here.remote(options.name)):
        require_verified(remote)
        state = State(remote)
        return ask_what_is_missing(options, here, dialogue, state), state
    asked = ask_all(options, here, dialogue)
    if remote := here.remote(asked.answers.name):
        require_verified(remote)
    return asked, State(remote) if remote else None


def _is_agreed(steps: list[Step], answers: Answers, options: Options, dialogue: Dialogue) -> bool:
    """Show the commands, and whether to go on to the end of the program's work with them."""
    if options.dry_run:
        if not options.as_json:
            show_steps(steps)
        return True
    if options.yes:
        return True
    if not dialogue.is_open:
        raise click.UsageError(f"there is no terminal to ask at. To run the commands, type: {answers.command()}")
    say("Now:")
    show_steps(steps)
    if dialogue.agrees("Go?"):
        return True
    say("Nothing was changed.")
    return False


def _tell(answers: Answers, made: Plan, options: Options) -> None:
    """Say what there is now, and what to type next."""
    url, remotes = answers.url, made.remotes
    if not options.dry_run and (remote := Here.look().remote(answers.name)):
        url, remotes = remote.place.url, [answers.name, *State(remote).links, *([made.back] if made.back else [])]
    if options.as_json:
        commands, then = ([command(*step) for step in steps] for steps in (made.steps, made.next))
        show_json({"name": answers.name, "url": url, "remotes": remotes, "commands": commands, "next": then})
        return
    if not made.steps:
        say(f"{answers.name} is set up already.")
    if made.back:
        say(f"{answers.name} sends your commits to the folder, and {made.back} brings back what people change there.")
    if answers.readers == "account" and answers.is_private:
        say("Only your own login opens this folder. Share it with the people there, by the service's web page.")
    if answers.history == NOWHERE and answers.settings.get("encryption", "none") == "none" and not made.back:
        keep = command("pyshare", "init", answers.name, "--history", SAME)
        say(f"Friends need the history, too. To keep it with the files, type: {keep}")
    say_next(*(command(*step) for step in made.next))
