"""From a call of the API to a route: who calls, may they, is the argument what the specification says."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dropbox import auth as auth_api
from dropbox import files as files_api
from dropbox import sharing as sharing_api
from dropbox import users as users_api
from stone.backends.python_rsrc import stone_serializers, stone_validators

from support.fakes.dropbox import accounts, files, listing, oauth, sessions, sharing
from support.fakes.dropbox.accounts import Account, Caller
from support.fakes.dropbox.answers import (
    Answer,
    Call,
    Refused,
    as_content,
    as_error,
    as_json,
    as_text,
    bad_input,
    tagged,
)
from support.fakes.dropbox.service import FakeDropbox
from support.fakes.dropbox.tree import Tree

_STONES = {"auth": auth_api, "files": files_api, "sharing": sharing_api, "users": users_api}
_decoded: Any = stone_serializers.json_compat_obj_decode
_NEW_ROUTES = {
    "files/upload_session/append_batch": {"host": "content", "style": "upload", "auth": "user"},
    "files/upload_session/start_batch": {"host": "api", "style": "rpc", "auth": "user"},
}
_IS_NEW = hasattr(files_api, "upload_session_append_batch")
"""The SDK for Python 3.10 (12.1) is older than some routes and fields: it cannot say that a field is wrong."""
_BINARY = {"application/octet-stream", "text/plain; charset=dropbox-cors-hack"}


class Route(NamedTuple):
    """A route: its scope, as in the specification's attributes, and what does it."""

    scope: str
    do: Callable[[Caller, Any, bytes], Any]


ROUTES: Mapping[str, Route] = {
    "auth/token/revoke": Route("", oauth.revoke),
    "files/copy_v2": Route("files.content.write", files.copy),
    "files/create_folder_v2": Route("files.content.write", files.create_folder),
    "files/delete_v2": Route("files.content.write", files.delete),
    "files/download": Route("files.content.read", files.download),
    "files/get_metadata": Route("files.metadata.read", files.get_metadata),
    "files/get_temporary_link": Route("files.content.read", files.get_temporary_link),
    "files/list_folder": Route("files.metadata.read", listing.list_folder),
    "files/list_folder/continue": Route("files.metadata.read", listing.list_folder_continue),
    "files/move_v2": Route("files.content.write", files.move),
    "files/upload": Route("files.content.write", files.upload),
    "files/upload_session/append_batch": Route("files.content.write", sessions.append_batch),
    "files/upload_session/append_v2": Route("files.content.write", sessions.append),
    "files/upload_session/finish": Route("files.content.write", sessions.finish),
    "files/upload_session/finish_batch_v2": Route("files.content.write", sessions.finish_batch),
    "files/upload_session/start": Route("files.content.write", sessions.start),
    "files/upload_session/start_batch": Route("files.content.write", sessions.start_batch),
    "sharing/create_shared_link_with_settings": Route("sharing.write", sharing.create),
    "sharing/get_shared_link_file": Route("sharing.read", sharing.get_file),
    "sharing/get_shared_link_metadata": Route("sharing.read", sharing.get_metadata),
    "sharing/list_shared_links": Route("sharing.read", sharing.list_links),
    "sharing/modify_shared_link_settings": Route("sharing.write", sharing.modify),
    "sharing/revoke_shared_link": Route("sharing.write", sharing.revoke),
    "users/get_current_account": Route("account_info.read", accounts.get_current_account),
    "users/get_space_usage": Route("account_info.read", accounts.get_space_usage),
}


def api(service: FakeDropbox, name: str, call: Call) -> Answer:
    """Answer a call of an API route."""
    route = ROUTES.get(name)
    if route is None:
        raise Refused(as_text(f'Unknown API function: "{name}"', 400))
    stone = _stone(name)
    _check_host(name, stone, call)
    caller = _caller(service, name, stone, call)
    if route.scope and caller.has_account and route.scope not in service.tokens[caller.token].scopes:
        raise Refused(as_error(tagged("missing_scope", required_scope=route.scope), 401))
    arg = argument(name, call)
    _check(name, stone.arg_type, arg)
    result = _done(service, route, caller, arg or {}, call)
    if isinstance(result, files.Download):
        metadata = _proven(stone.result_type, result.metadata)
        headers = {"Dropbox-API-Result": json.dumps(metadata), "ETag": f'W/"{metadata["rev"]}"'}
        answer = as_content(result.content, call.headers.get("Range", ""), headers)
        is_behind = answer.status == 416 != service.unsatisfiable_status
        return as_error(tagged("range", "not_satisfiable"), service.unsatisfiable_status) if is_behind else answer
    return as_json(_proven(stone.result_type, result))


