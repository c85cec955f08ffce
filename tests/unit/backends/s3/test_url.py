"""Addresses of S3 stores: which server, bucket and folder the settings mean, and whose login may go there."""

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_annex_remote_pyshare.backends.base import encode_name
from git_annex_remote_pyshare.backends.registry import all_settings
from git_annex_remote_pyshare.backends.s3.url import Address, account_of, address_of, check, settings_of_address
from git_annex_remote_pyshare.errors import BadName, BadSetting

OWN = "https://s3.example.org"


def settings(url: str = "s3://bucket", **given: str) -> dict[str, str]:
    return {**{setting.name: "" for setting in all_settings()}, "url": url, **given}


def address(url: str = "s3://bucket", **given: str) -> Address:
    return address_of(settings(url, **given))


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://bucket.s3.amazonaws.com/KEY"),
        ({"region": "eu-central-1"}, "https://bucket.s3.eu-central-1.amazonaws.com/KEY"),
        ({"region": "cn-north-1"}, "https://bucket.s3.cn-north-1.amazonaws.com.cn/KEY"),
        ({"region": "us-gov-west-1"}, "https://bucket.s3.us-gov-west-1.amazonaws.com/KEY"),
        ({"region": "eusc-de-east-1"}, "https://bucket.s3.eusc-de-east-1.amazonaws.eu/KEY"),
        ({"url": "S3://bucket/some/folder/"}, "https://bucket.s3.amazonaws.com/some/folder/KEY"),
        ({"fileprefix": "/pre//fix-"}, "https://bucket.s3.amazonaws.com//pre//fix-KEY"),
        ({"addressing": "path"}, "https://s3.amazonaws.com/bucket/KEY"),
        ({"requeststyle": "path"}, "https://s3.amazonaws.com/bucket/KEY"),
        (
            {"endpoint": "https://s3.dualstack.eu-west-1.amazonaws.com/"},
            "https://bucket.s3.dualstack.eu-west-1.amazonaws.com/KEY",
        ),
        ({"endpoint": OWN}, f"{OWN}/bucket/KEY"),
        ({"endpoint": "HTTPS://S3.Example.org:443"}, f"{OWN}/bucket/KEY"),
        ({"endpoint": "http://[::1]:9000/"}, "http://[::1]:9000/bucket/KEY"),
        ({"endpoint": "http://127.0.0.1:80"}, "http://127.0.0.1/bucket/KEY"),
        ({"endpoint": OWN, "addressing": "virtual"}, "https://bucket.s3.example.org/KEY"),
        pytest.param({"url": "s3://my.bucket"}, "https://s3.amazonaws.com/my.bucket/KEY", id="S3-12-dot"),
        pytest.param({"url": "s3://MyBucket"}, "https://s3.amazonaws.com/MyBucket/KEY", id="S3-12-capitals"),
        pytest.param({"url": "s3://my_bucket"}, "https://s3.amazonaws.com/my_bucket/KEY", id="S3-12-underscore"),
        pytest.param(
            {"url": "s3://tenant:bucket/x", "endpoint": OWN}, f"{OWN}/tenant%3Abucket/x/KEY", id="S3-30-tenant"
        ),
    ],
)
def test_settings_lead_to_an_object(given: dict[str, str], url: str) -> None:
    assert address(**given).url_of("KEY") == url


