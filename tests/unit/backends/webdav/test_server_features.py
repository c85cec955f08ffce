"""Telling servers apart: by what they did for us, never by an error or by a name that a proxy may have put there."""

import pytest

from git_annex_remote_pyshare.backends.webdav.server_features import (
    ATOMIC,
    CLOUD,
    PLAIN,
    UNKNOWN,
    ServerFeatures,
    detect,
)

APACHE = {"Server": "Apache/2.4.71 (Debian)", "Content-Type": "text/html; charset=ISO-8859-1"}
NGINX = {"Server": "nginx/1.22.1", "Location": "http://127.0.0.1/a/KEY"}


@pytest.mark.parametrize(
    ("headers", "features"),
    [
        (APACHE, ATOMIC),
        (NGINX, ATOMIC),
        ({"Server": "lighttpd/1.4.69"}, ATOMIC),
        ({"Server": "rclone/v1.75.2"}, PLAIN),
        ({"Server": "Apache", "OC-FileId": "00000012oc"}, CLOUD),
        ({"Server": "nginx", "X-Powered-By": "PHP/8.2", "OC-ETag": '"x"'}, CLOUD),
    ],
)
def test_a_success_tells_the_server(headers: dict[str, str], features: ServerFeatures) -> None:
    assert detect(201, headers) == features


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Server": "Apache", "Content-Type": "text/html; charset=UTF-8"},
        {"Server": "nginx"},
        {**APACHE, "X-Powered-By": "PHP/8.2"},
        {**APACHE, "X-Sabre-Version": "4.6"},
        {"Server": "lighttpd", "X-Powered-By": "PHP/8.2"},
        {**NGINX, "Via": "1.1 somebody"},
        {"Server": "SomethingElse/1.0"},
    ],
    ids=str,
)
def test_php_and_proxies_are_not_taken_for_the_server_that_they_hide(headers: dict[str, str]) -> None:
    assert detect(201, headers) == UNKNOWN


@pytest.mark.parametrize("status", [200, 202, 207, 301, 400, 401, 404, 409, 500, 502])
def test_only_a_success_counts(status: int) -> None:
    assert detect(status, APACHE) == detect(status, {"OC-FileId": "1"}) == UNKNOWN


def test_nobody_is_trusted_before_that() -> None:
    assert not any((UNKNOWN.atomic, UNKNOWN.counts, UNKNOWN.hashes))
