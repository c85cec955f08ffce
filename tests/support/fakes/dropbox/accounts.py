"""Who uses the fake Dropbox: accounts, teams, apps, tokens; and the routes of `users`."""

from __future__ import annotations

import base64
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

from support.fakes.dropbox.tree import Tree

if TYPE_CHECKING:
    from support.fakes.dropbox.service import FakeDropbox

SCOPES = frozenset(
    f"{area}.{deed}"
    for area, deeds in {
        "account_info": ("read",),
        "files.metadata": ("read", "write"),
        "files.content": ("read", "write"),
        "sharing": ("read", "write"),
    }.items()
    for deed in deeds
)
"""What an app may ask for in this fake."""

_numbers = itertools.count(1)


class Team:
    """A team with a team space: its members' folders are in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.space = Tree()
        self.quota = 1 << 40


class Account:
    """A person's account; its attributes may be changed by tests at any time."""

    def __init__(self, name: str, team: Team | None = None) -> None:
        number = next(_numbers)
        self.name = name
        self.uid = str(700_000 + number)
        self.id = f"dbid:AAH{number:032d}"
        self.home = Tree()
        self.team = team
        self.quota = 2 << 30
        """Bytes."""
        self.is_basic = team is None
        """Whether links can have neither an expiry nor a password."""
        self.has_verified_email = True
        self.is_suspended = False
        self.may_share = True
        """Whether the team's policy allows links."""
        self.link_audience = "public"
        """The widest audience that the team's policy allows."""
        self.granted: set[str] = set()
        """Ids of namespaces that it may use without having mounted them."""
        self._app_folders: dict[str, Tree] = {}
        if team:
            team.space.mount(self.home_path, self.home)

    @property
    def root(self) -> Tree:
        """The team space for a team's member, else its home."""
        return self.team.space if self.team else self.home

    @property
    def home_path(self) -> str:
        """Where its home is in the team space."""
        return f"/{self.name}"

    def app_folder(self, app: App) -> Tree:
        """The namespace of an app that sees its own folder only."""
        if app.key not in self._app_folders:
            self._app_folders[app.key] = Tree()
            self.home.mount(f"/Apps/{app.folder}", self._app_folders[app.key])
        return self._app_folders[app.key]

    def namespace(self, number: str) -> Tree | None:
        """A namespace that this account can reach through its root, by its id."""
        return next((tree for tree in self.root.everything() if tree.number == number), None)

    def free(self) -> int:
        """Bytes that may be added."""
        return min(self.quota - self.home.used(), self.team.quota - self.team.space.used() if self.team else self.quota)

    def root_info(self) -> dict[str, Any]:
        info = {"root_namespace_id": self.root.number, "home_namespace_id": self.home.number}
        if self.team:
            return {".tag": "team", **info, "home_path": self.home_path}
        return {".tag": "user", **info}


class App:
    """An app of the app console."""

    def __init__(self, key: str, secret: str = "", folder: str = "") -> None:
        self.key = key
        self.secret = secret
        self.folder = folder
        """Below /Apps; empty for an app that sees all."""
        self.scopes = SCOPES
        """The boxes that are ticked."""
        self.redirects: set[str] = set()
        """Registered redirect URIs; empty: any on this machine."""


class Token(NamedTuple):
    """An access token."""

    text: str
    account: Account
    app: App
    scopes: frozenset[str]
    expires: float
    """By the service's clock."""
    refresh: str
    """The refresh token that it was made with, or an empty string."""


class Login(NamedTuple):
    """What somebody has who logged in."""

    access: str
    refresh: str
    account: Account
    app: App


class Caller(NamedTuple):
    """Who makes a call, and where its paths begin."""

    service: FakeDropbox
    account: Account
    app: App
    token: str
    root: Tree
    has_account: bool
    """False for a call with an app's key and secret."""

    def namespace(self, number: str) -> Tree | None:
        """A namespace that the caller can reach, by its id."""
        if self.app.folder:
            return self.root if self.root.number == number else None
        granted = number in self.account.granted
        return self.service.namespaces.get(number) if granted else self.account.namespace(number)


def basic_login(header: str) -> tuple[str, str]:
    """User and password of an Authorization header with the scheme Basic."""
    user, _, password = base64.b64decode(header.partition(" ")[2]).decode().partition(":")
    return user, password


def get_current_account(caller: Caller, _arg: Any, _body: bytes) -> dict[str, Any]:
    account = caller.account
    name = {"given_name": account.name, "surname": "Example", "familiar_name": account.name}
    answer = {
        "account_id": account.id,
        "name": {**name, "display_name": f"{account.name} Example", "abbreviated_name": account.name[:1]},
        "email": f"{account.name.lower()}@example.org",
        "email_verified": account.has_verified_email,
        "disabled": False,
        "country": "DE",
        "locale": "en",
        "referral_link": "https://www.dropbox.com/referrals/example",
        "is_paired": False,
        "account_type": {".tag": "basic" if account.is_basic else "business" if account.team else "pro"},
        "root_info": account.root_info(),
    }
    return {**answer, **_team(account)}


def get_space_usage(caller: Caller, _arg: Any, _body: bytes) -> dict[str, Any]:
    account = caller.account
    used = account.home.used()
    if not account.team:
        return {"used": used, "allocation": {".tag": "individual", "allocated": account.quota}}
    allocation = {
        ".tag": "team",
        "used": account.team.space.used(),
        "allocated": account.team.quota,
        "user_within_team_space_allocated": account.quota,
        "user_within_team_space_limit_type": {".tag": "stop_sync"},
        "user_within_team_space_used_cached": used,
    }
    return {"used": used, "allocation": allocation}


def _team(account: Account) -> dict[str, Any]:
    if not account.team:
        return {}
    policies = {
        "shared_folder_member_policy": "anyone",
        "shared_folder_join_policy": "from_anyone",
        "shared_link_create_policy": "default_public",
        "group_creation_policy": "admins_and_members",
        "shared_folder_link_restriction_policy": "anyone",
        "enforce_link_password_policy": "optional",
        "default_link_expiration_days_policy": "none",
        "shared_link_default_permissions_policy": "default",
    }
    team = {
        "id": "dbtid:AAFexample",
        "name": account.team.name,
        "sharing_policies": {name: {".tag": tag} for name, tag in policies.items()},
        "office_addin_policy": {".tag": "enabled"},
        "top_level_content_policy": {".tag": "admin_only"},
    }
    return {"team": team, "team_member_id": f"dbmid:{account.uid}"}