@pytest.mark.parametrize(
    ("given", "origin", "region"),
    [
        ({}, "https://s3.amazonaws.com", ""),
        (
            {"host": "s3.amazonaws.com", "port": "80", "datacenter": "US"},
            "https://s3.us-east-1.amazonaws.com",
            "us-east-1",
        ),
        ({"host": "s3.amazonaws.com", "datacenter": "EU"}, "https://s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ({"datacenter": "ap-southeast-2"}, "https://s3.ap-southeast-2.amazonaws.com", "ap-southeast-2"),
        ({"datacenter": "US", "region": "eu-west-1"}, "https://s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ({"protocol": "http"}, "http://s3.amazonaws.com", ""),
        ({"host": "s3-eu-west-1.amazonaws.com", "datacenter": "US"}, "https://s3-eu-west-1.amazonaws.com", "eu-west-1"),
        ({"host": "minio", "port": "9000"}, "http://minio:9000", ""),
        ({"host": "minio"}, "http://minio", ""),
        ({"host": "minio", "port": "443"}, "https://minio", ""),
        ({"host": "minio", "protocol": "https"}, "https://minio", ""),
        ({"host": "minio", "protocol": "https", "port": "9000"}, "https://minio:9000", ""),
        ({"host": "minio", "datacenter": "US", "region": "garage"}, "http://minio", "garage"),
    ],
)
def test_the_words_of_git_annexs_own_remote_are_understood(given: dict[str, str], origin: str, region: str) -> None:
    server = address(**given).server
    assert (server.origin, server.region) == (origin, region)


def test_a_bucket_is_put_into_lower_case_where_git_annexs_own_remote_does_it() -> None:
    assert address("s3://My-Bucket", bucket="My-Bucket").bucket == "my-bucket"


@pytest.mark.parametrize(
    ("before", "told", "after"),
    [
        pytest.param({}, "eu-west-1", "https://bucket.s3.eu-west-1.amazonaws.com", id="S3-9-unknown"),
        pytest.param(
            {"region": "us-east-1"}, "eu-west-1", "https://bucket.s3.eu-west-1.amazonaws.com", id="S3-9-wrong"
        ),
        pytest.param(
            {"endpoint": "https://s3-accelerate.amazonaws.com"},
            "eu-west-1",
            "https://bucket.s3-accelerate.amazonaws.com",
            id="S3-9-accelerated",
        ),
        pytest.param(
            {"endpoint": OWN, "addressing": "virtual"}, "garage", "https://bucket.s3.example.org", id="S3-9-own"
        ),
    ],
)
def test_a_region_is_learnt_from_an_answer_s3_9(before: dict[str, str], told: str, after: str) -> None:
    learnt = address(**before).in_region(told)
    assert (learnt.region, f"https://{learnt.host}") == (told, after)


@pytest.mark.parametrize("told", ["", "evil.example.org/", "x@evil.example.org", "eu-west-1.evil.org", "eu west"])
@pytest.mark.parametrize("given", [{}, {"endpoint": OWN}])
def test_no_answer_can_lead_us_elsewhere_s3_20(given: dict[str, str], told: str) -> None:
    assert address(**given).in_region(told) == address(**given)


def test_where_nothing_tells_the_region_the_first_one_is_tried_s3_9() -> None:
    assert (address().region, address(endpoint=OWN).region) == ("us-east-1", "us-east-1")


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://s3.amazonaws.com",
        "https://s3.eu-central-1.amazonaws.com",
        "https://s3-eu-west-1.amazonaws.com",
        "https://s3-fips.dualstack.us-gov-west-1.amazonaws.com",
        "https://s3-accelerate.amazonaws.com",
        "",
    ],
)
def test_one_login_is_for_all_of_amazon(endpoint: str) -> None:
    account = account_of(settings("s3://any-bucket", endpoint=endpoint))
    assert (account.name, account.ambient) == ("amazonaws.com", True)
    assert account.words == ("s3://any-bucket",)


def test_china_is_a_cloud_of_its_own() -> None:
    account = account_of(settings(endpoint="https://s3.cn-north-1.amazonaws.com.cn"))
    assert account == account_of(settings(region="cn-north-1"))
    assert (account.name, account.words) == ("amazonaws.com.cn", ("s3://bucket", "region=cn-north-1"))


