"""The S3 servers that other tests build on do what those rely on."""

import urllib.request

import pytest
from botocore.exceptions import ClientError
from support.s3_servers import S3_SERVERS, S3Server

every_server = pytest.mark.parametrize("s3_server", S3_SERVERS, indirect=True)
servers_with_names = pytest.mark.parametrize("s3_server", S3_SERVERS[1:], indirect=True)
servers_with_logins = pytest.mark.parametrize("s3_server", [S3_SERVERS[0], S3_SERVERS[2]], indirect=True)


@every_server
def test_a_server_keeps_an_object_until_it_is_deleted(s3_server: S3Server) -> None:
    bucket = s3_server.fresh_bucket()
    with s3_server.client() as client:
        client.put_object(Bucket=bucket, Key="pre/fix", Body=b"content")
        assert client.head_object(Bucket=bucket, Key="pre/fix")["ContentLength"] == 7
        assert client.get_object(Bucket=bucket, Key="pre/fix")["Body"].read() == b"content"
        client.delete_object(Bucket=bucket, Key="pre/fix")
        with pytest.raises(ClientError, match="404"):
            client.head_object(Bucket=bucket, Key="pre/fix")


@servers_with_names
def test_a_bucket_may_stand_before_the_host(s3_server: S3Server, localhost_names: None) -> None:
    bucket = s3_server.fresh_bucket()
    with s3_server.client("virtual") as client:
        client.put_object(Bucket=bucket, Key="key", Body=b"content")
    with s3_server.client() as client:
        assert client.get_object(Bucket=bucket, Key="key")["Body"].read() == b"content"


@servers_with_logins
def test_a_wrong_secret_is_refused(s3_server: S3Server) -> None:
    bucket = s3_server.fresh_bucket()
    wrong = s3_server._replace(secret_key="wrong")
    with wrong.client() as client, pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client.get_object(Bucket=bucket, Key="key")


def test_a_server_without_logins_lets_everybody_in(open_s3_server: S3Server) -> None:
    bucket = open_s3_server.fresh_bucket()
    with open_s3_server.client() as client:
        client.put_object(Bucket=bucket, Key="key", Body=b"content")
    with urllib.request.urlopen(f"{open_s3_server.endpoint}/{bucket}/key") as answer:
        assert answer.read() == b"content"


@pytest.mark.ceph
def test_anyone_may_read_the_objects_of_a_published_bucket_but_not_list_them(ceph_server: S3Server) -> None:
    bucket = ceph_server.fresh_bucket()
    ceph_server.publish(bucket)
    with ceph_server.client() as client:
        client.put_object(Bucket=bucket, Key="key", Body=b"content")
    with ceph_server._replace(access_key="").client() as stranger:
        assert stranger.get_object(Bucket=bucket, Key="key")["Body"].read() == b"content"
        with pytest.raises(ClientError, match="403"):
            stranger.head_object(Bucket=bucket, Key="missing")
        with pytest.raises(ClientError, match="AccessDenied"):
            stranger.put_object(Bucket=bucket, Key="key", Body=b"another")
