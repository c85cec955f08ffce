"""Maps S3's error codes and statuses to errors, as data.

The codes: S3 API Reference, "Error responses"; MinIO's own contain its name.

Placeholders of a `why` are `{store}`, `{bucket}`, `{region}` (": eu-west-1", if known), `{skew}` (" by 20 minutes", if
known) and `{location}` (": https://…", if given); those of a remedy are `{advice}` (what to type to log in), `{region}`
and `{remote}`.
"""

from collections.abc import Mapping

from git_annex_remote_pyshare.errors import (
    BadName,
    BadSetting,
    Busy,
    ContentChanged,
    CorruptUpload,
    NotAStore,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    Unreachable,
    UploadLost,
)
from git_annex_remote_pyshare.transport.statuses import Meaning, by_hundreds, common


class NoSuchBucket(NotAStore):
    """The server has no such bucket, which says nothing about objects that it may have held."""


class WrongRegion(NotAStore):
    """The bucket is in another region than the request was signed for; `region` is that one, if the server gives it."""

    region = ""


class Forbidden(PermissionDenied):
    """The login is valid, but has no right to do this, or to see whether the object exists."""


class LoginExpired(PermissionDenied):
    """A temporary login has expired; the same request may succeed with a new one."""


class ClockSkewed(PermissionDenied):
    """This machine's clock and the server's differ by more than 15 minutes."""


class NoConditions(NotAStore):
    """The server refuses a request because it has a condition."""


class Archived(Unreachable):
    """The object exists, but must be restored from an archive before it can be read."""

    retryable = False


_ADDRESS = "Check url= and endpoint=, its port too: many servers have their console on one port and S3 on another."
_COMMON = common(piece="1GiB")

ABSENT = Meaning(NotFound, "the store has no such object")
_NO_BUCKET = Meaning(NoSuchBucket, "there is no bucket {bucket}", "Check url= and endpoint=, or make the bucket.")
FORBIDDEN = Meaning(
    Forbidden,
    "the server forbids it",
    "Ask the bucket's owner for the right to do it, or use another login. {advice}",
)
MAYBE_ABSENT = Meaning(
    Forbidden,
    "the server does not say whether the object exists, since the login has no right to list the bucket",
    "Ask the bucket's owner for the right s3:ListBucket (or s3:GetObject if reading fails, too), or use another"
    " login. {advice}",
)
NOT_PUBLIC = Meaning(
    PermissionDenied,
    "the object does not exist, or is not public: without a login the server does not say which",
    "{advice}",
)
_WRONG_LOGIN = Meaning(PermissionDenied, "the server refuses the login", "{advice}")
_EXPIRED = Meaning(LoginExpired, "the temporary login has expired", "{advice}")
LOGIN_REQUIRED = Meaning(PermissionDenied, "{store} needs a login", "{advice}")
"""The only text that is shown without what could not be done."""
WRONG_REGION = Meaning(
    WrongRegion,
    "the bucket is in another region than the request was signed for{region}",
    "Type: git annex enableremote {remote} region={region}",
)
_DAMAGED = Meaning(CorruptUpload, "what the server received is damaged")
_ARCHIVED = Meaning(
    Archived, "the object is archived and must be restored before it can be read", "Get it again in a few hours."
)
_SLOW_DOWN = Meaning(Busy, "the server asks for fewer requests")
_CONFLICT = Meaning(Busy, "another request is changing it")
SERVER_FAILED = Meaning(Unreachable, "the server failed")
_TIMED_OUT, _TOO_LARGE, _NO_SPACE = _COMMON[408], _COMMON[413], _COMMON[507]
_BAD_NAME = Meaning(BadName, "the server cannot store an object with this name")
_UNSUPPORTED = Meaning(NotAStore, "the server cannot do that", _ADDRESS)
WEB_PAGE = Meaning(NotAStore, "the server responds with a web page, so it does not speak S3 there", _ADDRESS)
_LOST = Meaning(UploadLost, "the server has lost parts of the upload")
_CHANGED = Meaning(Unreachable, "the object has changed", retryable=False)

NOT_MET = Meaning(ContentChanged, "the object has changed")
NO_CONDITIONS = Meaning(NoConditions, _UNSUPPORTED.why, "")

