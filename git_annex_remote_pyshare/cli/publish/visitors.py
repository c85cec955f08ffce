"""Adds the page for visitors to what is published."""

from git_annex_remote_pyshare.cli.dataset import Dataset
from git_annex_remote_pyshare.cli.publish.page import HOWTO, PAGE, About, howto_of, page_of
from git_annex_remote_pyshare.cli.publish.selection import Selection
from git_annex_remote_pyshare.cli.publish.trees import object_of, write_blob
from git_annex_remote_pyshare.config.git_config import LocalConfig, git
from git_annex_remote_pyshare.errors import BadSetting
from git_annex_remote_pyshare.safe_text import command, one_line


def with_page(selection: Selection, clone: LocalConfig, version: str, folder: str) -> Selection:
    """The selection with the two files.

    Args:
        selection: The published files.
        clone: The clone.
        version: The name of the commit or tree that is published, as git knows it.
        folder: The folder that is published; empty for everything.

    Raises:
        BadSetting: One of the published files has such a name.
    """
    for path in selection.entries:
        if path.lower() in {PAGE.lower(), HOWTO.lower()}:
            raise BadSetting(
                f"the dataset has a file {one_line(path)} of its own, which the page for visitors would replace",
                remedy=f"Leave it out by {command(f'--exclude=/{path}')}, or type --no-page.",
            )
    about = About(Dataset.folder_of(clone), folder, _commit(clone, version), _public_address(clone))
    sizes = {path: content.size for path, content in selection.contents.items()}
    for name, content in ((PAGE, page_of(about, sizes)), (HOWTO, howto_of(about, sizes))):
        selection = selection.with_file(name, write_blob(clone.git_dir, content), len(content))
    return selection


def _commit(clone: LocalConfig, version: str) -> str:
    """Date and name of a commit; empty for a mere tree."""
    found = object_of(clone, version, "commit")
    plain = ("-c", "log.showSignature=false", "show", "--no-patch", "--format=%cs")
    date = git(clone.git_dir, *plain, found).strip() if found else ""
    return f"{date}, commit {found[:10]}" if found else ""


def _public_address(clone: LocalConfig) -> str:
    """The address that anyone may clone; a path of this machine, or one that wants a key, helps no visitor."""
    dataset = Dataset.of(clone)
    return dataset.url if dataset and dataset.url.startswith("https://") else ""
