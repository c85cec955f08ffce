"""What `url=` may say for a folder, and what is typed instead of what it may not."""

import os
from pathlib import Path

import pytest

from git_annex_remote_pyshare.backends.directory.url import check, path_of
from git_annex_remote_pyshare.backends.registry import spec_of
from git_annex_remote_pyshare.errors import BadSetting

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the paths are those of POSIX")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/mnt/lab/share", "/mnt/lab/share"),
        ("/mnt/lab/share//", "/mnt/lab/share"),
        ("/", "/"),
        ("/mnt/100%/a b:c ", "/mnt/100%/a b:c "),
        ("/mnt/\udcff", "/mnt/\udcff"),
        ("file:///mnt/a%20b%25", "/mnt/a b%"),
        ("FILE:///mnt/a", "/mnt/a"),
        ("file://localhost/mnt", "/mnt"),
        ("file:/mnt", "/mnt"),
        ("file:///mnt/%FF\udcfe", "/mnt/\udcff\udcfe"),
        ("file:///mnt/grüße", "/mnt/grüße"),
    ],
)
def test_an_absolute_path_is_meant_as_it_stands_and_a_file_url_decoded(url: str, path: str) -> None:
    assert spec_of(url).name == "directory"
    assert path_of(url) == path


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("share", "Type instead: url={cwd}/share"),
        ("../share", "Type instead: url={parent}/share"),
        ("./~", "Type instead: 'url={cwd}/~'"),
        ("~/share", "Type instead: url={home}/share"),
        ("http//cloud.example.org/x", "Type instead: url=http://cloud.example.org/x"),
        ("https/cloud.example.org/a b", "Type instead: 'url=https://cloud.example.org/a b'"),
        ("cloud.example.org/remote.php/dav/files/a", "url=https://cloud.example.org/remote.php/dav/files/a"),
        ("cloud.example.org/s/T0k", "Type instead: url=https://cloud.example.org/s/T0k"),
        ("me@host:/path", "Type instead: type=rsync rsyncurl=me@host:/path in place of type=external"),
        ("data.d/s", "Type instead: url={cwd}/data.d/s"),
        ("C:\\share", "a Windows path"),
        ("C:/share", "a Windows path"),
        ("\\\\server\\share", "a Windows path"),
        ("file://server/share", "Type three slashes"),
        ("file:share", "Type three slashes"),
        ("file://", "Type three slashes"),
        ("file:///a%2", "Type %25 for each %"),
        ("file:///a%zz", "Type %25 for each %"),
        ("file:///a% 1", "Type %25 for each %"),
        ("file:///a%00b", "Give the path without %00"),
    ],
)
def test_anything_else_is_refused_with_what_to_type(
    url: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/bob")

    with pytest.raises(BadSetting) as caught:
        check({"url": url})

    assert told.format(cwd=tmp_path, parent=tmp_path.parent, home="/home/bob") in str(caught.value)
