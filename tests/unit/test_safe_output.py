"""Whatever comes in, no command and no error gives orders to a terminal, shows a secret, or unquotes what to paste."""

import ast
import shlex
import subprocess
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import annexremote
import click
import pytest
from support.checkout import CHECKOUT
from support.folderkit import established
from support.logins import Cloud, Type

from git_annex_remote_pyshare import errors
from git_annex_remote_pyshare.annex.protocol.job import Job
from git_annex_remote_pyshare.annex.protocol.writer import Writer
from git_annex_remote_pyshare.cli import app
from git_annex_remote_pyshare.credentials import stored as kept
from git_annex_remote_pyshare.credentials.credential import Credential
from git_annex_remote_pyshare.safe_text import command

ORDERS = "\x1b]0;title\x07\x1b[2J\x9b2J\u202e\u2066\u200f\u2028\r\x00\udc9b"
SHELL = "'; touch PWNED; $(touch PWNED) `touch PWNED` & | > \" #"
SECRET = "TOKSEKRET123"
PACKAGE = CHECKOUT / "git_annex_remote_pyshare"


def is_safe(text: str) -> bool:
    """Whether a terminal only shows it, on lines of our own."""
    return not {sign for sign in text if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}


def modules(*but: str) -> Iterator[tuple[str, ast.Module]]:
    """Each module's path in the package, and what is in it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(but):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


# One way out, one way to quote.

PRINTERS = {"echo", "secho", "print", "print_exception", "print_exc", "echo_via_pager"}


def test_commands_print_by_the_module_for_output_only() -> None:
    found = [
        f"cli/{name}:{node.lineno} {ast.unparse(node)}"
        for name, tree in modules("cli/output.py")
        if name.startswith("cli/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id in PRINTERS)
            or (isinstance(node.func, ast.Attribute) and node.func.attr in {*PRINTERS, "show"})
            or ast.unparse(node.func) in {"sys.stdout.write", "sys.stderr.write"}
        )
    ]
    assert found == []


def test_only_the_module_for_safe_text_quotes_for_a_shell() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules("safe_text.py", "cli/demo/", "backends/s3/aws_profile.py")
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and node.module == "shlex")
        or (isinstance(node, ast.Import) and any(alias.name == "shlex" for alias in node.names))
    ]
    assert found == []


# Every error.


CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.PyshareError)]
"""All of errors.py; what others make of one of them adds no way of its own to say something."""


def replies_to(error: BaseException, request: str) -> str:
    """What git-annex is sent where a remote fails so, the lines for --debug included."""

    class Remote:
        def prepare(self) -> None:
            raise error

        def __getattr__(self, _name: str) -> Callable[..., None]:
            return lambda *_words: self.prepare()

        @property
        def info(self) -> Mapping[str, str]:
            return {"url": str(error), "space": getattr(error, "what", "")}

    class Pipe:
        def __init__(self) -> None:
            self.sent = b""

        def write(self, data: memoryview) -> int:
            self.sent += bytes(data)
            return len(data)

    pipe: Any = Pipe()
    job = Job("", Writer(pipe), lambda annex: _greeting(annex, Remote(), error), ["INFO"])
    job.handle(request)
    return str(pipe.sent.decode("utf-8", "surrogateescape"))


def _greeting(annex: Any, remote: Any, error: BaseException) -> Any:
    annex.info(str(error))
    annex.debug(error)
    return remote


REQUESTS = (
    *("PREPARE", "INITREMOTE", "TRANSFER STORE K file", "TRANSFER RETRIEVE K file", "CHECKPRESENT K", "REMOVE K"),
    *("GETINFO", "WHEREIS K", "CHECKURL x", "EXPORTSUPPORTED"),
)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("request_", REQUESTS)
def test_no_error_gives_orders_wherever_it_is_shown(kind: type[errors.PyshareError], request_: str) -> None:
    error = kind(f"cannot store {ORDERS}", remedy=f"Type: {command('rm', ORDERS)}", detail=f"id {ORDERS}")
    with pytest.raises(kind) as raised, errors.tracing(f"PUT {ORDERS}\nREMOVE-SUCCESS K"):
        raise error
    for text in (str(raised.value), raised.value.trace, errors.unexpected(raised.value)):
        assert is_safe(text)
        assert "\n" not in text
    said = replies_to(raised.value, request_)
    assert is_safe(said)
    assert not any(line.startswith("REMOVE-SUCCESS") for line in said.splitlines())


@pytest.mark.parametrize("raised", [OSError(ORDERS), annexremote.RemoteError(ORDERS), KeyError(ORDERS), ValueError()])
@pytest.mark.parametrize("request_", REQUESTS)
def test_no_other_exception_gives_orders_to_the_reader_of_a_reply(raised: Exception, request_: str) -> None:
    assert is_safe(replies_to(raised, request_))


def test_a_remedy_that_is_made_of_words_stays_one_command(tmp_path: Path) -> None:
    error = errors.BadSetting("x", remedy=f"Type: {command('echo', SHELL)}")
    line = str(error).partition("Type: ")[2]
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shlex.split(line) == ["echo", SHELL]
    assert "PWNED" in done.stdout
    assert list(tmp_path.iterdir()) == []


# Every command.


def escaped(value: str) -> str:
    """A setting's value as git-annex writes it down."""
    return "".join(sign if sign.isalnum() else f"&{ord(sign)};" for sign in value)


