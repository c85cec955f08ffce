"""`pyshare publish NAME`: put a chosen part of the dataset into a store that people read, under real names."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import click

from git_annex_remote_pyshare.cli.completion import remote_names
from git_annex_remote_pyshare.cli.contents import behind
from git_annex_remote_pyshare.cli.dataset import top_folder
from git_annex_remote_pyshare.cli.ending import Exit
from git_annex_remote_pyshare.cli.json_option import json_option, show_json
from git_annex_remote_pyshare.cli.output import State, alert, counted, say, say_next, say_state, warn
from git_annex_remote_pyshare.cli.publish.choice import Choice, keep, kept
from git_annex_remote_pyshare.cli.publish.export import Outcome, export
from git_annex_remote_pyshare.cli.publish.patterns import literal
from git_annex_remote_pyshare.cli.publish.prepared import Prepared, prepare
from git_annex_remote_pyshare.cli.publish.selection import REFUSED, folder_of
from git_annex_remote_pyshare.cli.publish.store import others_there, require_tree, tell_others
from git_annex_remote_pyshare.cli.publish.telling import FEW, MOST_ROWS, fields_of, show_plan, tell_alike
from git_annex_remote_pyshare.cli.remotes import Remote, remote_named, require_verified
from git_annex_remote_pyshare.cli.terminal import CommandLine
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command, one_line, printable


class _Task(NamedTuple):
    """The arguments of the command."""

    remote: Remote
    treeish: str
    choice: Choice
    yes: bool

    @property
    def name(self) -> str:
        """The remote's."""
        return self.remote.place.clone.remote

    def again(self, *more: str) -> str:
        """The command that does the same, quoted for a shell."""
        treeish = [self.treeish] if self.treeish else []
        return command("pyshare", "publish", self.name, *treeish, *self.choice.words, *more)


@click.command()
@click.argument("name", shell_complete=remote_names)
@click.argument("treeish", default="")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out what matches, as in a .gitignore file.")
@click.option("--prefix", metavar="FOLDER", help="Publish only this folder of the dataset, as the top folder there.")
@click.option("--page/--no-page", default=None, help="Publish index.html, with all files, and HOWTO-GET.txt, too.")
@click.option("--dry-run", is_flag=True, help="Only show what would be sent, renamed and deleted.")
@click.option("-y", "--yes", is_flag=True, help="Delete in the store without asking.")
@json_option()
def publish(name: str, treeish: str, *, dry_run: bool, yes: bool, as_json: bool, **typed: Any) -> int:
    """Put the files of the dataset into the store of the remote NAME, which people read, under their own names.

    \b
    Examples, inside a dataset's clone:
      pyshare publish people --dry-run
      pyshare publish people --exclude drafts/ --exclude '*.tmp'
      pyshare publish people v1.0 --prefix data/public --page

    TREEISH is a branch, tag or commit; without it, what you have committed is published. Files of git and DataLad
    themselves (.git*, .datalad) and submodules are left out. What you choose by --exclude, --prefix and --page is kept
    for the next time, in this clone; an empty GLOB or FOLDER, or --no-page, takes it back. The exit code is 1 if a file
    was not published.
    """
    remote = remote_named(name)
    require_tree(remote)
    task = _Task(remote, treeish, _choice(kept(remote.place.clone), **typed), yes)
    prepared = prepare(remote, treeish, task.choice)
    if not dry_run:
        require_verified(remote)
    _show(task, prepared)
    outcome = None if dry_run else _published(task, prepared)
    code, then = _told(task, prepared, outcome)
    if as_json:
        show_json(_fields(task, prepared, outcome, then))
    return code


def _choice(before: Choice, exclude: tuple[str, ...], prefix: str | None, *, page: bool | None) -> Choice:
    """What is typed, and for what is not typed what was chosen the last time."""
    globs = tuple(filter(None, exclude)) if exclude else before.exclude
    return Choice(
        globs,
        before.prefix if prefix is None else folder_of(prefix),
        before.page if page is None else page,
    )


