"""Plays the demo: Alice publishes a dataset but keeps a file to herself, Bob clones it and gets the rest."""

import hashlib
import os
from collections.abc import Iterator

from git_annex_remote_pyshare.cli.demo.share import Share
from git_annex_remote_pyshare.cli.demo.stage import Person
from git_annex_remote_pyshare.cli.output import heading, say
from git_annex_remote_pyshare.errors import PyshareError

DATASET = "DataLad-101"
REMOTE = "for-friends"

BOOK = "books/TLCL.pdf"
DATA = "data/measured.csv"
WITHHELD = "private/diary.txt"

FILES = {
    BOOK: b"%PDF-1.4\n" + hashlib.shake_256(b"The Linux Command Line").digest(2_000_000),
    DATA: b"".join(b"%d,%d\n" % (day, day * day % 97) for day in range(5000)),
    WITHHELD: b"Dear diary, no one else will ever read this.\n",
}
"""The files on Alice's computer: a book, a table, and something private."""


def tell(place: str, share: Share) -> None:
    """Play the whole story; each command is shown before it runs.

    Args:
        place: An empty folder on this machine.
        share: The store that both can reach.

    Raises:
        PyshareError: A command failed that should not have, or the withheld file did not stay withheld.
    """
    alice, bob = Person("Alice", place), Person("Bob", place)
    _lay_out(os.path.join(alice.home, "Downloads"))
    _alice_makes_a_dataset(alice)
    _alice_shares_it(alice, share)
    _alice_publishes(alice)
    _bob_gets_it(bob, share)


def comparisons(place: str) -> Iterator[tuple[str, bool]]:
    """The claims that must hold at the end: sentence, and whether it is true."""
    content = {name: _sha256(os.path.join(place, "alice", DATASET, name)) for name in FILES}
    stored = set(_hashes_below(os.path.join(place, "shared")))
    for name in (BOOK, DATA):
        same = _sha256(os.path.join(place, "bob", DATASET, name)) == content[name] is not None
        yield f"{name} is the same at Bob's as at Alice's (SHA-256 {str(content[name])[:12]}...)", same
        yield f"{name} is in the share", content[name] in stored
    here = os.path.lexists(os.path.join(place, "bob", DATASET, WITHHELD))
    yield f"Bob sees that there is a {WITHHELD}", here
    yield f"{WITHHELD} has no content at Bob's", _sha256(os.path.join(place, "bob", DATASET, WITHHELD)) is None
    yield f"{WITHHELD} is not in the share", content[WITHHELD] is not None and content[WITHHELD] not in stored
    published = set(_hashes_below(os.path.join(place, "github")))
    yield "the stand-in for GitHub has no content", published.isdisjoint(content.values())


def differences(place: str) -> list[str]:
    """Print the comparisons; returns those that fail."""
    heading("\n=== Compared ===\n")
    found = list(comparisons(place))
    for sentence, holds in found:
        say(f"  {'ok   ' if holds else 'WRONG'} {sentence}")
    return [sentence for sentence, holds in found if not holds]


def _alice_makes_a_dataset(alice: Person) -> None:
    alice.sits_down()
    _introduce(alice)
    _say("She makes a dataset: a git repository in which git-annex looks after the files' content.")
    alice.types("datalad", "create", DATASET)
    alice.enters(DATASET)
    _say("She puts files into it: a book, a table, and a private diary. Then she saves them.")
    alice.copies("../Downloads")
    alice.types("datalad", "save", "-m", "A book, a table, a diary")


def _alice_shares_it(alice: Person, share: Share) -> None:
    _log_in(alice, share)
    _say(f"She says where her friends find the content: {share.what}. This line is what pyshare is for.")
    alice.types(
        *("git", "annex", "initremote", REMOTE, "type=external", "externaltype=pyshare"),
        *("encryption=none", "autoenable=true", f"url={share.url}"),
    )
    _say("What lies in private/ is to stay with her.")
    alice.types("git", "annex", "wanted", REMOTE, "exclude=private/*")


def _alice_publishes(alice: Person) -> None:
    _say("A bare repository stands in for GitHub: it takes names and history, and no content.")
    alice.types("git", "init", "--quiet", "--bare", f"../../github/{DATASET}.git")
    _say(f"Whenever she publishes there, datalad is to bring the content to {REMOTE} first.")
    alice.types(
        *("datalad", "siblings", "add", "-s", "github", "--url", f"../../github/{DATASET}.git"),
        *("--publish-depends", REMOTE),
    )
    _say("She publishes.")
    alice.types("datalad", "push", "--to", "github")


def _bob_gets_it(bob: Person, share: Share) -> None:
    bob.sits_down()
    _introduce(bob)
    _log_in(bob, share)
    _say(f"He clones what he found on 'GitHub'. It is small, and {REMOTE} is ready for use (autoenable=true).")
    bob.types("datalad", "clone", f"../github/{DATASET}.git")
    bob.enters(DATASET)
    _say("He gets the book, and then the folder with the table.")
    came_from = bob.types("datalad", "get", BOOK)
    bob.types("datalad", "get", os.path.dirname(DATA))
    if REMOTE not in came_from:
        raise PyshareError(f"{BOOK} did not come from {REMOTE}")
    _say("The diary was withheld, so this has to fail.")
    if bob.tries("datalad", "get", WITHHELD) == 0:
        raise PyshareError(f"Bob got {WITHHELD}, which was to stay with Alice")


def _introduce(person: Person) -> None:
    _say(f"{person.name} tells git who commits, once per computer.")
    person.types("git", "config", "--global", "user.name", person.name)
    person.types("git", "config", "--global", "user.email", f"{person.name.lower()}@example.org")


def _log_in(person: Person, share: Share) -> None:
    if password := share.passwords.get(person.name):
        with open(os.path.join(person.home, "password"), "w", encoding="utf-8") as file:
            file.write(f"{password}\n")
        _say(f"{person.name} logs in, once per server. Without the < the command would ask for the password.")
        person.answers("password", "pyshare", "login", "--user", person.name.lower(), share.url)


def _say(sentence: str) -> None:
    say(f"\n{sentence}")


def _lay_out(folder: str) -> None:
    for name, content in FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def _hashes_below(folder: str) -> Iterator[str | None]:
    for root, _, names in os.walk(folder):
        for name in names:
            yield _sha256(os.path.join(root, name))


def _sha256(path: str) -> str | None:
    """Digest of a file; None if there is none, or only a link to missing content."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except FileNotFoundError:
        return None
