"""Shared links of the fake Dropbox: the routes of `sharing`, and the links themselves as a browser opens them."""

from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from support.fakes.dropbox import files
from support.fakes.dropbox.accounts import Account, Caller
from support.fakes.dropbox.answers import Answer, Call, Problem, Refused, as_error, as_page, tagged, wrapped
from support.fakes.dropbox.paths import Spot, described, existing
from support.fakes.dropbox.tree import File


class Link(NamedTuple):
    """A shared link to a file or folder, by its id: it lives on when the object is moved."""

    url: str
    owner: Account
    spot: Spot
    """As its owner sees it."""
    id: str
    password: str
    expires: str
    audience: str

    @property
    def target(self) -> Spot:
        """Where the object is now.

        Raises:
            Problem: It was deleted.
        """
        for entry in self.spot.tree.entries.values():
            if entry.id == self.id:
                return self.spot._replace(path=entry.path)
        raise Problem("shared_link_not_found")

    @property
    def is_alive(self) -> bool:
        """Whether there is still something behind it."""
        return any(entry.id == self.id for entry in self.spot.tree.entries.values())


def create(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    settings = arg.get("settings") or {}
    account = caller.account
    if not account.has_verified_email:
        raise Refused(as_error(tagged("email_not_verified")))
    if not account.may_share:
        raise Refused(as_error(tagged("access_denied")))
    try:
        spot, entry = existing(caller, arg["path"])
    except Problem as problem:
        raise Refused(as_error(wrapped("path", problem.error))) from None
    _check_settings(account, settings)
    known = next((link for link in _links(caller) if link.id == entry.id and link.owner is account), None)
    if known:
        raise Refused(as_error(_already(caller, known, settings)))
    link = Link(
        _url(caller, entry),
        account,
        spot,
        entry.id,
        settings.get("link_password", ""),
        settings.get("expires", ""),
        _narrower(_tag(settings.get("audience", "public")), account.link_audience),
    )
    caller.service.table("links")[_key(link.url)] = link
    return _metadata(caller, link, link.target)


def list_links(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    mine = [link for link in _links(caller) if link.owner is caller.account]
    if arg.get("path"):
        try:
            spot, _ = existing(caller, arg["path"])
        except Problem as problem:
            raise Refused(as_error(wrapped("path", problem.error))) from None
        is_wanted = _is_of if arg.get("direct_only") else _covers
        mine = [link for link in mine if is_wanted(link, spot)]
    return {"links": [_metadata(caller, link, link.target) for link in mine], "has_more": False}


def modify(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    settings = arg.get("settings") or {}
    link = caller.service.table("links").get(_key(arg["url"]))
    if link is None:
        raise Refused(as_error(tagged("shared_link_not_found")))
    if link.owner is not caller.account:
        raise Refused(as_error(tagged("shared_link_access_denied")))
    _check_settings(caller.account, settings)
    expires = "" if arg.get("remove_expiration") else settings.get("expires", link.expires)
    changed: Link = link._replace(password=settings.get("link_password", link.password), expires=expires)
    caller.service.table("links")[_key(link.url)] = changed
    return _metadata(caller, changed, changed.target)


def revoke(caller: Caller, arg: dict[str, Any], _body: bytes) -> None:
    link = caller.service.table("links").get(_key(arg["url"]))
    if link is None:
        raise Refused(as_error(tagged("shared_link_not_found")))
    if link.owner is not caller.account:
        raise Refused(as_error(tagged("shared_link_access_denied")))
    del caller.service.table("links")[_key(arg["url"])]


def get_metadata(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    try:
        spot = inside(caller, arg["url"], arg.get("path", ""), arg.get("link_password", ""))
        return _metadata(caller, _link(caller, arg["url"]), spot)
    except Problem as problem:
        raise Refused(as_error(problem.error)) from None


def get_file(caller: Caller, arg: dict[str, Any], _body: bytes) -> Any:
    metadata = get_metadata(caller, arg, b"")
    spot = inside(caller, arg["url"], arg.get("path", ""), arg.get("link_password", ""))
    if not isinstance(spot.entry, File):
        raise Refused(as_error(tagged("shared_link_is_directory")))
    return files.Download(metadata, spot.entry.content)


def inside(caller: Caller, url: str, path: str, password: str) -> Spot:
    """A place behind a link, whose namespace the caller sees by no path.

    Raises:
        Problem: Of SharedLinkError's tags.
    """
    link = _link(caller, url)
    if link.password and password != link.password:
        raise Problem("shared_link_access_denied")
    if link.audience == "team" and (not caller.has_account or caller.account.team is not link.owner.team):
        raise Problem("shared_link_access_denied")
    spot = Spot(link.spot.tree, link.target.path + path, None)
    if spot.entry is None or (path and isinstance(link.target.entry, File)):
        raise Problem("shared_link_not_found")
    return spot


def visit(service: Any, call: Call) -> Answer:
    """A shared link as a browser or a download program opens it."""
    link = service.table("links").get(_key(f"https://www.dropbox.com{call.path}?rlkey={call.query.get('rlkey', '')}"))
    if link is None or _is_over(service, link) or link.audience != "public" or not link.is_alive:
        return as_page("<h1>This item was deleted or is not shared</h1>", 404)
    target = link.target.entry
    if link.password:
        return as_page("<h1>Password required</h1>")
    if call.query.get("dl") != "1" or not isinstance(target, File):
        return as_page(f"<h1>{link.spot.path.rpartition('/')[2]}</h1><p>Preview</p>")
    return Answer(302, {"Location": files.temporary_link(service, target)})


def _links(caller: Caller) -> list[Link]:
    """All links whose object is still there."""
    return [link for link in caller.service.table("links").values() if link.is_alive]


def _link(caller: Caller, url: str) -> Link:
    link = caller.service.table("links").get(_key(url))
    if link is None or _is_over(caller.service, link):
        raise Problem("shared_link_not_found")
    assert isinstance(link, Link)
    return link


def _is_over(service: Any, link: Link) -> bool:
    return bool(link.expires) and link.expires < service.stamp()


def _is_of(link: Link, spot: Spot) -> bool:
    """Whether a link is to this very place."""
    return link.spot.tree is spot.tree and link.target.path.lower() == spot.path.lower()


def _covers(link: Link, spot: Spot) -> bool:
    """Whether a link is to this place or to a folder above it."""
    return link.spot.tree is spot.tree and f"{spot.path.lower()}/".startswith(f"{link.target.path.lower()}/")


def _url(caller: Caller, entry: Any) -> str:
    kind = "fi" if isinstance(entry, File) else "fo"
    name = quote(entry.path.rpartition("/")[2])
    number, secret = caller.service.new_name(""), caller.service.new_name("k")
    return f"https://www.dropbox.com/scl/{kind}/{number}/{name}?rlkey={secret}&dl=0"


def _key(url: str) -> str:
    """What makes a link: its number and its secret, not the name or how it is to be shown."""
    parts = urlsplit(url)
    number = "/".join(parts.path.split("/")[:4])
    return f"{number}?{dict(parse_qsl(parts.query)).get('rlkey', '')}"


def _check_settings(account: Account, settings: dict[str, Any]) -> None:
    if settings.get("require_password") and not settings.get("link_password"):
        raise Refused(as_error(tagged("settings_error", "invalid_settings")))
    if account.is_basic and (settings.get("expires") or settings.get("link_password")):
        raise Refused(as_error(tagged("settings_error", "not_authorized")))


def _already(caller: Caller, known: Link, settings: dict[str, Any]) -> dict[str, Any]:
    """The error for a second link; it names the first one unless that may be unlike what was asked."""
    asked = (settings.get("link_password", ""), settings.get("expires", ""))
    if asked != (known.password, known.expires):
        return tagged("shared_link_already_exists")
    found = {".tag": "metadata", "metadata": _metadata(caller, known, known.target)}
    return {".tag": "shared_link_already_exists", "shared_link_already_exists": found}


def _metadata(caller: Caller, link: Link, spot: Spot) -> dict[str, Any]:
    entry = spot.entry
    assert entry
    shown = described(spot, entry)
    common = {"url": link.url, "id": entry.id, "name": shown["name"], "link_permissions": _permissions(caller, link)}
    if _is_mine(caller, link) and "path_lower" in shown:
        common["path_lower"] = shown["path_lower"]
    if link.expires:
        common["expires"] = link.expires
    if not isinstance(entry, File):
        return {".tag": "folder", **common}
    more = {name: shown[name] for name in ("client_modified", "server_modified", "rev", "size")}
    return {".tag": "file", **common, **more}


def _permissions(caller: Caller, link: Link) -> dict[str, Any]:
    is_mine = _is_mine(caller, link)
    answer: dict[str, Any] = {
        "can_revoke": is_mine,
        "visibility_policies": [],
        "can_set_expiry": not link.owner.is_basic,
        "can_remove_expiry": not link.owner.is_basic,
        "allow_download": True,
        "can_allow_download": True,
        "can_disallow_download": False,
        "allow_comments": True,
        "team_restricts_comments": False,
        "effective_audience": {".tag": link.audience},
        "link_access_level": {".tag": "viewer"},
        "require_password": bool(link.password),
    }
    if is_mine:
        visible = {"public": "public", "team": "team_only"}[link.audience]
        answer["resolved_visibility"] = {".tag": "password" if link.password else visible}
    return answer


def _is_mine(caller: Caller, link: Link) -> bool:
    return caller.has_account and link.owner is caller.account


def _narrower(asked: str, allowed: str) -> str:
    return asked if allowed == "public" else allowed


def _tag(value: Any) -> str:
    return str(value if isinstance(value, str) else value[".tag"])
