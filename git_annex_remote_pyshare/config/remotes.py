"""Lists the pyshare remotes of a dataset, both enabled and not enabled in this clone."""

import re
from collections.abc import Iterator, Mapping

from git_annex_remote_pyshare.config.annex_branch import all_remotes, remote_settings
from git_annex_remote_pyshare.config.git_config import LocalConfig

OURS = "pyshare"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_+-]|\.(?!\.|$)){0,99}", re.ASCII)


def is_plain_name(name: str) -> bool:
    """Whether a stranger's name of a remote is one that no program reads as an option, a path or two names."""
    return bool(_PLAIN_NAME.fullmatch(name))


def all_names(clone: LocalConfig) -> set[str]:
    """The names of all remotes of this clone, also of git's own; a name can have dots."""
    keys = (key.removeprefix("remote.") for key in clone.config if key.startswith("remote."))
    return {key.rpartition(".")[0] for key in keys}


def names(clone: LocalConfig) -> list[str]:
    """The names of the pyshare remotes that are enabled in this clone."""
    ending = ".annex-externaltype"
    keys = [key for key, value in clone.config.items() if key.endswith(ending) and value == OURS]
    return [key.removeprefix("remote.").removesuffix(ending) for key in keys if key.startswith("remote.")]


def enabled(clone: LocalConfig) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield name and settings of each enabled remote, without settings that it inherits through `--sameas`."""
    for name in names(clone):
        remote = LocalConfig(clone.git_dir, name)
        remote.__dict__["config"] = clone.config  # read once for all
        uuid = remote.config_uuid or remote.remote_uuid
        if settings := remote_settings(clone.git_dir, uuid):
            yield name, settings


def waiting(clone: LocalConfig) -> Mapping[str, Mapping[str, str]]:
    """Name → settings of each pyshare remote of the dataset that is not enabled in this clone.

    A name that a program could read as an option is replaced by the UUID, which `git annex enableremote` takes as well.
    """
    here = {value for key, value in clone.config.items() if key.endswith((".annex-uuid", ".annex-config-uuid"))}
    return {
        uuid if name.startswith("-") else name: settings
        for uuid, settings in all_remotes(clone.git_dir).items()
        if settings.get("externaltype") == OURS
        and uuid not in here
        and (name := settings.get("name") or settings.get("sameas-name", ""))
    }


def is_link(row: Mapping[str, str], uuid: str) -> bool:
    """Whether these are the settings of a remote by which others reach the store of this UUID.

    It was made with `--sameas`, as is the one that brings people's edits back from a folder, which is no link.
    """
    return row.get("sameas-uuid") == uuid and row.get("importtree") != "yes"


def way_back(clone: LocalConfig, uuid: str) -> str:
    """The remote that imports from the same store as the one of this UUID exports to; empty if there is none."""
    rows = all_remotes(clone.git_dir)
    found = {each: row for each, row in rows.items() if row.get("sameas-uuid") == uuid and not is_link(row, uuid)}
    keys = [key for key, value in clone.config.items() if key.endswith(".annex-config-uuid") and value in found]
    here = [key.removeprefix("remote.").removesuffix(".annex-config-uuid") for key in keys]
    waiting = [name for row in found.values() if is_plain_name(name := row.get("sameas-name", ""))]
    return next(iter([*here, *waiting]), "")


def link_named(clone: LocalConfig, uuid: str, url: str) -> str:
    """The name of the remote made with `--sameas` for this UUID and URL; empty if there is none."""
    rows = all_remotes(clone.git_dir).values()
    names = (row.get("sameas-name", "") for row in rows if is_link(row, uuid) and row.get("url") == url)
    return next(filter(None, names), "")


def links_to(clone: LocalConfig, uuid: str) -> list[str]:
    """The URLs of the remotes made with `--sameas` for this UUID, through which others reach the store."""
    remotes = all_remotes(clone.git_dir).values()
    return sorted({row["url"] for row in remotes if is_link(row, uuid) and row.get("url")})
