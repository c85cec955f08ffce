"""The lines of each service's page, typed: afterwards a friend has every byte.

Stand-ins take the place of the services. What is typed is what the page shows, with the stand-in's address, and with
`--yes` where a person at a terminal answers a question. Pages that differ only in the service's address are compared
and not typed again.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from support.annex import Home, unlock
from support.checkout import CHECKOUT
from support.dropbox_people import log_in
from support.fakes.dropbox.accounts import Account
from support.fakes.dropbox.fake import RunningDropbox
from support.fakes.s3 import ScriptedS3
from support.login_cloud import APP_PASSWORD, LoginCloud
from support.marks import LONG
from support.s3_gate import Login
from support.sftpkit import StandIn as Program
from support.sharing import FILES, Owner, has_all

SERVICES = CHECKOUT / "docs" / "services"
SKELETON = [
    *("Five lines that work", "What your friends need", "Login", "Addresses", "Limits"),
    "When something goes wrong",
]
PAGES = sorted(path.stem for path in SERVICES.glob("*.md") if f"## {SKELETON[0]}" in path.read_text(encoding="utf-8"))

SAME = {
    "sciebo": "nextcloud",
    "b2drop": "nextcloud",
    "backblaze-b2": "cloudflare-r2",
    "google-cloud-storage": "cloudflare-r2",
    "onedrive": "google-drive",
    "box": "google-drive",
    "pcloud": "google-drive",
    "smb": "google-drive",
}
"""A page → another one that has the same lines, but for names and addresses."""
ALWAYS_TYPED = ("nextcloud", "ceph-minio", "dropbox", "google-drive")
TYPED = [page if page in ALWAYS_TYPED else pytest.param(page, marks=LONG) for page in PAGES if page not in SAME]


class StandIn(NamedTuple):
    """A service in the tests."""

    replaced: Mapping[str, str] = {}
    """What the page shows → what is typed instead."""
    answers: str = ""
    """What the owner answers to `pyshare login`."""
    owner: Callable[[Home], object] | None = None
    """Logs the owner in, in place of the page's line."""
    friend: Callable[[Home], object] = lambda _home: None
    """Logs a friend in, if one is needed."""
    agrees: tuple[str, ...] = ()
    """What the friend types in place of the answer to the question about the store."""


@pytest.fixture
def stand_in(request: pytest.FixtureRequest, page: str, tmp_path: Path) -> StandIn:
    """The one for the page."""
    if page in {"nextcloud", "owncloud"}:
        return _cloud(page, request.getfixturevalue("login_cloud"))
    if page == "dropbox":
        return _dropbox(request.getfixturevalue("fake_dropbox"), request.getfixturevalue("dropbox_alice"))
    if page == "sftp":
        return _account(request.getfixturevalue("ssh"), tmp_path)
    if page == "google-drive":
        return _drive(tmp_path)
    if page == "directory":
        return StandIn({"/mnt/lab": str(tmp_path)})
    return _bucket(page, request.getfixturevalue("scripted_s3"))


def _cloud(page: str, cloud: LoginCloud) -> StandIn:
    cloud.is_granted = True  # in the browser, to which the printed link leads
    answers = f"{APP_PASSWORD}\n" if page == "owncloud" else f"bob\n{APP_PASSWORD}\n"
    return StandIn({"https://cloud.example.org": cloud.url, "--user alice": "--user bob"}, answers)


def _account(ssh: Program, folder: Path) -> StandIn:
    def give(home: Home) -> None:
        home.environment["PATH"] = f"{ssh.folder}:{home.environment['PATH']}"

    return StandIn(
        {"sftp.example.org/~": f"sftp.example.org{folder}"},
        owner=give,
        friend=give,
        agrees=("--host", f"sftp://sftp.example.org{folder}/my-dataset"),
    )


def _drive(folder: Path) -> StandIn:
    def configure(home: Home) -> None:
        config = home.folder / ".config" / "rclone" / "rclone.conf"
        config.parent.mkdir(parents=True)
        config.write_text(f"[gdrive]\ntype = alias\nremote = {folder}\n")

    return StandIn(owner=configure, friend=configure, agrees=("--host", "rclone:gdrive:/my-dataset rclonetype=alias"))


def _dropbox(running: RunningDropbox, alice: Account) -> StandIn:
    bob = running.service.person("Bob")
    return StandIn(
        owner=lambda home: log_in(home, running, alice, "--sharing"),
        friend=lambda home: log_in(home, running, bob, "--sharing"),
    )


