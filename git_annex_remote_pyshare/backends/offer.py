"""Defines how `pyshare init` offers a kind of store: the words of its questions, and what to make of the answers.

A backend that brings no Offer is offered all the same, with the defaults here.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from git_annex_remote_pyshare.credentials.credential import Credential

Settings = Mapping[str, str]
"""Settings of a remote, name → value; empty if unset."""


class Found(NamedTuple):
    """What a backend knows about an address before there is a remote."""

    text: str = ""
    """The server in words for the user, e.g. `Nextcloud 31`; empty if there is nothing to tell."""
    needs_folder: bool = False
    """Whether the address names a whole server or account, so that the user has to choose a folder there."""
    above: str = ""
    """What the folder has to begin with, e.g. `share` on a Windows server: the user has to name one that is there.
    Empty if pyshare can make any folder."""
    has_links: bool = True
    """Whether people without a login can be let in."""
    is_private: bool = False
    """Whether only the owner's login opens such an address, so that other people's clones must not enable it."""
    wants_login: bool = True
    """Whether a store there needs its owner's login."""


def _as_typed(text: str) -> Settings:
    return {"url": text}


def _found(_settings: Settings) -> Found:
    return Found()


def _complete(settings: Settings, folder: str, _login: Credential | None) -> Settings:
    return {"url": f"{settings['url'].rstrip('/')}/{folder}"} if folder else {}


def _nothing() -> str:
    return ""


ADDRESS = "https://cloud.example.org"
"""An address of a store, as an example."""


class Service(NamedTuple):
    """A service that is offered by the name that its users know, beside the kind of store that reaches it."""

    title: str
    """The service as its users call it."""
    question: str
    """The question for what `read` converts."""
    read: Callable[[str], Settings]
    """As that of an `Offer`."""
    propose: Callable[[], str] = _nothing
    """Returns the answer that Enter stands for; empty if there is none. May start a program, and raise a PyshareError
    if the service cannot be used on this machine."""
    example: str = ADDRESS
    """An answer, for the error where there is none."""


class Offer(NamedTuple):
    """How a kind of store is offered. The functions import what they need when they are called, as in a spec."""

    title: str
    """The services as their users call them."""
    remote: str = "store"
    """The remote's name, unless the user chooses one."""
    question: str = "Its address"
    """The question for the address; empty if the URL of the kind's LoginFlow is enough."""
    example: str = ADDRESS
    """An address, for the error where there is none."""
    anyone: str = "anyone with the link"
    """What it means there that people without a login may read."""
    login_for_links: bool = False
    """Whether a login can make links only if `pyshare login --sharing` asked for that right."""
    read: Callable[[str], Settings] = _as_typed
    """Converts what the user typed as the address to settings. Raises BadSetting if it is no address."""
    look: Callable[[Settings], Found] = _found
    """Finds out what is at the address; may send requests, without a login. Raises a PyshareError if it must know and
    the server does not respond."""
    complete: Callable[[Settings, str, Credential | None], Settings] = _complete
    """Returns the settings that the remote needs instead of those typed, e.g. the WebDAV address for a web page's.

    Called with the settings as typed, the folder that the user chose (empty for none), and the login (None if there is
    none yet: then a part of the address may be a placeholder). May send requests."""
    services: Mapping[str, Service] = {}
    """Services with a line of their own: word for `--service` → service."""
