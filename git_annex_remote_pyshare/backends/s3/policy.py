"""Opens and closes a store to everyone, by the bucket's policy.

Since 2023 Amazon refuses access control lists (ACLs), so none are sent (Amazon S3 User Guide, "Bucket policies").
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import md5, sha256
from typing import Any

from git_annex_remote_pyshare.backends.s3 import google
from git_annex_remote_pyshare.backends.s3.client import Client, Request
from git_annex_remote_pyshare.backends.s3.url import Address
from git_annex_remote_pyshare.errors import NotAStore, PermissionDenied, PyshareError
from git_annex_remote_pyshare.safe_text import command

_QUERY = (("policy", ""),)
_MAX_POLICY_BYTES = 1 << 16
"""Bytes of a policy that are read; Amazon allows 20 KB."""
_NOT_FOUND = 404
_UNSUPPORTED = {405, 501}
_VERSION = "2012-10-17"


def policy_note(address: Address) -> str:
    """The note that tells the user of a remote with `public=yes` how to open the bucket."""
    if address.scheme == google.SCHEME:
        return f"to let anyone read, give allUsers the role Storage Object Viewer in the bucket {address.bucket}"
    policy = json.dumps({"Version": _VERSION, "Statement": [_statement(address)]})
    return f"to let anyone read, give the bucket {address.bucket} this policy: {policy}"


def open_to_all(client: Client) -> None:
    """Let anyone read the store's objects; other statements of the policy stay. See `Opens.open_to_all`."""
    what = "open the bucket to everyone"
    policy = _current(client, what)
    if any(_grants(statement, client.address) for statement in policy["Statement"]):
        return
    _put(client, what, {**policy, "Statement": [*policy["Statement"], _statement(client.address)]})


def close_to_all(client: Client) -> None:
    """Remove the statement that lets anyone read the store's objects. See `Opens.close_to_all`."""
    what = "close the bucket again"
    policy = _current(client, what)
    kept = [statement for statement in policy["Statement"] if not _grants(statement, client.address)]
    if len(kept) == len(policy["Statement"]):
        return
    if kept:
        _put(client, what, {**policy, "Statement": kept})
        return
    with client.send(Request("DELETE", client.address.bucket_path, what, _QUERY)):
        pass


def _current(client: Client, what: str) -> dict[str, Any]:
    """The bucket's policy, with its statements as a list; an empty one if it has none.

    Raises:
        PermissionDenied: The login has no right to read it; the remedy is a command for the bucket's owner.
        NotAStore: The server has no policies, or its response is not a valid one.
    """
    request = Request("GET", client.address.bucket_path, what, _QUERY, expected_statuses=(_NOT_FOUND, *_UNSUPPORTED))
    try:
        with client.send(request) as response:
            body, status = response.read(_MAX_POLICY_BYTES), response.status
    except PermissionDenied as error:
        raise _manual_command(client, error) from error
    if status == _NOT_FOUND and b"NoSuchBucketPolicy" in body:
        return {"Version": _VERSION, "Statement": []}
    if status == _NOT_FOUND:
        raise client.failure(request, response, body)
    if status in _UNSUPPORTED:
        raise _no_policies(client, what)
    try:
        policy = json.loads(body)
        statements = policy["Statement"]
    except (ValueError, TypeError, KeyError) as error:
        raise NotAStore(f"cannot {what} {client.address.shown}: the policy there cannot be read") from error
    return {**policy, "Statement": statements if isinstance(statements, list) else [statements]}


def _put(client: Client, what: str, policy: Mapping[str, Any]) -> None:
    body = json.dumps(policy).encode()
    request = Request(
        "PUT",
        client.address.bucket_path,
        what,
        _QUERY,
        # Amazon requires it for this request, only against corruption.
        headers={"Content-MD5": b64encode(md5(body, usedforsecurity=False).digest()).decode()},
        body=body,
        payload=sha256(body).hexdigest(),
        expected_statuses=tuple(_UNSUPPORTED),
    )
    try:
        with client.send(request) as response:
            if response.status in _UNSUPPORTED:
                raise _no_policies(client, what)
    except PermissionDenied as error:
        raise _manual_command(client, error, policy) from error


def _manual_command(client: Client, error: PyshareError, policy: Mapping[str, Any] | None = None) -> PermissionDenied:
    """The error with a command of the AWS CLI for the bucket's owner; it works with other servers too.

    Args:
        client: The bucket.
        error: Why the current login is refused.
        policy: The complete new policy; None if the current one could not be read.
    """
    address = client.address
    whole = policy or {"Version": _VERSION, "Statement": [_statement(address)]}
    server = ("--region", address.region) if address.is_amazon else ("--endpoint-url", address.server.origin)
    typed = command(
        *("aws", "s3api", "put-bucket-policy", "--bucket", address.bucket, "--policy", json.dumps(whole), *server)
    )
    hints = ["This replaces the bucket's policy, if it has one."] if policy is None else []
    if address.is_amazon:
        unblock = command("aws", "s3api", "delete-public-access-block", "--bucket", address.bucket, *server)
        hints.append(f"If Amazon still refuses it, type first: {unblock}")
    return PermissionDenied(error.what, remedy=" ".join([f"The bucket's owner types: {typed}", *hints]))


def _no_policies(client: Client, what: str) -> NotAStore:
    return NotAStore(
        f"cannot {what} {client.address.shown}: the server has no bucket policies",
        remedy="Make the bucket public on the service's page, and give the address there as publicurl= to git annex"
        " enableremote.",
    )


def _statement(address: Address) -> dict[str, str]:
    return {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": _resource(address)}


def _resource(address: Address) -> str:
    return f"arn:aws:s3:::{address.bucket}/{address.prefix}*"


def _grants(statement: object, address: Address) -> bool:
    """Whether a statement is ours, in any form in which servers return it."""
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow" or "Condition" in statement:
        return False
    everybody = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    actions, resources = (_as_list(statement.get(name)) for name in ("Action", "Resource"))
    return everybody and actions == ["s3:GetObject"] and resources == [_resource(address)]


def _as_list(value: object) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list) else [str(value)]
