"""The real git-annex with a Dropbox: how many calls it takes, and what is there after faults and refusals."""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Thread

import pytest
from support.annex import Repository
from support.dropbox_people import machine
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.answers import Problem, Refused
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.dropbox.script import LOST, Play, fails, rate_limited
from support.fakes.dropbox.service import FakeDropbox
from support.marks import LONG

pytest_plugins = ["support.dropbox_repositories"]

CONTENDED = "too_many_write_operations"


def files(number: int, size: int = 3000) -> dict[str, bytes]:
    return {f"f{each:03}": os.urandom(size) for each in range(number)}


def calls(service: FakeDropbox) -> Counter[str]:
    """How often each route of the API was called since the last time."""
    counted = Counter(route for route in service.routes() if not route.startswith("POST "))
    service.forget()
    return counted


def held(repository: Repository, service: FakeDropbox, account: Account) -> dict[str, bytes | None]:
    """What the Dropbox holds of each file that git-annex says is in the store."""
    rows = repository.annex("find", "--in", "store", "--format=${file} ${key}\\n").stdout.split("\n")[:-1]
    objects = {path.rpartition("/")[2]: path for path in account.home.entries}
    keys = dict(row.split(" ") for row in rows)
    return {name: service.content(account.home, objects.get(key.lower(), "/none")) for name, key in keys.items()}


@pytest.mark.parametrize("jobs", ["-J1", "-J8"])
def test_a_small_file_takes_one_call_each_way_besides_git_annexs_own_looks(
    lab: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account, jobs: str
) -> None:
    service, wanted = fake_dropbox.service, files(24)
    lab.add(wanted)
    service.forget()
    lab.annex("copy", "--to", "store", jobs)
    stored = calls(service)
    commits = stored.pop("files/upload_session/finish_batch_v2", 0)
    assert stored.pop("files/get_metadata") < len(wanted), "git-annex looks before each copy, and then a listing tells"
    assert stored.pop("files/list_folder") == 1
    assert stored["files/upload"] + stored["files/upload_session/start"] == stored.total() == len(wanted)
    assert commits <= stored["files/upload_session/start"]
    assert commits == 0 or jobs == "-J8"
    assert held(lab, service, dropbox_alice) == wanted
    lab.annex("drop", "--force", ".")
    lab.annex("get", jobs, ".")
    assert calls(service) == {"files/download": len(wanted)}
    lab.annex("drop", "--from", "store", "--force", jobs, ".")
    assert calls(service) == {"files/delete_v2": len(wanted)}


@contextmanager
def somebody_else_writes(service: FakeDropbox, account: Account) -> Iterator[None]:
    """Another machine's commits, each of which holds the namespace for a while."""
    over = Event()

    def write() -> None:
        while not over.wait(0.05):
            with suppress(Problem, Refused), service.committing(account.home):
                pass

    thread = Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_db2_eight_jobs_share_their_commits_and_never_get_in_each_others_way(
    lab: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account
) -> None:
    service, wanted = fake_dropbox.service, files(48)
    lab.add(wanted)
    service.latency, service.lock_seconds = 0.06, 0.1
    service.forget()
    done = lab.annex("copy", "--to", "store", "-J8", "--fast")
    assert CONTENDED not in done.stdout + done.stderr
    told = [seen for seen in service.seen if seen.status != 200]
    assert [seen for seen in told if seen.status == 409 and "metadata" not in seen.route] == []
    stored = calls(service)
    assert stored["files/upload"] + stored["files/upload_session/finish_batch_v2"] <= len(wanted) / 3
    assert held(lab, service, dropbox_alice) == wanted


@pytest.mark.parametrize("status", [409, 429])
def test_db2_what_others_write_meanwhile_is_waited_for_and_never_shown(
    lab: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account, status: int
) -> None:
    service, wanted = fake_dropbox.service, files(16)
    lab.add(wanted)
    service.lock_seconds, service.contention_status = 0.1, status
    with somebody_else_writes(service, dropbox_alice):
        done = lab.annex("copy", "--to", "store", "-J8")
        assert CONTENDED not in done.stdout + done.stderr
        lab.annex("drop", "--from", "store", "--force", "f000", "f001", "-J2")
    assert held(lab, service, dropbox_alice) == {name: wanted[name] for name in list(wanted)[2:]}


FAULTS = (rate_limited(0), fails(500), Play(reset=True), LOST, Play(cut=1000), Play(cut=1))
"""Asked to wait, broken, no answer in three ways, and a download that ends too early."""


