"""The routes of `files` of the fake Dropbox, but for upload sessions and listings."""

from typing import Any

from support.fakes.dropbox.accounts import Caller
from support.fakes.dropbox.answers import Call, Problem, Refused, as_content, as_error, as_text, tagged, wrapped
from support.fakes.dropbox.paths import Spot, at, described, existing, file_at, tagged_entry
from support.fakes.dropbox.sessions import commit, kept_upload
from support.fakes.dropbox.tree import File, check_name, content_hash, new_id

LINK_LIFE = 4 * 3600.0
"""Seconds that a temporary link works."""


class Download:
    """A file's metadata and bytes, from a route of the download style."""

    def __init__(self, metadata: Any, content: bytes) -> None:
        self.metadata = metadata
        self.content = content


def upload(caller: Caller, arg: dict[str, Any], body: bytes) -> dict[str, Any]:
    if len(body) > caller.service.request_limit:
        raise Refused(as_error(tagged("payload_too_large")))
    if arg.get("content_hash", content_hash(body)) != content_hash(body):
        raise Refused(as_error(tagged("content_hash_mismatch")))
    try:
        return commit(caller, arg, body)
    except Problem as problem:
        session = kept_upload(caller, body)
        raise Refused(as_error({".tag": "path", "reason": problem.error, "upload_session_id": session})) from None


def download(caller: Caller, arg: dict[str, Any], _body: bytes) -> Download:
    spot, file = _file(caller, arg["path"])
    if not file.is_downloadable:
        raise Refused(as_error(tagged("unsupported_file")))
    return Download(described(spot, file), file.content)


def get_metadata(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    try:
        if arg["path"].startswith("rev:"):
            return tagged_entry(*file_at(caller, arg["path"]))
        return tagged_entry(*existing(caller, arg["path"]))
    except Problem as problem:
        raise Refused(as_error(wrapped("path", problem.error))) from None


def delete(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    try:
        spot, _ = existing(caller, arg["path"])
    except Problem as problem:
        raise Refused(as_error(wrapped("path_lookup", problem.error))) from None
    try:
        with caller.service.committing(spot.tree):
            entry = spot.entry
            if entry is None:
                raise Refused(as_error(tagged("path_lookup", "not_found")))
            if isinstance(entry, File) and arg.get("parent_rev", entry.rev) != entry.rev:
                raise Refused(as_error(tagged("path_write", "conflict", "file")))
            spot.tree.delete(spot.path)
    except Problem as problem:
        raise Refused(as_error(problem.error)) from None
    return {"metadata": tagged_entry(spot, entry)}


def move(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    """Rename a file; to a name that differs in case only, it says success and keeps the old spelling."""
    source, file = _source(caller, arg)
    if arg["to_path"].lower() == arg["from_path"].lower():
        if arg["to_path"] == arg["from_path"]:
            raise Refused(as_error(tagged("duplicated_or_nested_paths")))
        return {"metadata": tagged_entry(source, file)}
    return {"metadata": _placed(caller, arg, file, source)}


def copy(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    _, file = _source(caller, arg)
    return {"metadata": _placed(caller, arg, file._replace(id=new_id()))}


def create_folder(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    try:
        spot = at(caller, arg["path"])
        _check_free(spot)
        with caller.service.committing(spot.tree):
            made = spot.tree.make_folder(spot.path)
    except Problem as problem:
        raise Refused(as_error(wrapped("path", problem.error))) from None
    return {"metadata": described(spot, made)}


def get_temporary_link(caller: Caller, arg: dict[str, Any], _body: bytes) -> dict[str, Any]:
    if not caller.account.has_verified_email:
        raise Refused(as_error(tagged("email_not_verified")))
    spot, file = _file(caller, arg["path"])
    return {"metadata": described(spot, file), "link": temporary_link(caller.service, file)}


def temporary_link(service: Any, file: File) -> str:
    """A URL that gives the file without any login for four hours."""
    number = service.new_name("get")
    service.table("temporary")[number] = (file, service.now() + LINK_LIFE)
    return f"https://uc{number}.dl.dropboxusercontent.com/cd/0/get/{number}/file"


def temporary_content(service: Any, call: Call) -> Any:
    """The answer at a temporary link."""
    number = call.path.removeprefix("/cd/0/get/").partition("/")[0]
    file, end = service.table("temporary").get(number, (None, 0.0))
    if file is None:
        return as_text("Not Found", 404)
    if end < service.now():
        return as_text("Gone", 410)
    return as_content(file.content, call.headers.get("Range", ""), {"ETag": f'"{file.rev}"'})


def _file(caller: Caller, path: str) -> Any:
    try:
        return file_at(caller, path)
    except Problem as problem:
        raise Refused(as_error(wrapped("path", problem.error))) from None


def _check_free(spot: Spot) -> None:
    """Refuse a bad name, and what would have to be overwritten."""
    check_name(spot.path)
    if spot.entry:
        raise Problem("conflict", "file" if isinstance(spot.entry, File) else "folder")


def _source(caller: Caller, arg: dict[str, Any]) -> Any:
    """The file that is to be moved or copied; folders are neither by this fake."""
    try:
        return file_at(caller, arg["from_path"])
    except Problem as problem:
        raise Refused(as_error(wrapped("from_lookup", problem.error))) from None


def _placed(caller: Caller, arg: dict[str, Any], file: File, old: Spot | None = None) -> dict[str, Any]:
    """Put a file at its new place, and remove it from its old one, if any; its metadata there."""
    try:
        target = at(caller, arg["to_path"])
        _check_free(target)
        with caller.service.committing(target.tree):
            parent = target.path.rpartition("/")[0]
            if parent:
                target.tree.make_folder(parent)
            placed = file._replace(path=target.tree.displayed(target.path))
            target.tree.adopt(placed)
            if old:
                old.tree.delete(old.path)
    except Problem as problem:
        known = problem.error[".tag"] == "too_many_write_operations"
        raise Refused(as_error(problem.error if known else wrapped("to", problem.error))) from None
    return tagged_entry(target, placed)
