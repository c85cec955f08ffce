"""Each way in which a command can end has its exit code, the same for all commands, and its JSON."""

import json
import re
from typing import Any

import click
import pytest
from support.checkout import CHECKOUT
from support.logins import Type
from support.schemas import FOLDER, schema_of

from git_annex_remote_pyshare import errors
from git_annex_remote_pyshare.cli import app
from git_annex_remote_pyshare.cli.ending import Exit
from git_annex_remote_pyshare.cli.steps import run_steps

PAGE = (CHECKOUT / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")

ENDS = (
    (errors.NotFound("it is not there"), 1),
    (errors.CommandFailed("git failed"), 1),
    (errors.PermissionDenied("it is not verified", remedy="Type: git annex verifyremote cloud"), 1),
    (errors.BadSetting("this is no remote", remedy="Type: pyshare login x"), 2),
    (errors.NotReached("there is no such host"), 2),
    (errors.NotAStore("it is a web page"), 2),
    (errors.Busy("it asks to wait"), 2),
    (errors.PermissionDenied("it needs a login", remedy="Type: pyshare login https://h"), 4),
    (errors.PermissionDenied("it expired", remedy="Type: aws sso login --profile x"), 4),
    (ValueError("what nobody foresaw"), 1),
    (KeyboardInterrupt(), 130),
)


def ending(monkeypatch: pytest.MonkeyPatch, error: BaseException | None) -> None:
    """Let each command end in this way as soon as it starts."""

    def invoke(_context: click.Context, callback: Any, *_args: Any, **_named: Any) -> Any:
        if error is None or getattr(callback, "name", "") == "pyshare" or callback is app.pyshare.callback:
            return None
        raise error

    monkeypatch.setattr(click.Context, "invoke", invoke)


def words_of(name: str) -> list[str]:
    """The least that the command takes."""
    command = app.pyshare.get_command(click.Context(app.pyshare), name)
    assert command
    given = {"shell": "bash"}
    arguments = [each for each in command.params if isinstance(each, click.Argument) and each.required]
    return [name, *(given.get(str(each.name), "x") for each in arguments)]


@pytest.mark.parametrize(("error", "code"), ENDS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("name", app.COMMANDS)
def test_each_command_ends_with_the_code_of_its_error(
    name: str, error: BaseException, code: int, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending(monkeypatch, error)
    done = typed(*words_of(name))
    assert done.code == code, done.err
    assert done.out == ""


@pytest.mark.parametrize("name", app.COMMANDS)
def test_each_command_ends_with_0_when_it_is_done_and_2_for_a_wrong_option(
    name: str, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typed(*words_of(name), "--nix").code == 2
    ending(monkeypatch, None)
    assert typed(*words_of(name)).code == 0


def with_json() -> list[str]:
    context = click.Context(app.pyshare)
    found = []
    for name in app.COMMANDS:
        command = app.pyshare.get_command(context, name)
        assert command
        if any("--json" in each.opts for each in command.params):
            found.append(name)
    return found


def test_every_command_that_reports_has_json() -> None:
    assert set(app.COMMANDS) - set(with_json()) <= {"demo", "completion", "help"}


@pytest.mark.parametrize("name", with_json())
def test_every_json_has_a_schema_and_a_line_in_the_page(name: str) -> None:
    schema_of(name)
    page = (CHECKOUT / "docs" / "reference" / "json.md").read_text(encoding="utf-8")
    assert f"| `pyshare {name}` | " in page
    assert f"[{name}.json](json/{name}.json)" in page


def test_there_is_no_schema_of_a_command_that_has_no_json() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(with_json())


@pytest.mark.parametrize(("error", "code"), ENDS[:-1], ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("name", with_json())
def test_an_error_is_one_json_object_too(
    name: str, error: Exception, code: int, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending(monkeypatch, error)
    done = typed(*words_of(name), "--json")
    said = json.loads(done.out)["error"]
    assert (done.code, said["code"]) == (code, code)
    schema_of(name).validate({"error": said})
    if isinstance(error, errors.PyshareError):
        assert (said["what"], said["remedy"]) == (error.what, error.remedy)
        assert done.err == f"pyshare: {error}\n"


@pytest.mark.parametrize("words", [("info", "--jsn", "--json"), ("nosuch", "--json"), ("verify", "--json")])
def test_wrong_words_are_answered_in_json_too(words: tuple[str, ...], typed: Type) -> None:
    done = typed(*words)
    said = json.loads(done.out)["error"]
    assert (done.code, said["code"]) == (2, 2)
    assert re.fullmatch(r"Type: pyshare( \w+)? --help", said["remedy"])
    assert typed(*said["remedy"].split()[2:]).code == 0


def test_ctrl_c_prints_no_json(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    ending(monkeypatch, KeyboardInterrupt())
    done = typed("info", "--json")
    assert (done.code, done.out) == (130, "")


def test_a_program_that_fails_is_a_failure_and_its_output_stays_out_of_json(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(click.Context, "invoke", lambda *_: run_steps([("git", "version"), ("git", "nosuch")]))
    assert app.run(["info", "--json"]) == 1
    assert "git version" not in capfd.readouterr().out


def test_the_page_names_each_code_and_each_command() -> None:
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)] == [int(code) for code in Exit]
    table = PAGE.partition("for each command")[2]
    for name in app.COMMANDS:
        assert re.search(rf"^\| .*`{name}`.* \| ", table, re.MULTILINE), name


def test_what_nobody_answered_is_a_failure_in_json_too(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    ending(monkeypatch, EOFError())
    done = typed("info", "--json")
    assert (done.code, json.loads(done.out)["error"]["what"]) == (1, "the input ended before everything was answered")
