"""Reads what git-annex records about remotes and keys, in its branch and in its journal of uncommitted changes."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from git_annex_remote_pyshare.config.git_config import git

_JOURNALS = ("journal", "journal-private")
_VERIFYING = "verifying-remote.log"
_VERIFIED = "verified-remote.log"
"""File next to the journals with the settings that this clone's user has accepted, in the format of remote.log."""

_CHUNKS = re.compile(r"^([0-9]+(?:\.[0-9]+)?)s ([^ \n]+):([1-9][0-9]{0,18}) ([0-9]{1,18})$", re.MULTILINE | re.ASCII)
_EXPORTS = re.compile(
    r"^([0-9]{1,18}(?:\.[0-9]{1,18})?)s [^ \n:]+:([^ \n]+) ([0-9a-f]{40,64})\b", re.MULTILINE | re.ASCII
)
_TIME = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)s", re.ASCII)
_ESCAPED = re.compile("&([0-9]+);")


def branches(git_dir: str) -> set[str]:
    """The commit hashes of all git-annex branches, including fetched ones in any namespace."""
    listed = git(git_dir, "for-each-ref", "--format=%(objectname) %(refname)").splitlines()
    return {line.split(" ", 1)[0] for line in listed if line.endswith("/git-annex")}


def texts(git_dir: str, path: str) -> Iterator[str]:
    """Yield the text of a file in each branch and journal; an empty text where the file is missing."""
    for branch in branches(git_dir):
        yield git(git_dir, "cat-file", "blob", f"{branch}:{path}")
    for journal in _JOURNALS:
        yield _journal(git_dir, journal, path)


def remote_settings(git_dir: str, uuid: str) -> Mapping[str, str]:
    """The current settings of a remote, from the last `git annex initremote` or `enableremote`; empty if unknown.

    Settings that this clone's user has verified take precedence over later changes by others (git-annex documentation,
    "git-annex-verifyremote"). The lines of remote.log are `UUID name=value … timestamp=<seconds>s`
    (https://git-annex.branchable.com/internals/, section remote.log).
    """
    return _last(uuid, [_verified(git_dir)]) or _last(uuid, texts(git_dir, "remote.log"))


def all_remotes(git_dir: str) -> Mapping[str, Mapping[str, str]]:
    """UUID → settings, as in `remote_settings`, of each special remote of the dataset, enabled here or not."""
    verified, logs = [_verified(git_dir)], list(texts(git_dir, "remote.log"))
    uuids = dict.fromkeys(line.partition(" ")[0] for text in logs for line in text.split("\n") if line)
    return {uuid: _last(uuid, verified) or _last(uuid, logs) for uuid in uuids}


def exported_tree(git_dir: str, uuid: str) -> str:
    """The git tree that a remote had after the last export by any clone; empty if there was none.

    The lines of export.log are `<seconds>s UUID-OF-THE-CLONE:UUID TREE …`
    (https://git-annex.branchable.com/internals/, section export.log).
    """
    found = [
        (float(time), tree)
        for text in texts(git_dir, "export.log")
        for time, owner, tree in _EXPORTS.findall(text)
        if owner == uuid
    ]
    return max(found, default=(0.0, ""))[1]


def dead(git_dir: str) -> set[str]:
    """The UUIDs that `git annex dead` was typed for last, so that git-annex offers them to no one.

    The lines of trust.log are `UUID X timestamp=<seconds>s` (https://git-annex.branchable.com/internals/).
    """
    newest: dict[str, tuple[float, bool]] = {}
    for line in (line for text in texts(git_dir, "trust.log") for line in text.split("\n")):
        words = line.split(" ")
        with suppress(ValueError):
            age = _age(dict(map(_pair, words[2:])))
            newest[words[0]] = max(newest.get(words[0], (-1, False)), (age, words[1:2] == ["X"]))
    return {uuid for uuid, (_, is_dead) in newest.items() if is_dead}


