"""Transfers and logins trust alike, and complain alike about a file that cannot be used."""

from collections.abc import Callable
from pathlib import Path

import pytest

from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.credentials import web
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.transport.connection import Connections
from git_annex_remote_pyshare.transport.tls import Trust, context_of

URL = "https://127.0.0.1:1/"


def transfer() -> None:
    Connections(LocalConfig()).send("GET", URL, {})


def login() -> None:
    web.ask("GET", URL)


def sdk() -> None:
    web.session_of(web.Bearer())


@pytest.fixture(autouse=True)
def alone_with_the_system(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("opened", [transfer, login, sdk])
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_file_of_the_environment_that_cannot_be_read_is_named(
    opened: Callable[[], None], variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "absent.pem"))
    with pytest.raises(BadSetting, match=r"cannot use the certificates in .*absent\.pem: No such file"):
        opened()


def test_a_client_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    certificate = tmp_path / "me.pem"
    certificate.write_text("nothing")
    with pytest.raises(BadSetting, match=r"cannot use the certificates in .*me\.pem"):
        context_of(Trust(certificate=str(certificate)))
