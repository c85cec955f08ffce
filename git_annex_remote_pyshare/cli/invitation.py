"""The invitation to a dataset that an owner sends and a friend gives to `pyshare accept`: a code, or a plain address.

A code is `pyshare1:` and, in base64url without padding, a JSON object. It contains no secret; a link's password is sent
separately. It comes from another person, so reading one checks everything and changes nothing.
"""

import json
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import Enum
from typing import NamedTuple

from git_annex_remote_pyshare.cli.foreign_address import require_safe_address
from git_annex_remote_pyshare.config.annex_url import SCHEME, parse_annex_url
from git_annex_remote_pyshare.config.remotes import is_plain_name
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import is_invisible

PREFIX = "pyshare1:"
"""Start of every code of this version of the format."""
LONGEST = 8192
"""Characters of an invitation, as code or as address; longer ones are refused unread."""

_VERSION = 1
_ANY_VERSION = re.compile(r"pyshare([0-9]{1,9}):", re.ASCII)
_LETTERS = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_LONGEST_NAME = 100
_FORBIDDEN = frozenset('/\\:*?"<>|')
"""Characters that the name of a folder must not have, on any system."""
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
"""Names that Windows does not give to files (learn.microsoft.com, "Naming Files, Paths, and Namespaces")."""


class Access(Enum):
    """What a friend needs besides the invitation in order to read the store."""

    UNKNOWN = ""
    """The invitation does not say; a plain address never does."""
    OPEN = "open"
    """Nothing."""
    PASSWORD = "password"  # noqa: S105  # the word, not a password
    """The password of a public link, which its owner sends separately."""
    ACCOUNT = "account"
    """A login of their own at the same service."""
    SAME_DISK = "disk"
    """The same folder, on this machine or mounted."""


class Invitation(NamedTuple):
    """What a friend needs in order to clone a dataset and to read its store; every text in it is checked."""

    name: str
    """Name of the dataset, and of the folder that the clone gets by default: one valid folder name."""
    url: str
    """What git clones: `https://…`, `ssh://…`, `HOST:PATH`, an absolute path, or `annex::…`."""
    who: str = ""
    """The person who invites, as they call themselves; empty if unknown. Anyone can write any name here."""
    store: str = ""
    """Name of the remote with the content that friends use (the link's, if there is one); empty if unknown."""
    access: Access = Access.UNKNOWN

    @property
    def is_store(self) -> bool:
        """Whether the history is in the store, too, so that `url` is an annex:: address."""
        return self.url.startswith(SCHEME)

    def code(self) -> str:
        """The code, one word of ASCII letters, digits, `:`, `-` and `_`.

        Raises:
            BadSetting: One of the texts is none that an invitation may have.
        """
        _require_valid(self)
        content = {"v": _VERSION, **self._asdict(), "access": self.access.value}
        told = {key: value for key, value in content.items() if value != ""}
        raw = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        code = PREFIX + urlsafe_b64encode(raw.encode()).decode().rstrip("=")
        if len(code) > LONGEST:
            raise BadSetting("the invitation is too long for a code", remedy="Give the dataset a shorter address.")
        return code


def read_invitation(text: str) -> Invitation:
    """Read a code, or an address to clone from; sends no request, and looks at no file.

    Raises:
        BadSetting: It is neither, or contains something that git, git-annex or a terminal must not get. The error
            repeats nothing of the text.
    """
    if len(text) > LONGEST:
        raise BadSetting(f"the invitation has more than {LONGEST} characters", remedy="Ask its sender for another one.")
    text = text.strip()
    if match := _ANY_VERSION.match(text):
        if int(match[1]) != _VERSION:
            raise _newer()
        made = _decoded(text.removeprefix(PREFIX))
    else:
        require_safe_address(text)
        made = Invitation(_name_from(text), text)
    _require_valid(made)
    return made


def is_folder_name(name: str) -> bool:
    """Whether the text is a single name of a folder on any system, visible, and no option of a program."""
    return (
        0 < len(name) <= _LONGEST_NAME
        and name == name.strip(" .")
        and not name.startswith(("-", "~"))
        and name.isprintable()
        and not is_invisible(name)
        and len(os.fsencode(name)) <= 255  # noqa: PLR2004  # NAME_MAX of most file systems
        and _FORBIDDEN.isdisjoint(name)
        and not _DEVICES.fullmatch(name)
    )


def _decoded(text: str) -> Invitation:
    """The record in a code, with types checked and values not yet."""
    try:
        if not _LETTERS.fullmatch(text):
            raise _damaged()
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        content = json.loads(raw.decode(), object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError):
        raise _damaged() from None
    if not isinstance(content, dict):
        raise _damaged()
    version = content.pop("v", None)
    if type(version) is int and version > _VERSION:
        raise _newer()
    texts = {key: value for key, value in content.items() if isinstance(value, str)}
    if type(version) is not int or version != _VERSION or texts != content:
        raise _damaged()
    if texts.keys() - set(Invitation._fields) or not {"name", "url"} <= texts.keys():
        raise _damaged()
    try:
        access = Access(texts.pop("access", ""))
    except ValueError:
        raise _damaged() from None
    return Invitation(**texts, access=access)


def _no_key_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name is there twice")
    return made


def _require_valid(invitation: Invitation) -> None:
    if not is_folder_name(invitation.name):
        raise BadSetting("the invitation's name of the dataset is no valid name of a folder", remedy=_ASK)
    who = invitation.who
    if len(who) > _LONGEST_NAME or is_invisible(who) or (who and not who.isprintable()):
        raise BadSetting("the invitation's name of a person is too long or contains a control character", remedy=_ASK)
    if invitation.store and not is_plain_name(invitation.store):
        raise BadSetting("the invitation's name of a remote is none that git has", remedy=_ASK)
    require_safe_address(invitation.url)


def _name_from(url: str) -> str:
    """A name for what an address leads to: its last part that is a valid name of a folder; else `dataset`."""
    path = url
    if url.startswith(f"{SCHEME}http"):
        path = url.removeprefix(SCHEME)
    elif url.startswith(SCHEME):
        path = parse_annex_url(url).settings.get("url", "")
    if "://" in path:
        path = path.partition("://")[2].partition("/")[2]
    last = re.split(r"[/\\:]", re.split(r"[?#]", path)[0].rstrip("/\\"))[-1].removesuffix(".git")
    return last if is_folder_name(last) else "dataset"


_ASK = "Ask the person who invited you for another one."


def _damaged() -> BadSetting:
    return BadSetting("the invitation is damaged or incomplete", remedy=f"Copy all of it, on one line. {_ASK}")


def _newer() -> BadSetting:
    return BadSetting(
        "the invitation was made by a newer pyshare, and this one cannot read it",
        remedy="Type: pipx upgrade git-annex-remote-pyshare",
    )
