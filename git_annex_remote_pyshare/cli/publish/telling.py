"""Tells what a publication will do, and what it did: to people as tables of few rows, to programs as fields."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from git_annex_remote_pyshare.cli.output import Cell, State, counted, is_for_programs, show, show_table, warn
from git_annex_remote_pyshare.cli.publish.plan import Plan
from git_annex_remote_pyshare.cli.publish.prepared import Prepared
from git_annex_remote_pyshare.cli.publish.selection import BY_GLOB, NO_CONTENT, OF_GIT, REFUSED, SUBDATASET, Selection
from git_annex_remote_pyshare.transfer import in_words

MOST_ROWS = 20
"""Files that are named; of the others only the number is told."""

FEW = 5
"""Files that are named in a sentence or a command."""

_LEFT_OUT = {
    OF_GIT: "of git and DataLad themselves",
    BY_GLOB: "by --exclude",
    SUBDATASET: "submodules, which are datasets of their own",
    NO_CONTENT: "links that are not annexed files",
}


def show_plan(prepared: Prepared) -> None:
    """Print what will be done; nothing for programs."""
    if is_for_programs():
        return
    selection, plan = prepared.selection, prepared.plan
    _show(("change", "files", "size"), [*_summary(prepared)])
    rows = [*islice(_details(selection, plan), MOST_ROWS + 1)]
    if rows:
        show("")
        _show(("file", "change", "size"), rows[:MOST_ROWS])
    more = len(plan.sent) + len(plan.renamed) + len(plan.deleted) + _tally(selection)[REFUSED] - MOST_ROWS
    if more > 0:
        show(f"… and {more} more")


def tell_alike(pairs: Sequence[tuple[str, str]]) -> None:
    """Warn about pairs of names that some stores cannot both hold."""
    if not pairs:
        return
    named = ", ".join(f"{first} and {second}" for first, second in pairs[:FEW])
    more = f", and {len(pairs) - FEW} more" if len(pairs) > FEW else ""
    warn(f"Dropbox, Windows and macOS take these for one name, and keep one of the two: {named}{more}")


def fields_of(prepared: Prepared) -> Mapping[str, Any]:
    """The same for programs; see docs/reference/json/publish.json."""
    selection, plan = prepared.selection, prepared.plan
    sent = [{"file": each.path, "change": each.change, "size": each.content.size} for each in plan.sent]
    return {
        "tree": prepared.tree,
        "send": sent,
        "bytes": plan.bytes,
        "rename": [{"from": old, "to": new} for old, new in plan.renamed],
        "delete": plan.deleted,
        "unchanged": plan.unchanged,
        "lacking": prepared.lacking,
        "alike": [[*pair] for pair in prepared.alike],
        "left_out": [
            {"file": path, "why": each.why, "reason": each.reason} for path, each in selection.left_out.items()
        ],
    }


def _show(headers: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> None:
    """Print a table, without its last column if that is empty."""
    is_used = any(row[-1] for row in rows)
    show_table(headers if is_used else headers[:-1], rows if is_used else [row[:-1] for row in rows])


def _summary(prepared: Prepared) -> Iterator[tuple[str | Cell, str, str]]:
    plan, tally = prepared.plan, _tally(prepared.selection)
    for change, text in (("new", "new"), ("changed", "changed"), ("again", "sent again")):
        if number := sum(each.change == change for each in plan.sent):
            yield text, str(number), _size_of(plan, change)
    for text, number in (("renamed", len(plan.renamed)), ("unchanged", plan.unchanged)):
        if number:
            yield text, str(number), ""
    if plan.deleted:
        yield Cell("deleted", State.WARNING), str(len(plan.deleted)), ""
    if tally[REFUSED]:
        yield Cell("refused by the service", State.PROBLEM), str(tally[REFUSED]), ""
    for why, text in _LEFT_OUT.items():
        if tally[why]:
            yield f"left out: {text}", str(tally[why]), ""


def _size_of(plan: Plan, change: str) -> str:
    sizes = [each.content.size for each in plan.sent if each.change == change]
    known = in_words(sum(size or 0 for size in sizes))
    unknown = sizes.count(None)
    return f"{known} and {counted(unknown, 'file')} of unknown size" if unknown else known


def _details(selection: Selection, plan: Plan) -> Iterator[tuple[str, str | Cell, str]]:
    """A row for each file that something happens to; first what people must know."""
    for path, each in selection.left_out.items():
        if each.why == REFUSED:
            yield path, Cell(f"refused: {each.reason}", State.PROBLEM), ""
    for path in plan.deleted:
        yield path, Cell("deleted", State.WARNING), ""
    for old, new in plan.renamed:
        yield new, f"renamed from {old}", ""
    for sent in sorted(plan.sent, key=lambda each: each.change == "new"):
        size = "" if sent.content.size is None else in_words(sent.content.size)
        yield sent.path, "sent again" if sent.change == "again" else sent.change, size


def _tally(selection: Selection) -> Counter[str]:
    return Counter(each.why for each in selection.left_out.values())