def _show(task: _Task, prepared: Prepared) -> None:
    """Show what will be done."""
    tell_others(task.remote, prepared.before)
    if task.choice.words:
        say(f"With {command(*task.choice.words)}")
    show_plan(prepared)
    tell_alike(prepared.alike)
    if prepared.lacking:
        lacks = f"This clone lacks {counted(len(prepared.lacking), 'file')}, and cannot send what it lacks."
        warn(f"{lacks} Type: {_get(task, prepared.lacking)}")


def _get(task: _Task, lacking: Sequence[str]) -> str:
    """The command that brings the contents: by their paths if they are few and in the work tree."""
    top = top_folder(task.remote.place.clone)
    paths = [os.path.relpath(os.path.join(top, task.choice.prefix, path)) for path in lacking[:FEW]]
    is_typed = all(os.path.lexists(path) and printable(path) == path for path in paths)
    if len(lacking) > FEW or not is_typed:
        return command("git", "annex", "get", f"--branch={task.treeish or 'HEAD'}")
    return command("git", "annex", "get", *behind(paths))


def _published(task: _Task, prepared: Prepared) -> Outcome:
    plan = prepared.plan
    if not task.yes:
        if plan.deleted:
            _require_agreement(task, "Delete", "would be deleted", plan.deleted)
        elif not prepared.before.tree and (others := others_there(task.remote, prepared.selection.entries)):
            warn(f"Files of the same names are there already: {one_line(', '.join(others[:FEW]))}")
            _require_agreement(task, "Replace", "of the same names are there and would be replaced", others)
    keep(task.remote.place.clone, task.choice)
    return export(prepared.tree, task.name, len(plan.sent) + 2 * len(plan.renamed) + len(plan.deleted))


def _require_agreement(task: _Task, verb: str, what: str, files: Sequence[str]) -> None:
    terminal, number = CommandLine(), counted(len(files), "file")
    if not terminal.is_interactive():
        raise BadSetting(
            f"{number} {what} in {task.name}, and there is no terminal to ask you",
            remedy=f"If you want that, type: {task.again('--yes')}",
        )
    if not terminal.confirm(f"{verb} {number} in {task.name}?"):
        raise BadSetting("nothing was sent or deleted", remedy=f"To see the files, type: {task.again('--dry-run')}")


def _told(task: _Task, prepared: Prepared, outcome: Outcome | None) -> tuple[Exit, list[str]]:
    """Tell how it went; the exit code, and the commands to type next."""
    refused = [path for path, each in prepared.selection.left_out.items() if each.why == REFUSED]
    if outcome is None:
        say("Nothing was sent: this only shows what a run without --dry-run does.")
        return Exit.DONE, []
    for failure in outcome.failures[:MOST_ROWS]:
        alert(one_line(f"{failure.file}: {failure.why}"))
    if (more := len(outcome.failures) - MOST_ROWS) > 0:
        alert(f"… and {more} more")
    then = []
    if refused:
        alert(f"{task.name} cannot hold {counted(len(refused), 'name')}: rename the file, or leave it out.")
        if len(refused) <= FEW:
            then = [task.again(*(f"--exclude={literal(path)}" for path in refused))]
    if outcome.code:
        alert(f"git-annex has not published everything, and says:\n{outcome.said}")
        then = then or [task.again(*(["--yes"] if prepared.plan.deleted else []))]
    else:
        if outcome.said:
            warn(outcome.said)
        say_state(State.OK, f"Published in {task.remote.place.url}")
    say_next(*then)
    return Exit.FAILED if refused or outcome.code else Exit.DONE, then


def _fields(task: _Task, prepared: Prepared, outcome: Outcome | None, then: list[str]) -> Mapping[str, object]:
    """What `--json` prints."""
    failures = outcome.failures if outcome else []
    return {
        "name": task.name,
        "exclude": [*task.choice.exclude],
        "prefix": task.choice.prefix,
        "page": task.choice.page,
        **fields_of(prepared),
        "published": outcome is not None and not outcome.code,
        "failed": [{"file": each.file, "why": each.why} for each in failures],
        "next": then,
    }
