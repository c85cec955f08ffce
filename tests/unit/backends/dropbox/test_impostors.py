"""Answers that are none of Dropbox's say nothing of an object, whatever their status."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.dropboxkit import NAME, Owner, quiet, source
from support.fakes.dropbox.answers import Answer, as_json
from support.fakes.dropbox.script import Play, Rule, fails

from git_annex_remote_pyshare.backends.base import Backend, HasQuota, Shares
from git_annex_remote_pyshare.errors import PyshareError
from git_annex_remote_pyshare.store.open import wrap
from git_annex_remote_pyshare.transfer import Sink

pytest_plugins = ["support.dropbox_stores"]

FOREIGN = {
    "an empty table": Play(as_json({})),
    "another program's table": Play(as_json({"status": "ok"})),
    "null": Play(as_json(None)),
    "a list": Play(as_json([])),
    "a page": Play(Answer(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")),
    "nothing": Play(Answer(200, {}, b"")),
    "DB25-404": fails(404, b"<html>not found</html>"),
    "DB25-409": fails(409, b'{"error": "not_found"}', "application/json"),
    "DB25-410": fails(410),
    "a redirect": Play(Answer(302, {"Location": "https://portal.example.org/"}, b"")),
}
VERBS: dict[str, Callable[[Backend, Path], object]] = {
    "stat": lambda box, _: box.stat(NAME),
    "delete": lambda box, _: box.delete(NAME),
    "put": lambda box, folder: box.put(NAME, source(folder), quiet),
    "get": lambda box, folder: box.get(NAME, Sink(str(folder / "back")), quiet),
    "list": lambda box, _: list(box.list()),
    "quota": lambda box, _: box.call(HasQuota, lambda able: able.quota()),
    "share": lambda box, _: box.call(Shares, lambda able: able.share()),
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
@pytest.mark.parametrize("play", FOREIGN.values(), ids=FOREIGN)
def test_an_answer_of_something_else_is_a_failure_in_plain_words(
    owner: Owner, box: Backend, tmp_path: Path, play: Play, verb: Callable[[Backend, Path], object]
) -> None:
    owner.service.put(owner.home, f"/annex/{NAME}", b"content")
    owner.service.play(Rule("(files|users|sharing)/.*", play, times=99))
    with pytest.raises(PyshareError):
        verb(box, tmp_path)


@pytest.mark.parametrize("play", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("step", ["start", "finish_batch_v2"])
def test_a_commit_together_that_something_else_answers_stores_nothing(
    owner: Owner, box: Backend, tmp_path: Path, step: str, play: Play
) -> None:
    owner.service.lock_seconds = 0.1
    owner.service.play(Rule(f"files/upload_session/{step}", play, times=99))

    def put(number: int) -> BaseException | None:
        try:
            box.put(f"a/KEY{number}", source(tmp_path, b"x", f"f{number}"), quiet)
        except PyshareError as error:
            return error
        return None

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(put, range(4)))
    stored = [number for number in range(4) if owner.content(f"a/KEY{number}") is not None]
    assert [number for number, error in enumerate(outcomes) if error is None] == stored


def test_entries_of_a_commit_that_are_not_in_order_are_found_out(owner: Owner, box: Backend, tmp_path: Path) -> None:
    layered = wrap(box, threading.Event())
    entry = {".tag": "success", "name": "KEY", "size": 1, "content_hash": "0" * 64}
    owner.service.lock_seconds = 0.1
    owner.service.play(Rule(".*finish_batch_v2", Play(as_json({"entries": [entry, entry, entry]}))))
    with ThreadPoolExecutor(4) as pool:
        done = [
            pool.submit(layered.put, f"a/KEY{number}", source(tmp_path, b"%d" % number, f"f{number}"), quiet)
            for number in range(4)
        ]
    for number, one in enumerate(done):
        there = owner.content(f"a/KEY{number}") is not None
        assert there == (one.exception() is None)
