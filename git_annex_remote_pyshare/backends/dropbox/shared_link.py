"""Shared links: made for the store's folder and for single files, and read as a store.

Sources: https://www.dropbox.com/developers/documentation/http/documentation (sharing), and sharing.stone of
https://github.com/dropbox/dropbox-api-spec.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from git_annex_remote_pyshare.backends.base import NO_TERMS, Backend, Entry, Receipt, Share, Stat, StoreConfig, Terms
from git_annex_remote_pyshare.backends.dropbox import download
from git_annex_remote_pyshare.backends.dropbox.client import Call, Client, Reply
from git_annex_remote_pyshare.backends.dropbox.listing import entries
from git_annex_remote_pyshare.backends.dropbox.name_case import TreeNames, checked
from git_annex_remote_pyshare.backends.dropbox.url import Address, account_of_link, link_of
from git_annex_remote_pyshare.backends.ownership import MARK
from git_annex_remote_pyshare.errors import BadSetting, NotFound, PermissionDenied
from git_annex_remote_pyshare.safe_text import command
from git_annex_remote_pyshare.transfer import ByteRange, Progress, Sink, Source
from git_annex_remote_pyshare.transport.preconnect import Preconnector

_CREATE = "sharing/create_shared_link_with_settings"
_LIST = "sharing/list_shared_links"
_MODIFY = "sharing/modify_shared_link_settings"
_REVOKE = "sharing/revoke_shared_link"
_PUBLIC: Mapping[str, Any] = {"audience": "public", "access": "viewer", "allow_download": True}
"""Settings of a public link; an expiry date and a password are for paying accounts only."""
_EXISTS = "shared_link_already_exists"
_REFUSED = "settings_error"
_HOST = "www.dropbox.com"


def share(client: Client, address: Address, terms: Terms) -> Share:
    """The link to the store's folder; see `Shares.share`."""
    folder, what = _shareable(address), "share the store"
    if terms.password:
        raise BadSetting(
            f"{client.doing(what)}: pyshare cannot read a Dropbox link that has a password",
            remedy="Leave --password out, or invite your friends to the folder on Dropbox's page.",
        )
    reply = _create_link(client, folder, what, terms)
    link = _link_of(client, folder, what, reply)
    _check_public(client, what, link)
    if terms.ends and _expiry_of(link) != terms.ends:
        link = _modify_link(client, what, link, terms)
    key = client.access.login.app_key
    words = ("pyshare", "login", "dropbox", "--sharing", *(("--app-key", key) if key else ()))
    return Share(
        link_of(str(link["url"])).link,
        command(*words),
        is_new=not reply.tag,
        ends=_expiry_of(link),
        settings={"appkey": key} if key else {},
    )


def revoke(client: Client, address: Address) -> Sequence[str]:
    """Withdraw the links to the store's folder; see `Shares.revoke`."""
    what = "withdraw the link"
    links = [str(link["url"]) for link in _list_links(client, _shareable(address), what)]
    for url in links:
        client.rpc(Call(_REVOKE, {"url": url}, what, ("shared_link_not_found",)))
    return links


def publish(client: Client, path: str, what: str) -> str:
    """The public URL of the file at `path`; its link is reused or created."""
    return as_download(_public_url(client, path, what))


def as_download(link: str) -> str:
    """A link to a file, changed to download the file instead of a page about it (`dl=1`)."""
    parts = urlsplit(link)
    wanted = {**dict(parse_qsl(parts.query)), "dl": "1"}
    wanted.pop("st", None)
    return parts._replace(query=urlencode(wanted), fragment="").geturl()


def may_lead_to(name: str, url: str) -> bool:
    """Whether a URL can be one that `publish` returned for the object of that name."""
    parts = urlsplit(url)
    base = name.rpartition("/")[2]
    return parts.netloc == _HOST and unquote(parts.path.rpartition("/")[2]).lower() == base.lower()


def _shareable(address: Address) -> str:
    """The store's folder, if Dropbox can create a link to it."""
    if not address.folder:
        raise BadSetting(
            "a whole Dropbox cannot be shared by a link", remedy="Keep the store in a folder: url=dropbox:/FOLDER."
        )
    return address.folder


def _public_url(client: Client, path: str, what: str) -> str:
    """The URL of a public link to a file that does not expire."""
    link = _link_of(client, path, what, _create_link(client, path, what, NO_TERMS))
    _check_public(client, what, link)
    if end := _expiry_of(link):
        raise PermissionDenied(
            f"{client.doing(what)}: the existing link expires on {end}",
            remedy="Remove the date, or the link, on Dropbox's page.",
        )
    return str(link["url"])


def _create_link(client: Client, path: str, what: str, terms: Terms) -> Reply:
    """Create a public link; if the account may not choose settings, one with the defaults, unless it must expire."""
    expected = (_EXISTS, _REFUSED, "path/not_found")
    settings = {**_PUBLIC, **_settings(terms)}
    reply = client.rpc(Call(_CREATE, {"path": path, "settings": settings}, what, expected))
    if not reply.tag.startswith(_REFUSED):
        return reply
    if terms.ends:
        raise _expiry_refused(client, what)
    return client.rpc(Call(_CREATE, {"path": path}, what, (_EXISTS, "path/not_found")))


def _link_of(client: Client, path: str, what: str, reply: Reply) -> Mapping[str, Any]:
    """The link that was created, or the existing one."""
    if reply.tag.startswith("path/not_found"):
        raise NotFound(f"{client.doing(what)}: nothing is stored there yet")
    if "url" in reply.result:
        return reply.result
    links = _list_links(client, path, what)
    if not links:
        raise PermissionDenied(f"{client.doing(what)}: Dropbox reports a link, but does not list it")
    return links[0]


