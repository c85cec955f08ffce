"""Stores again what a store has lost or damaged, by git-annex itself."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from tempfile import TemporaryFile

from git_annex_remote_pyshare.cli.bar import with_bar
from git_annex_remote_pyshare.cli.check import DAMAGED, Verdict
from git_annex_remote_pyshare.cli.files import File, present_here
from git_annex_remote_pyshare.cli.output import alert
from git_annex_remote_pyshare.config.git_config import git_command, git_environment
from git_annex_remote_pyshare.safe_text import one_line


def store_again(remote: str, bad: list[Verdict]) -> list[File]:
    """Store the contents of files in a remote once more, where this clone has them.

    Args:
        remote: Its name.
        bad: What is missing or damaged there.

    Returns:
        The files whose content this clone has; git-annex may have failed to store some of them.
    """
    here = present_here([verdict.file.key for verdict in bad])
    wanted = {verdict.file.key: verdict for verdict in bad if verdict.file.key in here}
    for key, verdict in wanted.items():
        if verdict.state == DAMAGED:
            # It drops the damaged object: copy leaves alone what is there in the right size. It fails as it should.
            _annex("fsck", "--quiet", "--from", remote, f"--key={key}")
    names = {key: verdict.file.shown for key, verdict in wanted.items()}
    for _ in with_bar(_copied(remote, names), len(names), "Storing"):
        pass
    return [verdict.file for verdict in bad if verdict.file.key in here]


def _copied(remote: str, names: Mapping[str, str]) -> Iterator[str]:
    """Each line that git-annex prints of a key; failures are shown.

    Args:
        remote: Where to store.
        names: Key → what to call it in a text.
    """
    words = ("annex", "copy", "--batch-keys", "--to", remote, "--json", "--json-error-messages")
    with TemporaryFile() as keys:
        keys.write("".join(f"{key}\n" for key in names).encode("utf-8", "surrogateescape"))
        keys.seek(0)
        with subprocess.Popen(
            git_command(*words), env=git_environment(), stdin=keys, stdout=subprocess.PIPE
        ) as copying:
            for line in copying.stdout or ():
                said = json.loads(line)
                if not said["success"]:
                    why = " ".join(said.get("error-messages", ()))
                    alert(one_line(f"{names.get(said['key'], said['key'])}: cannot be stored: {why}"))
                yield said["key"]


def _annex(*words: str) -> None:
    subprocess.run(
        git_command("annex", *words), env=git_environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
