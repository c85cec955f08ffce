"""Which names Dropbox holds: the others are refused before anything is sent.

Sources: https://help.dropbox.com/organize/file-names, and what rclone's users met (its documentation of Dropbox,
"Restricted filename characters").
"""

from git_annex_remote_pyshare.backends.base import encode_name
from git_annex_remote_pyshare.errors import BadName

LONGEST = 255
"""Characters of one segment, counted as UTF-16 does."""

IGNORED = frozenset({"desktop.ini", "thumbs.db", ".ds_store", "icon\r", ".dropbox", ".dropbox.attr"})
"""Names that Dropbox keeps for itself, in any case."""

_REFUSED = frozenset("\\\x7f")


def checked(name: str) -> str:
    """The name, if Dropbox can hold it.

    Raises:
        BadName: It cannot, or it is no legal name.
    """
    encode_name(name)
    for segment in name.split("/"):
        if why := _hindrance(segment):
            raise BadName(f"Dropbox cannot store an object of this name: {why}", detail=name)
    return name


def _hindrance(segment: str) -> str:
    """What is wrong with a segment, or an empty string."""
    try:
        length = len(segment.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        return "it is not UTF-8"
    if length > LONGEST:
        return f"a part of it has {length} characters, and {LONGEST} are allowed"
    if segment.endswith(" "):
        return "a part of it ends with a space"
    if not _REFUSED.isdisjoint(segment):
        return "it has a backslash or a DEL"
    return f"Dropbox reserves the name {segment}" if segment.lower() in IGNORED else ""