def _bucket(page: str, s3: ScriptedS3) -> StandIn:
    s3.login = Login()
    replaced = {
        "https://pub-1234.r2.dev": f"{s3.url}/bucket",
        "https://ACCOUNT.r2.cloudflarestorage.com": s3.url,
        "https://s3.example.org": s3.url,
        "https://s3.hf.co": s3.url,
        "s3://alice": "s3://bucket",
    }
    if page == "amazon-s3":
        replaced["login s3://my-bucket"] = f"login s3://bucket endpoint={s3.url}"
        replaced["--readers"] = f"--set endpoint={s3.url} --readers"
    if page == "cloudflare-r2":
        s3.public.add("bucket")
        s3.blocks_policies = True
    answers = f"{Login().access_key}\n{Login().secret_key}\n"
    login = ("pyshare", "login", "s3://bucket", f"endpoint={s3.url}")

    def friend(home: Home) -> None:
        if page == "hugging-face":
            home.run(*login, cwd=home.folder, input=answers)

    return StandIn({**replaced, "s3://my-bucket": "s3://bucket"}, answers, friend=friend)


def _lines(page: str) -> list[str]:
    """The commands in the first block of the page."""
    block = (SERVICES / f"{page}.md").read_text(encoding="utf-8").partition("```sh\n")[2].partition("```")[0]
    return re.sub(r" \\\n +", " ", block).splitlines()


def _without_addresses(page: str) -> list[str]:
    lines = [re.sub(r"https://[^\s/]+(?=/|\s|$)(/my-bucket\b)?", "ADDRESS", line) for line in _lines(page)]
    lines = [re.sub(r"rclone:\w+( rclonetype=\w+|:/lab)?", "rclone:REMOTE", line) for line in lines]
    lines = [line.replace("REMOTE:/", "REMOTE/") for line in lines]
    name = lines[-1].split()[-1]
    named = [re.sub(rf"\b(init|invite) {name}\b", r"\1 NAME", line) for line in lines]
    return [re.sub(" --set (region=auto|layout=lower)", "", line) for line in named]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_of_a_service_has_the_skeleton_of_all(page: str) -> None:
    text = (SERVICES / f"{page}.md").read_text(encoding="utf-8")
    assert re.findall("(?m)^## (.*)$", text) == SKELETON
    assert re.search("(?m)^(Tried|Not tried) with", text)


@pytest.mark.parametrize("page", SAME)
def test_the_lines_of_a_page_are_those_of_another_but_for_the_address(page: str) -> None:
    assert _without_addresses(page) == _without_addresses(SAME[page])


@pytest.mark.parametrize("page", TYPED)
def test_the_lines_of_the_page_bring_a_friend_every_byte(
    page: str, stand_in: StandIn, sharer: Owner, bob: Home, tmp_path: Path
) -> None:
    _fill(sharer)
    printed = _typed(page, stand_in, sharer)
    target = shlex.split(re.findall(r"pyshare accept ([^\n)]+)", printed)[-1])
    stand_in.friend(bob)
    bob.run("pyshare", "accept", *target, "mine", "--yes", "--get", "all", *stand_in.agrees, cwd=bob.folder)
    assert has_all(bob.folder / "mine")
    unlock(tmp_path)


def _fill(sharer: Owner) -> None:
    """Save files in the dataset, and give it a sibling `github`."""
    for name, content in FILES.items():
        (sharer.folder / name).parent.mkdir(exist_ok=True)
        (sharer.folder / name).write_bytes(content)
    sharer.type("git", "annex", "add", "-q", ".")
    sharer.type("git", "commit", "-q", "-m", "files")
    sharer.publish()


def _typed(page: str, stand_in: StandIn, sharer: Owner) -> str:
    """Type the page's lines after the first, `cd`; what the last one prints."""
    printed = ""
    if stand_in.owner:
        stand_in.owner(sharer.home)
    for line in _lines(page)[1:]:
        is_login = line.startswith("pyshare login")
        if is_login and stand_in.owner:
            continue
        for shown, instead in stand_in.replaced.items():
            line = line.replace(shown, instead)  # noqa: PLW2901  # one after the other
        words = shlex.split(f"{line} --yes" if line.startswith("pyshare init") else line)
        answers = stand_in.answers if is_login else ""
        printed = sharer.home.run(*words, cwd=sharer.folder, input=answers).stdout
    return printed
