"""Values of git config: what counts as a number, a size, a flag or an amount, and what is refused."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.config.options import Option
from git_annex_remote_pyshare.errors import BadSetting


def config_with(option: Option[Any], value: str) -> LocalConfig:
    made = LocalConfig(remote="cloud")
    made.__dict__["config"] = {f"remote.cloud.{option.name}": value}
    return made


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        (options.TIMEOUT, "2.5", 2.5),
        (options.BWLIMIT, "500k", 500 * 1024),
        (options.BWLIMIT, "2.5MiB/s", 2.5 * 1024**2),
        (options.BWLIMIT, "10MB/s", 10 * 1000**2),
        (options.INSECURE, "Yes", True),
        (options.INSECURE, "perhaps", False),
        (options.CA, "/etc/ca.pem", "/etc/ca.pem"),
    ],
)
def test_a_value_is_read_as_its_type(option: Option[Any], value: str, expected: object) -> None:
    assert config_with(option, value).get(option) == expected


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [
        (options.TIMEOUT, "soon", "a number above 0"),
        (options.TIMEOUT, "0", "a number above 0"),
        (options.CONNECTIONS, "nan", "a number above 0"),
        (options.PART_SIZE, "8 apples", "a size like 500KiB or 2.5MB"),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_command_that_removes_it(
    option: Option[Any], value: str, wanted: str
) -> None:
    with pytest.raises(BadSetting, match=f"git config remote.cloud.{option.name} is '{value}', not {wanted}") as caught:
        config_with(option, value).get(option)
    assert caught.value.remedy == f"Type: git config --unset remote.cloud.{option.name}"


def test_an_option_that_is_not_set_has_the_callers_default_or_its_own() -> None:
    assert LocalConfig().get(options.TIMEOUT) == options.TIMEOUT.default
    assert LocalConfig().get(options.TIMEOUT, 20.0) == 20.0
    assert LocalConfig().get(options.BWLIMIT) == math.inf


@pytest.mark.parametrize("parse", [options.number, options.size])
def test_no_text_is_no_number(parse: Callable[[str], float]) -> None:
    with pytest.raises(ValueError, match=r"a number above 0|a size like"):
        parse("")
