"""What the jobs of one process share."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from annexremote import ProtocolError

from git_annex_remote_pyshare.annex.session import Session
from git_annex_remote_pyshare.backends.registry import settings_for
from git_annex_remote_pyshare.errors import BadSetting

JOBS = 8


class Asked:
    """git-annex as far as it answers GETCONFIG; notes what it was asked."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.settings = dict(settings)
        self.names: list[str] = []

    def getconfig(self, name: str) -> str:
        self.names.append(name)
        return self.settings.get(name, "")

    def getconfigs(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self.getconfig(name) for name in names}


def prepare_at_once(session: Session, annex: Any) -> None:
    with ThreadPoolExecutor(JOBS) as jobs:
        list(jobs.map(session.prepare, [annex] * JOBS))


@pytest.mark.parametrize("url", ["s3://bucket/folder", "https://cloud.example.org/dav"])
def test_eight_jobs_ask_for_each_setting_of_the_kind_once(url: str) -> None:
    annex, session = Asked({"url": url}), Session()
    prepare_at_once(session, annex)
    assert sorted(annex.names) == sorted({"url", "exporttree", *(setting.name for setting in settings_for(url))})


def test_a_job_asks_again_where_another_was_given_settings_that_cannot_work() -> None:
    annex: Any = Asked({"url": "s3://bucket", "endpoint": "nonsense"})
    session = Session()
    with pytest.raises(BadSetting):
        session.prepare(annex)
    annex.settings["endpoint"] = "https://s3.example.org"
    session.prepare(annex)
    assert session.settings(annex)["endpoint"] == "https://s3.example.org"


def test_what_initremote_wrote_is_asked_for_at_the_next_prepare() -> None:
    annex: Any = Asked({"url": "s3://bucket"})
    session = Session()
    session.prepare(annex)
    session.configure_strictly(annex)
    annex.settings["region"] = "eu-central-1"
    session.prepare(annex)
    assert session.settings(annex)["region"] == "eu-central-1"


class Chatting(Asked):
    """A job that git-annex listens to, or not."""

    def __init__(self, *, listens: bool) -> None:
        super().__init__({"url": "/store"})
        self.listens = listens
        self.told: list[str] = []

    def getgitremotename(self) -> str:
        return "lab"

    def getgitdir(self) -> str:
        return ""

    def info(self, text: str) -> None:
        if not self.listens:
            raise ProtocolError("INFO came after the end of its request")
        self.told.append(text)


def test_news_go_to_one_job_whose_request_is_under_way() -> None:
    session = Session()
    idle, busy, other = jobs = [Chatting(listens=listens) for listens in (False, True, True)]
    for job in jobs:
        annex: Any = job
        session.store(annex)
    session.tell("the line is down")
    assert idle.told == []
    assert busy.told + other.told == ["the line is down"]


def test_news_between_two_requests_are_for_nobody() -> None:
    session = Session()
    idle: Any = Chatting(listens=False)
    session.store(idle)
    session.tell("the line is down")
    assert idle.told == []
