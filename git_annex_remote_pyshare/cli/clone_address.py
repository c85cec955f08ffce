"""Makes the whole address by which others clone a dataset out of its store, without a Git host."""

from collections.abc import Iterator, Mapping

from git_annex_remote_pyshare.backends import registry
from git_annex_remote_pyshare.cli.remotes import Remote, with_inherited
from git_annex_remote_pyshare.config.annex_branch import all_remotes
from git_annex_remote_pyshare.config.annex_url import SCHEME, AnnexUrl
from git_annex_remote_pyshare.config.remotes import OURS
from git_annex_remote_pyshare.config.settings import SECRETS
from git_annex_remote_pyshare.errors import BadSetting

_OF_ANNEX = ("chunk", "exporttree", "importtree", "annexobjects")
"""Settings of git-annex itself that decide where a store has the objects of the git repository."""

_NEVER = frozenset(setting.name for setting in SECRETS)


def holds_repository(remote: Remote) -> bool:
    """Whether git pushes the dataset's history into the store itself, as after `git annex initremote --with-url`."""
    return remote.place.clone.option("url").startswith(SCHEME)


def clone_address(remote: Remote, link_name: str = "") -> AnnexUrl:
    """The address for `git clone` and `datalad clone`; it contains no login.

    git-annex opens the store with the settings of the address only, as a new clone knows no others. So it has each
    setting that is not at its default, and `layout` always, since a later version may have another default.

    Args:
        remote: The remote that holds the git repository; it may itself be one for a link, made with `--sameas`.
        link_name: The remote for a link to the same store, enabled here or not, by which others reach it; empty to
            give them the address of `remote` itself. The clone then gets file contents by that link, too.

    Raises:
        BadSetting: No one can clone from such a remote, or there is no such link.
    """
    settings, config_uuid = remote.annex, remote.place.clone.config_uuid
    if link_name:
        config_uuid, settings = _link(remote, link_name)
    name = link_name or remote.place.clone.remote
    _require_clonable(settings, name)
    ours = {**registry.parse(settings)}
    ours["layout"] = ours["layout"] or registry.spec_of(ours["url"]).layout
    address = {"type": "external", "externaltype": OURS, "encryption": "none", **dict(_unusual(ours))}
    address |= {each: settings[each] for each in _OF_ANNEX if settings.get(each)}
    return AnnexUrl(remote.uuid, address | ({"config-uuid": config_uuid} if config_uuid else {}))


def _link(remote: Remote, name: str) -> tuple[str, Mapping[str, str]]:
    """The UUID under which git-annex keeps the settings of a link's remote, and its settings."""
    for uuid, row in all_remotes(remote.place.clone.git_dir).items():
        is_ours = row.get("externaltype") == OURS and row.get("sameas-uuid") == remote.uuid
        if is_ours and row.get("sameas-name") == name:
            return uuid, with_inherited(row, remote.annex)
    raise BadSetting(f"{remote.place.clone.remote} has no link named {name}", remedy="Type: pyshare info")


def _require_clonable(settings: Mapping[str, str], name: str) -> None:
    """Raise BadSetting for a remote that holds no git repository which a clone could read."""
    if settings.get("encryption", "none") != "none":
        raise BadSetting(
            f"no one can clone from {name}, since it is encrypted and the keys are inside of the dataset",
            remedy="Give your friends the dataset on a Git host, or make another remote with encryption=none.",
        )
    if settings.get("importtree") == "yes" and settings.get("exporttree") != "yes":
        raise BadSetting(
            f"no one can clone from {name}, since it only imports files and holds no git repository",
            remedy="Give your friends the dataset on a Git host, or make another remote without importtree=.",
        )


def _unusual(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each setting that is not at its default, without those that every store refuses as secrets."""
    for setting in registry.all_settings(values["url"]):
        value = values.get(setting.name, "")
        if value and value != setting.default and setting.name not in _NEVER:
            yield setting.name, value
