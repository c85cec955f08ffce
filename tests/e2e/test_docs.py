"""The documentation tells the truth, as far as a program can tell."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from support.annex import Home, Repository
from support.checkout import CHECKOUT
from support.generated_pages import GENERATED

from git_annex_remote_pyshare.annex.layout import name_of
from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.backends.registry import all_settings, built_in, parse
from git_annex_remote_pyshare.cli.app import COMMANDS, pyshare
from git_annex_remote_pyshare.cli.commands.demo import FAREWELL, demo
from git_annex_remote_pyshare.cli.demo.story import REMOTE
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.settings import LAYOUTS

PACKAGE = CHECKOUT / "git_annex_remote_pyshare"
PAGES = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")])
SOURCES = sorted(PACKAGE.rglob("*.py"))

OF_GIT_ANNEX = {
    "Cannot run git-annex-remote-pyshare -- It is not installed in PATH",
    "git-annex: Unexpected parameters",
    "Write prevented due to an unverified special remote",
    "Push prevented due to an unverified special remote",
    "This special remote cannot be used since it's not verified",
    '`get` says "not available"',
    "No git repository found in this remote",
}
"""What troubleshooting.md quotes from git-annex."""

OTHER_SETTINGS = {"type", "externaltype", "encryption", "autoenable", "chunk", "exporttree"}
"""What the pages' commands use of git-annex's own."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@every_page
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        assert not heading or heading in set(_anchors(linked)), target


GLOBAL = {text for parameter in pyshare.params for text in parameter.opts}
"""Options that stand before any command."""


@every_page
def test_commands_and_options_of_pyshare_that_are_named_exist(page: Path) -> None:
    for words in _commands(_code(page), "pyshare"):
        wanted = list(dropwhile(GLOBAL.__contains__, words.split()))
        if not wanted:
            continue
        name, *rest = wanted
        command = pyshare.get_command(click.Context(pyshare), name)
        assert command, words
        known = {text for parameter in command.params for text in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= known, words


@every_page
def test_settings_given_to_initremote_and_enableremote_exist(page: Path) -> None:
    _check_settings(_code(page))


def test_the_demo_of_the_readme_runs_pyshare_demo() -> None:
    assert _line_after("demo").endswith("&& .venv-demo/bin/pyshare demo")


def test_ci_takes_its_test_command_from_the_readme() -> None:
    script = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    extract = next(line for line in script.splitlines() if line.strip().startswith("awk "))
    shell = f"set -- tests\n{extract}\n"
    taken = subprocess.run(["bash", "-c", shell], cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    assert "command=$(command_of_readme tests)" in script
    assert taken.strip() == _line_after("tests")


@pytest.mark.parametrize(("marker", "extra"), [("demo", "demo"), ("tests", "test")])
def test_the_commands_for_a_fresh_machine_set_up_an_environment_of_their_own(marker: str, extra: str) -> None:
    make, install, run = (part.strip() for part in _line_after(marker).split("&&"))
    folder = make.split()[-1]
    assert make == f"python3 -m venv --without-pip {folder}"
    assert re.fullmatch(rf"python3 -m pip --python {re.escape(folder)} install -q (-e )?'\.\[{extra}\]'", install)
    assert run.startswith(f"{folder}/bin/")
    ignored = subprocess.run(["git", "check-ignore", "-q", f"{folder}/"], cwd=CHECKOUT, check=False)
    assert ignored.returncode == 0


def test_the_demos_last_words_name_settings_and_options_that_exist() -> None:
    _check_settings(FAREWELL.format(remote=REMOTE))
    options = {text for parameter in demo.params for text in parameter.opts}
    assert options == {"--webdav", "--keep"}


def test_the_table_of_settings_is_the_declared_one() -> None:
    wanted = [
        f"| `{setting.name}` | {setting.help} | {f'`{setting.default}` ' if setting.default else ''}|"
        for setting in all_settings()
    ]
    assert _table("reference/settings.md", "setting") == wanted


@pytest.mark.parametrize("page", GENERATED, ids=lambda page: page.name)
def test_a_page_that_is_made_from_the_code_is_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == GENERATED[page](text), "type: cd tests && python -m support.generated_pages"


def test_only_options_that_are_declared_are_read() -> None:
    declared = {value.name: name for name, value in vars(options).items() if isinstance(value, options.Option)}
    assert set(declared) == {option.name for option in (*options.OF_REMOTE, *options.OF_GIT_ANNEX)}
    used = set()
    for source in SOURCES:
        if source.name == "options.py":
            continue
        tree = ast.parse(source.read_text(encoding="utf-8"))
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert not texts & set(declared), source
        used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert set(declared.values()) <= used


def test_every_variable_that_holds_a_login_is_in_the_table() -> None:
    named = set(re.findall(r"`(\w+)`", "".join(_table("reference/settings.md", "variable"))))
    assert {name for spec in built_in() for name in spec.variables.names} <= named


def test_every_layout_is_in_the_table_with_the_name_of_the_example() -> None:
    page = (CHECKOUT / "docs" / "reference" / "layouts.md").read_text(encoding="utf-8")
    key = re.findall("`(MD5-s5--[0-9a-f]{32})`", page)[0]
    rows = [re.findall("`([^`]+)`", row)[:2] for row in _table("reference/layouts.md", "layout")]
    assert [(layout, name.replace("KEY", key)) for layout, name in rows] == [
        (layout, name_of(layout, key)) for layout in LAYOUTS
    ]


def test_a_folder_of_git_annexs_own_remote_is_taken_over_as_the_page_says(
    repository: Repository, tmp_path: Path
) -> None:
    repository.add({"theirs": b"stored by git-annex"})
    (tmp_path / "annex").mkdir()
    repository.annex("initremote", "cloud", "type=directory", "encryption=none", f"directory={tmp_path / 'annex'}")
    repository.annex("copy", "--to", "cloud")
    repository.annex(
        *("initremote", "cloud-pyshare", "--sameas=cloud", "type=external", "externaltype=pyshare"),
        *("layout=annex-directory", f"url={tmp_path / 'annex'}"),
    )
    repository.annex("enableremote", "cloud-pyshare")
    repository.add({"ours": b"stored by us"})
    repository.annex("copy", "--to", "cloud-pyshare")
    repository.annex("fsck", "--from", "cloud-pyshare")
    repository.annex("fsck", "--from", "cloud")


def test_a_friend_with_the_folder_at_another_path_gets_from_there_as_the_page_says(
    repository: Repository, bob: Home, tmp_path: Path
) -> None:
    repository.add({"book": b"content"})
    repository.initremote(str(tmp_path / "lab"), name="lab")
    repository.annex("copy", "--to", "lab")
    (tmp_path / "lab").rename(tmp_path / "elsewhere")
    bob.run("git", "clone", "-q", str(repository.folder), "clone", cwd=bob.folder)
    clone = Repository(bob, bob.folder / "clone")
    clone.annex("init", "-q")
    clone.annex(
        *("initremote", "lab-here", "--sameas=lab", "type=external", "externaltype=pyshare"),
        f"url={tmp_path / 'elsewhere'}",
    )
    clone.annex("get", "--from", "lab-here", "book")
    assert (clone.folder / "book").read_bytes() == b"content"


def test_error_texts_that_are_explained_are_ours_or_git_annexs() -> None:
    ours = " ".join(_texts())
    quoted = re.findall(
        "(?m)^> (.+)$", (CHECKOUT / "docs" / "guide" / "troubleshooting.md").read_text(encoding="utf-8")
    )
    assert set(quoted) >= OF_GIT_ANNEX
    for text in set(quoted) - OF_GIT_ANNEX:
        for part in text.split("…"):
            assert part.strip() in ours, text


def test_every_command_is_in_the_help() -> None:
    shown = CliRunner().invoke(pyshare, ["--help"]).output
    assert all(re.search(rf"(?m)^  {name}\b", shown) for name in COMMANDS)


def test_every_change_has_a_version() -> None:
    from git_annex_remote_pyshare import __version__

    assert f"\n## {__version__}\n" in (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_fragments_make_the_next_entry_of_the_changelog() -> None:
    draft = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "next"],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    fragments = [path for path in (CHECKOUT / "changes.d").glob("*.md") if path.name != "template.md"]
    assert {path.name.split(".")[1] for path in fragments} <= {"security", "added", "changed", "fixed"}
    shown = set(draft.splitlines())
    for path in fragments:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert all(line.startswith("- ") for line in lines), path.name
        assert set(lines) <= shown, path.name
    assert "## next" in shown


def test_the_pages_name_packages_that_exist() -> None:
    for row in _table("develop/design.md", "package"):
        for name in re.findall(r"`([\w./]+)`", row.split("|")[1]):
            assert (PACKAGE / name).exists(), name


def test_the_lint_that_ci_runs_is_that_of_pre_commit() -> None:
    assert "pre-commit run --all-files" in (CHECKOUT / ".ci" / "run").read_text()
    hooks = re.findall("entry: (.*)", (CHECKOUT / ".pre-commit-config.yaml").read_text())
    assert hooks == ["ruff check", "ruff format --check", "mypy", "lint-imports"]


def test_a_person_who_starts_the_module_reads_the_same_help() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "git_annex_remote_pyshare", "--help"], check=True, capture_output=True, text=True
    )
    assert all(name in done.stdout for name in COMMANDS)


