"""Each command that the package tells its user to type is typed by a test, or the table says why no test can."""

import ast
import re
from collections.abc import Iterator

import pytest
from support.checkout import CHECKOUT
from support.remedies import TYPED, UNTYPED

PACKAGE = CHECKOUT / "git_annex_remote_pyshare"
NOT_READ = ("testing/", "cli/demo/", "cli/commands/demo.py", "cli/app.py")
"""Not for a user, or typed as a whole by tests/e2e/cli/test_demo.py and tests/unit/cli/test_app.py."""

OURS = "init|accept|publish|invite|rehearse|login|logout|whoami|info|share|verify|cleanup|restore|doctor|help"
COMMAND = re.compile(
    rf"(?:git annex [a-z]|git -c |git config (?!remote\.\S+ is )|pyshare (?:{OURS})\b|datalad [a-z][a-z-]* |mkdir )"
    r"(?:[^;,:()|…]|\.(?=\w))*"
)
PROGRAMS = {"git", "pyshare", "datalad", "mkdir"}
ENDS = re.compile(r"\. |\.$| and (?:type|enter)\b| instead\b|, | or (?:remove|make)\b| makes one| publishes it")


def skeleton(node: ast.AST) -> str:
    """A text with `{}` for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(skeleton(value) if isinstance(value, ast.Constant) else "{}" for value in node.values)
    return "{}"


def commands_in(text: str) -> Iterator[str]:
    """The commands in a text, each by its words."""
    for found in COMMAND.finditer(re.sub(r"\{\w*\}", "{}", text)):
        yield ENDS.split(" ".join(found[0].split()))[0].strip(" .'\"\\")


def texts(tree: ast.Module) -> Iterator[str]:
    """What may be printed: texts that are no docstring and no help, and words that are made one command."""
    left_out: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left_out.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            left_out.update(node.values)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"click.option", "Setting", "_s3", "Row"}:
            left_out.update(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"command", "Owned"}:
            yield " ".join(map(skeleton, node.args))
        elif isinstance(node, (ast.Tuple, ast.List)) and node.elts and skeleton(node.elts[0]) in PROGRAMS:
            yield " ".join(map(skeleton, node.elts))
        elif isinstance(node, (ast.Constant, ast.JoinedStr)) and node not in left_out:
            yield skeleton(node)


def inventory() -> dict[str, list[str]]:
    """Each command that is printed, and the modules that print it."""
    found: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(NOT_READ):
            for text in texts(ast.parse(path.read_text(encoding="utf-8"))):
                for each in commands_in(text):
                    found.setdefault(each, []).append(name)
    return found


def test_every_command_that_is_printed_is_in_the_table() -> None:
    found = inventory()
    missing = {each: found[each] for each in found.keys() - TYPED.keys() - UNTYPED.keys()}
    assert not missing, "type it in a test, and name that test in tests/support/remedies.py"
    assert not (TYPED.keys() | UNTYPED.keys()) - found.keys(), "no longer printed"
    assert not TYPED.keys() & UNTYPED.keys()


def test_for_what_is_not_typed_there_is_a_reason() -> None:
    assert all(len(reason) > 10 for reason in UNTYPED.values())


@pytest.mark.parametrize("test", sorted({test for tests in TYPED.values() for test in tests}))
def test_the_test_that_types_it_exists(test: str) -> None:
    path, _, name = test.partition("::")
    tree = ast.parse((CHECKOUT / "tests" / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_a_new_remedy_is_noticed() -> None:
    tree = ast.parse("""raise E("x", remedy=f"Type: git annex enableremote {name} chunk=1GiB.")\ncommand("mkdir", x)""")
    assert {each for text in texts(tree) for each in commands_in(text)} == {
        "git annex enableremote {} chunk=1GiB",
        "mkdir {}",
    }