def argument(name: str, call: Call) -> Any:
    """A route's argument: of the body, or of the header for uploads and downloads."""
    style = _stone(name).attrs["style"]
    kind = call.headers.get("Content-Type", "")
    if style == "rpc":
        if kind.split(";")[0] != "application/json":
            raise bad_input(name, f'Bad HTTP "Content-Type" header: "{kind}". Expecting "application/json".')
        text = call.body.decode()
    else:
        text = call.headers.get("Dropbox-API-Arg", "")
        if kind not in _BINARY and (style == "upload" or kind):
            raise bad_input(name, f'Bad HTTP "Content-Type" header: "{kind}". Expecting one of {sorted(_BINARY)}.')
        if not text.isascii():
            raise bad_input(name, 'HTTP header "Dropbox-API-Arg" holds characters that are not ASCII')
    try:
        return json.loads(text)
    except ValueError:
        raise bad_input(name, "could not decode input as JSON") from None


def _done(service: FakeDropbox, route: Route, caller: Caller, arg: Any, call: Call) -> Any:
    """Do it: a commit takes its own lock, since it may have to wait for the namespace's."""
    if route.scope == "files.content.write" and service.lock_seconds:
        return route.do(caller, arg, call.body)
    with service.lock:
        return route.do(caller, arg, call.body)


class _Unknown(NamedTuple):
    """A route that an old SDK does not know."""

    attrs: Mapping[str, str]
    arg_type: Any = None
    result_type: Any = None


def _stone(name: str) -> Any:
    """The official SDK's description of a route."""
    namespace, _, rest = name.partition("/")
    known = _STONES[namespace].ROUTES.get(f"{rest[:-3]}:2" if rest.endswith("_v2") else rest)
    return known or _Unknown(_NEW_ROUTES[name])


def _check_host(name: str, stone: Any, call: Call) -> None:
    host = f"{stone.attrs['host']}.dropboxapi.com"
    if call.host != host:
        raise bad_input(name, f"This function is to be called on the host {host}")
    if call.method != "POST":
        raise bad_input(name, f"Expecting the method POST, not {call.method}")


def _caller(service: FakeDropbox, name: str, stone: Any, call: Call) -> Caller:
    header = call.headers.get("Authorization", "")
    kinds = stone.attrs["auth"].replace(" ", "").split(",")
    if header.startswith("Basic ") and "app" in kinds:
        key, secret = accounts.basic_login(header)
        app = service.apps.get(key)
        if app is None or not app.secret or secret != app.secret:
            raise bad_input(name, "Invalid app key or secret")
        return Caller(service, Account("nobody"), app, "", Tree(), has_account=False)
    if not header.startswith("Bearer "):
        raise bad_input(name, 'Must provide HTTP header "Authorization" or URL parameter "authorization".')
    return _user(service, header.removeprefix("Bearer "), call)


def _user(service: FakeDropbox, text: str, call: Call) -> Caller:
    token = service.tokens.get(text)
    if token is None:
        raise Refused(as_error(tagged("invalid_access_token"), 401))
    if token.account.is_suspended:
        raise Refused(as_error(tagged("user_suspended"), 401))
    if token.expires <= service.now():
        raise Refused(as_error(tagged("expired_access_token"), 401))
    account, app = token.account, token.app
    root = account.app_folder(app) if app.folder else account.home
    caller = Caller(service, account, app, text, root, has_account=True)
    return caller._replace(root=_path_root(caller, call.headers.get("Dropbox-API-Path-Root", "")))


def _path_root(caller: Caller, header: str) -> Tree:
    """Where paths begin: the home, unless the caller says else."""
    wanted = json.loads(header) if header else {".tag": "home"}
    if wanted[".tag"] == "root":
        if wanted["root"] != caller.account.root.number:
            info = caller.account.root_info()
            raise Refused(as_error({".tag": "invalid_root", "invalid_root": info}, 422))
        return caller.root if caller.app.folder else caller.account.root
    if wanted[".tag"] == "namespace_id":
        tree = caller.namespace(wanted["namespace_id"])
        if tree is None:
            raise Refused(as_error(tagged("no_permission"), 422))
        return tree
    return caller.root


def _check(name: str, kind: Any, arg: Any) -> None:
    """Refuse an argument that the specification does not allow."""
    try:
        if kind:
            _decoded(kind, arg, strict=_IS_NEW)
    except stone_validators.ValidationError as error:
        raise bad_input(name, f"request body: {error}") from None


def _proven(kind: Any, value: Any) -> Any:
    """A result that is what the specification says; the fake has a bug otherwise."""
    if kind:
        _decoded(kind, value, strict=_IS_NEW)
    return value
