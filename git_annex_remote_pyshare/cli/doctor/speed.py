"""Section "dataset", its speed: what git config of git-annex and DataLad slows down here; sends no request."""

import shutil
from collections.abc import Iterator
from itertools import islice

from git_annex_remote_pyshare.annex.keys import expected_size
from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.doctor.check import OK, WARNING, Check
from git_annex_remote_pyshare.cli.output import counted
from git_annex_remote_pyshare.cli.remotes import Remote
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.safe_text import command

_SECTION = "dataset"

_JOBS = "datalad.runtime.max-annex-jobs"
_GOOD_JOBS = 8
"""Jobs beyond which few servers get faster (docs/guide/large-files.md)."""

_VERIFY = "annex-verify"
_UNCHECKED = "annex.security.allow-unverified-downloads"
_SMALL = 1 << 20
"""Bytes of a file up to which `annex-verify=false` pays (benchmarks/hashing.py)."""
_MANY = 100
"""Files for which the advice saves about a second."""
_SAMPLE = 5000
"""Paths of git's index that are looked at."""


def checks(clone: LocalConfig, remotes: list[Remote]) -> Iterator[Check]:
    """The checks of the clone and its remotes.

    Args:
        clone: The clone of the working directory.
        remotes: The pyshare remotes that are looked at.
    """
    if shutil.which("datalad") and any(not registry.spec_of(remote.place.url).local for remote in remotes):
        yield _jobs(clone)
    if any(map(_hashes_meanwhile, remotes)):
        yield from _hashing(clone, [remote for remote in remotes if _hashes_meanwhile(remote)])


def _jobs(clone: LocalConfig) -> Check:
    """Whether DataLad transfers several files at once, as git-annex does with -J."""
    text = clone.config.get(_JOBS, "") or "1"
    if text.isdecimal() and int(text) > 1:
        return Check(_SECTION, "jobs", OK, f"DataLad transfers {text} files at once")
    return Check(
        _SECTION,
        "jobs",
        WARNING,
        f"DataLad transfers one file after the other; with {_GOOD_JOBS} at once, many small files take about a third"
        " of the time",
        command("git", "config", _JOBS, str(_GOOD_JOBS)),
    )


def _hashes_meanwhile(remote: Remote) -> bool:
    """Whether git-annex watches each file of the remote while it arrives, to hash it: measured, with git-annex 10.2026.

    It does so for objects that are neither encrypted nor in chunks. Where the user has allowed unverified downloads,
    `annex-verify=false` would give up the check; everywhere else git-annex then checks the whole file afterwards.
    """
    clone = remote.place.clone
    allowed = (_UNCHECKED, f"remote.{clone.remote}.annex-security-allow-unverified-downloads")
    if clone.option(_VERIFY) or any(clone.config.get(name, "") for name in allowed):
        return False
    return remote.annex.get("encryption", "none") == "none" and not remote.annex.get("chunk")


def _hashing(clone: LocalConfig, remotes: list[Remote]) -> Iterator[Check]:
    """Advice for each remote, if there are many small files to get."""
    from git_annex_remote_pyshare.annex.index_order import IndexOrder  # noqa: PLC0415  # as late as in the other programs

    sizes = [expected_size(key) for key in islice(IndexOrder(clone).keys(), _SAMPLE) if key]
    small = sum(size is not None and size <= _SMALL for size in sizes)
    if small < max(_MANY, 0.9 * len(sizes)):
        return
    for remote in remotes:
        name = remote.place.clone.remote
        yield Check(
            _SECTION,
            "hashing",
            WARNING,
            f"{name}: git-annex watches each of {counted(small, 'small file')} while it arrives; with a check of the"
            " whole file afterwards, which is as safe, one job takes about half the time",
            command("git", "config", f"remote.{name}.{_VERIFY}", "false"),
        )