def test_faults_of_all_kinds_lose_nothing_and_make_nothing_up(
    lab: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account
) -> None:
    service, wanted = fake_dropbox.service, files(16)
    lab.add(wanted)
    draw = random.Random(4)
    service.script.otherwise = lambda _route: draw.choice(FAULTS) if draw.random() < 0.25 else Play()
    lab.annex("copy", "--to", "store", "-J4")
    assert held(lab, service, dropbox_alice) == wanted
    lab.annex("drop", "--force", ".")
    lab.annex("get", "-J4", ".")
    assert {name: (lab.folder / name).read_bytes() for name in wanted} == wanted
    lab.annex("drop", "--from", "store", "--force", "-J4", ".")
    assert held(lab, service, dropbox_alice) == {}
    assert not [path for path, entry in dropbox_alice.home.entries.items() if "sha256" in path]


def refused_copy(repository: Repository) -> str:
    """What git-annex prints when the first file cannot be copied, as one line."""
    done = repository.annex("copy", "--to", "store", "f000", check=False)
    assert done.returncode == 1
    assert repository.annex("find", "--in", "store").stdout == ""
    return " ".join((done.stdout + done.stderr).split())


def test_db21_a_login_that_was_revoked_is_told_with_its_remedy(lab: Repository, fake_dropbox: RunningDropbox) -> None:
    lab.add(files(1))
    for refresh in list(fake_dropbox.service.refreshes):
        fake_dropbox.service.revoke(refresh)
    told = refused_copy(lab)
    assert "Dropbox no longer accepts this login: it was revoked. git-annex keeps this login for the remote" in told
    assert f"type: pyshare login dropbox --app-key {fake_dropbox.service.app.key})" in told


def test_db22_a_login_that_lacks_a_permission_is_told_which_one(
    repository: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account
) -> None:
    repository.add(files(1))
    machine(repository.home, fake_dropbox, dropbox_alice, "account_info.read files.metadata.read files.content.read")
    repository.initremote("dropbox:/Data")
    told = refused_copy(repository)
    assert "the login at Dropbox lacks the permission files.content.write. Tick files.content.write under" in told


def test_a_file_that_cannot_fit_is_refused_before_it_is_sent_and_info_shows_the_room(
    lab: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account
) -> None:
    with (lab.folder / "large").open("wb") as file:
        file.truncate(65 << 20)
    lab.add(files(1, 1 << 20))
    dropbox_alice.quota = 64 << 20
    fake_dropbox.service.forget()
    (told,) = lab.json("copy", "--to", "store", "large", check=False)
    assert "it has 65.0 MiB, and 64.0 MiB of 64.0 MiB are free" in str(told["error-messages"])
    assert not [route for route in fake_dropbox.service.routes() if "upload" in route]
    lab.annex("copy", "--to", "store", "f000")
    shown = lab.home.run("pyshare", "info", "store", cwd=lab.folder).stdout
    assert "account: 1.0 MiB used, 63.0 MiB free\n" in shown
    assert "space: 1.0 MiB used, 63.0 MiB free" in lab.annex("info", "store").stdout


OTHERS: Mapping[str, Callable[[str, str, str], str]] = {
    "lower": lambda lower, _mixed, key: f"{lower}{key}",
    "directory": lambda lower, _mixed, key: f"{lower}{key}/{key}",
    "flat": lambda _lower, _mixed, key: key,
    "mixed": lambda _lower, mixed, key: f"{mixed}{key}",
    "frankencase": lambda _lower, mixed, key: f"{mixed.lower()}{key}",
}
"""Layout → how the programs that have it name an object: git-annex-remote-rclone all five (its `nodir` is our flat),
git-annex-remote-dbx the first."""


@pytest.mark.parametrize("layout", ["lower", *(pytest.param(each, marks=LONG) for each in OTHERS if each != "lower")])
def test_what_other_programs_stored_in_a_dropbox_is_found_and_got(
    repository: Repository, fake_dropbox: RunningDropbox, dropbox_alice: Account, layout: str
) -> None:
    service, wanted = fake_dropbox.service, files(3)
    repository.add(wanted)
    for name, content in wanted.items():
        formatted = "--format=${hashdirlower} ${hashdirmixed} ${key}"
        parts = repository.annex("examinekey", formatted, repository.key(name)).stdout.split(" ")
        service.put(dropbox_alice.home, f"/Apps/Old/{OTHERS[layout](*parts)}", content)
    machine(repository.home, fake_dropbox, dropbox_alice)
    repository.initremote("dropbox:/Apps/Old", {"layout": layout})
    repository.annex("fsck", "--from", "store", "--fast")
    repository.annex("drop", ".")
    repository.annex("get", "--from", "store", ".")
    assert {name: (repository.folder / name).read_bytes() for name in wanted} == wanted
