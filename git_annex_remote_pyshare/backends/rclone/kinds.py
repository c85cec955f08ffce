"""The types of remotes, as rclone calls them: which are services on the network, and how to log in there again."""

from git_annex_remote_pyshare.safe_text import command

BY_BROWSER = frozenset(
    (
        *("box", "drive", "dropbox", "google cloud storage", "google photos", "hidrive", "huaweidrive", "jottacloud"),
        *("onedrive", "pcloud", "premiumizeme", "putio", "sharefile", "yandex", "zoho"),
    )
)
"""Services where rclone gets a token (OAuth, mostly in a browser), so that `rclone config reconnect` makes a new login.
For other types that command fails."""

SERVICES = BY_BROWSER | frozenset(
    (
        *("azureblob", "azurefiles", "b2", "fichier", "filefabric", "filen", "filescom", "ftp", "gofile"),
        *("iclouddrive", "internetarchive", "internxt", "koofr", "linkbox", "mailru", "mega", "opendrive"),
        *("oracleobjectstorage", "pikpak", "pixeldrain", "protondrive", "qingstor", "quatrix", "s3", "seafile", "sftp"),
        *("smb", "storj", "sugarsync", "swift", "ulozto", "webdav"),
    )
)
"""Services on the network. pyshare starts rclone's dialogue for one of these only, since the type may be a stranger's
choice: to press Enter at each question for `local`, `alias` or `combine` makes the remote a disk of this machine."""


def login_again(name: str, kind: str, words: str = "") -> str:
    """What to type if the login of a remote no longer works.

    Args:
        name: The remote.
        kind: Its type; empty if unknown.
        words: What rclone has said, which may name the command.
    """
    if kind in BY_BROWSER or (not kind and "config reconnect" in words):
        return f"Type: {command('rclone', 'config', 'reconnect', f'{name}:')}"
    return f"Edit the remote {name} in rclone's menu. Type: {command('rclone', 'config')}"
