"""What a user chose to publish to a remote, kept in this clone's git config for the next time."""

from typing import TYPE_CHECKING, NamedTuple

from git_annex_remote_pyshare.cli.publish.selection import folder_of
from git_annex_remote_pyshare.config import options
from git_annex_remote_pyshare.config.git_config import LocalConfig, git

if TYPE_CHECKING:
    from git_annex_remote_pyshare.config.options import Option


class Choice(NamedTuple):
    """The options of `pyshare publish` that stay the same from one time to the next."""

    exclude: tuple[str, ...] = ()
    """Globs of files to leave out."""
    prefix: str = ""
    """The folder that is published, as `folder_of` gives it; empty for everything."""
    page: bool = False
    """Whether two pages about the files are published with them."""

    @property
    def words(self) -> list[str]:
        """The words that choose this on a command line."""
        globs = [f"--exclude={glob}" for glob in self.exclude]
        return [*globs, *([f"--prefix={self.prefix}"] if self.prefix else []), *(["--page"] if self.page else [])]


def kept(clone: LocalConfig) -> Choice:
    """What was chosen the last time."""
    globs = git(clone.git_dir, "config", "--null", "--get-all", _key(clone, options.PUBLISH_EXCLUDE)).split("\0")
    return Choice(
        tuple(filter(None, globs)),
        folder_of(clone.get(options.PUBLISH_PREFIX)),
        clone.get(options.PUBLISH_PAGE),
    )


def keep(clone: LocalConfig, choice: Choice) -> None:
    """Keep it for the next time, in this clone only."""
    values: dict[Option[str] | Option[bool], tuple[str, ...]] = {
        options.PUBLISH_EXCLUDE: choice.exclude,
        options.PUBLISH_PREFIX: (choice.prefix,) if choice.prefix else (),
        options.PUBLISH_PAGE: ("true",) if choice.page else (),
    }
    for option, texts in values.items():
        key = _key(clone, option)
        git(clone.git_dir, "config", "--unset-all", key)
        for text in texts:
            git(clone.git_dir, "config", "--add", key, text)


def _key(clone: LocalConfig, option: "Option[str] | Option[bool]") -> str:
    return f"remote.{clone.remote}.{option.name}"
