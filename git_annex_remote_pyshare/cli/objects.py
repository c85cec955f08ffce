"""Which objects of a store hold the content of a key: itself, or its chunks."""

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.branch import chunks
from git_annex_remote_pyshare.cli.here import Remote
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.keys import expected_size
from git_annex_remote_pyshare.layout import branch_path, name_of


def names_of(remote: Remote, key: str) -> list[str]:
    """Names of the objects that make up a key's content in a remote.

    Raises:
        BadSetting: The remote is encrypted: only git-annex itself knows the names.
    """
    if remote.annex.get("encryption", "none") != "none":
        raise BadSetting(
            f"the names of objects in {remote.place.url} are encrypted",
            remedy="Type: git annex get, which asks for what it finds archived.",
        )
    layout = remote.place.settings["layout"] or registry.kind_of(remote.place.url).layout
    cut = chunks(remote.place.clone.git_dir, branch_path(key), remote.uuid) if "chunk" in remote.annex else {}
    keys = [
        _chunk(key, size, number) for size, count in cut.items() for number in range(1, _most(key, size, count) + 1)
    ]
    return [name_of(layout, one) for one in keys or [key]]


def _most(key: str, size: int, count: int) -> int:
    """How many chunks there are; somebody may have written down more than the content can have."""
    whole = expected_size(key)
    return count if whole is None else min(count, max(1, -(-whole // size)))


def _chunk(key: str, size: int, number: int) -> str:
    """The key of one chunk (https://git-annex.branchable.com/internals/key_format/)."""
    head, _, name = key.partition("--")
    return f"{head}-S{size}-C{number}--{name}"