CODES: Mapping[str, Meaning] = {
    "NoSuchKey": ABSENT,
    "NoSuchVersion": ABSENT,
    "NoSuchBucket": _NO_BUCKET,
    "AccessDenied": FORBIDDEN,
    "AllAccessDisabled": FORBIDDEN,
    "AccountProblem": FORBIDDEN,
    "NotSignedUp": FORBIDDEN,
    "UserSuspended": FORBIDDEN,
    "InvalidAccessKeyId": Meaning(PermissionDenied, "the server does not know the access key", "{advice}"),
    "SignatureDoesNotMatch": Meaning(
        PermissionDenied,
        "the login's secret key does not match its access key, or a proxy changes requests",
        "{advice}",
    ),
    "InvalidToken": _WRONG_LOGIN,
    "InvalidClientTokenId": _WRONG_LOGIN,
    "UnrecognizedClientException": _WRONG_LOGIN,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "RequestTimeTooSkewed": Meaning(
        ClockSkewed, "this machine's clock and the server's differ{skew}", "Set this machine's clock right."
    ),
    "RequestExpired": Meaning(ClockSkewed, "the request came too late{skew}", "Set this machine's clock right."),
    "PermanentRedirect": WRONG_REGION,
    "TemporaryRedirect": WRONG_REGION,
    "AuthorizationHeaderMalformed": WRONG_REGION,
    "IllegalLocationConstraintException": WRONG_REGION,
    "InvalidLocationConstraint": Meaning(BadSetting, "the server has no such region", "Check region=."),
    "InvalidRegionName": Meaning(BadSetting, "the server has no such region", "Check region=."),
    "InvalidBucketName": Meaning(BadSetting, "{bucket} is not a valid bucket name", "Choose another one in url=."),
    # Ceph returns this for an unknown storage class, but the code has other meanings too.
    "InvalidArgument": Meaning(
        BadSetting, "the server refuses something in the request", "Check storageclass= and region=, if they are set."
    ),
    "InvalidStorageClass": Meaning(BadSetting, "the server has no such storage class", "Check storageclass=."),
    "BucketAlreadyExists": Meaning(
        PermissionDenied, "the bucket {bucket} belongs to another account", "Choose another name in url=."
    ),
    "TooManyBuckets": Meaning(
        QuotaExceeded,
        "the login has no right to create more buckets",
        "Use a folder in an existing one: url=s3://BUCKET/FOLDER",
    ),
    "InvalidObjectState": _ARCHIVED,
    "RestoreAlreadyInProgress": Meaning(
        Archived, "the object is archived and already being restored", "Get it again in a few hours."
    ),
    "SlowDown": _SLOW_DOWN,
    "SlowDownRead": _SLOW_DOWN,
    "SlowDownWrite": _SLOW_DOWN,
    "Throttling": _SLOW_DOWN,
    "ThrottlingException": _SLOW_DOWN,
    "ThrottledException": _SLOW_DOWN,
    "RequestThrottled": _SLOW_DOWN,
    "RequestLimitExceeded": _SLOW_DOWN,
    "BandwidthLimitExceeded": _SLOW_DOWN,
    "TooManyRequests": _SLOW_DOWN,
    "TooManyRequestsException": _SLOW_DOWN,
    "ServiceUnavailable": _SLOW_DOWN,
    "OperationAborted": _CONFLICT,
    "ConditionalRequestConflict": _CONFLICT,
    "PriorRequestNotComplete": _CONFLICT,
    "InternalError": SERVER_FAILED,
    "RequestTimeout": _TIMED_OUT,
    "RequestTimeoutException": _TIMED_OUT,
    "IncompleteBody": _TIMED_OUT,
    "BadDigest": _DAMAGED,
    "InvalidDigest": _DAMAGED,
    "XAmzContentSHA256Mismatch": _DAMAGED,
    "XAmzContentChecksumMismatch": _DAMAGED,
    "EntityTooLarge": _TOO_LARGE,
    "MaxMessageLengthExceeded": _TOO_LARGE,
    "NoSuchUpload": _LOST,
    "InvalidPart": _LOST,
    "InvalidPartOrder": _LOST,
    "EntityTooSmall": Meaning(
        UploadLost, "the server needs larger parts", "Type: git config remote.{remote}.pyshare-part-size 64MiB"
    ),
    "QuotaExceeded": _NO_SPACE,
    "InsufficientCapacity": _NO_SPACE,
    "XMinioStorageFull": _NO_SPACE,
    "XMinioAdminBucketQuotaExceeded": _NO_SPACE,
    "KeyTooLongError": _BAD_NAME,
    "KeyTooLong": _BAD_NAME,
    "InvalidURI": _BAD_NAME,
    "InvalidObjectName": _BAD_NAME,
    "XMinioInvalidObjectName": _BAD_NAME,
    "XMinioParentIsObject": _BAD_NAME,
    "XMinioObjectExistsAsDirectory": _BAD_NAME,
    "PreconditionFailed": _CHANGED,
    "NotImplemented": _UNSUPPORTED,
    "MethodNotAllowed": _UNSUPPORTED,
}
"""Error code → its meaning with any status; for other codes, the status decides."""

STATUSES: Mapping[int, Meaning] = {
    **_COMMON,
    401: _WRONG_LOGIN,
    403: FORBIDDEN,
    404: Meaning(NotAStore, "the server responds 404, but not as an S3 server does", _ADDRESS),
    405: _UNSUPPORTED,
    409: _CONFLICT,
    411: _UNSUPPORTED,
    412: _CHANGED,
    501: _UNSUPPORTED,
    503: _SLOW_DOWN,  # S3's status for SlowDown
}
"""Status → its meaning, for a response without an error code or with an unknown one."""

EXPLAINED_BY_BODY = frozenset((400, 403, 404, 409))
"""Statuses whose meaning depends on the error code in the body: with some codes another attempt succeeds."""


def fallback(status: int) -> Meaning:
    """The meaning of any other status."""
    return (
        by_hundreds(status, _ADDRESS)
        if status >= 300
        else Meaning(NotAStore, "the response is not from an S3 server", _ADDRESS)
    )
