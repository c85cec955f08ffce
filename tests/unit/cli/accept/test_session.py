"""What the user agrees to: the whole address of each store that was shown, and nothing that was not."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import click
import pytest
from support.fakes.annex_clone import AnnexClone

from git_annex_remote_pyshare.cli.accept import cloning, getting
from git_annex_remote_pyshare.cli.accept.getting import Amount, Gotten, in_subdatasets
from git_annex_remote_pyshare.cli.accept.questions import Answers
from git_annex_remote_pyshare.cli.accept.session import Report, join, plan_of, repair
from git_annex_remote_pyshare.cli.invitation import Invitation
from git_annex_remote_pyshare.errors import BadSetting

DAV = "https://dav.example.org"
GIT = "https://git.example.org/d.git"
STORE = "annex::5f7a1c7e-0d5b-4a3e-9a43-0c1f6f1b8a11?type=external&externaltype=pyshare&encryption=none&url="
TYPED = Invitation("d", GIT)
DEPENDS = "remote.origin.datalad-publish-depends"


class Person:
    """Answers questions in turn, and remembers them."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.asked: list[str] = []

    def confirm(self, question: str, **_: object) -> bool:
        self.asked.append(question)
        return self.lines.pop(0) == "y"

    def prompt(self, question: str, **_: object) -> str:
        self.asked.append(question)
        return self.lines.pop(0)


