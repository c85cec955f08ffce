"""Checks an address that other people give you, before git gets it: only plain transports, no option, no login.

git starts programs for some addresses (`ext::`, `fd::`, any `NAME::`), takes a word that begins with `-` for an option,
and gives parts of an ssh address to ssh (gitremote-helpers(7); CVE-2017-1000117). An address of an invitation has the
forms that people use, and all others are refused.
"""

import re
from urllib.parse import urlsplit

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.config.annex_url import SCHEME, parse_annex_url
from git_annex_remote_pyshare.config.settings import SECRETS
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import is_invisible

LONGEST = 4096
"""Characters of an address; longer ones are refused."""

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_WEB = re.compile(rf"https?://{_HOST}(?::[0-9]{{1,5}})?(?:/[!-~]*)?", re.ASCII)
_USER = r"(?:[A-Za-z0-9_][\w.-]*@)?"
_SSH = re.compile(rf"ssh://{_USER}{_HOST}(?::[0-9]{{1,5}})?/(?!-)[!-~]+", re.ASCII)
_SCP = re.compile(rf"{_USER}{_HOST}:(?![/-]?-|:|//)[!-~]+", re.ASCII)
_FOLDER = re.compile(r"/(?![/\\]).*|[A-Za-z]:[\\/].*", re.DOTALL)
"""An absolute path on this machine; `//HOST/…` and `\\\\HOST\\…` lead to another one on Windows."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_OF_GIT_ANNEX = frozenset(
    ("type", "externaltype", "encryption", "config-uuid", "chunk", "exporttree", "importtree", "annexobjects", "cost")
)
"""Settings of git-annex itself that an annex:: address may have, besides those of our stores."""
_OF_HTTPALSO = _OF_GIT_ANNEX - {"externaltype"} | {"url"}
_REMEDY = "Ask the owner of the dataset for the address again."


def require_safe_address(text: str) -> None:
    """Check an address to clone from: https, http, ssh, a local absolute path, or a store of ours (`annex::`).

    Sends no request. The error does not repeat the address, which may contain a login.

    Raises:
        BadSetting: git must not get this address.
    """
    if len(text) > LONGEST:
        raise BadSetting("the address is too long", remedy=_REMEDY)
    if is_invisible(text) or not text.isprintable():
        raise BadSetting("the address contains a control character or an invisible one", remedy=_REMEDY)
    if text.startswith("-"):
        raise BadSetting("the address begins with a dash, which git takes for an option", remedy=_REMEDY)
    if text.startswith(SCHEME):
        _require_safe_store(text)
    elif not _FOLDER.fullmatch(text):
        _require_safe_git(text)


def _require_safe_git(text: str) -> None:
    scheme, mark, rest = text.partition("://")
    if mark and "@" in re.split("[/?#]", rest)[0] and (scheme.lower() != "ssh" or ":" in rest.partition("@")[0]):
        raise BadSetting("the address contains a login, which does not belong into it", remedy=_REMEDY)
    if any(form.fullmatch(text) for form in (_WEB, _SSH, _SCP)) and _has_port(text):
        return
    raise BadSetting(
        "this is no address that pyshare clones from",
        remedy="Give an invitation (pyshare1:…), an address that begins with https://, http:// or ssh://, HOST:PATH,"
        " an absolute path, or the annex:: address of a store.",
    )


def _has_port(text: str) -> bool:
    """Whether the port is a number that exists, if the address has one; an address HOST:PATH has none."""
    try:
        return urlsplit(text).port != 0 if "://" in text else True
    except ValueError:
        return False


def _require_safe_store(text: str) -> None:
    """Check an annex:: address: git-annex opens it with a store of ours, or with its own one for plain web servers."""
    web = text.removeprefix(SCHEME)
    if _WEB.fullmatch(web):
        return  # git-annex takes only type=httpalso from there (git-remote-annex(1))
    try:
        store = parse_annex_url(text)
    except BadSetting:
        raise BadSetting("the annex:: address is incomplete or names a setting twice", remedy=_REMEDY) from None
    settings, kind = store.settings, store.settings.get("type", "")
    if not _UUID.fullmatch(store.uuid) or not _UUID.fullmatch(settings.get("config-uuid", store.uuid)):
        raise BadSetting("the annex:: address has no valid UUID", remedy=_REMEDY)
    if any(is_invisible(word) or not word.isprintable() for pair in settings.items() for word in pair):
        raise BadSetting("the annex:: address contains a control character or an invisible one", remedy=_REMEDY)
    if settings.get("encryption") != "none":
        raise BadSetting("the annex:: address has another encryption= than none", remedy=_REMEDY)
    if kind == "httpalso":
        known: frozenset[str] = _OF_HTTPALSO
    elif kind == "external" and settings.get("externaltype") == "pyshare":
        known = _OF_GIT_ANNEX | _require_known_url(settings.get("url", ""))
    else:
        raise BadSetting("the annex:: address is for another program than pyshare", remedy=_REMEDY)
    if kind == "httpalso" and not _WEB.fullmatch(settings.get("url", "")):
        raise BadSetting("the url= of the annex:: address is no address of a web server", remedy=_REMEDY)
    if others := settings.keys() - known:
        raise BadSetting(f"the annex:: address has a setting that pyshare does not know: {min(others)}")


def _require_known_url(url: str) -> frozenset[str]:
    """Check the url= of one of our stores; the names of the settings that such a store may have."""
    try:
        spec = registry.spec_of(url)
        registry.parse({"url": url})  # refuses a login in it
        own = {setting.name for setting in registry.settings_for(url)} - {setting.name for setting in SECRETS}
    except BadSetting:
        raise BadSetting(
            "the url= of the annex:: address is missing, unknown, or has a login", remedy=_REMEDY
        ) from None
    if spec.local and not _FOLDER.fullmatch(url):
        raise BadSetting("the url= of the annex:: address is no absolute path on this machine", remedy=_REMEDY)
    return frozenset(own)
