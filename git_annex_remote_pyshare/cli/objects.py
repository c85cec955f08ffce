"""Which objects of a store hold the content of a key: itself, or its chunks."""

from typing import NamedTuple

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.branch import chunks
from git_annex_remote_pyshare.cli.here import Remote
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.keys import expected_size
from git_annex_remote_pyshare.layout import branch_path, name_of


class Object(NamedTuple):
    """One object that holds a content, or a chunk of one."""

    name: str
    key: str
    """The content's, or the chunk's own."""


def objects_of(remote: Remote, key: str) -> list[Object]:
    """The objects that make up a key's content in a remote; raises BadSetting as `refuse_encrypted`."""
    refuse_encrypted(remote)
    layout = remote.place.settings["layout"] or registry.kind_of(remote.place.url).layout
    cut = chunks(remote.place.clone.git_dir, branch_path(key), remote.uuid) if "chunk" in remote.annex else {}
    keys = [
        _chunk(key, size, number) for size, count in cut.items() for number in range(1, _most(key, size, count) + 1)
    ]
    return [Object(name_of(layout, one), one) for one in keys or [key]]


def refuse_encrypted(remote: Remote) -> None:
    """Raise BadSetting for an encrypted remote: only git-annex itself knows the names there."""
    if remote.annex.get("encryption", "none") != "none":
        raise BadSetting(
            f"the names of objects in {remote.place.url} are encrypted",
            remedy="Type: git annex get for what is archived, git annex fsck --from to check: it knows them.",
        )


def _most(key: str, size: int, count: int) -> int:
    """How many chunks there are; somebody may have written down more than the content can have."""
    whole = expected_size(key)
    return count if whole is None else min(count, max(1, -(-whole // size)))


def _chunk(key: str, size: int, number: int) -> str:
    """The key of one chunk (https://git-annex.branchable.com/internals/key_format/)."""
    head, _, name = key.partition("--")
    return f"{head}-S{size}-C{number}--{name}"