@pytest.mark.parametrize(
    "host",
    [
        "amazonaws.com.evil.org",
        "s3.amazonaws.com.evil.org",
        "s3.amazonaws.com.cn.evil.org",
        "s3.us-east-1.amazonaws.com.evil.org",
        "evil-s3.amazonaws.com",
        "s3amazonaws.com",
        "s3.evil.amazonaws.com",
        "ec2-198-51-100-7.compute-1.amazonaws.com",
        "evil.execute-api.us-east-1.amazonaws.com",
        "evil.elb.us-east-1.amazonaws.com",
        "bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com",
        "s3.us-east-1..amazonaws.com",
        ".s3.us-east-1.amazonaws.com.",
        "s3.amazonaws.com:8443",
        "s3-website-us-east-1.amazonaws.com",
    ],
)
def test_a_host_that_looks_like_amazons_gets_none_of_its_logins_s3_20(host: str) -> None:
    account = account_of(settings(endpoint=f"https://{host}"))
    assert (account.name, account.ambient) == (host, False)


def test_a_login_elsewhere_is_bound_to_host_and_port() -> None:
    account = account_of(settings("s3://bucket/folder", endpoint="http://Minio.example.org:80"))
    assert (account.name, account.ambient) == ("http://minio.example.org:80", False)
    assert account.words == ("s3://bucket/folder", "endpoint=http://minio.example.org")


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ({"endpoint": "s3.example.org"}, "endpoint=https://s3.example.org"),
        ({"endpoint": "s3.example.org:9000/bucket"}, "endpoint=https://s3.example.org:9000"),
        ({"endpoint": "s3://s3.example.org"}, "endpoint=https://s3.example.org"),
        ({"endpoint": f"{OWN}/bucket/folder"}, f"endpoint={OWN}"),
        ({"endpoint": "https://s3.example.org:99999"}, f"endpoint={OWN}"),
        ({"endpoint": "https://me:hush@s3.example.org"}, "pyshare login"),
        ({"endpoint": "https://hush/hush@s3.example.org"}, "pyshare login"),
        ({"endpoint": "https://büro.example.org"}, f"endpoint={OWN}"),
        ({"endpoint": "https://bucket.s3.eu-west-1.amazonaws.com"}, "endpoint=https://s3.eu-west-1.amazonaws.com"),
        ({"endpoint": OWN, "host": "minio"}, "Leave host= out"),
        ({"endpoint": OWN, "port": "80"}, "Leave port= out"),
        ({"host": "https://hush@minio"}, "endpoint=https://HOST:PORT"),
        ({"host": "minio:9000"}, "endpoint=https://HOST:PORT"),
        ({"region": "garage"}, "endpoint=https://HOST"),
        ({"region": "x.evil.org/"}, "endpoint=https://HOST"),
        ({"datacenter": "Mars"}, "region=eu-central-1"),
        ({"endpoint": "https://s3.eu-west-1.amazonaws.com", "region": "us-east-1"}, "region=eu-west-1"),
        ({"url": "s3://bucket/x", "fileprefix": "y/"}, "url=s3://bucket"),
        ({"url": "s3://bucket/a//b"}, "Write the path out."),
        ({"url": "s3://bucket/../b"}, "Write the path out."),
        ({"fileprefix": "a/./b"}, "Write the path out."),
        ({"fileprefix": "a\nb"}, "Leave it out."),
        ({"url": "s3://"}, "url=s3://BUCKET/FOLDER"),
        ({"url": "s3://minio.example.org:9000/bucket"}, "endpoint=https://HOST"),
        ({"url": "s3://bucket?versions"}, "url=s3://BUCKET/FOLDER"),
        ({"url": "s3:bucket"}, "url=s3://BUCKET/FOLDER"),
        ({"bucket": "other"}, "Leave bucket= out"),
        ({"addressing": "virtual", "requeststyle": "path"}, "Leave one of them out."),
        pytest.param({"url": "s3://my.bucket", "addressing": "virtual"}, "addressing=path", id="S3-12-virtual"),
        ({"publicurl": "https://me:hush@data.example.org"}, "publicurl=https://"),
        ({"publicurl": "https://data.example.org/?x"}, "publicurl=https://"),
        ({"publicurl": "ftp://data.example.org/"}, "publicurl=https://"),
        pytest.param({"requesterpays": "yes", "public": "yes"}, "Leave one of them out.", id="S3-24-public"),
        pytest.param(
            {"requesterpays": "yes", "signature": "anonymous"}, "Leave one of them out.", id="S3-24-anonymous"
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_type_instead(given: dict[str, str], remedy: str) -> None:
    with pytest.raises(BadSetting, match=re.escape(remedy)) as refused:
        check(settings(**given))
    assert "hush" not in str(refused.value)


def test_good_settings_pass() -> None:
    check(settings("s3://bucket/folder", endpoint=OWN, requesterpays="yes", public="no", signature="v4"))


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, ""),
        ({"public": "no"}, ""),
        ({"public": "yes"}, "https://bucket.s3.amazonaws.com/pre/a/K%2B"),
        ({"public": "yes", "region": "eu-west-1"}, "https://bucket.s3.eu-west-1.amazonaws.com/pre/a/K%2B"),
        ({"public": "yes", "addressing": "path"}, "https://s3.amazonaws.com/bucket/pre/a/K%2B"),
        ({"public": "yes", "endpoint": OWN}, ""),
        ({"publicurl": "https://pub.example.org"}, "https://pub.example.org/pre/a/K%2B"),
        ({"publicurl": "https://pub.example.org/x/", "public": "yes"}, "https://pub.example.org/x/pre/a/K%2B"),
    ],
)
def test_an_object_may_have_a_url_for_everybody(given: dict[str, str], url: str) -> None:
    assert address("s3://bucket/pre", **given).public_url("a/K+") == url


