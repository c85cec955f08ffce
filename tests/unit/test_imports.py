"""The shape of the house: which room may use which, how large a room is, and what is loaded before it is needed."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import git_annex_remote_pyshare

PACKAGE = git_annex_remote_pyshare.__name__
HOME = Path(git_annex_remote_pyshare.__file__).parent

GROUND = ("", "safe_text", "errors", "lock", "transfer", "settings", "clone", "credentials")
"""What all may use; "" is the package itself, with its version."""

_BACKENDS = ("backends", "backends.base", "backends.late", "backends.ownership", "backends.parts", "transport")
"""What all backends of services use."""

MAY_USE: Mapping[str, tuple[str, ...]] = {
    "": (),
    "safe_text": (),
    "errors": ("safe_text",),
    "lock": (),
    "keys": (),
    "transfer": ("errors",),
    "settings": ("safe_text", "errors"),
    "clone": ("safe_text", "errors"),
    "plan": ("safe_text", "errors", "transfer"),
    "reserve": ("errors", "transfer", "clone"),
    "branch": ("clone",),
    "drawer": (),
    "journal": ("drawer", "lock", "plan"),
    "notes": ("drawer", "transfer"),
    "transport.proxies": ("errors",),
    "transport.interim": (),
    "credentials": ("", "safe_text", "errors", "lock", "clone", "branch", "transport.proxies", "transport.interim"),
    "backends": (),
    "backends.base": GROUND,
    "backends.parts": (*GROUND, "plan", "backends.base"),
    "backends.ownership": (*GROUND, "backends.base"),
    "backends.registry": (*GROUND, "backends.base"),
    "backends.directory": (*GROUND, "backends", "backends.base", "backends.ownership"),
    "transport": (*GROUND, "transport.proxies", "transport.interim"),
    "backends.late": (*GROUND, "backends.base", "transport"),
    "backends.webdav": (*GROUND, "plan", *_BACKENDS),
    "backends.s3": (*GROUND, "plan", *_BACKENDS),
    "backends.dropbox": (*GROUND, "plan", *_BACKENDS),
    "layout": ("errors", "keys", "backends.base"),
    "layers.layer": (*GROUND, "backends.base"),
    "layers.pause": ("errors",),
    "layers.news": ("safe_text", "errors"),
    "layers.limit": (*GROUND, "backends.base", "layers.layer", "layers.pause"),
    "layers.retry": (*GROUND, "backends.base", "layers.layer", "layers.news", "layers.pause"),
    "layers.verify": (*GROUND, "backends.base", "layers.layer"),
    "layers.streams": (),
    "layers.crew": ("errors", "transfer", "plan", "layers.streams"),
    "layers.uploads": (
        *("errors", "transfer", "plan", "journal", "backends.base", "backends.parts"),
        *("layers.streams", "layers.crew"),
    ),
    "layers.resume": (
        *GROUND,
        *("journal", "notes", "backends.base", "backends.parts", "layers.layer", "layers.streams", "layers.uploads"),
    ),
    "layers.progress": (*GROUND, "backends.base", "layers.layer"),
    "layers": (),
    "store": (
        *("backends.base", "backends.registry"),
        *("layers.limit", "layers.retry", "layers.resume", "layers.verify", "layers.progress"),
    ),
    "testing": (*GROUND, "plan", "backends.base", "backends.parts"),
    "protocol": ("safe_text", "errors"),
    "place": (*GROUND, "backends", "backends.base", "backends.registry"),
    "session": (*GROUND, "place", "backends", "backends.base", "backends.registry", "store"),
    "remote_checks": (*GROUND, "", "branch", "layout", "place", "backends", "backends.registry", "session"),
    "initremote": (*GROUND, "place", "backends", "backends.base", "backends.registry", "session", "remote_checks"),
    "remote": (*GROUND, "backends.base", "keys", "layout", "reserve", "session", "initremote"),
    "cli": (
        *GROUND,
        "branch",
        "place",
        "backends",
        "backends.base",
        "backends.parts",
        "backends.registry",
        "backends.webdav",
        "backends.s3",
        "journal",
        "keys",
        "layout",
        "store",
    ),
    "__main__": ("protocol", "session", "remote", "cli"),
}
"""Room → rooms that it may use besides itself, in the order of the house, from the ground up."""

LONGEST = 400
"""Lines of a module."""

MODULES = {
    path.relative_to(HOME).with_suffix("").as_posix().replace("/", ".").removesuffix("__init__").rstrip("."): path
    for path in sorted(HOME.rglob("*.py"))
}


def room_of(module: str) -> str:
    """The room in the table that a module (named without the package) is in."""
    while module not in MAY_USE:
        module, dot, _ = module.rpartition(".")
        assert dot, f"{module} has no room"
    return module


def used_by(path: Path) -> Iterator[str]:
    """Our own modules that a file imports, at its top or later."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found = [_module(f"{node.module}", alias.name) for alias in node.names]
        else:
            continue
        yield from (name[len(PACKAGE) + 1 :] for name in found if f"{name}.".startswith(f"{PACKAGE}."))


