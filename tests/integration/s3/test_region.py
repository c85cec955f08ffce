"""Regions, clocks and redirects on a scripted server: what the answers teach is learned once, for all jobs."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from support.fakes.s3 import ScriptedS3
from support.s3_answers import moved
from support.s3_gate import Login
from support.s3kit import backend, place_at, signed_region
from support.scripted import Play, Rule, Seen, answer, served

from git_annex_remote_pyshare.backends.base import StoreConfig
from git_annex_remote_pyshare.backends.registry import parse
from git_annex_remote_pyshare.backends.s3.backend import S3Backend
from git_annex_remote_pyshare.backends.s3.lazy import LazyS3
from git_annex_remote_pyshare.config.git_config import LocalConfig
from git_annex_remote_pyshare.errors import NotAStore, PermissionDenied, PyshareError, Unreachable
from git_annex_remote_pyshare.testing.files import Desk, body_of

KEY = "WORM-s7-m1--key"
STATUSES = [pytest.param(status, id=f"S3-9-{status}") for status in (400, 301, 307)]


@pytest.mark.parametrize("status", STATUSES)
def test_the_region_is_learned_from_the_first_answer(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, status: int
) -> None:
    scripted_s3.region, scripted_s3.elsewhere = "eu-central-1", status
    assert bucket.stat(KEY) is None
    desk.put(bucket, KEY, b"content")
    assert desk.get(bucket, KEY) == b"content"
    assert [signed_region(seen) for seen in scripted_s3.requests] == ["us-east-1"] + ["eu-central-1"] * 3


def test_a_server_that_tells_the_region_only_in_a_body_is_asked_for_one_s3_9(
    bucket: S3Backend, scripted_s3: ScriptedS3
) -> None:
    scripted_s3.region = "garage"
    scripted_s3.script(Rule("HEAD", answer(400)))
    assert bucket.stat(KEY) is None
    assert bucket.stat(KEY) is None
    assert scripted_s3.methods() == ["HEAD", "GET", "GET", "HEAD"]


def test_eight_jobs_learn_the_region_from_one_answer_s3_9(bucket: S3Backend, scripted_s3: ScriptedS3) -> None:
    scripted_s3.region = "eu-central-1"
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(bucket.stat, [f"key {number}" for number in range(16)])) == [None] * 16
    assert [signed_region(seen) for seen in scripted_s3.requests].count("us-east-1") == 1


def test_a_large_body_is_not_sent_to_a_wrong_region_s3_9(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk
) -> None:
    scripted_s3.region = "eu-central-1"
    for name in ("one", "two"):
        desk.put(bucket, name, body_of(2 << 20))
    assert scripted_s3.methods() == ["HEAD", "HEAD", "PUT", "PUT"]


def test_jobs_do_not_wait_one_after_the_other_for_a_server_that_is_silent(scripted_s3: ScriptedS3) -> None:
    asked = Barrier(7, timeout=20)

    def silent(seen: Seen) -> Play:
        if seen.path.endswith("first"):
            return Play(lost=True)
        asked.wait()  # all the others are here at once, or never
        return Play()

    scripted_s3.decide = silent
    store = backend(scripted_s3)
    with pytest.raises(Unreachable):
        store.stat("first")
    with ThreadPoolExecutor(7) as pool:
        assert list(pool.map(store.stat, [f"key {number}" for number in range(7)])) == [None] * 7


def test_no_answer_sends_a_login_to_another_of_amazons_clouds_s3_20(amazon: ScriptedS3) -> None:
    amazon.script(Rule("HEAD", moved("cn-north-1"), times=-1), Rule("GET", moved("cn-north-1"), times=-1))
    with pytest.raises(NotAStore, match="region=cn-north-1"):
        backend(amazon, endpoint="", protocol="http").stat(KEY)
    assert len(amazon.requests) == 1


def test_a_region_that_is_given_is_used_at_once(scripted_s3: ScriptedS3) -> None:
    scripted_s3.region = "eu-central-1"
    assert backend(scripted_s3, region="eu-central-1").stat(KEY) is None
    assert scripted_s3.methods() == ["HEAD"]


def test_a_server_that_sends_from_region_to_region_is_not_followed_for_ever_s3_9(
    bucket: S3Backend, scripted_s3: ScriptedS3
) -> None:
    scripted_s3.script(Rule("HEAD", moved("eu-west-1")), Rule("HEAD", moved("eu-west-2"), times=-1))
    with pytest.raises(PyshareError, match="another region"):
        bucket.stat(KEY)
    assert len(scripted_s3.requests) == 2


def test_amazons_server_of_the_right_region_is_asked_s3_9(amazon: ScriptedS3, desk: Desk) -> None:
    amazon.region, amazon.login = "eu-central-1", Login()
    store = backend(amazon, endpoint="", protocol="http")
    desk.put(store, KEY, b"content")
    assert [seen.headers["Host"] for seen in amazon.requests] == [
        "bucket.s3.amazonaws.com",
        "bucket.s3.eu-central-1.amazonaws.com",
    ]


@pytest.mark.parametrize("region", [pytest.param(name, id=f"S3-9-{name}") for name in ("garage", "us-east-1")])
def test_what_was_learned_goes_into_the_remotes_settings(scripted_s3: ScriptedS3, region: str) -> None:
    scripted_s3.region, scripted_s3.login = region, Login()
    assert S3Backend(place_at(scripted_s3)).initialize().settings == {"region": region}
    assert S3Backend(place_at(scripted_s3, region=region)).initialize().settings == {}
    assert S3Backend(place_at(scripted_s3, None)).initialize().settings == {}


@pytest.mark.parametrize("skew", [pytest.param(-3600, id="S3-11-behind"), pytest.param(86400, id="S3-11-ahead")])
def test_a_wrong_clock_is_corrected_once(bucket: S3Backend, scripted_s3: ScriptedS3, skew: int) -> None:
    scripted_s3.skew = skew
    assert [bucket.stat(KEY), bucket.stat(KEY)] == [None, None]
    assert scripted_s3.methods() == ["HEAD", "GET", "GET", "HEAD"]


def test_a_server_whose_own_date_is_of_no_use_makes_us_say_so_s3_11(bucket: S3Backend, scripted_s3: ScriptedS3) -> None:
    scripted_s3.skew = 86400
    scripted_s3.script(
        *(
            Rule(method, answer(403, b"<Error><Code>RequestTimeTooSkewed</Code></Error>"), times=-1)
            for method in ("HEAD", "GET")
        )
    )
    with pytest.raises(PermissionDenied, match="clock"):
        bucket.stat(KEY)


@pytest.mark.parametrize("status", [pytest.param(status, id=f"S3-20-{status}") for status in (301, 302, 307, 308)])
def test_nobody_else_is_shown_what_we_signed(
    bucket: S3Backend, scripted_s3: ScriptedS3, desk: Desk, status: int
) -> None:
    with served(ScriptedS3()) as elsewhere:
        play = answer(status, Location=f"{elsewhere.url}/bucket/key?X-Amz-Signature=5")
        scripted_s3.script(*(Rule(method, play, times=-1) for method in ("HEAD", "GET", "PUT", "DELETE")))
        reads = () if status == 302 else (lambda: desk.get(bucket, KEY),)  # test_redirected_reads.py
        for ask in (
            lambda: bucket.stat(KEY),
            *reads,
            lambda: desk.put(bucket, KEY, b"content"),
            lambda: bucket.delete(KEY),
        ):
            with pytest.raises(NotAStore, match=rf"sends us elsewhere: {elsewhere.url}/bucket/key \("):
                ask()
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("settings", "server"),
    [
        ({"url": "s3://bucket", "region": "eu-central-1"}, "https://bucket.s3.eu-central-1.amazonaws.com"),
        ({"url": "s3://bucket", "endpoint": "http://127.0.0.1:9000", "region": "garage"}, "http://127.0.0.1:9000"),
        ({"url": "s3://bucket"}, ""),
        ({"url": "s3://bucket", "region": "eu-central-1", "publicurl": "https://data.example.org"}, ""),
    ],
)
def test_jobs_connect_ahead_only_where_all_requests_go(settings: dict[str, str], server: str) -> None:
    assert LazyS3(StoreConfig(settings["url"], parse(settings), LocalConfig())).server == server
