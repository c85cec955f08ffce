"""Reads what git-annex records about remotes and keys: in its branch, and in its journal of uncommitted changes."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from git_annex_remote_pyshare.config.git_config import git

_JOURNALS = ("journal", "journal-private")
_VERIFIED = "verified-remote.log"
"""Beside the journals: the settings that this clone's user has accepted, in lines like those of remote.log."""

_CHUNKS = re.compile(r"^([0-9]+(?:\.[0-9]+)?)s ([^ \n]+):([1-9][0-9]{0,18}) ([0-9]{1,18})$", re.MULTILINE | re.ASCII)
_ESCAPED = re.compile("&([0-9]+);")


def branches(git_dir: str) -> set[str]:
    """The commits of all git-annex branches, fetched ones included, whatever namespace they were fetched into."""
    listed = git(git_dir, "for-each-ref", "--format=%(objectname) %(refname)").splitlines()
    return {line.split(" ", 1)[0] for line in listed if line.endswith("/git-annex")}


def texts(git_dir: str, path: str) -> Iterator[str]:
    """A file as each of the branches and journals has it; nothing where it is missing."""
    for branch in branches(git_dir):
        yield git(git_dir, "cat-file", "blob", f"{branch}:{path}")
    for journal in _JOURNALS:
        yield _journal(git_dir, journal, path)


def remote_settings(git_dir: str, uuid: str) -> Mapping[str, str]:
    """All that `git annex initremote` and `enableremote` were told of a remote last; empty if nothing is known.

    What this clone's user has verified stays so, whatever others write down later (git-annex documentation,
    "git-annex-verifyremote"). The lines of remote.log are `UUID name=value … timestamp=<seconds>s`
    (https://git-annex.branchable.com/internals/, section remote.log).
    """
    return _last(uuid, [_verified(git_dir)]) or _last(uuid, texts(git_dir, "remote.log"))


def all_remotes(git_dir: str) -> Mapping[str, Mapping[str, str]]:
    """UUID → settings of every special remote that the dataset has, enabled here or not, as `remote_settings`."""
    verified, logs = [_verified(git_dir)], list(texts(git_dir, "remote.log"))
    uuids = dict.fromkeys(line.partition(" ")[0] for text in logs for line in text.split("\n") if line)
    return {uuid: _last(uuid, verified) or _last(uuid, logs) for uuid in uuids}


def is_pinned(git_dir: str, uuid: str) -> bool:
    """Whether git-annex keeps to the settings that this clone's user has accepted, whatever others write later.

    Reads one small file and starts no program.

    Args:
        git_dir: The clone's git directory.
        uuid: The one under which the remote's settings stand.
    """
    return bool(uuid) and any(line.startswith(f"{uuid} ") for line in _verified(git_dir).split("\n"))


def written_remotes(git_dir: str, ref: str = "") -> Mapping[str, Mapping[str, str]]:
    """What is written down of each special remote, UUID → settings, whatever this clone's user has verified.

    A remote made by `--sameas` is there under a UUID of its own, with `sameas-uuid` and `sameas-name`.

    Args:
        git_dir: The clone's git directory.
        ref: A git-annex branch to look into; empty for all of them, and what is not committed yet.
    """
    logs = [git(git_dir, "cat-file", "blob", f"{ref}:remote.log")] if ref else [*texts(git_dir, "remote.log")]
    uuids = {line.partition(" ")[0] for text in logs for line in text.split("\n") if "=" in line}
    found = {uuid: _last(uuid, logs) for uuid in uuids}
    return {uuid: settings for uuid, settings in found.items() if settings}


def chunks(git_dir: str, path: str, uuid: str) -> Mapping[int, int]:
    """How a key's content was cut for a remote: bytes of a chunk → number of chunks; empty where it is whole.

    Args:
        git_dir: The clone's git directory.
        path: The key's path in the branch.
        uuid: The remote's.

    The lines of the log are `<seconds>s UUID:<chunk size> <count>`, a count of 0 for chunks that are gone
    (https://git-annex.branchable.com/internals/, section "chunk log").
    """
    newest: dict[int, tuple[float, int]] = {}
    for text in texts(git_dir, f"{path}.log.cnk"):
        for time, owner, size, count in _CHUNKS.findall(text):
            if owner == uuid:
                newest[int(size)] = max(newest.get(int(size), (0, 0)), (float(time), int(count)))
    return {size: count for size, (_, count) in newest.items() if count}


def _last(uuid: str, logs: Iterable[str]) -> Mapping[str, str]:
    """The newest of a remote's lines; one that cannot be read counts for nothing."""
    known = {}
    for line in (line for text in logs for line in text.split("\n") if line.startswith(f"{uuid} ")):
        with suppress(ValueError, OverflowError):
            settings = dict(_pair(word) for word in line.split(" ")[1:])
            known[_age(settings)] = settings
    return known[max(known)] if known else {}


def _pair(word: str) -> tuple[str, str]:
    """A setting, in which git-annex writes spaces and characters beyond ASCII as `&32;`."""
    name, _, value = word.partition("=")
    return name, _ESCAPED.sub(lambda sign: chr(int(sign[1])), value)


def _age(settings: Mapping[str, str]) -> float:
    return float(settings.get("timestamp", "0s").rstrip("s"))


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