def _modify_link(client: Client, what: str, link: Mapping[str, Any], terms: Terms) -> Mapping[str, Any]:
    """The link with its new expiry date."""
    arg = {"url": link["url"], "settings": _settings(terms)}
    reply = client.rpc(Call(_MODIFY, arg, what, (_REFUSED,)))
    if reply.tag:
        raise _expiry_refused(client, what)
    return reply.result


def _check_public(client: Client, what: str, link: Mapping[str, Any]) -> None:
    """Raise PermissionDenied if a link is not public."""
    permissions = link.get("link_permissions", {})
    audience = permissions.get("effective_audience", {}).get(".tag", "public")
    if audience != "public" or permissions.get("require_password"):
        raise PermissionDenied(
            f"{client.doing(what)}: the existing link is not public, but for {audience}",
            remedy="The team's administrator can allow public links; you can remove a password on Dropbox's page.",
        )


def _list_links(client: Client, path: str, what: str) -> Sequence[Mapping[str, Any]]:
    """The links to exactly this path."""
    reply = client.rpc(Call(_LIST, {"path": path, "direct_only": True}, what, ("path/not_found",)))
    return [] if reply.tag else list(reply.result.get("links", []))


def _settings(terms: Terms) -> Mapping[str, str]:
    return {"expires": f"{terms.ends}T23:59:59Z"} if terms.ends else {}


def _expiry_of(link: Mapping[str, Any]) -> str:
    return str(link.get("expires") or "")[:10]


def _expiry_refused(client: Client, what: str) -> PermissionDenied:
    return PermissionDenied(
        f"{client.doing(what)}: Dropbox lets only paying accounts set a link's expiry date",
        remedy="Leave --expires out, and withdraw the link when it is no longer needed: pyshare share with --revoke.",
    )


_METADATA = "sharing/get_shared_link_metadata"
_FILE = "sharing/get_shared_link_file"
_NOT_FOUND = "shared_link_not_found"


class LinkBackend(Backend):
    """A folder that its owner shares by a link; any Dropbox login can read it, none can write.

    Args:
        place: Its URL is the link.
        preconnector: Not needed: the API's hosts are others than the URL's.
    """

    def __init__(self, place: StoreConfig, preconnector: Preconnector | None = None) -> None:
        del preconnector
        super().__init__(place)
        self._address = link_of(place.url)
        self._link = self._address.link
        self.client = Client(place, self._address.shown)
        if place.is_tree:
            self.client.name_case = TreeNames("")

    def stat(self, name: str) -> Stat | None:
        path, what = self._address.path_of(name), "look for the file"
        call = Call(_METADATA, {"url": self._link, "path": path}, what, (_NOT_FOUND,), (".tag",))
        reply = self.client.rpc(call)
        if reply.tag:
            self._check_link(what)
        is_ours = reply.result.get(".tag") == "file" and self.client.name_case.fits(reply.result, path)
        return Stat(reply.result["size"]) if is_ours else None

    def get(self, name: str, sink: Sink, progress: Progress) -> None:
        call = self._download(name)
        try:
            download.get(self.client, call, sink, progress)
        except NotFound:
            self._check_link(call.what)
            raise

    def is_exact(self, version: str) -> bool:
        """Whether it is a revision."""
        return download.is_exact(version)

    def read_range(self, name: str, part: ByteRange, progress: Progress) -> bytearray:
        """See `ReadsRanges.read_range`."""
        call = self._download(name)
        try:
            return download.read_range(self.client, call, part, progress)
        except NotFound:
            self._check_link(call.what)
            raise

    def _download(self, name: str) -> Call:
        arg = {"url": self._link, "path": self._address.path_of(name)}
        return Call(_FILE, arg, "read the file", (_NOT_FOUND,))

    def put(self, name: str, source: Source, progress: Progress) -> Receipt:
        del name, source, progress
        raise self._read_only("store the file")

    def delete(self, _name: str) -> None:
        raise self._read_only("remove the file")

    def list(self, folder: str = "") -> Iterator[Entry]:
        """See `Backend.list`. Dropbox lists links folder by folder only."""
        self._check_link("list the files")
        folders = [folder and checked(folder)]
        while folders:
            folder_name = folders.pop()
            arg = {"path": f"/{folder_name}" if folder_name else "", "shared_link": {"url": self._link}}
            for entry in entries(self.client, arg, "list the files"):
                name = f"{folder_name}/{entry['name']}" if folder_name else str(entry["name"])
                if entry[".tag"] == "folder":
                    folders.append(name)
                elif name != MARK:
                    yield Entry(name, entry["size"])

    def close(self) -> None:
        self.client.close()

    def share(self, terms: Terms = NO_TERMS) -> Share:
        """The link itself, which only its owner can change."""
        if any(terms):
            raise self._is_a_link()
        return Share(self.place.url, command("pyshare", "login", *account_of_link(self.place.settings).words))

    def revoke(self) -> Sequence[str]:
        """Refused: only the link's owner can revoke it."""
        raise self._is_a_link()

    def _check_link(self, what: str) -> None:
        """Check that the link exists: Dropbox sends the same error for a missing link and a missing object.

        Raises:
            NotAStore: The link is gone, so the object's presence is unknown.
        """
        self.client.rpc(Call(_METADATA, {"url": self._link}, what, requires=(".tag",)))

    def _read_only(self, what: str) -> PermissionDenied:
        return PermissionDenied(
            f"cannot {what} in {self._address.shown}: a shared link is read-only",
            remedy="Its owner stores with url=dropbox:/FOLDER.",
        )

    def _is_a_link(self) -> BadSetting:
        return BadSetting(
            f"{self._address.shown} is a link itself, which only its owner can change",
            remedy="Type the command with the name of the remote that the link was made from.",
        )