def _line_after(marker: str) -> str:
    """The one command in the README's block behind `<!-- marker -->`."""
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    found: list[str] = re.findall(rf"<!-- {marker} -->\n```sh\n(.*)\n```\n", text)
    return found[0]


def _table(page: str, first: str) -> list[str]:
    """The rows of the table whose first column has this heading."""
    text = (CHECKOUT / "docs" / page).read_text(encoding="utf-8")
    body = text.partition(f"\n| {first} |")[2].partition("\n\n")[0]
    return body.splitlines()[2:]


def _anchors(page: Path) -> Iterator[str]:
    """The headings as GitHub makes anchors of them."""
    for heading in re.findall("(?m)^#+ (.*)$", page.read_text(encoding="utf-8")):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _code(page: Path) -> str:
    """Code blocks, and code inside of sentences."""
    text = page.read_text(encoding="utf-8")
    blocks = (re.sub(r" \\\n +", " ", block) for block in re.findall(r"(?s)```sh\n(.*?)```", text))
    return "\n".join([*blocks, *re.findall("`([^`\n]+)`", text)])


def _commands(code: str, *beginnings: str) -> Iterator[str]:
    """What follows a program's name."""
    for line in code.splitlines():
        for beginning in beginnings:
            if found := re.match(rf"(?:.*/bin/)?{beginning} ([^<&…]+)", line.strip()):
                yield found[1]


def _check_settings(code: str) -> None:
    ours = {setting.name for setting in all_settings()}
    for words in _commands(code, "git annex initremote", "git annex enableremote"):
        values = dict(word.split("=", 1) for word in words.split() if "=" in word and not word.startswith("-"))
        assert set(values) <= ours | OTHER_SETTINGS, words
        if values.get("url", "...") != "...":
            registry.check(parse({name: value for name, value in values.items() if name in ours}))


def _texts() -> Iterator[str]:
    """All text of the package's expressions; what is put in at run time is a gap."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "\0".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