def _module(source: str, name: str) -> str:
    """What `from source import name` loads: a module of that name, else `source`."""
    whole = f"{source}.{name}"
    return whole if whole.removeprefix(f"{PACKAGE}.") in MODULES else source


@pytest.mark.parametrize("module", MODULES)
def test_a_room_uses_only_what_the_picture_allows(module: str) -> None:
    room = room_of(module)
    used = {room_of(other) for other in used_by(MODULES[module])} - {room}
    assert used <= set(MAY_USE[room])


def test_arrows_run_one_way() -> None:
    rooms = list(MAY_USE)
    for number, (room, used) in enumerate(MAY_USE.items()):
        assert set(used) <= set(rooms[:number]), f"{room} would use a room above it"


def test_the_table_has_no_room_that_is_not_there() -> None:
    assert set(MAY_USE) <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_is_for_and_is_short(module: str) -> None:
    text = MODULES[module].read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= LONGEST


TOO_EARLY = frozenset(
    (
        *("urllib3", "requests", "http.client", "ssl", "socket", "tenacity", "keyring", "dropbox", "botocore", "click"),
        *("defusedxml", "xml", "subprocess", "truststore", "platformdirs", "importlib.metadata", "tempfile"),
    )
)
"""What nobody needs before the first request that goes to the store; each of these costs milliseconds."""


def loaded(command: list[str], answers: Mapping[str, str]) -> set[str]:
    """The modules that the program has loaded when it says PREPARE-SUCCESS, or when it ends."""
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(HOME.parent)},
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        for line in process.stdout:
            tag, request = _untagged(line.strip())
            if request.startswith("PREPARE-"):
                assert request == "PREPARE-SUCCESS"
                break
            if answer := answers.get(request) or (request.startswith("GET") and answers["GET"]):
                process.stdin.write("".join(f"{tag}{part}\n" for part in answer.splitlines()))
                process.stdin.flush()
        else:
            assert not answers
        process.kill()
        return {line.rpartition("|")[2].strip() for line in process.stderr if line.startswith("import time:")}


def _untagged(line: str) -> tuple[str, str]:
    """A line of ASYNC apart from its job's number."""
    if not line.startswith("J "):
        return "", line
    _, job, request = line.split(" ", 2)
    return f"J {job} ", request


@pytest.mark.parametrize(
    "url",
    [
        *("{folder}", "https://cloud.example.org/remote.php/dav/files/bob/annex", "s3://bucket/folder"),
        *("dropbox:/folder", "https://www.dropbox.com/scl/fo/abc/folder?rlkey=def"),
    ],
)
@pytest.mark.parametrize(
    ("offered", "begin"), [("INFO GETGITREMOTENAME", "PREPARE"), ("INFO GETGITREMOTENAME ASYNC", "J 1 PREPARE")]
)
def test_nothing_heavy_is_loaded_before_it_is_needed(tmp_path: Path, url: str, offered: str, begin: str) -> None:
    answers = {
        "VERSION 2": f"EXTENSIONS {offered}\n{begin}",
        "GETCONFIG url": f"VALUE {url.format(folder=tmp_path)}",
        "GET": "VALUE",
    }
    ours = loaded(["-m", PACKAGE], answers)
    assert f"{PACKAGE}.remote" in ours
    early = ours - loaded(["-c", "pass"], {})
    assert {name for name in early if not TOO_EARLY.isdisjoint(_and_parents(name))} == set()


def _and_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:number]) for number in range(1, len(parts) + 1)]
