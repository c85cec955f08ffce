r"""On Windows a path may name another machine (`\\machine\share`), and a look there logs in."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.folderkit import NAME, place_at, quiet, sources_in

from git_annex_remote_pyshare import errors
from git_annex_remote_pyshare.backends.directory.backend import DirectoryBackend
from git_annex_remote_pyshare.backends.directory.url import account_of, machine_of
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.store.store_config import store_config_of, trust_of
from git_annex_remote_pyshare.transfer import Sink, Source

EVIL = "//evil.example/share"


@pytest.mark.parametrize(
    ("path", "machine"),
    [
        (r"\\evil\share", "evil"),
        ("//evil/share", "evil"),
        (r"\/evil/share", "evil"),
        (r"\\?\UNC\evil\share", "evil"),
        (r"\\.\unc\evil\share", "evil"),
        (r"\??\UNC\evil\share", "evil"),
        (r"\\evil@SSL@443\dav", "evil@SSL@443"),
        (r"\\?\C:\share", "C:"),
        ("//", "?"),
        ("C:/share", ""),
        (r"C:\share", ""),
        ("/mnt/share", ""),
        (r"\share", ""),
    ],
)
def test_a_path_that_asks_another_machine_or_a_device_is_told_by_its_beginning(path: str, machine: str) -> None:
    assert machine_of(path) == machine


VERBS: list[Callable[[DirectoryBackend, Source, Sink], object]] = [
    lambda store, _source, _sink: store.stat(NAME),
    lambda store, _source, sink: store.get(NAME, sink, quiet),
    lambda store, source, _sink: store.put(NAME, source, quiet),
    lambda store, _source, _sink: store.delete(NAME),
    lambda store, _source, _sink: list(store.list()),
    lambda store, _source, _sink: store.quota(),
]


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The stores that anything was asked for, on a Windows."""
    asked: list[bytes] = []

    def at(path: bytes) -> None:
        asked.append(path)
        raise FileNotFoundError(path)

    monkeypatch.setattr(DirectoryBackend.folders, "at", at)
    monkeypatch.setattr(os, "name", "nt")
    return asked


def test_no_verb_asks_a_machine_that_a_strangers_settings_name(touched: list[bytes], tmp_path: Path) -> None:
    store = DirectoryBackend(place_at(EVIL)._replace(trusted=lambda: False))
    source, sink = sources_in(tmp_path)(b"12345"), Sink(os.fsencode(tmp_path / "sink"))

    for verb in VERBS:
        with pytest.raises(
            errors.PermissionDenied, match=r"another machine, evil\.example.*git annex verifyremote lab"
        ) as refused:
            verb(store, source, sink)
        assert "git config remote.lab.pyshare-host evil.example" in refused.value.remedy
    assert not store.available()
    assert touched == []


@pytest.mark.parametrize(
    ("config", "asked"),
    [
        ({}, []),
        ({"annex-verified": "automatic"}, []),
        ({"pyshare-host": "good.example"}, []),
        ({"pyshare-host": "evil.example"}, [EVIL.encode()]),
    ],
)
def test_a_machine_that_the_user_has_accepted_is_asked(
    touched: list[bytes], config: dict[str, str], asked: list[bytes]
) -> None:
    clone = LocalConfig(remote="lab")
    clone.__dict__["config"] = {f"remote.lab.{name}": value for name, value in config.items()}
    settings = parse({"url": EVIL.replace("evil", "EVIL")})
    store = DirectoryBackend(store_config_of(settings, trust_of(settings, clone), None))

    with pytest.raises(errors.PyshareError):
        store.stat(NAME)

    assert [path.lower() for path in touched] == asked


def test_elsewhere_such_a_path_is_one_of_this_machine(tmp_path: Path) -> None:
    assert account_of({"url": EVIL}).host == ""
    (tmp_path / "store").mkdir()
    store = DirectoryBackend(place_at(f"/{tmp_path}/store"))
    store.initialize()
    assert store.available()