@pytest.fixture
def dataset(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of a stranger's dataset, with its remote `store` and a file, and git-annex's log of where it is."""
    folder = tmp_path / "clone"
    store = tmp_path / "share"
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.setenv(name, "Mallory")
    for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "m@example.org")
    folder.mkdir()
    monkeypatch.chdir(folder)
    remotes = {"store": str(store), f"x{SHELL}": f"s3://b/{SHELL}", "dav": f"https://h.example.org/{SHELL}"}

    def git(*words: str, told: str = "") -> str:
        done = subprocess.run(["git", *words], input=told, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q", "-b", "main")
    log = ""
    for number, (name, url) in enumerate(remotes.items()):
        uuid = f"{number}1111111-2222-3333-4444-555555555555"
        for option, value in (("annex-externaltype", "pyshare"), ("annex-uuid", uuid), ("pyshare-made", "true")):
            git("config", f"remote.{name}.{option}", value)
        settings = {"name": name, "type": "external", "externaltype": "pyshare", "encryption": "none", "url": url}
        words = [
            f"{each}={''.join(f'&{ord(s)};' if not s.isalnum() else s for s in v)}" for each, v in settings.items()
        ]
        log += f"{uuid} {' '.join(words)} timestamp=1s\n"
    waiting = escaped(ORDERS.removesuffix("\x00\udc9b"))
    log += f"91111111-2222-3333-4444-555555555555 name=w{waiting} type=external externaltype=pyshare timestamp=1s\n"
    blob = git("hash-object", "-w", "--stdin", told=log)
    commit = git("commit-tree", git("mktree", told=f"100644 blob {blob}\tremote.log\n"), "-m", "x")
    git("update-ref", "refs/heads/git-annex", commit)
    git("config", "annex.uuid", "c10e")
    established(store)
    odd = store / "0"
    odd.mkdir(exist_ok=True)
    (odd / "x\x1b]0;title\x07\n\u202e").write_bytes(b"???")
    return folder


USES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "init": (
        ("x", "{odd}", "--dry-run"),
        ("{odd}", "https://h.example.org/{odd}", "--dry-run"),
        ("store", "--dry-run"),
        ("{shell}", "--dry-run", "--readers", "account"),
        ("new", "/tmp/{odd}", "--dry-run", "--set", "{odd}={odd}"),
        ("new", "{cloud}/{odd}", "--dry-run", "--folder", "{odd}", "--history", "{odd}"),
        ("new", "--service", "{odd}", "--yes"),
    ),
    "login": (
        ("{odd}",),
        ("https://h.example.org/{odd}", "--user", "{odd}:x"),
        ("https://h.example.org", "--app-key", "{odd}"),
        ("dropbox", "--no-browser", "--app-key", "{odd}"),
        ("s3://b/{odd}", "endpoint={odd}"),
        ("http://127.0.0.1:1/{odd}", "--user", "bob"),
        ("{cloud}", "--user", "{odd}"),
    ),
    "logout": (("{odd}",), ("https://h.example.org/{odd}",), ("s3://b", "endpoint={odd}")),
    "whoami": ((), ("--json",), ("{odd}",), ("--check",)),
    "info": ((), ("--json",), ("{odd}",), ("store",), ("store", "--json"), ("dav",), ("{shell}",)),
    "share": (("store",), ("{odd}",), ("dav",), ("{shell}",), ("store", "--expires", "{odd}")),
    "publish": (("store",), ("{odd}",), ("{shell}",), ("store", "{odd}", "--prefix", "{odd}", "--dry-run")),
    "invite": (("store", "--no-rehearsal"), ("{odd}",), ("{shell}",), ("store", "--file", "{odd}")),
    "rehearse": (("store",), ("{odd}",), ("{shell}",), ("https://{odd}",), ("pyshare1:{odd}",), ("annex::{odd}",)),
    "accept": (
        *((), ("--json",), ("{odd}",), ("--show", "https://h/{odd}"), ("--show", "/{shell}"), ("pyshare1:{odd}",)),
        *(("annex::{odd}",), ("/nowhere/{shell}", "--yes"), ("/nowhere", "{shell}", "--yes")),
        ("--host", "{odd}", "--get", "{odd}"),
    ),
    "restore": (("store",), ("{odd}",), ("store", "{odd}"), ("{shell}",)),
    "verify": (("store",), ("store", "--json"), ("{odd}",), ("store", "{odd}")),
    "cleanup": (("store",), ("{odd}",), ("dav",), ("store", "--older-than", "{odd}")),
    "doctor": (("store",), ("store", "--json"), ("{odd}",), ("{shell}",)),
    "demo": (("{odd}",), ("--{odd}",)),
    "completion": (("{odd}",), ("bash",), ("zsh",), ("fish",)),
    "help": (("{odd}",), ("login", "{odd}")),
}
"""How each command is typed; every one of the table must be here."""


def test_every_command_is_fed_here() -> None:
    assert set(USES) == set(app.COMMANDS)


@pytest.mark.parametrize("name", app.COMMANDS)
def test_no_command_gives_orders_shows_a_secret_or_prints_what_a_shell_would_run(
    name: str, typed: Type, dataset: Path, cloud: Cloud
) -> None:
    odd = ORDERS.replace("\x00", "") + SHELL
    login = Credential(f"bob{odd}", SECRET, "pyshare login")
    kept.keep("webdav", f"h.example.org/{ORDERS}", login)
    kept.keep("webdav", "h.example.org", login)
    kept.keep("s3", "amazonaws.com", login)
    for words in USES[name]:
        given = [word.format(odd=odd, shell=f"x{SHELL}", cloud=cloud.base) for word in words]
        done = typed(name, *given, pipe=f"{SECRET}\n{SECRET}\n".encode())
        said = done.out + done.err
        assert is_safe(said), ascii((given, said))
        assert SECRET not in said, ascii(given)
        assert "Traceback" not in said
        assert "failed unexpectedly" not in said, ascii((given, said))
        for line in pasted(said):
            subprocess.run(["bash", "-n", "-c", line], check=True, capture_output=True)
            assert "PWNED" not in unquoted(line), ascii((given, line))


BEGINNINGS = ("pyshare ", "git annex ", "git config ", "datalad ", "mkdir ")


def pasted(said: str) -> Iterator[str]:
    """The commands that a text says to type."""
    for line in said.splitlines():
        _, typed, rest = line.partition("ype: ")
        if typed and rest.startswith(BEGINNINGS):
            yield rest.partition(" (")[0]


def unquoted(line: str) -> str:
    """What a shell itself reads: the words outside of single and double quotes."""
    lexer = shlex.shlex(line, posix=False, punctuation_chars=True)
    lexer.whitespace_split = True
    return " ".join(
        word for word in lexer if not word.startswith(("'", '"', "-", "url=", "remote.")) and "'" not in word
    )


def test_what_click_itself_says_is_safe_too(typed: Type) -> None:
    odd = ORDERS.replace("\x00", "")
    for words in ((odd,), (f"--{odd}",), ("login",), ("login", "x", f"--{odd}"), ("cleanup", "x", "--older-than", odd)):
        done = typed(*words)
        assert done.code == 2
        assert "Usage: pyshare" in done.err
        assert is_safe(done.err)


def test_a_traceback_that_was_asked_for_is_safe_too(typed: Type, monkeypatch: pytest.MonkeyPatch, alone: Path) -> None:
    def fail(*_words: object) -> None:
        raise ValueError(ORDERS)

    monkeypatch.setenv("PYSHARE_DEBUG", "1")
    monkeypatch.setattr(click.Context, "invoke", fail)
    done = typed("whoami")
    assert "Traceback" in done.err
    assert is_safe(done.err)
