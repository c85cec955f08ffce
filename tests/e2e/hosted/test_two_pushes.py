"""Two people push a dataset into one store at once, with the real git-annex: one of them hears that it failed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.annex import Home, Repository, unlock
from support.fakes.dav import ScriptedDAV
from support.hosted import cloned, content, keep_here, publish, update
from support.scripted import Play, Seen


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Git-annex protects its objects."""
    yield
    unlock(tmp_path)


def tag_all(dav: ScriptedDAV) -> None:
    """Let the server tell versions, as almost all do."""
    proper = dav.decide

    def decide(seen: Seen) -> Play | None:
        if seen.method == "PUT":
            dav.etags[seen.path] = f'"{len(dav.requests)}"'
        return proper(seen)

    dav.decide = decide


def while_pushing(dav: ScriptedDAV, repository: Repository) -> None:
    """Let someone push when the next push of another one has sent its commits, but not yet the list of them."""
    proper = dav.decide

    def decide(seen: Seen) -> Play | None:
        if seen.method == "MOVE" and "GITBUNDLE" in seen.headers["Destination"]:
            dav.decide = proper
            repository.git("push", "-q", "origin", "main", "git-annex")
        return proper(seen)

    dav.decide = decide


def test_the_later_of_two_pushes_fails_aloud_and_is_repeated_after_a_merge(
    repository: Repository, dav: ScriptedDAV, bob: Home
) -> None:
    tag_all(dav)
    repository.add({"first": b"one"})
    clone = cloned(bob, keep_here(repository, {"url": f"{dav.url}/dav/share"}))
    clone.annex("get", "--quiet")
    clone.add({"answer": b"from Bob"})
    clone.annex("copy", "--quiet", "--to", "origin")
    repository.add({"second": b"two"})
    repository.annex("copy", "--quiet", "--to", "store")
    while_pushing(dav, clone)

    done = repository.git("push", "store", "main", "git-annex", check=False)

    assert "Push failed (another push to this store came first, so this one is left undone." in done.stderr
    update_by_merge(repository)
    assert (repository.folder / "answer").read_bytes() == b"from Bob"
    publish(repository, "store")
    update(clone, "origin")
    assert content(clone) == content(repository)


def update_by_merge(repository: Repository) -> None:
    """What the message says to do."""
    repository.git("fetch", "-q", "store")
    repository.git("merge", "-q", "--no-edit", "store/main")
    repository.annex("merge", "-q")
    repository.annex("get", "--quiet")