def is_pinned(git_dir: str, uuid: str) -> bool:
    """Whether git-annex keeps the settings that this clone's user has accepted, even if others change them later.

    Reads one small file and runs no program.

    Args:
        git_dir: The clone's git directory.
        uuid: The UUID under which git-annex stores the remote's settings.
    """
    return bool(uuid) and any(line.startswith(f"{uuid} ") for line in _verified(git_dir).split("\n"))


def proposed_settings(git_dir: str, number: str) -> Mapping[str, str]:
    """The settings that `git annex verifyremote NAME --safe NUMBER` will accept; empty if git-annex proposes none.

    git-annex writes them to a file beside the journal when `verifyremote NAME` prints the number, in lines
    `<seconds>s NUMBER name=value …`.
    """
    text = _text(os.path.join(git_dir, "annex", _VERIFYING))
    rows = [line.split(" ") for line in text.split("\n")]
    found = [dict(map(_pair, row[2:])) for row in rows if row[1:2] == [number]]
    return found[-1] if found else {}


def written_remotes(git_dir: str, ref: str = "") -> Mapping[str, Mapping[str, str]]:
    """UUID → recorded settings of each special remote, regardless of what this clone's user has verified.

    A remote made with `--sameas` has a UUID of its own here, with `sameas-uuid` and `sameas-name` in its settings.

    Args:
        git_dir: The clone's git directory.
        ref: The git-annex branch to read; empty for all branches and uncommitted changes.
    """
    logs = [git(git_dir, "cat-file", "blob", f"{ref}:remote.log")] if ref else [*texts(git_dir, "remote.log")]
    uuids = {line.partition(" ")[0] for text in logs for line in text.split("\n") if "=" in line}
    found = {uuid: _last(uuid, logs) for uuid in uuids}
    return {uuid: settings for uuid, settings in found.items() if settings}


def chunks(git_dir: str, path: str, uuid: str) -> Mapping[int, int]:
    """The chunks of a key's content on a remote: chunk size in bytes → number of chunks; empty if it is not chunked.

    Args:
        git_dir: The clone's git directory.
        path: The key's path in the branch, without a suffix.
        uuid: The UUID of the remote.

    The lines of the log are `<seconds>s UUID:<chunk size> <count>`, with a count of 0 for removed chunks
    (https://git-annex.branchable.com/internals/, section "chunk log").
    """
    newest: dict[int, tuple[float, int]] = {}
    for text in texts(git_dir, f"{path}.log.cnk"):
        for time, owner, size, count in _CHUNKS.findall(text):
            if owner == uuid:
                newest[int(size)] = max(newest.get(int(size), (0, 0)), (float(time), int(count)))
    return {size: count for size, (_, count) in newest.items() if count}


def _last(uuid: str, logs: Iterable[str]) -> Mapping[str, str]:
    """The settings in the newest line of a remote; ignores lines that it cannot parse."""
    known = {}
    for line in (line for text in logs for line in text.split("\n") if line.startswith(f"{uuid} ")):
        with suppress(ValueError, OverflowError):
            settings = dict(_pair(word) for word in line.split(" ")[1:])
            known[_age(settings)] = settings
    return known[max(known)] if known else {}


def _pair(word: str) -> tuple[str, str]:
    """Name and value of a setting; git-annex writes spaces and non-ASCII characters as code points, e.g. `&32;`."""
    name, _, value = word.partition("=")
    return name, _ESCAPED.sub(lambda sign: chr(int(sign[1])), value)


def _age(settings: Mapping[str, str]) -> float:
    """When a line was written; raises ValueError for a time that git-annex does not write, such as `1e300s`."""
    if not (time := _TIME.fullmatch(settings.get("timestamp", "0s"))):
        raise ValueError
    return float(time[1])


def _journal(git_dir: str, journal: str, path: str) -> str:
    return _text(os.path.join(git_dir, "annex", journal, path.replace("_", "__").replace("/", "_")))


def _verified(git_dir: str) -> str:
    return _text(os.path.join(git_dir, "annex", _VERIFIED))


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return ""
