"""The hosts of the fake Dropbox: which answer a call gets, its scripted play, and the record of it."""

from typing import Any, NamedTuple

from support.fakes.dropbox import files, oauth, routes, sharing
from support.fakes.dropbox.answers import Answer, Call, Refused, as_text
from support.fakes.dropbox.script import Play, Seen
from support.fakes.dropbox.service import FakeDropbox

API_HOSTS = ("api.dropboxapi.com", "content.dropboxapi.com", "notify.dropboxapi.com")
WEB_HOST = "www.dropbox.com"
DOWNLOADS = ".dl.dropboxusercontent.com"


class Reply(NamedTuple):
    """What the server sends, and how."""

    answer: Answer
    play: Play


def is_ours(host: str) -> bool:
    """Whether the fake stands for this host."""
    return host in {*API_HOSTS, WEB_HOST} or host.endswith(DOWNLOADS)


def route_of(host: str, method: str, path: str) -> str:
    """How a call is named in scripts and records."""
    if host in API_HOSTS and path.startswith("/2/"):
        return path.removeprefix("/2/")
    return f"{method} {path}"


def reply(service: FakeDropbox, call: Call, play: Play) -> Reply:
    """Do what a call asks, unless the play says else, and record it."""
    service.ended.wait(service.latency + play.wait)
    route = route_of(call.host, call.method, call.path)
    try:
        service.check_rate()
        answer = play.answer or _answer(service, route, call)
    except Refused as refused:
        answer = refused.answer
    name = service.new_name("request")
    answer = answer._replace(headers={"X-Dropbox-Request-Id": name, **answer.headers, **play.headers})
    _record(service, route, call, answer.status)
    return Reply(answer, play)


def _answer(service: FakeDropbox, route: str, call: Call) -> Answer:
    if call.host == WEB_HOST:
        with service.lock:
            return _web(service, call)
    if call.host.endswith(DOWNLOADS):
        answer = files.temporary_content(service, call)
        assert isinstance(answer, Answer)
        return answer
    if route == "POST /oauth2/token":
        with service.lock:
            return oauth.token(service, call)
    return routes.api(service, route, call)


def _web(service: FakeDropbox, call: Call) -> Answer:
    if call.path == "/oauth2/authorize":
        return oauth.authorize(service, call)
    if call.path.startswith("/scl/"):
        return sharing.visit(service, call)
    return as_text("Not Found", 404)


def _record(service: FakeDropbox, route: str, call: Call, status: int) -> None:
    token = call.headers.get("Authorization", "").removeprefix("Bearer ")
    is_file = "Dropbox-API-Arg" in call.headers
    seen = Seen(
        route, _arg(route, call), len(call.body) if is_file else 0, status, token, dict(call.headers), call.host
    )
    service.seen.append(seen)


def _arg(route: str, call: Call) -> Any:
    if route in routes.ROUTES:
        try:
            return routes.argument(route, call)
        except Refused:
            return None
    return call.form() if call.method == "POST" else dict(call.query)
