"""Which app a login at Dropbox is for: the project's own, or one that the user has made."""

import os

from git_annex_remote_pyshare.credentials.dropbox import COMMAND
from git_annex_remote_pyshare.errors import BadSetting

DEFAULT_APP_KEY = ""
"""Key of the app that the project has registered at Dropbox; no secret. Empty as long as there is none."""

OPTION = "pyshare.dropbox-app-key"
"""git config, of this user or of one clone."""
GUIDE = "https://github.com/git-annex-remote-pyshare/git-annex-remote-pyshare/blob/main/docs/dropbox-app.md"


def app_key(typed: str = "") -> str:
    """The app's key: as typed, else from DROPBOX_APP_KEY, from git config, or our own.

    Raises:
        BadSetting: There is none, or it cannot be one.
    """
    key = (typed or os.environ.get("DROPBOX_APP_KEY", "") or _from_git() or DEFAULT_APP_KEY).strip()
    if not key:
        raise BadSetting(
            "this pyshare has no app of its own at Dropbox yet",
            remedy=f"Make one in some minutes ({GUIDE}) and type: {COMMAND} --app-key KEY",
        )
    if not (key.isascii() and key.isalnum()):
        raise BadSetting(
            f"the app key has signs that no app key has; {GUIDE} shows where it is", remedy="Copy it again."
        )
    return key


def _from_git() -> str:
    import subprocess  # noqa: PLC0415  # only a login needs it

    try:
        asked = subprocess.run(["git", "config", "--get", OPTION], capture_output=True, check=False, text=True)
    except FileNotFoundError:
        return ""
    return asked.stdout
