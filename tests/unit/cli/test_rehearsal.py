"""What a rehearsal runs of what a stranger has named."""

from pathlib import Path

import pytest

from git_annex_remote_pyshare.cli import rehearsal
from git_annex_remote_pyshare.cli.rehearsal import ANY, Store, rehearse
from git_annex_remote_pyshare.cli.sandbox import Done

NAMES = ["--help", "-cx.y=z", "a b", "..", "a/b", "cloud", ""]


class Recorder:
    """A stranger who types commands, all with success, and has no remote."""

    typed: list[tuple[str, ...]]

    def __init__(self, _place: str) -> None:
        type(self).typed = []

    def run(self, *words: str, cwd: str) -> Done:
        assert Path(cwd).is_absolute()
        self.typed.append(words)
        return Done(0, "")


@pytest.mark.parametrize("store", [ANY, Store("uuid-5")])
def test_only_a_plain_name_of_a_remote_becomes_an_argument(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    rows = {f"uuid-{number}": {"name": name, "externaltype": "pyshare"} for number, name in enumerate(NAMES)}
    monkeypatch.setattr(rehearsal, "written_remotes", lambda _: rows)
    monkeypatch.setattr(rehearsal, "Stranger", Recorder)
    rehearse("/mnt/lab/d.git", store)
    assert [words[2:] for words in Recorder.typed if words[1] == "annex"] == [
        ("init", "--quiet"),
        ("enableremote", "cloud"),
    ]
    assert [words for words in Recorder.typed if words[:2] == ("git", "config")] == [
        ("git", "config", "remote.cloud.annex-verified", "verified")
    ]
