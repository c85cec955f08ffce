"""`pyshare cleanup NAME`: show the unfinished uploads on a server, and remove the old ones."""

import time
from collections.abc import Mapping
from typing import NamedTuple

import click

from git_annex_remote_pyshare.annex.keys import without_chunk
from git_annex_remote_pyshare.annex.layout import is_of_key, name_of
from git_annex_remote_pyshare.backends.base import Backend
from git_annex_remote_pyshare.backends.multipart import SupportsMultipart, Unfinished
from git_annex_remote_pyshare.cli.completion import remote_names
from git_annex_remote_pyshare.cli.contents import all_files, layout_of
from git_annex_remote_pyshare.cli.json_option import json_option, show_json
from git_annex_remote_pyshare.cli.output import counted, say, show, warn
from git_annex_remote_pyshare.cli.remotes import Remote, opened, remote_named, require_verified
from git_annex_remote_pyshare.safe_text import command, one_line
from git_annex_remote_pyshare.state.upload_journal import UploadJournal
from git_annex_remote_pyshare.transfer import in_words

_FROM_HERE = "from this clone"
_DAY = 86400.0
_UNITS = ((_DAY, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))


class _Upload(NamedTuple):
    """An unfinished upload and its origin."""

    found: Unfinished
    shown: str
    """Its file, else its object, else its id."""
    whose: str
    is_ours: bool
    """Whether git-annex began it, in this clone or another one."""
    days: float | None
    """Age; None if the server does not report it."""

    @property
    def line(self) -> str:
        """One line about it."""
        size = "" if self.found.size is None else f"{in_words(self.found.size)}, "
        return one_line(f"{self.shown}: {size}began {_ago(self.days)}, {self.whose}")

    def fields(self, *, is_removed: bool) -> Mapping[str, object]:
        """The same for programs; see docs/reference/json/cleanup.json."""
        return {
            "shown": self.shown,
            "object": self.found.name,
            "id": self.found.id,
            "size": self.found.size,
            "days": self.days,
            "origin": self.whose,
            "is_ours": self.is_ours,
            "removed": is_removed,
        }


@click.command()
@click.argument("name", shell_complete=remote_names)
@click.option(
    "--older-than",
    default=7.0,
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Leave younger ones, which may be under way (7). 0 removes all.",
)
@click.option("--list", "--dry-run", "only_list", is_flag=True, help="Only show them.")
@json_option()
def cleanup(name: str, older_than: float, *, only_list: bool, as_json: bool) -> None:
    """Show the unfinished uploads into the store of the remote NAME, and remove the old ones.

    \b
    Examples, inside a dataset's clone:
      pyshare cleanup for-friends --list
      pyshare cleanup for-friends
      pyshare cleanup for-friends --older-than 0

    An upload that was cut is resumed when its file is stored again; this is for those that never will be. What other
    programs upload to the same place stays.
    """
    remote = remote_named(name)
    with opened(remote.place) as store:
        if not store.has(SupportsMultipart):
            say("Nothing to do: this kind of store leaves no unfinished uploads.")
            if as_json:
                show_json({"name": name, "uploads": []})
            return
        if not only_list:
            require_verified(remote)
        uploads = _described(remote, store.call(SupportsMultipart, lambda able: list(able.unfinished())))
        old = [] if only_list else [upload for upload in uploads if _is_old(upload, older_than)]
        for upload in uploads:
            if upload in old:
                _abort(store, upload.found)
            if not as_json:
                (show if only_list else say)(f"{upload.line}{': removed' if upload in old else ''}")
    if as_json:
        show_json({"name": name, "uploads": [upload.fields(is_removed=upload in old) for upload in uploads]})
    _say_rest(name, uploads, old, older_than)


def _say_rest(name: str, uploads: list[_Upload], old: list[_Upload], older_than: float) -> None:
    """Say how many were removed, and what to do about the others."""
    left = [upload for upload in uploads if upload.is_ours and upload not in old]
    if old:
        say(f"{counted(len(old), 'upload')} removed")
    elif not left:
        say("Nothing to do.")
    if left:
        warn(_about(left, name, f"{older_than:g}" if all(_is_old(upload, older_than) for upload in left) else "0"))


def _abort(store: Backend, upload: Unfinished) -> None:
    store.call(SupportsMultipart, lambda able: able.abort(upload.name, upload.id))


def _is_old(upload: _Upload, older_than: float) -> bool:
    """Whether to remove it; one of unknown age may still be running."""
    if not upload.is_ours:
        return False
    return older_than == 0 if upload.days is None else upload.days >= older_than


def _described(remote: Remote, found: list[Unfinished]) -> list[_Upload]:
    if not found:
        return []
    if remote.place.is_tree:
        files = {_bare(file.path): file.path for file in all_files()}
    else:
        layout = layout_of(remote)
        files = {_bare(name_of(layout, file.key)): file.path for file in all_files()}
    own = {upload.id: upload.name for upload in UploadJournal(remote.place.clone.git_dir).uploads()}
    return [_upload(one, own, files) for one in found]


def _upload(found: Unfinished, own: Mapping[str, str], files: Mapping[str, str]) -> _Upload:
    """Find out where an upload comes from.

    Args:
        found: The upload.
        own: The uploads in this clone's journal, id → object.
        files: Name of the object without folders → file in the dataset.
    """
    name = found.name or own.get(found.id, "")
    path = files.get(_bare(name), "")
    # An upload without a name is listed only for this store.
    is_ours = found.id in own or not name or bool(path) or is_of_key(name)
    if found.id in own:
        whose = _FROM_HERE
    elif path or not name:
        whose = "from a clone of this dataset"
    else:
        whose = "of a file that this clone does not know" if is_ours else "by another program"
    days = None if found.begun is None else max(0.0, time.time() - found.begun) / _DAY
    return _Upload(found, path or name or found.id, whose, is_ours, days)


def _bare(name: str) -> str:
    """Name of an object without folders; for a chunk, that of the whole content."""
    return without_chunk(name.rpartition("/")[2])


def _about(left: list[_Upload], name: str, days: str) -> str:
    """Say how the remaining uploads are resumed, and how they are removed.

    Args:
        left: At least one.
        name: The remote's.
        days: The age above which all of them are removed.
    """
    size = sum(upload.found.size or 0 for upload in left)
    of = f" of {in_words(size)}" if size else ""
    it = "it" if len(left) == 1 else "them"
    began = f" began {_ago(left[0].days)}" if len(left) == 1 else " are unfinished"
    resume = command("git", "annex", "copy", "--to", name)
    where = "" if all(upload.whose == _FROM_HERE for upload in left) else f", in the clone that began {it},"
    remove = command("pyshare", "cleanup", name, "--older-than", days)
    return f"{counted(len(left), 'upload')}{of}{began}; {resume}{where} resumes {it}. To remove {it}, type: {remove}"


def _ago(days: float | None) -> str:
    if days is None:
        return "at an unknown time"
    seconds = days * _DAY
    for unit, word in _UNITS:
        if seconds >= unit:
            return f"{counted(int(seconds // unit), word)} ago"
    return "just now"