@pytest.fixture(autouse=True)
def gotten(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The remotes from which files were got; each dataset has three, and no store has one."""
    names: list[str] = []

    def get(remote: str, _paths: Sequence[str], _count: int) -> Gotten:
        names.append(remote)
        return Gotten()

    monkeypatch.setattr(getting, "get", get)
    monkeypatch.setattr(getting, "missing", lambda _paths=(): Amount(3, 10))
    monkeypatch.setattr(getting, "in_subdatasets", lambda _paths: {})
    monkeypatch.setattr(cloning, "is_dataset", lambda: True)
    return names


def typed(*hosts: str, get: tuple[str, ...] = ()) -> Answers:
    """What a script types: `--yes` and the options."""
    return Answers(True, get, frozenset(hosts))  # noqa: FBT003  # a field of a record


def at_terminal(monkeypatch: pytest.MonkeyPatch, *lines: str) -> Person:
    person = Person(*lines)
    monkeypatch.setattr(click, "confirm", person.confirm)
    monkeypatch.setattr(click, "prompt", person.prompt)
    monkeypatch.setattr(Answers, "is_asked", property(lambda self: not self.yes))
    return person


ASKED = Answers(False, (), frozenset())  # noqa: FBT003  # as above


def accepted(
    clone: AnnexClone, answers: Answers, monkeypatch: pytest.MonkeyPatch, invitation: Invitation = TYPED
) -> Report:
    """Join, where the clone appears in place of one that git makes."""

    def appear(*_: object, **__: object) -> None:
        clone.folder = clone.folder.rename(clone.folder.parent / "cloned")
        monkeypatch.chdir(clone.folder)

    monkeypatch.setattr(cloning, "clone", appear)
    report = join(plan_of(invitation, str(clone.folder.parent / "new")), answers)
    assert report
    return report


def test_a_yes_to_one_folder_of_a_host_is_none_to_another_one(
    annex_clone: AnnexClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    annex_clone.remote("alices", f"{DAV}/alice")
    annex_clone.remote("mallorys", f"{DAV}/mallory")
    person = at_terminal(monkeypatch, "y", "n")
    repair(ASKED)
    assert [annex_clone.state(name) for name in ("alices", "mallorys")] == ["verified", "automatic"]
    assert [text.split()[3] for text in person.asked] == [f"{DAV}/alice", f"{DAV}/mallory"]
    assert annex_clone.config(DEPENDS) == "alices"

    again = at_terminal(monkeypatch, "n")
    repair(ASKED)
    assert "mallorys leads to" in again.asked[0]
    assert annex_clone.state("mallorys") == "automatic"


def test_a_yes_to_one_remote_is_none_to_another_one_at_the_same_address(
    annex_clone: AnnexClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    annex_clone.remote("first", "s3://bucket/data")
    annex_clone.remote("second", "s3://bucket/data")
    at_terminal(monkeypatch, "n", "y")
    repair(ASKED)
    assert [annex_clone.state(name) for name in ("first", "second")] == ["automatic", "verified"]


@pytest.mark.parametrize(
    ("url", "host", "other"),
    [
        ("s3://alice/data", "amazonaws.com", "s3://mallory/data"),
        ("dropbox:/alice", "dropbox.com", "dropbox:/mallory"),
        (f"{DAV}/alice", "dav.example.org", f"{DAV}/alice/below"),
    ],
)
def test_a_script_names_a_whole_address_and_verifies_no_more(
    annex_clone: AnnexClone, monkeypatch: pytest.MonkeyPatch, url: str, host: str, other: str
) -> None:
    annex_clone.remote("alices", url)
    annex_clone.remote("mallorys", other)
    repair(typed(host))
    assert [annex_clone.state(name) for name in ("alices", "mallorys")] == ["automatic", "automatic"]
    accepted(annex_clone, typed(url), monkeypatch)
    assert [annex_clone.state(name) for name in ("alices", "mallorys")] == ["verified", "automatic"]
    assert annex_clone.config(DEPENDS) == "alices"


def test_each_store_is_shown_and_what_was_shown_is_verified(
    annex_clone: AnnexClone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    annex_clone.remote("alices", "s3://alice/data")
    annex_clone.remote("bobs", "s3://bob/data", region="eu-central-1")
    person = at_terminal(monkeypatch, "y", "1")
    accepted(annex_clone, ASKED, monkeypatch)
    shown = "s3://alice/data at amazonaws.com (S3), s3://bob/data region=eu-central-1 at amazonaws.com (S3)"
    assert shown in capsys.readouterr().out
    assert "uses s3://alice/data and s3://bob/data region=eu-central-1, and let later pushes bring" in person.asked[1]
    assert [annex_clone.state(name) for name in ("alices", "bobs")] == ["verified", "verified"]


@pytest.mark.parametrize(("answer", "state"), [("2", "automatic"), ("1", "verified"), ("4", "")])
def test_only_who_gets_something_trusts_a_store(
    annex_clone: AnnexClone, monkeypatch: pytest.MonkeyPatch, gotten: list[str], answer: str, state: str
) -> None:
    annex_clone.remote("cloud", f"{DAV}/alice")
    at_terminal(monkeypatch, "y", answer)
    report = accepted(annex_clone, ASKED, monkeypatch)
    assert annex_clone.state("cloud") == state
    assert annex_clone.config(DEPENDS) == ("cloud" if answer == "1" else "")
    assert report.first == (("cloud",) if answer == "1" else ())
    assert gotten == (["cloud"] if answer == "1" else [])


@pytest.mark.parametrize(("answer", "state"), [("2", "manual"), ("1", "automatic")])
def test_a_link_that_its_owner_means_not_for_all_is_read_only_by_who_gets_something(
    annex_clone: AnnexClone, monkeypatch: pytest.MonkeyPatch, answer: str, state: str
) -> None:
    annex_clone.remote("link", f"{DAV}/s/T0ken", autoenable="")
    person = at_terminal(monkeypatch, "y", answer)
    accepted(annex_clone, ASKED, monkeypatch, TYPED._replace(store="link"))
    assert "pushes" not in person.asked[1]
    assert annex_clone.state("link") == state


@pytest.mark.parametrize(("hosts", "state"), [((), "automatic"), ((f"{DAV}/alice",), "verified")])
def test_a_code_of_a_store_and_a_yes_in_a_script_verify_nothing_that_host_does_not_name(
    annex_clone: AnnexClone, monkeypatch: pytest.MonkeyPatch, hosts: tuple[str, ...], state: str
) -> None:
    annex_clone.remote("cloud", f"{DAV}/alice")
    annex_clone.remote("elsewhere", f"{DAV}/mallory")
    invitation = TYPED._replace(url=f"{STORE}{quote(f'{DAV}/alice')}")
    accepted(annex_clone, typed(*hosts), monkeypatch, invitation)
    assert annex_clone.state("cloud") == state
    assert annex_clone.state("elsewhere") == ""
    assert annex_clone.config(DEPENDS) == ("cloud" if hosts else "")


def test_a_dataset_whose_branch_git_annex_is_missing_lacks_its_files(
    annex_clone: AnnexClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloning, "is_dataset", lambda: False)
    (annex_clone.folder / "a.csv").symlink_to(".git/annex/objects/1/2/MD5-s1--x/MD5-s1--x")
    annex_clone.git("add", "a.csv")
    report = repair(typed(get=("none",)))
    assert report.lacking == 1
    assert "Its branch git-annex is not published" in report.notes[0]


def test_a_dataset_without_annexed_files_lacks_none(annex_clone: AnnexClone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloning, "is_dataset", lambda: False)
    (annex_clone.folder / "a.csv").write_text("1;2\n")
    annex_clone.git("add", "a.csv")
    report = repair(typed())
    assert (report.lacking, report.notes) == (0, ())


def test_a_repository_without_a_working_tree_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadSetting, match="no working tree"):
        repair(typed())


def test_a_path_in_another_dataset_is_said_to_be_missing_and_not_asked_of_git_annex(
    annex_clone: AnnexClone, monkeypatch: pytest.MonkeyPatch, gotten: list[str]
) -> None:
    annex_clone.remote("cloud", f"{DAV}/alice")
    (annex_clone.folder / "sub").mkdir()
    (annex_clone.folder / "own").touch()
    monkeypatch.setattr(getting, "in_subdatasets", in_subdatasets)
    annex_clone.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    for path in ("sub", "sub/a.csv", "./sub/"):
        report = repair(typed(get=(path,)))
        assert (report.absent, report.lacking, gotten) == (1, 0, [])
        assert report.notes == ("sub is a dataset of its own, and not all of it is here. Ask for an invitation to it.",)
    everything = repair(typed(get=("all",)))
    assert (everything.absent, len(everything.notes), gotten) == (0, 1, ["cloud"]), "no dataset in it was named"
    assert repair(typed(get=("own", "sub"))).absent == 1
    assert gotten == ["cloud", "cloud"]
