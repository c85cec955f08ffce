"""Every setting of a remote, declared once: from here come parsing, LISTCONFIGS and the documentation's table."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command, is_invisible

LAYOUTS = (
    "shard",
    "flat",
    "lower",
    "directory",
    "mixed",
    "frankencase",
    "annex-directory",
    "annex-webdav",
    "annex-s3",
)
"""How keys become names; `layout.py` has the functions."""

_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Halves of characters that stand for no byte; the others stand for one that is not UTF-8, as in a folder's name."""

_LOGIN = re.compile(
    r"([a-z][a-z0-9+.-]+):(?:(?://)?[^/\\?#@]*|[/\\]*[^/:@]*:(?![0-9]*[/?#])[^@]*)@", re.IGNORECASE | re.DOTALL
)
"""The beginning of a URL with a login, also with too few slashes, or with a slash in the password."""


class Setting(NamedTuple):
    """One `name=value` of `git annex initremote`."""

    name: str
    help: str
    """One line for LISTCONFIGS and the documentation."""
    check: Callable[[str], None]
    """Raises BadSetting when the value, which is not empty, is wrong."""
    default: str = ""
    kind: str = ""
    """The kind of store that it is for; empty for all."""


def parse(values: Mapping[str, str]) -> dict[str, str]:
    """All settings with their defaults filled in.

    Args:
        values: What git-annex has, setting name → value; an empty value is an unset one.

    Raises:
        BadSetting: One is missing or wrong; the text says what to type instead.
    """
    for setting in SETTINGS:
        if value := values.get(setting.name):
            _check_signs(setting.name, value)
            setting.check(value)
    given = {setting.name: values.get(setting.name) or setting.default for setting in SETTINGS}
    if not given["url"] and given.get("bucket"):
        given["url"] = f"s3://{given['bucket']}"
    if not given["url"]:
        raise BadSetting("url= is missing", remedy="Give a folder or an address, e.g. url=/mnt/lab/share.")
    return given


def _check_signs(name: str, value: str) -> None:
    """The dataset's author chose its settings, and they are shown on other people's terminals.

    A control character gives orders there; a bidirectional or another invisible one makes an address look like another.
    """
    if is_invisible(value) or _HALVES.search(value):
        raise BadSetting(f"{name}= contains a control character or an invisible one", remedy="Leave it out.")


def one_of(name: str, allowed: tuple[str, ...]) -> Callable[[str], None]:
    """A check that the value is one of `allowed`; its error names the nearest one."""

    def check(value: str) -> None:
        if value not in allowed:
            raise BadSetting(f"{name}={value} is not known{_nearest(value, allowed)}", remedy=_known(name, allowed))

    return check


def matching(name: str, pattern: str, example: str) -> Callable[[str], None]:
    """A check that the value has a form, such as `example`."""

    def check(value: str) -> None:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise BadSetting(f"invalid {name}: {value}", remedy=f"Give one like {name}={example}")

    return check


def refused(name: str) -> Callable[[str], None]:
    """A check that always fails: git-annex would write the value into the published git-annex branch."""

    def check(_value: str) -> None:
        raise BadSetting(
            f"{name}= cannot be a setting, since git-annex publishes settings with the dataset",
            remedy=f"Leave {name}= out and type instead: pyshare login URL",
        )

    return check


