"""The pages for developers name what there is: public names, and the edge cases that tests cover."""

import ast
import re
from importlib import import_module

import pytest
from support.checkout import CHECKOUT, TESTS

PAGES = CHECKOUT / "docs" / "develop"
PACKAGE = "git_annex_remote_pyshare"

_ID = re.compile(r"(?<![a-z0-9])(db|wd|pr|s3[_-])([0-9]+)(?![a-z0-9])")


def _public() -> dict[str, list[str]]:
    """The names that api.md lists below each module."""
    names: dict[str, list[str]] = {}
    module = ""
    for line in (PAGES / "api.md").read_text(encoding="utf-8").splitlines():
        if found := re.match(rf"`({PACKAGE}[\w.]+)`", line):
            module = found[1]
            names[module] = []
        elif line.startswith("- "):
            names[module] += re.findall(r"`(\w+)`", line)
    return names


def _cases() -> list[str]:
    return re.findall(r"(?m)^\| ([A-Z0-9]+-?[0-9]+) \|", (PAGES / "edge-cases.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", _public())
def test_the_page_lists_what_a_public_module_exports(module: str) -> None:
    listed = _public()[module]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(import_module(module).__all__)


def test_each_module_that_exports_names_is_on_the_page() -> None:
    exporting = set()
    for path in (CHECKOUT / PACKAGE).rglob("*.py"):
        if path.parent.parent.name == "backends":
            continue  # what a backend passes on among its own modules
        if re.search("(?m)^__all__ =", path.read_text(encoding="utf-8")):
            exporting.add(".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__"))
    assert exporting == set(_public())


def test_every_edge_case_in_the_name_of_a_test_is_in_the_list() -> None:
    cases = _cases()
    assert len(cases) == len(set(cases))
    used = set()
    conformance = CHECKOUT / PACKAGE / "testing" / "conformance"
    for path in (*TESTS.rglob("test_*.py"), *conformance.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and "test_" in node.name}
        used |= {match for name in names for match in _ID.findall(name.replace("_", " ").replace("s3 ", "s3-"))}
    for path in (CHECKOUT / "protocol_fixtures").glob("*.txt"):
        used |= set(_ID.findall(path.read_text(encoding="utf-8").splitlines()[0].lower()))
    assert used
    assert {f"{kind}{number}".replace("_", "-").upper() for kind, number in used} <= set(cases)
