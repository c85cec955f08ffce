"""A folder that people edit (`importtree=yes`), with the real git-annex on every place."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.annex import Repository
from support.fault_proxy import faulty
from support.folder_people import People
from support.marks import LONG
from support.paused_import import Pause
from support.places import SharedPlace
from support.servers import Server

ON_EVERY_PLACE = pytest.mark.parametrize(
    "place", ["folder", pytest.param("apache", marks=LONG), pytest.param("moto", marks=LONG), "dropbox"], indirect=True
)

FILES = {
    "top.txt": b"top",
    "a/one.txt": b"one",
    "a/b/two words & more#?.txt": b"two",
    "a/ü/grüße.txt": b"three, and longer",
    "many/f1": b"first",
    "many/f2": b"second",
}


@pytest.fixture
def imported(repository: Repository, place: SharedPlace, people: People) -> Repository:
    """A repository that has imported the files once."""
    people.write_all(FILES)
    place.initremote(repository, {"importtree": "yes"})
    repository.annex("import", "main", "--from", "store")
    repository.git("merge", "-q", "--allow-unrelated-histories", "store/main")
    return repository


def fetched(repository: Repository) -> int:
    """Imports and merges; returns how many files were downloaded."""
    records = repository.json("import", "main", "--from", "store")
    repository.git("merge", "-q", "store/main")
    return sum(record["command"] == "import store" for record in records)


def tree_of(repository: Repository) -> dict[str, bytes]:
    """What the last commit has: name → content."""
    names = repository.git("-c", "core.quotePath=false", "ls-tree", "-r", "-z", "--name-only", "HEAD").stdout
    return {name: (repository.folder / name).read_bytes() for name in names.split("\0") if name}


@ON_EVERY_PLACE
def test_what_people_do_in_the_folder_arrives_in_git_and_only_new_content_is_fetched(
    imported: Repository, people: People
) -> None:
    assert tree_of(imported) == FILES
    assert fetched(imported) == 0

    people.write("a/one.txt", b"ONE")
    people.write("new/file", b"new")
    people.remove("many/f1")
    people.move("a/b/two words & more#?.txt", "moved.txt")
    came = fetched(imported)

    expected = {**FILES, "a/one.txt": b"ONE", "new/file": b"new"}
    del expected["many/f1"]
    expected["moved.txt"] = expected.pop("a/b/two words & more#?.txt")
    assert tree_of(imported) == expected
    assert came == 2


@ON_EVERY_PLACE
def test_an_edit_between_the_list_and_the_download_fails_and_never_counts_as_what_was_listed(
    imported: Repository, people: People
) -> None:
    pause = Pause(imported.home)
    people.write("a/one.txt", b"AAA")
    with ThreadPoolExecutor(1) as elsewhere:
        running = elsewhere.submit(imported.annex, "import", "main", "--from", "store", check=False)
        pause.wait()
        people.write("a/one.txt", b"BBB")
        pause.go_on()
        done = running.result()

    assert done.returncode == 1
    assert "a/one.txt changed since it was listed. Import again." in done.stdout + done.stderr
    people.write("a/one.txt", b"AAA")
    fetched(imported)
    assert tree_of(imported) == {**FILES, "a/one.txt": b"AAA"}


@pytest.mark.parametrize("place", ["apache"], indirect=True)
def test_a_list_that_fails_in_its_second_folder_removes_nothing_from_git(
    repository: Repository, people: People, place: SharedPlace, apache_server: Server
) -> None:
    people.write_all(FILES)
    with faulty(apache_server.url.removeprefix("http://")) as proxy:
        url = place.settings["url"].replace(apache_server.url, proxy.url)
        place._replace(settings={"url": url}).initremote(repository, {"importtree": "yes"})
        repository.annex("import", "main", "--from", "store")
        before = repository.git("rev-parse", "store/main").stdout
        proxy.requests.clear()
        proxy.fail("PROPFIND ok; 500x PROPFIND 403")

        done = repository.annex("import", "main", "--from", "store", check=False)

        assert done.returncode == 1
        assert "Unable to list contents of store" in done.stderr
        assert len([seen for seen in proxy.requests if seen.method == "PROPFIND"]) == 2
    assert repository.git("rev-parse", "store/main").stdout == before


@pytest.mark.parametrize("place", ["folder", "moto"], indirect=True)
def test_a_later_get_delivers_what_was_imported_or_says_that_it_changed(imported: Repository, people: People) -> None:
    imported.annex("drop", "--force", "a/one.txt", "top.txt")
    people.write("top.txt", b"TOP")

    imported.annex("get", "a/one.txt")
    done = imported.annex("get", "top.txt", check=False)

    assert (imported.folder / "a/one.txt").read_bytes() == b"one"
    assert done.returncode == 1
    assert "top.txt changed since it was listed. Import again." in done.stdout + done.stderr
    imported.annex("fsck", "--fast", "--from", "store", "a/one.txt")


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_an_empty_folder_removes_nothing_from_git_until_the_user_types_what_is_printed(
    imported: Repository, people: People
) -> None:
    for name in FILES:
        people.remove(name)
    for _ in range(2):
        done = imported.annex("import", "main", "--from", "store", check=False)
        assert done.returncode == 1
    (typed,) = re.findall("removed all files, type: (.*), and import again", done.stdout + done.stderr)
    assert tree_of(imported) == FILES

    imported.home.run("sh", "-c", typed, cwd=imported.folder)
    fetched(imported)

    assert tree_of(imported) == {}
    assert fetched(imported) == 0
    people.write("new", b"new")
    fetched(imported)
    people.remove("new")
    assert imported.annex("import", "main", "--from", "store", check=False).returncode == 1


@pytest.mark.parametrize("place", ["folder"], indirect=True)
def test_odd_names_arrive_and_what_git_cannot_hold_is_left_out_with_one_line(
    repository: Repository, people: People, place: SharedPlace
) -> None:
    odd = {"trail ": b"1", " lead": b"2", "back\\slash": b"3", "tab\tx": b"4", "not utf-8 \udcff": b"5", "\r": b"6"}
    people.write_all({**odd, "line\nbreak": b"-", "sub/.git/config": b"-", "below\n/file": b"-"})
    place.initremote(repository, {"importtree": "yes"})

    done = repository.annex("import", "main", "--from", "store")

    told = done.stdout + done.stderr
    assert told.count("not imported: ") == 1
    assert "1 named .git or below a folder of that name, 2 with a line break in the name" in told
    repository.git("merge", "-q", "--allow-unrelated-histories", "store/main")
    files = [path for path in repository.folder.iterdir() if path.name != ".git"]
    assert {path.name: path.read_bytes() for path in files} == odd