def _nearest(value: str, allowed: tuple[str, ...]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # only a mistake pays for it

    near = get_close_matches(value, allowed, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _known(name: str, allowed: tuple[str, ...]) -> str:
    return f"{name}= is one of: {', '.join(allowed)}."


def _check_url(url: str) -> None:
    """Refuse a login in a URL of any kind; what else it may be is for its backend to say."""
    if found := _LOGIN.match(url):
        clean = f"{found[1]}://{url[found.end() :]}"
        login = command("pyshare", "login", clean)
        raise BadSetting(
            "url= contains a login, which git-annex would publish with the dataset",
            remedy=f"Type instead: {command(f'url={clean}')} and, for the login: {login}",
        )


def _anything(_value: str) -> None:
    """No check, since only the backend can tell, or every value is fine."""


def _s3(name: str, text: str, check: Callable[[str], None] = _anything) -> Setting:
    return Setting(name, f"S3: {text}", check, kind="s3")


def _ignored(name: str) -> Setting:
    return _s3(name, "ignored; a remote of git-annex's own type=S3 may have it")


_YES_NO = ("yes", "no")

_OF_S3 = (
    _s3("bucket", "the bucket, where url= does not name it", matching("bucket", r"[\w.:-]+", "my-bucket")),
    _s3("endpoint", "the server's address if it is not Amazon's, e.g. https://s3.example.org:9000"),
    _s3(
        "region", "as the server calls it; else learnt from its answers", matching("region", r"[\w-]+", "eu-central-1")
    ),
    _s3(
        "addressing",
        "whether the bucket is part of the path or of the host's name: path, virtual",
        one_of("addressing", ("path", "virtual")),
    ),
    _s3(
        "storageclass",
        "for new objects, e.g. STANDARD_IA; as the server calls it",
        matching("storageclass", r"[\w-]+", "STANDARD_IA"),
    ),
    _s3(
        "public",
        "yes: the bucket lets anyone read, so a clone needs no login, and on Amazon's servers each file's URL is"
        " published",
        one_of("public", _YES_NO),
    ),
    _s3("publicurl", "where anyone can read the bucket's objects in a browser; each file's URL there is published"),
    _s3(
        "requesterpays",
        "yes: readers pay for what they download, as the bucket's owner wants",
        one_of("requesterpays", _YES_NO),
    ),
    _s3("profile", "the section of ~/.aws/config that has the login", matching("profile", "[^\r\n]+", "lab")),
    _s3("host", "as for git-annex's own type=S3; endpoint= says the same"),
    _s3("port", "with host=", matching("port", "[0-9]{1,5}", "9000")),
    _s3("protocol", "with host=: http (unless the port is 443), https", one_of("protocol", ("http", "https"))),
    _s3("datacenter", "Amazon's region, also US or EU; region= says the same"),
    _s3("requeststyle", "path; addressing= says the same", one_of("requeststyle", ("path",))),
    _s3("fileprefix", "what stands before all names in the bucket, as it is; a folder in url= does the same"),
    _s3(
        "signature",
        "anonymous: never log in; v2 and v4 are both done as v4",
        one_of("signature", ("v2", "v4", "anonymous")),
    ),
    *(_ignored(name) for name in ("partsize", "restore")),
    _s3(
        "versioning",
        "changes nothing, since only the newest version of an object counts; a remote of git-annex's own type=S3 may"
        " have it",
    ),
    _ignored("x-amz-tagging"),
)

_OF_DROPBOX = (
    Setting(
        "namespace",
        "Dropbox: the id of what url= is a folder of: an account's own, a team's space, a shared folder; learnt at"
        " initremote",
        matching("namespace", "(root:)?[0-9]+", "1234567890"),
        kind="dropbox",
    ),
    Setting(
        "appkey",
        "Dropbox: the key of the app that a login is for, which is no secret; pyshare share publishes it with a link,"
        " so that your friends need no app of their own",
        matching("appkey", "[A-Za-z0-9]{1,64}", "abcdefghij12345"),
        kind="dropbox",
    ),
    Setting(
        "share",
        "Dropbox: files: publish a link to each file, which anyone can open without a login",
        one_of("share", ("files",)),
        kind="dropbox",
    ),
)

SETTINGS = (
    Setting(
        "url",
        "where the data is kept: an absolute path, the URL of a WebDAV folder or public link,"
        " s3://BUCKET/FOLDER, dropbox:/FOLDER, or a shared link of Dropbox",
        _check_url,
    ),
    Setting("layout", f"how keys are named there: {', '.join(LAYOUTS)}", one_of("layout", LAYOUTS)),
    *_OF_S3,
    *_OF_DROPBOX,
    Setting("password", "refused, it would be published: type pyshare login instead", refused("password")),
    Setting("token", "refused, it would be published: type pyshare login instead", refused("token")),
)
"""Declared in the order in which people meet them."""
