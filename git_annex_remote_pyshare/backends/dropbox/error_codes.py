"""Table of Dropbox's error tags and status codes: the exception, text and remedy of each.

A tag applies at any depth in the unions of an error; `a/b` applies to `b` within `a` only.
"""

from collections.abc import Mapping

from git_annex_remote_pyshare.errors import (
    BadName,
    Busy,
    CorruptUpload,
    FolderInTheWay,
    NotAStore,
    NotFound,
    PermissionDenied,
    PyshareError,
    QuotaExceeded,
    Unreachable,
    UploadLost,
)
from git_annex_remote_pyshare.transport.statuses import Meaning, common

_COMMON = common("Dropbox", "100MiB")
_ASK_OWNER = "Ask the folder's owner, or the team's administrator, for the permission."
_FREE_SPACE = "Free some space there (see: pyshare info {remote}), or buy more."
_OTHER_PARTS = "Dropbox does not accept parts of this size"
_SMALLER = _COMMON[413].remedy
_PROXY = "Is there a proxy, or a network that needs a login?"
_NEW_LINK = "Ask its owner for a new one."
_SHARED_ELSEWHERE = (
    "Log in with the account that the store belongs to (pyshare login dropbox), or ask its owner for a shared link."
)


BY_TAG: Mapping[str, Meaning] = {
    # What is at a path.
    "not_found": Meaning(NotFound, "Dropbox has no file there"),
    "not_file": Meaning(NotFound, "Dropbox has a folder there instead of a file"),
    "not_folder": Meaning(NotAStore, "there is a file where the store's folder should be", "Check url=."),
    "conflict": Meaning(NotAStore, "another file or folder is in the way", "Move it away, or choose another folder."),
    "conflict/folder": Meaning(FolderInTheWay, "a folder has that name"),
    "conflict/file_ancestor": Meaning(
        NotAStore, "a file is where a folder of the store should be", "Move it away, or choose another folder."
    ),
    "malformed_path": Meaning(BadName, "Dropbox cannot store this name"),
    "disallowed_name": Meaning(BadName, "Dropbox does not allow this name"),
    "restricted_content": Meaning(
        PermissionDenied,
        "Dropbox blocks this file, perhaps after a copyright complaint",
        "Its owner can ask Dropbox why.",
    ),
    "unsupported_file": Meaning(PermissionDenied, "Dropbox cannot download this document as a file"),
    "unsupported_content_type": Meaning(PermissionDenied, "Dropbox cannot download this document as a file"),
    # Permissions and free space.
    "no_write_permission": Meaning(PermissionDenied, "the account may only read there", _ASK_OWNER),
    "access_restricted": Meaning(PermissionDenied, "the team's policy forbids it", _ASK_OWNER),
    "team_folder": Meaning(PermissionDenied, "pyshare cannot change a team folder like this", _ASK_OWNER),
    "operation_suppressed": Meaning(PermissionDenied, "Dropbox does not do this there", _ASK_OWNER),
    "encryption_not_supported": Meaning(
        PermissionDenied,
        "the folder is end-to-end encrypted, which Dropbox's API does not support",
        "Choose another folder.",
    ),
    "insufficient_space": Meaning(QuotaExceeded, "the Dropbox is full", _FREE_SPACE),
    "insufficient_quota": Meaning(QuotaExceeded, "the Dropbox is full", _FREE_SPACE),
    "payload_too_large": Meaning(QuotaExceeded, "the request is too large for Dropbox"),
    "too_large": Meaning(QuotaExceeded, "the file is too large for Dropbox"),
    # Temporary errors.
    "too_many_write_operations": Meaning(Busy, "another program is writing there"),
    "too_many_requests": _COMMON[429],
    "locked": Meaning(Busy, "the file is locked"),
    "content_hash_mismatch": Meaning(CorruptUpload, "Dropbox received other bytes than were sent"),
    "internal_error": Meaning(Unreachable, "Dropbox has a problem"),
    # Upload sessions.
    "lookup_failed": Meaning(UploadLost, "Dropbox does not have the upload"),
    "lookup_failed/not_found": Meaning(UploadLost, "Dropbox no longer knows the upload"),
    "lookup_failed/closed": Meaning(UploadLost, "Dropbox has ended the upload"),
    "lookup_failed/not_closed": Meaning(UploadLost, "Dropbox expects more parts of the upload"),
    "lookup_failed/incorrect_offset": Meaning(UploadLost, "Dropbox has lost parts of the upload"),
    "concurrent_session_not_closed": Meaning(UploadLost, "Dropbox expects more parts of the upload"),
    "concurrent_session_missing_data": Meaning(UploadLost, "Dropbox has lost parts of the upload"),
    "concurrent_session_invalid_offset": Meaning(PyshareError, _OTHER_PARTS, _SMALLER),
    "concurrent_session_invalid_data_size": Meaning(PyshareError, _OTHER_PARTS, _SMALLER),
    "payload_too_small": Meaning(Unreachable, "Dropbox received another part of the file"),
    # Accounts.
    "invalid_root": Meaning(PermissionDenied, "this store is in another account's Dropbox", _SHARED_ELSEWHERE),
    "no_permission": Meaning(PermissionDenied, "this store is in another account's Dropbox", _SHARED_ELSEWHERE),
    "user_suspended": Meaning(
        PermissionDenied, "Dropbox has suspended this user", "Ask Dropbox, or the team's administrator."
    ),
    "invalid_select_user": Meaning(
        PermissionDenied, "the login is for a team, not for a user", "Type: pyshare login dropbox"
    ),
    "route_access_denied": Meaning(
        PermissionDenied, "the app does not have the permission", "Type: pyshare login dropbox"
    ),
    "invalid_account_type": Meaning(PermissionDenied, "this type of account does not allow it"),
    "team_access_denied": Meaning(PermissionDenied, "the team does not allow this app", _ASK_OWNER),
    # Shared links.
    "shared_link_not_found": Meaning(NotAStore, "the shared link no longer exists", _NEW_LINK),
    "shared_link_access_denied": Meaning(PermissionDenied, "the shared link is not for this account", _NEW_LINK),
    "shared_link_is_directory": Meaning(NotFound, "Dropbox has a folder there instead of a file"),
    "unsupported_link_type": Meaning(
        NotAStore, "the shared link does not lead to a readable file or folder", _NEW_LINK
    ),
    "access_denied": Meaning(PermissionDenied, "the team's policy forbids shared links", _ASK_OWNER),
    "email_not_verified": Meaning(
        PermissionDenied,
        "Dropbox needs the account's e-mail address to be confirmed first",
        "Look for Dropbox's message in your mail, or confirm the address at https://www.dropbox.com/account.",
    ),
    "settings_error": Meaning(PermissionDenied, "Dropbox does not create such a link for this account", _ASK_OWNER),
    "banned_member": Meaning(PermissionDenied, "Dropbox does not let this account share", "Ask Dropbox."),
}

UNKNOWN = Meaning(Unreachable, "Dropbox refuses it, for an unknown reason")

BY_STATUS: Mapping[int, Meaning] = {
    **_COMMON,
    400: Meaning(PermissionDenied, "Dropbox does not understand the request"),
    401: Meaning(PermissionDenied, "Dropbox needs a login", "Type: pyshare login dropbox"),
    403: Meaning(PermissionDenied, "Dropbox forbids it", _ASK_OWNER),
    404: Meaning(NotAStore, "the response is not from Dropbox", _PROXY),
    500: Meaning(Unreachable, "Dropbox has a problem"),
    300: Meaning(NotAStore, "the response is not from Dropbox", _PROXY),
}
"""For responses without tags; a multiple of 100 applies to all unlisted statuses of its class."""