@given(st.text(min_size=1, max_size=40).filter(lambda name: name.isprintable() and "/" not in name and "." not in name))
def test_a_name_is_the_same_again_behind_its_url_s3_13(name: str) -> None:
    assert unquote_to_bytes(address(fileprefix="p-").path_of(name)) == b"/p-" + encode_name(name)


def test_a_name_that_is_not_utf_8_is_sent_as_its_bytes_s3_13() -> None:
    assert address().path_of("a\udcff") == "/a%FF"


@pytest.mark.parametrize("name", ["", "/a", "a//b", "../a", "a\nb", "x" * 1025])
def test_a_name_that_s3_cannot_hold_is_refused_s3_13(name: str) -> None:
    with pytest.raises(BadName):
        address().path_of(name)


def test_the_prefix_counts_towards_the_longest_key() -> None:
    assert len(address(fileprefix="ab").key_of("x" * 1022)) == 1024
    with pytest.raises(BadName):
        address(fileprefix="abc").key_of("x" * 1022)


@pytest.mark.parametrize(
    ("given", "path"),
    [({}, "/"), ({"addressing": "path"}, "/bucket"), ({"endpoint": OWN}, "/bucket")],
)
def test_a_bucket_has_a_path(given: dict[str, str], path: str) -> None:
    assert address(**given).bucket_path == path


def test_error_texts_name_the_server_where_it_is_not_amazons() -> None:
    assert address("s3://bucket/x").shown == "s3://bucket/x/"
    assert address(endpoint=OWN).shown == f"s3://bucket/ at {OWN}"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("s3://bucket/a b", {"url": "s3://bucket/a b"}),
        ("bucket", {"url": "s3://bucket"}),
        ("bucket/folder", {"url": "s3://bucket/folder"}),
        ("https://s3.example.org:9000/bucket/folder", {"url": "s3://bucket/folder", "endpoint": f"{OWN}:9000"}),
        ("HTTPS://s3.example.org//bucket", {"url": "s3://bucket", "endpoint": "HTTPS://s3.example.org"}),
    ],
)
def test_an_address_is_understood_as_people_type_it(typed: str, meant: dict[str, str]) -> None:
    assert settings_of_address(typed) == meant
