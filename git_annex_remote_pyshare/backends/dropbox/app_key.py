"""Which app a login at Dropbox is for: the project's own, or one that the user has made."""

import os

from git_annex_remote_pyshare.backends.dropbox.credential import COMMAND
from git_annex_remote_pyshare.config.git_config import git_command, git_environment
from git_annex_remote_pyshare.errors import BadSetting

DEFAULT_APP_KEY = ""
"""Key of the app that the project has registered at Dropbox; no secret. Empty as long as there is none."""

OPTION = "pyshare.dropbox-app-key"
"""git config, of this user or of one clone."""
GUIDE = "https://github.com/git-annex-remote-pyshare/git-annex-remote-pyshare/blob/main/docs/services/dropbox-app.md"


def app_key(typed: str = "", kept: str = "", again: str = COMMAND) -> str:
    """The app's key: as typed, else from DROPBOX_APP_KEY, from git config, of the kept login, or our own.

    Args:
        typed: What the user gave; empty for nothing.
        kept: The app that the kept login is for; empty where there is none.
        again: The command as it was typed, for the error.

    Raises:
        BadSetting: There is none, or it is invalid.
    """
    key = (typed or os.environ.get("DROPBOX_APP_KEY", "") or _from_git() or kept or DEFAULT_APP_KEY).strip()
    if not key:
        raise BadSetting(
            "this pyshare has no app of its own at Dropbox yet",
            remedy="Ask the owner of the dataset for the key of theirs, which is no secret, or make one in some minutes"
            f" ({GUIDE}), and type: {again} --app-key KEY",
        )
    if not (key.isascii() and key.isalnum()):
        raise BadSetting(
            f"the app key contains characters that no app key has; {GUIDE} shows where it is",
            remedy="Copy it again.",
        )
    return key


def _from_git() -> str:
    import subprocess  # noqa: PLC0415  # only a login needs it

    try:
        asked = subprocess.run(
            git_command("config", "--get", OPTION), env=git_environment(), capture_output=True, check=False, text=True
        )
    except FileNotFoundError:
        return ""
    return asked.stdout
